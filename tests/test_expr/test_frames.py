"""Frames: the same documents as a run, in every engine and order of steps."""

import random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import refinery as rf
from conftest import make_rows, verdicts, write_file
from refinery import errors
from twins import minhash as minhash_twin

STEPS = [
    {"rules": {"n_words": {"min": 5}, "kl3m.score": {"max": 15}}},
    {"rules": "datatrove/gopher_repetition"},
    "exact_duplicates",
    {"near_duplicates": {"keep": {"highest": "textbook"}}},
    {"select": {"by": "textbook", "yield": 0.3}},
]
SCORES = {"textbook": "builtin/textbook"}
VERDICT = ["id", "kept", "dropped_by", "reasons", "cluster", "kept_instead"]


@pytest.fixture(scope="module")
def frame(corpus):
    return pl.DataFrame(corpus)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, corpus):
    """A run over files of the corpus."""
    folder = tmp_path_factory.mktemp("frames")
    write_file(folder / "raw" / "a.parquet", corpus[:100])
    write_file(folder / "raw" / "b.jsonl.gz", corpus[100:])
    pipeline = rf.Pipeline.build(
        input="raw/*",
        output="out/",
        id="id",
        source="source",
        scores=SCORES,
        decide=STEPS,
        folder=folder,
    )
    return pipeline.run()


def marked(frame):
    """The steps of `STEPS` one after another, on a frame of any kind."""
    how = "mark"
    return (
        frame.refinery.apply_rules(STEPS[0]["rules"], how=how)
        .refinery.apply_rules("datatrove/gopher_repetition", how=how)
        .refinery.exact_duplicates(id="id", how=how)
        .refinery.near_duplicates(id="id", keep=rf.highest(rf.score("text")), how=how)
        .refinery.select("textbook", 0.3, scores=SCORES, id="id", how=how)
    )


def filtered(frame):
    tokens = rf.token_count("text")
    read = frame.lazy().select(tokens.sum()).collect().item()
    left = (
        frame.refinery.apply_rules(STEPS[0]["rules"])
        .refinery.apply_rules("datatrove/gopher_repetition")
        .refinery.exact_duplicates(id="id")
        .refinery.near_duplicates(id="id", keep=rf.highest(rf.score("text")))
    )
    alive = left.lazy().select(tokens.sum()).collect().item()
    return left.refinery.select(rf.score("text"), 0.3 * read / alive, id="id", weight=tokens)


def as_set(frame):
    rows = frame.lazy().select(VERDICT).collect().rows()
    return {tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in rows}


def test_marks_are_the_decisions_of_a_run(frame, finished):
    expected = verdicts(finished)
    assert {row[2] for row in expected} >= {
        None,
        "exact_duplicate",
        "near_duplicate",
        "not_selected",
    }
    assert as_set(marked(frame)) == expected


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_lazy_marks_are_the_decisions_of_a_run(frame, finished, engine):
    lf = frame.lazy()
    found = marked(lf).collect(engine=engine)
    assert as_set(found) == verdicts(finished)
    assert found.schema == marked(lf).collect_schema()
    assert found["id"].to_list() == frame["id"].to_list()


@pytest.mark.parametrize("kind", ["eager", "in-memory", "streaming"])
def test_filters_keep_what_a_run_keeps(frame, finished, kind):
    found = filtered(frame if kind == "eager" else frame.lazy())
    found = found if kind == "eager" else found.collect(engine=kind)
    assert found.columns == frame.columns
    assert found["id"].to_list() == finished.kept.collect()["id"].to_list()


def test_the_order_of_rows_changes_no_verdict(frame):
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)
    assert as_set(marked(shuffled)) == as_set(marked(frame))


def test_a_later_filter_is_not_moved_before_a_decision(frame):
    lf = frame.lazy().refinery.exact_duplicates(id="id")
    expected = frame.refinery.exact_duplicates(id="id").filter(pl.col("source") == "s1")
    for engine in ("in-memory", "streaming"):
        found = lf.filter(pl.col("source") == "s1").collect(engine=engine)
        assert_frame_equal(found, expected)
    assert not expected.equals(
        frame.filter(pl.col("source") == "s1").refinery.exact_duplicates(id="id")
    )


def test_annotated_columns_are_read_and_not_computed_again(frame, monkeypatch):
    ready = rf.annotate(
        frame, signals=["counts", "kl3m", "datatrove/gopher_repetition"], scores=SCORES,
        content_hash=True, minhash=True,
    )  # fmt: skip
    expected = as_set(marked(frame))
    from refinery.expr import verdicts as module

    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(module, "compute_arrow", refuse)
    how = "mark"
    found = (
        ready.refinery.apply_rules(STEPS[0]["rules"], how=how)
        .refinery.apply_rules("datatrove/gopher_repetition", how=how)
        .refinery.exact_duplicates(id="id", how=how)
        .refinery.near_duplicates(id="id", keep=rf.highest("textbook"), how=how)
        .refinery.select("textbook", 0.3, id="id", how=how)
    )
    assert as_set(found) == expected


def test_annotations_of_a_run_are_decided_again_without_text(finished):
    annotations = finished.annotations
    how = "mark"
    found = (
        annotations.refinery.apply_rules(STEPS[0]["rules"], text=None, how=how)
        .refinery.apply_rules("datatrove/gopher_repetition", text=None, how=how)
        .refinery.exact_duplicates(None, id="id", how=how)
        .refinery.near_duplicates(None, id="id", keep=rf.highest("textbook"), how=how)
        .refinery.select("textbook", 0.3, text=None, id="id", how=how)
    )
    assert as_set(found) == verdicts(finished)
    pairs = annotations.refinery.duplicate_pairs(id="id")
    assert pairs.height > 20
    assert pairs["similarity"].min() >= 0.7


def test_without_ids_the_first_row_stays_and_rows_are_named_by_number():
    df = pl.DataFrame({"text": ["b", "a", "b", None, "a"]})
    found = df.refinery.exact_duplicates(how="mark")
    assert found["kept"].to_list() == [True, True, False, False, False]
    assert found["cluster"].to_list() == [0, 1, 0, None, 1]
    assert found["kept_instead"].to_list() == [None, None, 0, None, 1]
    assert found["dropped_by"].to_list()[3] == "null_text"
    assert found["reasons"].to_list()[3] == ["null_text"]
    assert df.refinery.exact_duplicates()["text"].to_list() == ["b", "a"]


def test_more_than_ten_rows_without_ids_go_by_number_and_not_by_digits():
    df = pl.DataFrame({"text": [f"text {i}" for i in range(10)] + ["text 2"]})
    assert df.refinery.exact_duplicates(how="mark")["kept"].to_list() == [True] * 10 + [False]


@pytest.mark.parametrize("keep", ["first", "longest", "highest"])
def test_who_stays(keep):
    words = " ".join(f"word{i}" for i in range(60))
    df = pl.DataFrame({"text": [words, words + " and more", words + " end"], "value": [1, 2, 3]})
    found = df.refinery.near_duplicates(keep=rf.highest("value") if keep == "highest" else keep)
    assert found["value"].to_list() == [{"first": 1, "longest": 2, "highest": 3}[keep]]


@pytest.mark.parametrize(
    "empty",
    [
        pl.DataFrame(schema={"id": pl.String, "text": pl.String}),
        pl.DataFrame({"id": ["a"], "text": [None]}, schema={"id": pl.String, "text": pl.String}),
    ],
    ids=["no rows", "null"],
)
def test_frames_without_a_document(empty):
    for how in ("filter", "mark"):
        found = [
            empty.refinery.apply_rules("kl3m", how=how),
            empty.refinery.exact_duplicates(id="id", how=how),
            empty.refinery.near_duplicates(how=how),
            empty.refinery.select("n_words", 0.5, how=how),
        ]
        assert [f.filter(f["kept"]).height if how == "mark" else f.height for f in found] == [0] * 4
    assert empty.refinery.duplicate_pairs().height == 0
    assert (
        rf.Pipeline.build(id="id").rules("kl3m").run_frame(empty).ledger["documents"]["kept"] == 0
    )


def test_an_id_that_occurs_twice_is_named():
    df = pl.DataFrame({"id": ["a", "b", "a"], "text": ["x", "y", "z"]})
    with pytest.raises(errors.DuplicateIdError, match=r"'a' at row 0 and row 2"):
        df.refinery.exact_duplicates(id="id")
    with pytest.raises(errors.DuplicateIdError, match=r"'a' at frame row 0 and frame row 2"):
        rf.Pipeline.build(id="id").run_frame(df)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda r: r.select("txtbook", 0.5),
            "no such score or signal 'txtbook'; did you mean textbook",
        ),
        (lambda r: r.exact_duplicates(id="idd"), "did you mean id"),
        (lambda r: r.exact_duplicates(keep="best"), "expected first, longest or"),
        (lambda r: r.exact_duplicates(how="drop"), "must be 'filter' or 'mark'"),
        (lambda r: r.near_duplicates(threshold=2), "less than or equal to 1"),
        (lambda r: r.select("textbook", 0), "greater than 0"),
        (lambda r: r.annotate(text="txt"), "did you mean text"),
        (lambda r: r.exact_duplicates("txt"), "did you mean text"),
        (lambda r: r.near_duplicates(None), "no column of the frame named 'minhash'"),
        (lambda r: r.apply_rules("kl3m", text=None), "no column of the frame named 'kl3m.score'"),
        (lambda r: r.apply_rules({"n_wrds": {"min": 1}}), "did you mean n_words"),
        (lambda r: r.sample(), "either n or fraction"),
        (lambda r: r.sample(fraction=2), "at most 1"),
    ],
)
@pytest.mark.parametrize("kind", ["eager", "lazy"])
def test_what_is_named_wrong_is_told_at_once(call, said, kind):
    df = pl.DataFrame({"id": ["a"], "text": ["x"], "textbook": [0.5]})
    with pytest.raises(errors.ConfigError, match=said):
        call((df if kind == "eager" else df.lazy()).refinery)


def test_pairs_are_those_whose_signatures_agree(frame):
    signed = frame.select("id", s=rf.minhash("text")).drop_nulls()
    values = {i: [s[k : k + 4] for k in range(0, len(s), 4)] for i, s in signed.rows()}
    expected = {}
    for a, left in values.items():
        for b, right in values.items():
            bands = sum(left[k : k + 8] == right[k : k + 8] for k in range(0, 112, 8))
            equal = sum(x == y for x, y in zip(left, right, strict=True)) / 112
            if a < b and bands and equal >= 0.7:
                expected[a, b] = (equal, bands)
    assert len(expected) > 20
    found = frame.refinery.duplicate_pairs(id="id")
    assert {(a, b): (s, n) for a, b, s, n in found.rows()} == expected
    assert found["similarity"].is_sorted(descending=True)
    by_row = frame.refinery.duplicate_pairs()
    names = frame["id"].to_list()
    assert {frozenset((names[a], names[b])) for a, b, *_ in by_row.rows()} == {
        frozenset(k) for k in expected
    }


def jaccard_by_definition(left, right):
    left, right = (set(minhash_twin.shingles(text, 5)) for text in (left, right))
    return len(left & right) / len(left | right)


def test_pairs_have_the_true_similarity_of_their_texts(frame):
    texts = dict(frame.select("id", "text").rows())
    pairs = frame.lazy().refinery.duplicate_pairs(id="id", exact=True)
    assert pairs.columns == ["left", "right", "similarity", "jaccard", "shared_bands"]
    assert pairs.drop("jaccard").equals(frame.refinery.duplicate_pairs(id="id"))
    assert pairs["jaccard"].to_list() == [
        jaccard_by_definition(texts[left], texts[right]) for left, right in pairs.select("left", "right").rows()
    ]  # fmt: skip
    assert pairs.filter(pl.col("jaccard") < 1).height > 0
    by_row = frame.refinery.duplicate_pairs(exact=True)
    assert sorted(by_row["jaccard"]) == sorted(pairs["jaccard"])
    assert frame.head(0).refinery.duplicate_pairs(exact=True)["jaccard"].dtype == pl.Float64


def test_pairs_explain_every_cluster(frame):
    clusters = frame.refinery.near_duplicates(id="id", how="mark")
    found = dict(clusters.filter(pl.col("cluster").is_not_null()).select("id", "cluster").rows())
    root = {name: name for name in frame["id"]}

    def find(x):
        while root[x] != x:
            x = root[x]
        return x

    for left, right, *_ in frame.refinery.duplicate_pairs(id="id").rows():
        a, b = sorted((find(left), find(right)))
        root[b] = a
    joined = {
        name: find(name) for name in root if any(find(o) == find(name) for o in root if o != name)
    }
    assert joined == found


def test_a_large_bucket_pairs_each_with_the_smallest():
    df = pl.DataFrame({"text": ["one text that is the same in all of these documents"] * 300})
    found = df.refinery.duplicate_pairs()
    assert found.height == 299
    assert found["left"].unique().to_list() == [0]
    assert found["similarity"].unique().to_list() == [1.0]


class TestSample:
    frame = pl.DataFrame(
        {
            "id": [f"d{i:03}" for i in range(200)],
            "source": ["a"] * 150 + ["b"] * 45 + [None] * 5,
            "score": [i / 199 for i in range(200)],
        }
    )

    def test_strata_of_a_source(self):
        found = self.frame.refinery.sample(10, by="source", id="id")
        assert dict(found["source"].value_counts().rows()) == {"a": 10, "b": 10, None: 5}
        shares = self.frame.refinery.sample(fraction=0.2, by="source", id="id")
        assert dict(shares["source"].value_counts().rows()) == {"a": 30, "b": 9, None: 1}

    def test_strata_of_a_score(self):
        found = self.frame.refinery.sample(3, by="score", bins=4, id="id")
        assert (found["score"] * 4).floor().clip(0, 3).value_counts().sort("score")[
            "count"
        ].to_list() == [3] * 4
        edges = self.frame.refinery.sample(2, by=pl.col("score"), bins=[0.9], id="id")
        assert (edges["score"] > 0.9).to_list().count(True) == 2
        assert edges.height == 4
        same = self.frame.with_columns(score=pl.lit(1.0)).refinery.sample(3, by="score", bins=4)
        assert same.height == 3

    def test_the_same_ids_give_the_same_sample_in_any_order(self):
        rows = list(range(200))
        random.Random(1).shuffle(rows)
        first = self.frame.refinery.sample(20, id="id", seed=5)
        assert first["id"].is_sorted()
        again = self.frame[rows].lazy().refinery.sample(20, id="id", seed=5).collect()
        assert set(again["id"]) == set(first["id"])
        assert set(self.frame.refinery.sample(20, id="id", seed=6)["id"]) != set(first["id"])


def test_the_funnel_is_a_frame_and_a_table(frame, finished):
    found = frame.refinery.funnel(STEPS, id="id", scores=SCORES)
    assert found.frame.equals(finished.funnel().frame)
    assert found.frame["documents"].to_list()[0] == frame.height
    lines = str(found).splitlines()
    assert lines[0].split()[:2] == ["step", "documents"]
    assert lines[-1].startswith("5. select")
    assert repr(found) in found._repr_html_()


def test_typed_and_registered_namespaces_are_the_same(frame):
    assert type(rf.frame(frame)) is type(frame.refinery)
    assert type(rf.frame(frame.lazy())) is type(frame.lazy().refinery)


def test_random_frames_decide_as_runs_do(tmp_path):
    for seed in range(3):
        rows = make_rows(60, seed)
        folder = tmp_path / str(seed)
        write_file(folder / "raw" / "a.parquet", rows)
        pipeline = rf.Pipeline.build(
            input="raw/*", output="out", id="id", scores=SCORES, decide=STEPS, folder=folder
        )
        assert as_set(marked(pl.DataFrame(rows))) == verdicts(pipeline.run())


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_expressions_and_steps_compose_in_one_query(frame, engine):
    lf = (
        frame.lazy()
        .with_columns(
            repetition=pl.col("text").refinery.signals("datatrove/gopher_repetition"),
            textbook=rf.score("text", model="builtin/textbook"),
        )
        .filter(rf.rules("datatrove/gopher_repetition"))
        .refinery.near_duplicates("text", id="id", keep=rf.highest("textbook"))
        .refinery.select(by="textbook", yield_=0.175, weight=rf.token_count("text"), id="id")
    )
    found = lf.collect(engine=engine)
    assert 0 < found.height < frame.height / 4
    pipeline = (
        rf.Pipeline.build(id="id", scores=SCORES)
        .rules("datatrove/gopher_repetition")
        .near_duplicates(keep={"highest": "textbook"})
        .select("textbook", 0.175, of="alive")
    )
    assert found["id"].to_list() == pipeline.run_frame(frame).kept.collect()["id"].to_list()
    top = found["repetition"].struct.field("top_2gram_char_frac").drop_nulls()
    assert top.max() <= 0.2
