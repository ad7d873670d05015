"""Pipelines as objects, and what can be asked of what they made."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import refinery as rf
from conftest import PIPELINE, verdicts, write_file
from refinery import demo, errors

STEPS = [
    {"rules": {"n_words": {"min": 5}}},
    {"rules": ["datatrove/gopher_repetition", {"kl3m.score": {"max": 15}}]},
    "exact_duplicates",
    {"near_duplicates": {"keep": {"highest": "textbook"}}},
    {"select": {"by": "textbook", "yield": 0.3, "of": "alive"}},
]


def built(**more):
    return rf.Pipeline.build(
        input="raw/*", output={"path": "out", "columns": ["n_tokens", "textbook"]}, id="id",
        source="source", scores={"textbook": "builtin/textbook"}, signals=["kl3m"], seed=3, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory, corpus):
    """The same pipeline over files and over a frame."""
    folder = tmp_path_factory.mktemp("api")
    rows = [*corpus, {"id": "nothing", "text": None, "source": "s0", "n": 1}]
    write_file(folder / "raw" / "a.parquet", rows)
    pipeline = built(decide=STEPS, folder=folder)
    return pipeline.run(), pipeline.run_frame(pl.read_parquet(folder / "raw" / "a.parquet"))


@pytest.mark.parametrize(
    "text", [PIPELINE, demo.PIPELINE.read_text(encoding="utf-8")], ids=["test", "demo"]
)
def test_yaml_goes_both_ways(text, tmp_path):
    first = rf.Pipeline.from_text(text)
    again = rf.Pipeline.from_text(first.to_yaml(tmp_path / "p.yaml"))
    assert again.config == first.config
    assert again == first
    assert rf.Pipeline.from_yaml(tmp_path / "p.yaml").config == first.config


def test_steps_added_one_by_one_are_those_of_a_list():
    chained = (
        built()
        .rules(STEPS[0]["rules"])
        .rules(STEPS[1]["rules"])
        .exact_duplicates()
        .near_duplicates(keep={"highest": "textbook"})
        .select("textbook", 0.3, of="alive")
    )
    assert chained == built(decide=STEPS)
    assert rf.Pipeline.from_text(chained.to_yaml()) == chained
    assert len(built().config.decide) == 0


def test_awkward_values_survive_yaml():
    names = ["no", "1e-5", "2", "null", "a: b", "# not a comment", "ümlaut", "'quoted'", " space "]
    pipeline = rf.Pipeline.build(input=names, output="out", id="no", seed=7)
    assert rf.Pipeline.from_text(pipeline.to_yaml()) == pipeline
    assert [i.path for i in pipeline.config.input] == names


def test_a_wrong_step_is_told_when_it_is_added():
    with pytest.raises(errors.ConfigError, match="decide"):
        built().select("textbook", 2)
    with pytest.raises(errors.ConfigError, match="no such key"):
        built(resource={})


def test_a_pipeline_without_files_runs_over_frames_only():
    pipeline = rf.Pipeline.build().rules({"n_words": {"min": 2}})
    assert pipeline.run_frame(pl.DataFrame({"text": ["one", "one two"]})).kept.collect().height == 1
    with pytest.raises(errors.ConfigError, match="input is required"):
        pipeline.run()


def test_a_frame_gives_what_files_give(both):
    of_files, of_frame = both
    assert verdicts(of_frame) == verdicts(of_files)
    assert_frame_equal(of_frame.kept.collect(), of_files.kept.collect())
    assert json.dumps(of_frame.ledger) == json.dumps(of_files.ledger)
    drop = ["source_file"]
    assert_frame_equal(
        of_frame.annotations.drop(drop).collect(), of_files.annotations.drop(drop).collect()
    )
    assert of_frame.quarantine.collect()["reason"].to_list() == ["null_text"]
    assert (
        repr(of_frame) == f"Refined({of_frame.ledger['documents']['kept']} of 241 documents kept)"
    )


def test_a_frame_without_ids_decides_as_a_file_does(tmp_path, corpus):
    frame = pl.DataFrame(corpus).drop("id")
    write_file(tmp_path / "raw" / "a.parquet", frame.to_arrow())
    pipeline = rf.Pipeline.build(
        input="raw/*", output="out", decide=["exact_duplicates", "near_duplicates"], folder=tmp_path
    )
    of_files, of_frame = pipeline.run(), pipeline.run_frame(frame)
    for name in ("kept", "dropped_by"):
        assert of_files.decisions.collect()[name].equals(
            of_frame.decisions.collect()[name], null_equal=True
        )


@pytest.mark.parametrize("which", [0, 1], ids=["files", "frame"])
def test_questions_to_a_run(both, which):
    run = both[which]
    decisions = run.decisions.collect()
    dropped = decisions.filter(dropped_by="near_duplicate").row(0, named=True)
    verdict = run.why(dropped["id"])
    assert (verdict.dropped_by, verdict.kept_instead) == ("near_duplicate", dropped["kept_instead"])
    with pytest.raises(errors.UnknownNameError):
        run.why("nobody")
    found = run.dropped_by("near_duplicate").collect()
    assert found["id"].to_list() == decisions.filter(dropped_by="near_duplicate")["id"].to_list()
    assert found["n_tokens"].sum() == run.ledger["tokens"]["dropped"]["near_duplicate"]
    with pytest.raises(errors.UnknownNameError, match="did you mean near_duplicate"):
        run.dropped_by("near_duplicates")


@pytest.mark.parametrize("unit", ["tokens", "bytes", "documents"])
def test_a_yield_curve_says_what_a_threshold_keeps(both, unit):
    run = both[0]
    read = run.annotations.collect()
    curve = run.yield_curve("textbook", unit=unit, points=20)
    assert 10 < curve.height <= 20
    column = {"tokens": "n_tokens", "bytes": "n_bytes"}.get(unit)
    for threshold, documents, amount, share, quantile in curve.rows():
        above = read.filter(pl.col("textbook") >= threshold)
        expected = above.height if column is None else above[column].sum()
        total = read.height if column is None else read[column].sum()
        assert (documents, amount) == (above.height, expected)
        assert share == pytest.approx(expected / total, abs=1e-12)
        assert quantile == pytest.approx(above.height / read.height, abs=1e-12)
    assert curve["share"][-1] == 1.0
    assert curve["share"].diff().drop_nulls().min() > 0
    with pytest.raises(errors.UnknownNameError, match="did you mean textbook"):
        run.yield_curve("textbok")


def test_the_overlap_of_reasons(both):
    run = both[0]
    listed = [set(reasons) for reasons in run.decisions.collect()["reasons"]]
    found = {(a, b): n for a, b, n in run.reasons().rows()}
    names = {name for reasons in listed for name in reasons}
    assert len(names) > 5
    for a in names:
        for b in names:
            assert found.get((a, b), 0) == sum(a in reasons and b in reasons for reasons in listed)
