"""Checks on text and id columns of typed files (Parquet, Arrow IPC): which rows are documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from refinery import _core
from refinery.config import SourceValue
from refinery.errors import ConfigError, Problem, SchemaError, nearest
from refinery.io.units import Quarantined, Rows

if TYPE_CHECKING:
    from refinery.config import InputConfig
    from refinery.io.inputs import InputFile

BATCH_BYTES = 8 * 2**20
"""Text per batch that is aimed at: enough to keep every thread busy, little enough to bound memory."""

_MESSAGES = {
    "null_text": "the text is null",
    "invalid_utf8": "the text is not valid UTF-8",
    "too_large": "the text is longer than max_row_bytes",
    "null_id": "the id is null",
}


def check_columns(file: InputFile, schema: pa.Schema) -> None:
    """Check that the columns the pipeline names are there, and of a type that can serve.

    Raises
    ------
    ConfigError
        If a column is not in the file: the pipeline names it wrong.
    SchemaError
        If its type cannot serve.
    """
    problems = []
    for key, name in (named_by_key(file.config) | labels_by_key(file)).items():
        if name not in schema.names:
            hint = nearest(name, schema.names) or f"; its columns: {', '.join(schema.names)}"
            problems.append(Problem(0, 0, key, f"no column {name!r}{hint}"))
        if schema.names.count(name) > 1:
            raise SchemaError(name, "occurs twice in this file", file.source_file)
    if problems:
        raise ConfigError(file.source_file, problems)
    for what, column in (("text", file.config.text), ("URL", file.config.url)):
        if column is not None and not is_text(kind := _value_type(schema.field(column).type)):
            raise SchemaError(column, f"the {what} must be strings, found {kind}", file.source_file)


def named_by_key(config: InputConfig) -> dict[str, str]:
    """The columns that annotating reads, by the key that names them."""
    source = config.source if isinstance(config.source, str) else None
    named = {"text": config.text, "id": config.id, "source": source, "url": config.url}
    return {key: name for key, name in named.items() if name is not None}


def labels_by_key(file: InputFile) -> dict[str, str]:
    """The columns of names that steps read, by a key of ours: steps name them, not the input."""
    return {f"labels.{name}": name for name in file.labels}


def named_columns(file: InputFile) -> list[str]:
    """The columns that annotating reads, each once."""
    return list(dict.fromkeys([*named_by_key(file.config).values(), *file.labels]))


def checked_rows(file: InputFile, batch: pa.RecordBatch, first_row: int) -> Rows:
    """Split a batch into documents and quarantined records."""
    config = file.config
    numbers = row_numbers(first_row, len(batch))
    texts = plain_array(batch.column(config.text))
    codes = _core.check_texts(_as_binary(texts), config.max_row_bytes)
    reasons = pa.array(codes)  # null where nothing is wrong
    if config.id is not None:
        ids = _ids(file, batch.column(config.id))
        reasons = pc.coalesce(
            reasons, pc.if_else(pc.is_null(ids), "null_id", pa.scalar(None, pa.string()))
        )
    else:
        ids = made_ids(file, numbers)
    sources = _sources(file, batch)
    urls = _labels(batch.column(config.url)) if config.url is not None else None
    labels = {name: label_column(file, name, batch.column(name)) for name in file.labels}
    if reasons.null_count == len(reasons):
        return Rows(texts, ids, sources, numbers, [], urls=urls, labels=labels)
    good = pc.is_null(reasons)
    if pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.large_string())  # Arrow cannot filter views
    bad = pc.indices_nonzero(pc.invert(good)).to_pylist()
    quarantined = [_quarantined(first_row + i, reasons[i].as_py(), texts, i) for i in bad]
    rows = Rows(texts, ids, sources, numbers, quarantined, urls=urls, labels=labels)
    return chosen_rows(rows, good, quarantined)


def chosen_rows(rows: Rows, mask: pa.Array, quarantined: list[Quarantined]) -> Rows:
    """The rows where `mask` (Boolean) says so, and these quarantined records."""
    optional = (c.filter(mask) if c is not None else None for c in (rows.sources, rows.urls))
    sources, urls = optional
    return Rows(
        rows.texts.filter(mask),
        rows.ids.filter(mask),
        sources,
        rows.rows.filter(mask),
        quarantined,
        urls=urls,
        labels={name: column.filter(mask) for name, column in rows.labels.items()},
    )


def row_numbers(first: int, n: int) -> pa.Array:
    """`n` consecutive record numbers from `first` (Int64)."""
    ones = pa.repeat(pa.scalar(1, pa.int64()), n)
    return pc.cumulative_sum(ones, start=pa.scalar(first - 1, pa.int64()))


def made_ids(file: InputFile, rows: pa.Array) -> pa.Array:
    """Ids where none are given: `<source_file>#<row>` for each record number."""
    prefix = pa.scalar(f"{file.source_file}#", pa.large_string())
    return pc.binary_join_element_wise(
        prefix, rows.cast(pa.large_string()), pa.scalar("", pa.large_string())
    )


def constant(value: str, n: int) -> pa.Array:
    """A column that says the same of every record."""
    return pa.repeat(pa.scalar(value, pa.large_string()), n)


def _quarantined(row: int, reason: str, texts: pa.Array, i: int) -> Quarantined:
    raw = _as_binary(texts.slice(i, 1))[0].as_py() or b""
    excerpt = raw[:256].decode("utf-8", errors="backslashreplace")
    return Quarantined(row, reason, _MESSAGES[reason], excerpt, len(raw))


def label_column(file: InputFile, name: str, column: pa.Array) -> pa.Array:
    """A column as strings, null where they are no UTF-8.

    Raises
    ------
    SchemaError
        If its type has no strings.
    """
    try:
        strings = plain_array(column).cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"values of type {column.type} cannot be cast to strings: {error}"
        raise SchemaError(name, message, file.source_file) from None
    return _labels(strings)


def _ids(file: InputFile, column: pa.Array) -> pa.Array:
    return label_column(file, str(file.config.id), column)


def _labels(column: pa.Array) -> pa.Array:
    """Strings, null where they are no UTF-8."""
    strings = plain_array(column).cast(pa.large_string())
    bad = pa.array(_core.check_texts(_as_binary(strings), 2**31 - 1))
    is_bad = pc.equal(pc.fill_null(bad, ""), "invalid_utf8")
    return pc.if_else(is_bad, pa.scalar(None, pa.large_string()), strings)


def _sources(file: InputFile, batch: pa.RecordBatch) -> pa.Array | None:
    source = file.config.source
    if source is None:
        return None
    if isinstance(source, SourceValue):
        return constant(source.value, len(batch))
    return plain_array(batch.column(source)).cast(pa.large_string())


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def plain_array(column: pa.Array) -> pa.Array:
    """Without dictionary encoding; a column without a type, since it holds nulls only, as strings."""
    if pa.types.is_null(column.type):
        return column.cast(pa.large_string())
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type, or of no type at all, holds strings."""
    types = pa.types
    kind = _value_type(kind)
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_null(kind)
    )


def _as_binary(texts: pa.Array) -> pa.Array:
    """The same buffers as bytes: what is not yet known to be UTF-8 must not be passed on as text."""
    types = pa.types
    if types.is_large_string(texts.type):
        return texts.view(pa.large_binary())
    if types.is_string_view(texts.type):
        return texts.view(pa.binary_view())
    return texts.view(pa.binary())
