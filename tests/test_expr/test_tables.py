"""`rf.annotate` over every producer of Arrow data, without a copy of the text."""

import polars as pl
import pyarrow as pa
import pytest

import refinery as rf
from refinery import errors
from refinery.expr import kernels

TEXTS = ["one two three", None, "", "a much longer text than fits into a view of twelve bytes"]
TABLE = pa.table({"id": [1, 2, 3, 4], "text": pa.array(TEXTS)})


class Producer:
    """Nothing but the interface."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def duckdb_relation():
    duckdb = pytest.importorskip("duckdb")
    return duckdb.from_arrow(TABLE)


def pandas_frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(
        {"id": [1, 2, 3, 4], "text": pandas.array(TEXTS, dtype="string[pyarrow]")}
    )


def dataset():
    datasets = pytest.importorskip("datasets")
    return datasets.Dataset(TABLE)


PRODUCERS = {
    "pyarrow.Table": lambda: TABLE,
    "pyarrow.RecordBatch": lambda: TABLE.to_batches()[0],
    "pyarrow.RecordBatchReader": TABLE.to_reader,
    "two chunks": lambda: pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)]),
    "large_string": lambda: TABLE.cast(
        pa.schema([("id", pa.int64()), ("text", pa.large_string())])
    ),
    "string_view": lambda: TABLE.cast(pa.schema([("id", pa.int64()), ("text", pa.string_view())])),
    "dictionary": lambda: TABLE.set_column(1, "text", TABLE["text"].dictionary_encode()),
    "an interface": lambda: Producer(TABLE),
    "duckdb": duckdb_relation,
    "pandas": pandas_frame,
    "datasets": dataset,
}


@pytest.mark.parametrize("name", PRODUCERS)
def test_any_producer_gives_what_polars_gives(name):
    found = rf.annotate(
        PRODUCERS[name](), signals=["kl3m", "counts"], scores={"t": "builtin/textbook"}
    )
    assert isinstance(found, pa.Table)
    frame = pl.DataFrame({"id": [1, 2, 3, 4], "text": TEXTS})
    expected = rf.annotate(frame, signals=["kl3m", "counts"], scores={"t": "builtin/textbook"})
    assert found.column_names == expected.columns
    assert pl.DataFrame(found).with_columns(pl.col("text").cast(pl.String)).equals(expected)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_the_text_is_not_copied(kind, monkeypatch):
    table = pa.table({"text": pa.array([t for t in TEXTS if t], kind)})
    seen = []
    call = kernels._call
    monkeypatch.setattr(
        kernels, "_call", lambda c, texts, p: seen.append(texts) or call(c, texts, p)
    )
    rf.annotate(Producer(table), tokenizer=None)
    (texts,) = seen
    ours = {b.address for b in texts.buffers() if b is not None}
    assert ours == {b.address for b in table["text"].chunk(0).buffers() if b is not None}


def test_the_text_of_a_polars_column_is_not_copied(monkeypatch):
    seen = []
    call = kernels._call
    monkeypatch.setattr(
        kernels, "_call", lambda c, texts, p: seen.append(texts) or call(c, texts, p)
    )
    frame = pl.DataFrame({"text": [t for t in TEXTS if t]})
    frame.select(rf.token_count("text"))
    (texts,) = seen
    again = frame["text"].to_arrow(compat_level=pl.CompatLevel.newest())
    assert texts.type == pa.string_view()
    assert texts.buffers()[1].address == again.buffers()[1].address
    assert texts.buffers()[2].address == again.buffers()[2].address


def test_columns_of_the_same_name_are_replaced():
    table = TABLE.append_column("n_tokens", pa.array([9, 9, 9, 9]))
    for found in (rf.annotate(table), rf.annotate(pl.DataFrame(table)).to_arrow()):
        assert found["n_tokens"].to_pylist() == [3, None, 0, 12]
        assert found.column_names.count("n_tokens") == 1


def test_what_is_no_table_is_refused_with_what_to_do():
    with pytest.raises(TypeError, match=r"found list; convert it to a pyarrow.Table first"):
        rf.annotate([1, 2])
    with pytest.raises(errors.UnknownNameError, match="did you mean text"):
        rf.annotate(TABLE, text="txt")
    with pytest.raises(errors.SchemaError, match="must be strings, found int64"):
        rf.annotate(TABLE, text="id")


def test_an_empty_table():
    for found in (rf.annotate(TABLE.slice(0, 0)), rf.annotate(Producer(TABLE.slice(0, 0)))):
        assert len(found) == 0
        assert found.column_names == ["id", "text", "n_chars", "n_bytes", "n_tokens"]
