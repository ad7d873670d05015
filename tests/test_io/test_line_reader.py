"""Line files as the engine reads them: columns checked before a run, mixed types said."""

import json

import polars as pl
import pytest

import refinery as rf
from conftest import write_file
from refinery.errors import ConfigError


def test_a_csv_without_the_named_column_is_a_config_error_with_the_nearest(tmp_path):
    write_file(tmp_path / "raw.csv", [{"id": "a", "text": "one"}])
    (tmp_path / "p.yaml").write_text("input:\n  path: raw.csv\n  text: txt\noutput: {path: out}\n")
    with pytest.raises(ConfigError) as caught:
        rf.run(tmp_path / "p.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (3, "input.text")
    assert 'did you mean "text"?' in problem.message


def test_mixed_json_values_are_carried_as_json_text_and_said(tmp_path, cli):
    values = [1, "one", {"a": [1, None]}, None, True]
    rows = [{"id": f"{i}", "text": f"text {i}", "v": v} for i, v in enumerate(values)]
    (tmp_path / "raw.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "p.yaml").write_text("input: {path: raw.jsonl, id: id}\noutput: {path: out}\n")
    result = cli("run", str(tmp_path / "p.yaml"))
    assert result.code == 0
    assert "values of mixed types are carried as JSON text in: v" in result.err
    carried = pl.read_parquet(tmp_path / "out/*.parquet")["v"].to_list()
    assert [None if v is None else json.loads(v) for v in carried] == values


@pytest.mark.parametrize("name", ["raw.jsonl", "raw.jsonl.gz", "raw.jsonl.zst"])
def test_many_blocks_of_one_file_come_back_whole_and_in_order(tmp_path, name, monkeypatch):
    # Blocks of a few rows: shards then begin and end inside them.
    monkeypatch.setattr("refinery.io.line_files.UNIT_BYTES", 2_000)
    rows = [{"id": f"{i:04d}", "text": f"document {i} " * (1 + i % 40)} for i in range(300)]
    write_file(tmp_path / name, rows)
    (tmp_path / "p.yaml").write_text(
        f"input: {{path: {name}, id: id}}\n"
        "decide: [{rules: {n_chars: {min: 60}}}]\n"
        "output: {path: out, shard_bytes: 3kB}\n"
        "resources: {threads: 3}\n"
    )
    run = rf.run(tmp_path / "p.yaml")
    assert len(run.manifest["units"]) > 20
    assert len(run.manifest["outputs"]) > 10
    expected = [row for row in rows if len(row["text"]) >= 60]
    assert run.kept.collect().to_dicts() == expected
