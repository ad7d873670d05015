"""Line-based inputs through the binding: values against Python's own parsers, threads, errors."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import threading

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery import _core
from refinery.errors import BadFileError, ParameterError, SchemaError, UnknownNameError

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_all(path, **options):
    """Every document and bad row of a file, and the merged schema."""
    file = _core.LineFile(path, **options)
    documents, bad, schemas, blocks = [], [], [], []
    for raw in file.stream():
        parsed, quarantine, schema = raw.parse()
        documents += pa.record_batch(parsed).to_pylist()
        bad += pa.record_batch(quarantine).to_pylist()
        schemas.append(schema)
        blocks.append(raw.block)
    return file, documents, bad, _core.merge_schemas(schemas), blocks


def decode_all(file, blocks, documents, schema):
    """All columns of all documents, block by block."""
    batches = []
    for block in blocks:
        end = block.first_row + block.n_rows
        rows = [d["row"] for d in documents if block.first_row <= d["row"] < end]
        raw = file.read(block)
        batches.append(pa.record_batch(raw.decode(pa.array(rows, pa.int64()), schema)))
    return pa.Table.from_batches(batches, pa.schema(_core.schema_to_arrow(schema)))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.text(max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet='\x00\n"\\é😀\u2028', max_size=4),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
records = st.lists(
    st.tuples(st.text(max_size=20), st.dictionaries(st.sampled_from("pqrs"), values, max_size=3)),
    max_size=12,
)


def typed(kind, column, wanted):
    """What a column of a carried type gives for a JSON value."""
    if wanted is None:
        return column is None
    if kind == "json":
        found = json.loads(column)
        return found == wanted and type(found) is type(wanted)
    if isinstance(kind, dict) and "list" in kind:
        return len(column) == len(wanted) and all(
            map(lambda c, w: typed(kind["list"], c, w), column, wanted)
        )
    if isinstance(kind, dict) and not kind["struct"]:
        return json.loads(column) == wanted == {}
    if isinstance(kind, dict):
        fields = dict(kind["struct"])
        return fields.keys() == column.keys() >= wanted.keys() and all(
            typed(fields[key], column[key], wanted.get(key)) for key in fields
        )
    if kind == "float64":
        return column == wanted and math.copysign(1, column) == math.copysign(1, wanted)
    return column == wanted and type(column) is type(wanted)


@MANY
@given(records=records, is_ascii=st.booleans(), block_bytes=st.integers(1, 200))
def test_every_value_of_random_objects_is_that_of_the_json_module(
    tmp_path, records, is_ascii, block_bytes
):
    objects = [{"text": text, **others} for text, others in records]
    path = tmp_path / "x.jsonl"
    lines = [json.dumps(o, ensure_ascii=is_ascii) + "\n" for o in objects]
    path.write_bytes("".join(lines).encode())
    file, documents, bad, schema, blocks = read_all(path, format="jsonl", block_bytes=block_bytes)
    assert bad == []
    assert [d["text"] for d in documents] == [o["text"] for o in objects]
    assert [d["row"] for d in documents] == list(range(len(objects)))
    assert [b.first_row for b in file.blocks()] == [b.first_row for b in blocks]
    kinds = dict(json.loads(schema))
    assert list(kinds) == list(dict.fromkeys(key for o in objects for key in o))
    for found, wanted in zip(
        decode_all(file, blocks, documents, schema).to_pylist(), objects, strict=True
    ):
        assert all(typed(kind, found[key], wanted.get(key)) for key, kind in kinds.items())


@MANY
@given(
    rows=st.lists(st.tuples(st.text(max_size=6), st.text('a",\n', max_size=6)), max_size=10),
    block_bytes=st.integers(1, 60),
)
def test_every_field_of_random_csv_is_that_of_the_csv_module(tmp_path, rows, block_bytes):
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "b"), *rows])
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(written.getvalue().encode()))
    file, documents, bad, schema, blocks = read_all(path, format="csv", block_bytes=block_bytes)
    assert bad == []
    assert [d["text"] for d in documents] == [row[0] for row in rows]
    schema = schema if blocks else file.header_schema
    table = decode_all(file, blocks, documents, schema)
    assert table.column_names == ["text", "b"]
    assert table["b"].to_pylist() == [row[1] for row in rows]


@MANY
@given(content=st.binary(max_size=300))
def test_any_bytes_give_rows_and_quarantine_that_add_up_or_a_bad_file(tmp_path, content):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    if content.startswith((b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")):
        with pytest.raises(BadFileError, match="wrong_format"):
            _core.LineFile(path, format="jsonl")
        return
    _, documents, bad, _, blocks = read_all(path, format="jsonl")
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    assert (
        len(documents) + len(bad)
        == sum(b.n_rows for b in blocks)
        == sum(bool(x.strip(b" \t\r")) for x in lines)
    )
    assert {b["reason"] for b in bad} <= _core.input_reasons()["rows"].keys()


def test_threads_that_share_a_stream_get_every_block_once(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"text":"%d"}\n' % i for i in range(5000))))
    stream = _core.LineFile(path, format="jsonl", block_bytes=1000).stream()
    found = []

    def work():
        for raw in stream:
            documents, _, _ = raw.parse()
            found.append((raw.block.first_row, pa.record_batch(documents)["text"].to_pylist()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [text for _, texts in sorted(found) for text in texts] == [str(i) for i in range(5000)]


def test_blocks_can_be_rebuilt_from_their_parts_and_read_in_order(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"text":"%d"}\n' % i for i in range(1000))))
    file = _core.LineFile(path, format="jsonl", block_bytes=1000)
    first, *_, last = blocks = file.blocks()
    rebuilt = _core.LineBlock(
        offset=last.offset,
        length=last.length,
        first_row=last.first_row,
        n_rows=last.n_rows,
        fingerprint=last.fingerprint,
    )
    assert rebuilt == last
    assert len(last.fingerprint) == 32
    stream = file.stream()
    row = pa.array([999], pa.int64())
    schema = '[["text","string"]]'
    assert pa.record_batch(stream.read(rebuilt).decode(row, schema))["text"].to_pylist() == ["999"]
    with pytest.raises(ParameterError, match="order"):
        stream.read(first)
    assert [raw.block for raw in file.stream(blocks[1:3])] == blocks[1:3]


def test_quarantine_says_where_and_why(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"text":"a"}\n\n{"text":null,"x":"\\\\\xff"}\n{"text":3}\n')
    _, _, bad, schema, _ = read_all(path, format="jsonl")
    assert bad == [
        {
            "row": 1,
            "reason": "invalid_utf8",
            "message": "not UTF-8 at byte 20",
            "excerpt": '{"text":null,"x":"\\\\\\\\\\xff"}',
            "n_bytes": 24,
        },
        {
            "row": 2,
            "reason": "text_is_number",
            "message": '"text" is a number, not a string',
            "excerpt": '{"text":3}',
            "n_bytes": 11,
        },
    ]
    assert schema == '[["text","string"]]'


def test_errors_are_those_of_the_package(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(b"text\n")
    with pytest.raises(BadFileError, match="expected gzip, found plain text"):
        _core.LineFile(path, format="csv")
    path = tmp_path / "x.csv"
    path.write_bytes(b"txt,b\n")
    with pytest.raises(SchemaError, match='did you mean "txt"'):
        _core.LineFile(path, format="csv")
    with pytest.raises(UnknownNameError):
        _core.LineFile(path, format="xml")
    with pytest.raises(ParameterError, match="delimiter"):
        _core.LineFile(path, format="csv", delimiter="é")
    with pytest.raises(FileNotFoundError):
        _core.LineFile(tmp_path / "none.csv", format="csv")
