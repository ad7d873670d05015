"""Looking into a finished run: `inspect`."""

import polars as pl
import pytest

import refinery as rf
from conftest import write_file

PIPELINE = """
input: {path: raw.parquet, id: id}
decide:
  - rules: {n_chars: {min: 100}}
  - exact_duplicates
output: {path: out}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory, corpus):
    folder = tmp_path_factory.mktemp("inspect")
    write_file(folder / "raw.parquet", corpus)
    (folder / "p.yaml").write_text(PIPELINE)
    return rf.run(folder / "p.yaml")


def test_inspect_of_an_id_gives_the_value_behind_its_reason(finished, cli, corpus):
    short = next(row for row in corpus if len(row["text"]) < 100)
    result = cli("inspect", str(finished.path), short["id"])
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{short['id']}   dropped by n_chars:min   (raw.parquet row ")
    assert lines[1].split() == ["n_chars:min", "value", str(len(short["text"]))]


def test_inspect_by_reason_shows_as_many_as_asked_by_id(finished, cli):
    dropped = finished.decisions.filter(pl.col("dropped_by") == "n_chars:min").collect()
    expected = sorted(dropped["id"].to_list())[:3]
    result = cli("inspect", str(finished.path), "--dropped-by", "n_chars:min", "-n", "3")
    shown = [line.split()[0] for line in result.out.splitlines() if not line.startswith(" ")]
    assert shown == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-id"], "no document of this run named 'no-such-id'"),
        (["--dropped-by", "n_chars:mn"], "did you mean n_chars:min?"),
        ([], "name documents by their ids"),
    ],
)
def test_inspect_of_what_is_not_there_is_a_usage_error(finished, cli, arguments, message):
    result = cli("inspect", str(finished.path), *arguments)
    assert result.code == 2
    assert message in result.err
