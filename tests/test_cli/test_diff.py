"""Which documents two runs judge differently."""

import polars as pl
import pytest

import refinery as rf
from conftest import write_file

TEXTS = {"a": "one", "b": "one two", "c": "one two three", "d": "one two three", "e": "a b c d e"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run, one with another bound over one document less, and one of a frame."""
    folder = tmp_path_factory.mktemp("diff")
    rows = [{"id": name, "text": text} for name, text in TEXTS.items()]
    write_file(folder / "a.jsonl", rows)
    write_file(folder / "b.jsonl", rows[:4])

    def made(name, least, path):
        pipeline = rf.Pipeline.build(input=path, output=name, id="id", folder=folder)
        return pipeline.rules({"n_words": {"min": least}}).exact_duplicates().run()

    return made("before", 2, "a.jsonl"), made("after", 3, "b.jsonl")


def test_each_changed_document_has_both_verdicts(runs):
    before, after = runs
    assert before.diff(after).drop("n_tokens").rows() == [
        ("b", "kept", "n_words:min"),
        ("e", "kept", "not read"),
    ]
    assert after.diff(before)["after"].to_list() == ["kept", "kept"]
    assert before.diff(before).is_empty()


def test_a_frame_is_compared_with_a_run(runs):
    before, _ = runs
    frame = pl.DataFrame({"id": list(TEXTS), "text": list(TEXTS.values())})
    of_frame = rf.Pipeline.build(id="id").rules({"n_words": {"min": 2}}).run_frame(frame)
    assert before.diff(of_frame).rows() == [("d", "exact_duplicate", "kept", 3)]


def test_command_counts_changes_and_writes_them(runs, cli, tmp_path):
    before, after = (str(run.path) for run in runs)
    done = cli("diff", before, after, "-n", "1", "--write", str(tmp_path / "c.parquet"))
    assert done.code == 0
    cells = [line.split() for line in done.out.splitlines()]
    assert ["kept", "n_words:min", "1", "2", "b"] in cells
    assert ["kept", "not", "read", "1", "5", "e"] in cells
    assert pl.read_parquet(tmp_path / "c.parquet")["id"].to_list() == ["b", "e"]
    assert "same verdict" in cli("diff", before, before).out


def test_command_names_the_folder_that_is_no_run(runs, cli, tmp_path):
    done = cli("diff", str(runs[0].path), str(tmp_path))
    assert done.code == 3
    assert "no complete run" in done.err
