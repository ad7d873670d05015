"""The sample, a file that a person fills in, rubrics, agreement, and the command as a whole."""

import csv
import random

import polars as pl
import pytest
from endpoint import Endpoint

from refinery.errors import ConfigError, DuplicateIdError, EnvironmentFault
from refinery.labelling import parse_labelling
from refinery.labelling.agreement import agreement
from refinery.labelling.file_labeller import FileLabeller
from refinery.labelling.labeller import Sampled
from refinery.labelling.rubric import load_rubric
from refinery.labelling.run import label
from refinery.labelling.sampling import choose, draw_sample

LABEL = """
input: {path: raw/*, id: id, source: source}
output: labels
sample: {documents: 12, min_words: 1}
labellers:
  - {name: anna, file: anna.csv}
"""


def corpus(n, seed=0):
    draw = random.Random(seed)
    return pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(n)],
            "source": [draw.choice(["web", "web", "web", "book", None]) for _ in range(n)],
            "n_chars": [draw.randrange(10, 5000) for _ in range(n)],
            "score": [draw.random() if i % 5 else None for i in range(n)],
        }
    )


@pytest.mark.parametrize("allocation", ["equal", "proportional"])
def test_sample_does_not_depend_on_order_and_a_smaller_one_begins_it(allocation):
    documents = corpus(2000)
    drawn = choose(documents, 300, allocation, seed=1)
    shuffled = documents.sample(fraction=1, shuffle=True, seed=5)
    assert choose(shuffled, 300, allocation, seed=1).equals(drawn)
    assert (
        choose(documents, 50, allocation, seed=1)["id"].to_list() == drawn["id"].head(50).to_list()
    )
    assert choose(documents, 300, allocation, seed=2)["id"].to_list() != drawn["id"].to_list()


def test_equal_strata_and_weights_that_give_the_corpus_back():
    documents = corpus(3000)
    drawn = choose(documents, 600, "equal", seed=1)
    assert drawn["weight"].sum() == pytest.approx(3000, rel=0.02)
    counts = drawn.group_by("source", "length", "score_part").len()
    # Three sources, ten lengths, five fifths and no score: every stratum gives the same, or all.
    assert len(counts) == 180
    assert counts["len"].max() <= 4
    proportional = choose(documents, 600, "proportional", seed=1)
    share = (proportional["source"] == "web").sum() / 600
    assert share == pytest.approx((documents["source"] == "web").sum() / 3000, abs=0.03)


def test_all_documents_where_fewer_are_there():
    assert sorted(choose(corpus(7), 50, "equal", seed=0)["id"]) == [f"d{i}" for i in range(7)]


@pytest.fixture
def fill(tmp_path):
    """Writes the file of a labeller, applies a change to its rows, and reads it back."""

    def run(change=None, name="anna.csv", raw=None):
        sample = [Sampled(f"d{i}", f'text, with\n"quotes" {i}', None, 1.0) for i in range(4)]
        labeller = FileLabeller("anna", tmp_path / name, name, load_rubric("educational", tmp_path))
        first = labeller.label(sample, str)
        assert (first.answers, first.waiting) == ([], 4)
        if raw is not None:
            (tmp_path / name).write_bytes(raw)
        if change is not None:
            with (tmp_path / name).open(newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
            rows = change(rows)
            with (tmp_path / name).open("w", newline="", encoding="utf-8-sig") as file:
                csv.writer(file).writerows(rows)
        return labeller.label(sample, str)

    return run


def test_person_fills_in_some_rows_in_any_order(fill):
    outcome = fill(lambda rows: [rows[0], [*rows[3][:2], "5"], [*rows[1][:2], " 0.0 "], rows[2]])
    assert [(a.id, a.label) for a in outcome.answers] == [("d0", 0), ("d2", 5)]
    assert outcome.waiting == 2


def test_json_lines_are_filled_in_too(fill):
    outcome = fill(
        name="anna.jsonl", raw=b'{"id": "d1", "label": 3}\n\n{"id": "d0", "label": null}\n'
    )
    assert [(a.id, a.label) for a in outcome.answers] == [("d1", 3)]


def test_all_that_is_wrong_with_a_file_is_told_at_once(fill):
    def change(rows):
        return [rows[0], ["d0", "", "6"], ["d1", "", "good"], ["x", "", "2"], ["d2", "", "1"], ["d2", "", "3"], ["d3", "", "-1"]]  # fmt: skip

    with pytest.raises(ConfigError) as caught:
        fill(change)
    assert [(p.line, p.path, p.message) for p in caught.value.problems] == [
        (2, "label", "'6' is no label; allowed: whole numbers from 0 to 5, or empty"),
        (3, "label", "'good' is no label; allowed: whole numbers from 0 to 5, or empty"),
        (4, "id", "id 'x' is not in the sample; was the file made for another one?"),
        (6, "id", "id 'd2' stands in line 5 already"),
        (7, "label", "'-1' is no label; allowed: whole numbers from 0 to 5, or empty"),
    ]


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.csv", b"name,label\nx,1\n", "no column id; its columns: name, label"),
        ("a.csv", b"", "no column id and label; its columns: none"),
        ("a.jsonl", b"[1]\n", "1:1: expected an object with an id"),
        ("a.jsonl", b"{\n", "1:1: not JSON"),
    ],
)
def test_file_of_another_shape(fill, name, raw, message):
    with pytest.raises(ConfigError, match=message):
        fill(name=name, raw=raw)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Because.\nScore: 3", 3), ("Score: 0\n\n", 0), ("**Score: 5**", 5), ("score: 4.", 4),
        ("Score: 6", None), ("Score: -1", None), ("Score: 3\nbut then", None), ("3", None), ("", None),
        ("Score: 2 Score: 3", None), ("Score: 3.5", None),
    ],
)  # fmt: skip
def test_answer_is_read_strictly(tmp_path, answer, expected):
    assert load_rubric("educational", tmp_path).parse(answer) == expected


def test_rubric_of_ones_own_and_its_version(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text("name: mine\nscale: [1, 3]\nprompt: 'Judge {text}'\n")
    rubric = load_rubric("mine.yaml", tmp_path)
    assert (rubric.prompt_for("it {text}"), rubric.parse("Score: 3"), rubric.parse("Score: 4")) == ("Judge it {text}", 3, None)  # fmt: skip
    own.write_text("name: mine\nscale: [1, 3]\nprompt: 'Judge: {text}'\n")
    assert load_rubric("mine.yaml", tmp_path).version != rubric.version
    own.write_text("name: mine\nprompt: 'Judge'\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:2:\d+: prompt: holds {text} 0 times"):
        load_rubric("mine.yaml", tmp_path)
    with pytest.raises(ConfigError, match="did you mean educational"):
        load_rubric("educationl", tmp_path)


@pytest.mark.slow
def test_kappa_is_scikit_learns():
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    draw = random.Random(3)
    first = [draw.randrange(6) for _ in range(300)]
    second = [a if draw.random() < 0.6 else draw.randrange(6) for a in first]
    found = agreement(first, second)
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second))
    assert found.quadratic_kappa == pytest.approx(
        cohen_kappa_score(first, second, weights="quadratic")
    )
    assert found.confusion == confusion_matrix(first, second).tolist()
    assert agreement([2, 2], [2, 2]).kappa is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("file: anna.csv", "file: anna.csv, endpoint: http://x"), "either a file or an endpoint"),
        (("file: anna.csv", "endpoint: http://x"), "an endpoint needs a model"),
        (("file: anna.csv", "endpoint: ftp://x, model: m"), "is no http or https address"),
        (("file: anna.csv", "file: anna.xlsx"), r"is called \*\.csv or \*\.jsonl"),
        (("file: anna.csv", "endpoint: http://x, model: m, budget: 3"), "a budget needs price"),
        (("file: anna.csv}", "file: a.csv}\n  - {name: anna, file: b.csv}"), "two labellers are called anna"),
        (("min_words: 1", "score: textbook"), "textbook is an annotation of a run"),
        (("documents: 12", "document: 12"), "sample.document: no such key; did you mean documents"),
    ],
)  # fmt: skip
def test_labelling_file_with_a_problem_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        parse_labelling(LABEL.replace(*change))


def test_documents_of_one_id_cannot_be_labelled(tmp_path, write):
    write(tmp_path / "raw.jsonl", [{"id": f"d{i % 3}", "text": "a few words"} for i in range(4)])
    recipe = parse_labelling(
        LABEL, folder=tmp_path, overrides=["input.path=raw.jsonl", "input.source=null"]
    )
    with pytest.raises(DuplicateIdError, match="duplicate id 'd0'"):
        draw_sample(recipe)


def test_person_and_model_label_one_sample(tmp_path, write):
    rows = [
        {"id": f"d{i}", "text": "good " * (i % 4) + f"text {i}", "source": f"s{i % 2}"}
        for i in range(40)
    ]
    write(tmp_path / "raw" / "a.parquet", rows[:25])
    write(tmp_path / "raw" / "b.jsonl", rows[25:])
    with Endpoint() as endpoint:
        robot = f"  - {{name: robot, endpoint: '{endpoint.url}', model: m, requests_per_minute: 100000}}\n"
        recipe = parse_labelling(LABEL + robot, folder=tmp_path)
        first = label(recipe)
        assert first.stopped is None
        assert first.agreements == {}
        with (tmp_path / "anna.csv").open(newline="") as file:
            filled = [[r["id"], "", str(r["text"].count("good"))] for r in csv.DictReader(file)]
        filled[0][2] = str(5 - int(filled[0][2]))
        with (tmp_path / "anna.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["id", "text", "label"], *filled])
        report = label(recipe)
        assert len(endpoint.requests) == 12
        assert report.agreements["anna", "robot"].n == 12
        assert 0.5 < report.agreements["anna", "robot"].kappa < 1
        found = pl.read_parquet(report.labels)
        assert found.columns == [
            "id",
            "text",
            "source",
            "weight",
            "label",
            "labeller",
            "rubric",
            "raw",
        ]
        assert found.group_by("labeller").len().sort("labeller").rows() == [
            ("anna", 12),
            ("robot", 12),
        ]
        robots = found.filter(pl.col("labeller") == "robot")
        assert robots["raw"].str.contains("A reason").all()
        assert (robots["label"] == robots["text"].str.count_matches("good")).all()
        # The same sample of the same documents in other files; another seed is another sample.
        (tmp_path / "raw" / "a.parquet").unlink()
        (tmp_path / "raw" / "b.jsonl").unlink()
        write(tmp_path / "raw" / "c.jsonl.gz", rows[::-1])
        (tmp_path / "labels" / "sample.parquet").unlink()
        assert label(recipe).agreements == report.agreements
        with pytest.raises(EnvironmentFault, match="drawn with other inputs"):
            label(parse_labelling(LABEL + "seed: 3\n", folder=tmp_path))
