"""Every column of the input reaches the output unchanged, in both formats and across differing files."""

import datetime as dt
import decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import ODD_TEXTS, kept_rows, run_here, write_file
from refinery.engine import Silent
from refinery.errors import SchemaError

PLAIN = "input: {path: raw/*, id: id}\noutput: {path: out%s}\n"
N = 6


def rich_table():
    """A column of every type that corpora carry, each with a null."""
    moment = dt.datetime(2024, 2, 29, 12, 30, 15, 123456)  # noqa: DTZ001 - the type has no zone
    columns = {
        "id": pa.array([f"d{i}" for i in range(N)]),
        "text": pa.array([f"text {i}" for i in range(N)], pa.string()),
        "int8": pa.array([*range(N - 1), None], pa.int8()),
        "uint64": pa.array([2**64 - 1, *range(N - 2), None], pa.uint64()),
        "float32": pa.array([0.1, float("inf"), -0.0, 1e-30, 5.0, None], pa.float32()),
        "bool": pa.array([True, False, True, False, True, None]),
        "date": pa.array(
            [*[dt.date(1, 1, 1), dt.date(9999, 12, 31)] * 2, dt.date(2024, 2, 29), None]
        ),
        "time": pa.array([*[dt.time(23, 59, 59, 999999)] * (N - 1), None], pa.time64("us")),
        "stamp_ms": pa.array(
            [*[moment.replace(microsecond=123000)] * (N - 1), None], pa.timestamp("ms")
        ),
        "stamp_zone": pa.array([*[moment] * (N - 1), None], pa.timestamp("us", "Europe/Berlin")),
        "duration": pa.array(
            [*[dt.timedelta(days=1, microseconds=5)] * (N - 1), None], pa.duration("us")
        ),
        "decimal": pa.array(
            [*[decimal.Decimal("12345678901234567890.12")] * (N - 1), None], pa.decimal128(25, 2)
        ),
        "binary": pa.array([b"\xff\x00", b"", *[b"x"] * 3, None], pa.binary()),
        "fixed": pa.array([*[b"\x00\xff"] * (N - 1), None], pa.binary(2)),
        "dictionary": pa.array([*["b", "a"] * 2, "b", None]).dictionary_encode(),
        "list": pa.array([[1, None], [], *[[3]] * 3, None], pa.list_(pa.int32())),
        "struct": pa.array([*[{"a": 1, "b": {"c": "x"}}] * 4, {"a": None, "b": None}, None]),
        "structs": pa.array([[{"k": "v", "n": None}], [], *[[{"k": "w", "n": 2}]] * 3, None]),
        "map": pa.array([*[[("k", 1)]] * (N - 1), None], pa.map_(pa.string(), pa.int64())),
        "large": pa.array([*["l"] * (N - 1), None], pa.large_string()),
        "nothing": pa.nulls(N),
        "With Space.and.dots": pa.array(range(N)),
    }
    return pa.table(columns)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_columns_of_every_type_come_out_as_they_went_in(tmp_path, suffix):
    table = rich_table()
    path = write_file(tmp_path / f"raw/a.{suffix}", table, rows_per_part=4)
    if suffix == "parquet":
        table = pq.read_table(path)
    run = run_here(tmp_path, PLAIN % "")
    found = pq.read_table(run.path / "part-00000.parquet")
    assert found.column_names == table.column_names
    for name in table.column_names:
        assert found[name].type == table[name].type, name
        assert found[name].to_pylist() == table[name].to_pylist(), name


def test_text_comes_out_byte_for_byte(tmp_path):
    rows = [{"id": str(i), "text": text} for i, text in enumerate(ODD_TEXTS)]
    for out_format in ("parquet", "jsonl.zst"):
        for suffix in ("parquet", "jsonl.zst"):
            folder = tmp_path / f"{out_format}-{suffix}"
            write_file(folder / f"raw/a.{suffix}", rows)
            run = run_here(folder, PLAIN % f", format: {out_format}")
            assert kept_rows(run.path) == rows
            assert run.kept.collect().to_dicts() == rows


def test_json_lines_out_are_json_that_any_reader_reads(tmp_path):
    table = rich_table().drop_columns(["binary", "fixed", "map", "duration", "float32"])
    write_file(tmp_path / "raw/a.parquet", table)
    run = run_here(tmp_path, PLAIN % ", format: jsonl.zst")
    rows = kept_rows(run.path)
    assert [list(row) for row in rows] == [table.column_names] * N
    assert rows[0]["uint64"] == 2**64 - 1
    assert rows[0]["list"] == [1, None]
    assert rows[0]["struct"] == {"a": 1, "b": {"c": "x"}}
    assert rows[0]["date"] == "0001-01-01"
    assert rows[0]["stamp_ms"].startswith("2024-02-29")
    assert rows[5]["decimal"] is None


class Notes(Silent):
    """What a run tells a person."""

    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)


def test_numbers_that_json_has_not_are_null_there_and_it_is_said_once(tmp_path):
    table = rich_table().select(["id", "text", "float32", "decimal"])
    nested = pa.array([{"x": [1.0, float("nan")]}] * N)
    write_file(tmp_path / "raw/a.parquet", table.append_column("nested", nested))
    notes = Notes()
    out = ", format: jsonl.zst, shard_bytes: 1"
    rows = kept_rows(run_here(tmp_path, PLAIN % out, progress=notes).path)
    assert [row["float32"] for row in rows[1:3]] == [None, 0.0]
    assert rows[0]["nested"] == {"x": [1.0, None]}
    assert sorted(said.partition(" holds NaN")[0] for said in notes.said) == [
        "column 'float32'",
        "column 'nested'",
    ]


@pytest.mark.parametrize("kind", ["binary", "fixed", "nested"])
def test_bytes_cannot_be_json_and_are_refused_by_name(tmp_path, kind):
    column = (
        pa.array([[b"x"]] * N, pa.list_(pa.large_binary()))
        if kind == "nested"
        else rich_table()[kind]
    )
    table = rich_table().select(["id", "text"]).append_column(kind, column)
    write_file(tmp_path / "raw/a.parquet", table)
    with pytest.raises(SchemaError, match=rf"raw/a\.parquet: column '{kind}': .* JSON cannot hold"):
        run_here(tmp_path, PLAIN % ", format: jsonl.zst")


@pytest.mark.parametrize("name", ["map", "duration", "time", "dictionary"])
def test_json_lines_of_odd_types_are_valid_json(tmp_path, name):
    write_file(tmp_path / "raw/a.parquet", rich_table().select(["id", "text", name]))
    rows = kept_rows(run_here(tmp_path, PLAIN % ", format: jsonl.zst").path)
    assert len(rows) == N
    assert rows[-1][name] is None
    assert rows[0][name]


def test_json_lines_columns_come_out_as_they_went_in(tmp_path):
    rows = [
        {
            "id": "1",
            "text": "a",
            "n": 1,
            "x": 1.5,
            "tags": ["a", "b"],
            "meta": {"url": "u", "depth": 1},
            "ok": True,
        },
        {"id": "2", "text": "b", "n": None, "x": 2, "tags": [], "meta": None, "ok": False},
        {
            "id": "3",
            "text": "c",
            "later": "only here",
            "meta": {"url": None, "depth": 2, "more": [1]},
        },
    ]
    write_file(tmp_path / "raw/a.jsonl", rows)
    found = run_here(tmp_path, PLAIN % "").kept.collect().to_dicts()
    names = ["id", "text", "n", "x", "tags", "meta", "ok", "later"]
    assert sorted(found[0]) == sorted(names)
    for before, after in zip(rows, found, strict=True):
        for name in names:
            expected = before.get(name)
            if name == "meta" and expected is not None:
                expected = {"url": None, "depth": None, "more": None} | expected
            assert after[name] == expected


def test_column_that_a_file_lacks_is_null_there(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": "1", "text": "a", "only_a": "x"}])
    write_file(tmp_path / "raw/b.parquet", [{"id": "2", "text": "b", "only_b": 7}])
    write_file(tmp_path / "raw/c.jsonl", [{"id": "3", "text": "c"}])
    assert run_here(tmp_path, PLAIN % "").kept.collect().to_dicts() == [
        {"id": "1", "text": "a", "only_a": "x", "only_b": None},
        {"id": "2", "text": "b", "only_a": None, "only_b": 7},
        {"id": "3", "text": "c", "only_a": None, "only_b": None},
    ]


@pytest.mark.parametrize(
    ("first", "second", "wide"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.int64(), pa.float64(), pa.float64()),
        (pa.string(), pa.large_string(), pa.large_string()),
        (pa.null(), pa.string(), pa.string()),
        (pa.date32(), pa.date32(), pa.date32()),
    ],
)
def test_types_widen_and_values_stay(tmp_path, first, second, wide):
    value = {"string": "s", "large_string": "s", "date32[day]": dt.date(2024, 1, 1), "null": None}
    for name, kind in (("a", first), ("b", second)):
        cell = pa.array([value.get(str(kind), 7)], kind)
        write_file(
            tmp_path / f"raw/{name}.parquet", pa.table({"id": [name], "text": [name], "c": cell})
        )
    run = run_here(tmp_path, PLAIN % "")
    assert pq.read_schema(run.path / "part-00000.parquet").field("c").type == wide
    assert run.kept.collect()["c"].to_list() == [
        value.get(str(first), 7),
        value.get(str(second), 7),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [(["x"], [7]), ([[1]], [7]), ([{"a": 1}], ["x"]), ([dt.date(2024, 1, 1)], [True])],
)
def test_types_that_nothing_holds_end_the_run_naming_file_and_column(tmp_path, first, second):
    write_file(tmp_path / "raw/a.parquet", pa.table({"id": ["1"], "text": ["a"], "c": first}))
    write_file(tmp_path / "raw/b.parquet", pa.table({"id": ["2"], "text": ["b"], "c": second}))
    with pytest.raises(
        SchemaError, match=r"raw/b\.parquet: column 'c': .*raw/a\.parquet"
    ) as caught:
        run_here(tmp_path, PLAIN % "")
    assert caught.value.exit_code == 3


def test_integer_too_large_for_a_float_is_not_rounded_in_silence(tmp_path):
    write_file(tmp_path / "raw/a.parquet", pa.table({"id": ["1"], "text": ["a"], "c": [2**53 + 1]}))
    write_file(tmp_path / "raw/b.parquet", pa.table({"id": ["2"], "text": ["b"], "c": [0.5]}))
    with pytest.raises(SchemaError, match="column 'c'"):
        run_here(tmp_path, PLAIN % "")


def test_output_columns_are_added_behind_and_may_not_clash(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": "1", "text": "two words", "n_words": 9}])
    run = run_here(tmp_path, PLAIN % ", columns: [n_tokens, n_bytes, n_lines]")
    assert run.kept.collect().to_dicts() == [
        {"id": "1", "text": "two words", "n_words": 9, "n_tokens": 2, "n_bytes": 9, "n_lines": 1.0}
    ]
    with pytest.raises(SchemaError, match="n_words"):
        run_here(tmp_path, PLAIN % ", columns: [n_words]", replace=True)


def test_shards_hold_what_shard_bytes_says(tmp_path):
    rows = [{"id": f"{i:03}", "text": "x" * 100} for i in range(100)]
    write_file(tmp_path / "raw/a.parquet", rows)
    run = run_here(tmp_path, PLAIN % ", shard_bytes: 1kB")
    assert [entry["rows"] for entry in run.manifest["outputs"]] == [10] * 10
    assert kept_rows(run.path) == rows


def test_source_value_and_column_stand_in_the_annotations(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": "1", "text": "a", "origin": "books"}])
    write_file(tmp_path / "raw/b.jsonl", [{"id": "2", "text": "b"}])
    write_file(tmp_path / "raw/c.jsonl", [{"id": "3", "text": "c"}])
    text = (
        "input:\n  - {path: raw/a.parquet, id: id, source: origin}\n"
        "  - {path: raw/b.jsonl, id: id, source: {value: web}}\n  - {path: raw/c.jsonl, id: id}\noutput: {path: out}\n"
    )
    found = run_here(tmp_path, text).annotations.select("id", "source").collect()
    assert found.rows() == [("1", "books"), ("2", "web"), ("3", None)]
    assert found.schema == {"id": pl.String, "source": pl.String}
