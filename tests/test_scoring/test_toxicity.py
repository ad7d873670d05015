"""The built-in toxicity score: what it is, that it orders plain cases, that it is a column and no filter."""

import hashlib
import shutil
from pathlib import Path

import polars as pl
import pytest

import refinery as rf
from refinery import builtin
from refinery.explain import explain
from refinery.scoring import read_sidecar
from refinery.training import load_recipe
from refinery.training.grammar import load_grammar
from refinery.training.measure import score_texts
from refinery.training.reading import read_examples

MODEL = builtin.path("builtin/toxicity")
RECIPE = MODEL.with_name("toxicity.train.yaml")
# Written for this test: the same scene, without abuse and with it.
PAIRS = {
    "insult": ("You are a kind neighbour, thank you.", "You are a stupid pathetic idiot, shut up."),
    "threat": ("I will call him tomorrow after work.", "I will hurt you and your family."),
    "group": (
        "Immigrants opened small shops in our town.",
        "Immigrants are filthy vermin and should be deported.",
    ),
    "quotation": (
        'The witness said that he had been called an "idiot" at work.',
        "What an idiot, what a worthless lying idiot you are.",
    ),
    "informal": ("she be cooking all day lol that cake was dope", "she is a dumb ugly pig lol"),
}


@pytest.fixture(scope="module")
def sidecar():
    return read_sidecar(MODEL)


def test_model_has_its_description_card_and_recipe(sidecar):
    assert sidecar.name == "toxicity"
    assert sidecar.positive_label == "__label__toxic"
    assert sidecar.training["recipe_sha256"] == load_recipe(RECIPE).hash
    (grammar,) = sidecar.training["grammars"].items()
    file = MODEL.with_name(grammar[0])
    assert hashlib.sha256(file.read_bytes()).hexdigest() == grammar[1]
    card = MODEL.with_suffix(".md").read_text(encoding="utf-8")
    assert sidecar.sha256 in card
    size = MODEL.stat().st_size
    assert f"{size:,} bytes" in card
    assert size <= 2_000_000
    for origin in sidecar.training["origins"]:
        repository = origin.split(" ", 1)[1]
        if "/" in repository and not repository.startswith("labelled in"):
            assert repository in card, repository


def test_no_path_of_the_machine_that_trained_it_is_in_its_description():
    described = MODEL.with_name("toxicity.ftz.json").read_text(encoding="utf-8")
    assert not [root for root in ("/home", "/tmp", "/work", "/root", "\\\\") if root in described]  # noqa: S108


def test_only_text_of_allowed_licence_and_source_is_asked_for():
    config = load_recipe(RECIPE).config
    pool = [p for p in [*config.positives, *config.negatives] if p.kind == "pool"]
    assert len(pool) == 11
    assert all("CC0" in p.where["licence"].matches for p in pool)
    sources = {name for p in pool for name in p.where["source"].any_of}
    assert not [s for s in sources if s.startswith(("gokriznastic/", "jkkummerfeld/", "mlschmitt/"))]  # fmt: skip
    labelled = {p.labels for p in [*config.positives, *config.negatives] if p.kind == "labels"}
    assert labelled == {"labelled/toxicity_model_output.parquet"}


@pytest.mark.slow
def test_the_recipe_draws_the_examples_that_the_model_was_trained_on(
    sidecar, shared_data, tmp_path
):
    for name in ("raw", "labelled"):
        (tmp_path / name).symlink_to(shared_data / name)
    for file in MODEL.parent.glob("toxicity.*.yaml"):
        shutil.copy(file, tmp_path)
    examples = read_examples(load_recipe(tmp_path / RECIPE.name))
    assert examples.counts == sidecar.training["origins"]
    prompts = {c.work for c in examples.chunks if c.origin.startswith("labelled in")}
    assert 20 < len(prompts) <= 48


@pytest.mark.parametrize("kind", PAIRS)
def test_abuse_scores_above_the_same_scene_without_it(kind):
    peaceful, hostile = score_texts(MODEL, list(PAIRS[kind]))
    assert hostile > 0.5 > peaceful


def test_more_abuse_in_the_same_sentence_scores_no_less():
    neutral = "the meeting starts at nine and ends at noon"
    texts = [f"{neutral}{' you idiot' * n}" for n in range(5)]
    scores = score_texts(MODEL, texts).tolist()
    assert scores == sorted(scores)
    assert scores[0] < 0.5 < scores[-1]


def test_the_same_numbers_as_a_column_of_a_run_and_as_an_expression():
    texts = [text for pair in PAIRS.values() for text in pair] + ["", "one"]
    frame = pl.DataFrame({"id": [f"{i:02}" for i in range(len(texts))], "text": texts})
    annotated = rf.annotate(frame, scores={"toxicity": "builtin/toxicity"})
    expected = frame.select(rf.score("text", model="builtin/toxicity")).to_series()
    assert annotated["toxicity"].to_list() == expected.to_list()
    assert all(0 <= score < 1.0001 for score in expected)
    run = rf.Pipeline.build(id="id", scores={"toxicity": "builtin/toxicity"}).run_frame(frame)
    columns = run.annotations.sort("id").collect()
    assert columns["toxicity"].to_list() == expected.to_list()
    # A column: nobody asked for a decision.
    assert run.kept.collect().height == len(texts)


def test_the_worst_part_of_a_long_document_is_found():
    calm = "The committee read the report and asked for another one. " * 60
    texts = [calm, calm + PAIRS["insult"][1] * 3 + calm]
    frame = pl.DataFrame({"id": ["a", "b"], "text": texts})
    score = {"name": "toxicity", "model": "builtin/toxicity", "chunks": {"words": 40}}
    run = rf.Pipeline.build(id="id", annotate={"scores": [score]}).run_frame(frame)
    found = run.annotations.sort("id").select("toxicity", "toxicity_max").collect()
    (_, calmest), (whole, worst) = found.rows()
    assert calmest < 0.5 < worst
    assert whole < worst


def test_explain_tells_what_it_is(sidecar):
    found = explain("builtin/toxicity")
    assert found.title == "builtin/toxicity (model)"
    assert "never a default filter" in found.lines[0]
    assert dict(found.rows)["sha256"] == sidecar.sha256


def test_no_profile_drops_by_it():
    presets = Path(rf.__file__).parent / "presets"
    files = [*presets.rglob("*.yaml")]
    assert len(files) > 10
    assert not [f for f in files if "builtin/toxicity" in f.read_text(encoding="utf-8")]


def test_the_grammar_is_whole(tmp_path):
    words = pl.DataFrame({"word": ["darn"], "lang": ["en"]})
    (tmp_path / "labelled").mkdir()
    words.write_parquet(tmp_path / "labelled" / "word_list_ldnoobw.parquet")
    file = tmp_path / "g.yaml"
    file.write_bytes(MODEL.with_name("toxicity.grammar.yaml").read_bytes())
    assert load_grammar(file).rules["listed"] == ["darn"]
