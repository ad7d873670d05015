"""`refinery train`, from a file to a model that a pipeline uses."""

import json
import random

import polars as pl
import pytest
from two_kinds import made_documents

import refinery as rf
from refinery.errors import ConfigError, DataError, LeakError
from refinery.scoring import read_sidecar
from refinery.scoring.leak import format_auc, format_ranges
from refinery.training import parse_recipe
from refinery.training.altering import alter
from refinery.training.config import AlterConfig
from refinery.training.examples import Chunk
from refinery.training.reading import read_examples
from refinery.training.trainer import train

TRAIN = """
name: good
output: out/good.bin
input: {path: raw/*.parquet, id: id, source: source}
positives: {where: {source: {matches: ^good}}}
negatives: {}
chunks: {words: [20, 80], per_class: 300}
fasttext: {dim: 8, bucket: 2000, lr: 0.5}
"""


@pytest.fixture(scope="module")
def two_kinds():
    return made_documents(600)


@pytest.fixture
def folder(tmp_path, two_kinds, write):
    write(tmp_path / "raw" / "a.parquet", two_kinds[:350])
    write(tmp_path / "raw" / "b.parquet", two_kinds[350:])
    return tmp_path


def recipe(folder, *changes):
    text = TRAIN
    for change in changes:
        text = text.replace(*change) if isinstance(change, tuple) else text + change
    return parse_recipe(text, folder=folder)


def test_examples_do_not_depend_on_files_or_order(folder, tmp_path, two_kinds, write):
    found = read_examples(recipe(folder))
    other = tmp_path / "other"
    write(other / "raw" / "x.jsonl.gz", two_kinds[::-1])
    again = read_examples(recipe(other, ("*.parquet", "*.jsonl.gz")))
    assert set(again.chunks) == set(found.chunks)
    labels = [chunk.label for chunk in found.chunks]
    assert labels.count("hq") == labels.count("lq") == 300
    # What is a positive is no negative.
    assert {c.origin[:3] for c in found.chunks if c.label == "lq"} == {"bad"}


def test_lengths_of_both_classes_are_matched(folder):
    found = read_examples(
        recipe(folder, ("negatives: {}", "negatives: {clean: none, per_document: 1}"))
    )
    lengths = {
        label: sorted(c.n_words for c in found.chunks if c.label == label) for label in ("hq", "lq")
    }
    middle = {label: values[len(values) // 2] for label, values in lengths.items()}
    assert abs(middle["hq"] - middle["lq"]) <= 6


@pytest.mark.slow
def test_matching_the_format_leaves_texts_whose_format_says_little():
    draw = random.Random(5)

    def texts(marks):
        """Of 1 to `marks` commas in twelve words: the more, the more positive."""
        for i in range(200):
            words = [f"w{draw.randrange(90)}" for _ in range(12)]
            for k in range(1 + i % marks):
                words[k] += ","
            yield " ".join(words)

    sides = [list(texts(8)), list(texts(4))]
    groups = [f"{side} {i}" for side in (0, 1) for i in range(200)]
    assert format_auc(*sides, groups=groups) > 0.7
    ranges = format_ranges(*sides, groups=groups)
    assert ranges == format_ranges(*sides, groups=groups)
    matched = ([], [])
    for place in set(ranges):
        cells = [[t for t, r in zip(side, found, strict=True) if r == place] for side, found in zip(sides, (ranges[:200], ranges[200:]), strict=True)]  # fmt: skip
        for kept, cell in zip(matched, cells, strict=True):
            kept += cell[: min(map(len, cells))]
    assert len(matched[0]) == len(matched[1]) > 60
    n = len(matched[0])
    assert format_auc(*matched, groups=[str(i) for i in range(2 * n)]) < 0.6


def test_a_training_file_asks_for_matched_format(folder):
    found = read_examples(recipe(folder, ("per_class: 300", "per_class: 300, match: format")))
    labels = [chunk.label for chunk in found.chunks]
    assert labels.count("hq") == labels.count("lq") > 100


def test_marks_alone_are_removed_and_those_of_words_stay():
    chunk = Chunk("hq", "-- a-b, | 3.5 > it's ... 'end' —", "w", "o")
    assert alter(chunk, AlterConfig(no_marks=1), 0).text == "a-b, 3.5 it's 'end'"


@pytest.mark.slow
def test_model_card_plot_and_sidecar_and_the_same_bytes_again(folder):
    report = train(recipe(folder))
    assert report.judgement.auc > 0.95
    assert 0.3 < report.leak.auc < 0.65
    assert set(report.judgement.precision) == {0.5, 0.25, 0.175, 0.1, 0.05}
    assert "plant" in [ngram for ngram, _ in report.ngrams["hq"]]
    assert "cheap" in [ngram for ngram, _ in report.ngrams["lq"]]
    model = folder / "out" / "good.bin"
    assert report.model == model
    names = {"good.bin", "good.bin.json", "good.md", "good.reliability.svg"}
    assert {path.name for path in model.parent.iterdir()} == names
    sidecar = read_sidecar(model)
    assert sidecar == report.sidecar
    assert sidecar.training["held_out"]["auc"] == report.judgement.auc
    held = set(sidecar.training["held_out"]["some_works"])
    assert any(w.startswith("good") for w in held)
    assert any(w.startswith("bad") for w in held)
    card = (folder / "out" / "good.md").read_text()
    assert sidecar.sha256 in card
    assert f"| AUC | {report.judgement.auc:.4f} |" in card
    first = model.read_bytes()
    train(recipe(folder))
    assert model.read_bytes() == first
    with pytest.raises(ConfigError, match=r"output: out/good\.bin holds another model"):
        train(recipe(folder, "seed: 18\n"))
    train(recipe(folder, "seed: 18\n"), replace_other=True)
    assert model.read_bytes() != first


@pytest.mark.slow
def test_model_is_a_score_of_a_pipeline_at_once(folder):
    train(recipe(folder))
    pipeline = rf.Pipeline.build(
        input="raw/*.parquet", output="refined", id="id", source="source",
        scores={"good": "out/good.bin"}, decide=[{"select": {"by": "good", "yield": 0.5}}],
        folder=folder,
    )  # fmt: skip
    run = pipeline.run()
    kept = run.kept.select("source").collect()["source"]
    assert (kept.str.starts_with("good")).mean() > 0.95
    # What a run says of a document can be asked for: its verdict, and its annotations.
    best = ("negatives: {}", "negatives: {where: {good: {min: 0.9}}}")
    with pytest.raises(ConfigError, match="6:1: negatives: finds no document"):
        read_examples(recipe(folder, "run: {path: refined, keep: all}\n", best))
    alive = read_examples(recipe(folder, "run: refined\n"))
    assert alive.chunks == read_examples(recipe(folder)).chunks


@pytest.mark.slow
def test_labelled_set_trains_and_calibrates(folder, two_kinds):
    rows = [{"id": r["id"], "label": 4 if r["truth"] else 1} for r in two_kinds[:400]]
    pl.DataFrame(rows).write_parquet(folder / "labels.parquet")
    positives = "positives: {labels: labels.parquet, min: 3}"
    report = train(
        recipe(
            folder,
            ("positives: {where: {source: {matches: ^good}}}", positives),
            ("negatives: {}", "negatives: {labels: labels.parquet, max: 2}"),
            "calibrate: {labels: labels.parquet, min: 3}\n",
        )
    )
    assert report.judgement.auc > 0.95
    assert report.calibrated.learned_from == "400 labelled documents of labels.parquet"
    assert report.calibrated.reliability.brier < 0.1
    assert report.calibrated.reliability.ece < 0.1
    assert json.loads((folder / "out" / "good.bin.json").read_text())["training"]["calibration"]


def test_document_with_a_label_is_of_that_labels_class(folder, two_kinds):
    # With its text in the set or not, it is no random negative too.
    rows = [{"id": r["id"], "label": 5, "text": r["text"]} for r in two_kinds if r["truth"]]
    for columns in (["id", "label"], ["id", "label", "text"]):
        pl.DataFrame(rows).select(columns).write_parquet(folder / "labels.parquet")
        positives = ("{where: {source: {matches: ^good}}}", "{labels: labels.parquet, min: 3}")
        found = read_examples(recipe(folder, positives, "split: {by: document}\n"))
        negatives = {chunk.origin[:3] for chunk in found.chunks if chunk.label == "lq"}
        assert negatives == {"bad"}


@pytest.mark.slow
def test_best_negatives_are_left_out_of_a_second_training(folder):
    # The pool holds good text too, as random text does: a tenth of the negatives is unlabelled good.
    hidden = ("{matches: ^good}", "{matches: '^good[0-8]$'}")
    plain = train(recipe(folder, hidden))
    again = train(recipe(folder, hidden, "drop_negatives: 0.2\n"), replace_other=True)
    n = plain.sidecar.training["examples"]["lq"]
    assert again.sidecar.training["examples"]["lq"] == n - round(0.2 * n)
    assert again.sidecar.training["examples"]["hq"] == plain.sidecar.training["examples"]["hq"]
    assert any("left out" in note for note in again.examples.notes)


@pytest.mark.slow
def test_format_that_gives_the_classes_away_is_named(folder, two_kinds, write):
    rows = [
        r | {"text": r["text"].replace(" ", "; ") if r["truth"] else r["text"]} for r in two_kinds
    ]
    write(folder / "raw" / "a.parquet", rows[:350])
    write(folder / "raw" / "b.parquet", rows[350:])
    with pytest.raises(LeakError, match=r"AUC 1\.000, allowed 0\.65; by feature: .*';' 1\.00"):
        train(recipe(folder, "leak: {on_leak: fail}\n"))
    assert not (folder / "out").exists()
    report = train(recipe(folder, "alter: {no_punctuation: 1}\nleak: {on_leak: fail}\n"))
    assert report.leak.auc < 0.65


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (("^good", "^nothing"), ConfigError, r"positives\[?.*finds no document"),
        (("source: {matches", "sorce: {matches"), ConfigError, "no column 'sorce'; did you mean source"),
        (("raw/*", "row/*"), ConfigError, r"4:\d+: input.*matches no file"),
        (("id: id,", "id: id, text: txet,"), ConfigError, r"4:\d+: input.*text: raw/a.parquet: no column 'txet'"),
        (("[20, 80]", "[5000, 8000]"), ConfigError, "no chunk of 5000 words or more in 300 documents"),
        ("run: nowhere\n", FileNotFoundError, "no such output folder"),
        ("run: raw\n", DataError, "no complete run"),
    ],
)  # fmt: skip
def test_training_file_that_does_not_fit_the_data(folder, change, error, message):
    with pytest.raises(error, match=message):
        read_examples(recipe(folder, change))


def test_plain_text_files_are_documents(folder):
    books = folder / "books"
    books.mkdir()
    for i in range(3):
        (books / f"b{i}.txt").write_text(
            f"page{i} and more words follow here " * 40, encoding="utf-8"
        )
    found = read_examples(recipe(folder, ("{where: {source: {matches: ^good}}}", "{path: books}")))
    works = {chunk.work for chunk in found.chunks if chunk.label == "hq"}
    assert works == {f"books/b{i}.txt" for i in range(3)}
