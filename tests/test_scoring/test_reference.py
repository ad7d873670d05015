"""Ranges of a trusted corpus as a score: KL3M's way with a corpus of one's own."""

import itertools
import math
import random

import polars as pl
import pytest

import refinery as rf
from conftest import command, write_file
from refinery import _core
from refinery.errors import ConfigError, DataError
from refinery.scoring.fit_reference import fit, fit_pipeline
from refinery.scoring.reference import MetricRange, Reference, kl3m_ranges, read_reference

TOKENIZER = _core.Tokenizer.embedded("cl100k_base")


def written(path, ranges, cut=1.0, tokenizer="cl100k_base"):
    fingerprint = _core.Tokenizer.embedded(tokenizer).fingerprint
    Reference(tokenizer, fingerprint, 9, (2.0, 98.0), cut, tuple(ranges)).write(path)
    return path


@pytest.fixture(scope="module")
def frame(corpus):
    return pl.DataFrame(corpus).select("id", "text")


def scored(path, frame, *steps, **more):
    pipeline = rf.Pipeline.build(id="id", scores={"usc": str(path)}, decide=steps, **more)
    return pipeline.run_frame(frame)


def test_kl3ms_own_ranges_give_kl3ms_own_score(tmp_path, frame):
    path = written(tmp_path / "own.yaml", kl3m_ranges())
    assert len(read_reference(path).ranges) == 16
    found = scored(path, frame).annotated
    assert found["usc"].to_list() == pytest.approx(found["kl3m.score"].to_list(), rel=1e-12)
    terms = [f"usc_{metric.name}" for metric in kl3m_ranges()]
    assert found["usc"].to_list() == pytest.approx(
        found.select(pl.sum_horizontal(terms)).to_series().to_list()
    )
    assert found["usc"].max() > 0


def test_ranges_that_are_no_text_are_a_problem_of_their_file(tmp_path):
    path = tmp_path / "ranges.yaml"
    path.write_bytes(b"metrics: \xff\n")
    with pytest.raises(ConfigError, match=r"ranges\.yaml.*not UTF-8 text \(byte 9\)"):
        read_reference(path)


@pytest.mark.parametrize(
    ("low", "high", "value", "term"),
    [
        (2.0, 4.0, 2.0, 0.0), (2.0, 4.0, 4.0, 0.0), (2.0, 4.0, 1.0, 3 * 0.5), (2.0, 4.0, 6.0, 3 * 0.5),
        (0.0, 4.0, 0.0, 0.0), (0.5, 0.5, 0.7, 3 * 0.2), (0.5, 0.5, 0.5, 0.0), (2.0, 4.0, None, 0.0),
    ],
)  # fmt: skip
def test_a_term_is_the_weighted_relative_distance(low, high, value, term):
    metrics = pl.DataFrame({"kl3m.char_entropy": [value]}, schema={"kl3m.char_entropy": pl.Float64})
    found = metrics.select(MetricRange("char_entropy", 3.0, low, high).term()).item()
    assert found == pytest.approx(term, abs=1e-7)


def test_a_run_uses_it_like_any_score_and_other_ranges_read_the_same_view(tmp_path, frame):
    path = written(tmp_path / "one.yaml", [MetricRange("average_word_length", 1.0, 4.0, 5.0)])
    score = {"name": "usc", "model": str(path), "view": "datatrove/c4"}
    pipeline = rf.Pipeline.build(
        id="id",
        annotate={"scores": [score], "signals": ["kl3m@datatrove/c4"]},
        decide=[{"rules": {"usc": {"max": 0.2}}}, {"select": {"by": {"lowest": "usc"}, "yield": 0.3}}],
    )  # fmt: skip
    refined = pipeline.run_frame(frame)
    of_view = refined.annotated["kl3m.average_word_length@datatrove.c4"]
    longest = of_view.arg_max()
    assert refined.annotated["usc"][longest] == pytest.approx((of_view.max() - 5) / 5)
    assert 0 < refined.ledger["documents"]["kept"] < len(frame)
    assert {"usc:max", "not_selected"} <= set(refined.ledger["documents"]["dropped"])
    assert "usc_quantile" in refined.decided.columns


def prose(n, seed=0):
    """Sentences of common words: a corpus whose metrics have ranges."""
    draw = random.Random(seed)
    words = ["the", "of", "section", "under", "law", "shall", "court", "be", "any", "person", "state", "act", "order", "and", "to", "by", "such", "notice", "may", "within", "days"]  # fmt: skip
    texts = []
    for _i in range(n):
        sentences = []
        for _ in range(draw.randint(12, 30)):
            chosen = [draw.choice(words) for _ in range(draw.randint(8, 20))]
            number = f" {draw.randint(1, 999)}" if draw.random() < 0.5 else ""
            sentences.append(" ".join(chosen).capitalize() + number + ".")
        texts.append(
            "\n\n".join(" ".join(sentences[k : k + 4]) for k in range(0, len(sentences), 4))
        )
    return pl.DataFrame({"id": [f"{seed}-{i}" for i in range(n)], "text": texts})


def corrupted(text, share, seed):
    """A share of the characters replaced, the same ones and more as the share grows."""
    draw = random.Random(seed)
    places = sorted(range(len(text)), key=lambda _: draw.random())[: int(len(text) * share)]
    characters = list(text)
    for place in places:
        characters[place] = "#%&@~|^0189\u00a7\u00b6"[place % 13]
    return "".join(characters)


@pytest.fixture(scope="module")
def fitted():
    frame = prose(600)
    batches = [(frame["id"].to_arrow(), frame["text"].to_arrow())]
    return fit(batches, TOKENIZER, "cl100k_base")


def test_held_out_reference_documents_lie_below_the_cut(tmp_path, fitted):
    assert fitted.share_below_cut >= 0.95
    fitted.reference.write(tmp_path / "usc.yaml")
    found = scored(tmp_path / "usc.yaml", prose(400, seed=1)).annotated["usc"]
    assert (found <= fitted.reference.cut).mean() >= 0.95
    assert found.median() == pytest.approx(0, abs=0.01)


def test_the_score_rises_with_corruption(tmp_path, fitted):
    fitted.reference.write(tmp_path / "usc.yaml")
    frame = prose(100, seed=2)
    levels = []
    for share in (0, 0.05, 0.1, 0.2, 0.4):
        texts = [corrupted(text, share, i) for i, text in enumerate(frame["text"])]
        levels.append(scored(tmp_path / "usc.yaml", frame.with_columns(text=pl.Series(texts))).annotated["usc"])  # fmt: skip
    rises = [all(a <= b for a, b in itertools.pairwise(row)) and row[0] < row[-1] for row in zip(*levels, strict=True)]  # fmt: skip
    assert sum(rises) / len(rises) >= 0.95


def test_ranges_are_percentiles_of_the_metrics(fitted):
    frame = prose(600)
    metrics = rf.annotate(frame, signals=["kl3m"])
    ranges = {metric.name: metric for metric in fitted.reference.ranges}
    assert len(ranges) == 14  # the two of token ids are null under another tokenizer than KL3M's
    values = sorted(metrics["kl3m.char_entropy"])
    at = 0.98 * (len(values) - 1)
    below, above = values[math.floor(at)], values[math.ceil(at)]
    assert ranges["char_entropy"].high == pytest.approx(below + (above - below) * (at - int(at)))
    assert fitted.reference.documents == 600


def test_the_command_writes_a_score_and_says_how_to_use_it(tmp_path):
    write_file(tmp_path / "trusted/a.parquet", prose(150).to_dicts())
    write_file(tmp_path / "trusted/b.jsonl", prose(150, seed=3).to_dicts())
    out = tmp_path / "usc.yaml"
    found = command("reference", "fit", "--input", tmp_path / "trusted", "--out", out)
    assert found.code == 0, found.err
    assert "300 documents" in found.out
    assert "model: usc.yaml" in found.out
    (tmp_path / "p.yaml").write_text("input: {path: trusted}\noutput: {path: out}\n")
    pipeline = rf.Pipeline.from_yaml(tmp_path / "p.yaml").checked
    assert fit_pipeline(pipeline).reference.ranges == read_reference(out).ranges


def test_too_few_documents_are_no_reference():
    frame = prose(50)
    with pytest.raises(DataError, match="50 documents are too few"):
        fit([(frame["id"].to_arrow(), frame["text"].to_arrow())], TOKENIZER, "cl100k_base")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("char_entropy", "char_entropi"), "no such metric of kl3m; did you mean char_entropy?"),
        (("low: 1.0", "low: 9.0"), "low is above high: 9.0 > 2.0"),
        (("weight: 1.0", "weigth: 1.0"), "weigth: no such key; did you mean weight?"),
        (("tokenizer: cl100k_base", "tokenizer: other"), None),
    ],
)
def test_a_file_of_ranges_is_checked(tmp_path, change, message):
    path = written(tmp_path / "r.yaml", [MetricRange("char_entropy", 1.0, 1.0, 2.0)])
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    frame = pl.DataFrame({"id": ["a"], "text": ["a text"]})
    if message is None:
        assert len(scored(path, frame).annotated) == 1
        return
    with pytest.raises(ConfigError) as refused:
        scored(path, frame)
    assert message in str(refused.value)
    assert "annotate.scores[0].model" in str(refused.value)


def test_another_tokenizer_is_refused(tmp_path):
    path = written(tmp_path / "r.yaml", [MetricRange("char_entropy", 1.0, 1.0, 2.0)])
    other = min(set(_core.EMBEDDED_TOKENIZERS) - {"cl100k_base"})
    with pytest.raises(ConfigError, match="was learned with the tokenizer cl100k_base"):
        scored(path, pl.DataFrame({"id": ["a"], "text": ["a"]}), tokenizer=other)
    score = {"name": "usc", "model": str(path), "label": "a", "chunks": {}}
    with pytest.raises(ConfigError, match=r"a file of ranges has no (label|chunks)"):
        rf.Pipeline.build(annotate={"scores": [score]}).run_frame(pl.DataFrame({"text": ["a"]}))
