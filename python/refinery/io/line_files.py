"""JSON Lines and CSV files, plain, gzip or zstd: units are blocks of lines."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from refinery import _core
from refinery.config import SourceValue
from refinery.errors import ConfigError, Problem, SchemaError
from refinery.io.columns import check_columns, constant, label_column, made_ids, named_by_key
from refinery.io.units import UNIT_BYTES, Quarantined, Rows, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.io.inputs import InputFile


class LineReader:
    """One line-based file.

    Blocks come from one sequential pass with their bytes, since a compressed file has no other
    way in, and are parsed on whichever thread annotates them.
    """

    def __init__(self, file: InputFile, _sha256: str) -> None:
        self.file = file
        config = file.config
        named = named_by_key(config)
        try:
            self._lines = _core.LineFile(
                file.path,
                format=file.format,
                text=config.text,
                id=config.id,
                source=named.get("source"),
                url=config.url,
                block_bytes=UNIT_BYTES,
                max_row_bytes=config.max_row_bytes,
            )
        except SchemaError as error:
            if not error.message.startswith("not in the header"):
                raise
            # A column that a CSV header lacks is named wrong in the pipeline, as in Parquet.
            key = next(k for k, name in named.items() if name == error.column)
            message = f"no column {error.column!r}: {error.message}"
            raise ConfigError(file.source_file, [Problem(0, 0, key, message)]) from None
        if file.format == "csv":
            check_columns(file, pa.schema(_core.schema_to_arrow(self._lines.header_schema)))
        self._blocks: list[_core.LineBlock] = []
        self._schema = self._lines.header_schema
        # Where each thread stands in its own pass over a compressed file while taking rows.
        self._local = threading.local()

    def units(self) -> Iterator[Unit]:
        self._blocks.clear()
        left = self.file.size
        for raw in self._lines.stream():
            block = raw.block
            self._blocks.append(block)
            # A compressed file does not tell how far it has come; a third is a common ratio.
            weight = min(left, block.length if self._lines.is_seekable else block.length // 3)
            left -= weight
            yield Unit(
                self.file,
                len(self._blocks) - 1,
                block.first_row,
                block.n_rows,
                block.fingerprint,
                weight,
                raw,
            )

    def light(self, unit: Unit) -> Unit:
        return replace(unit, payload=None)

    def rows(self, unit: Unit) -> Iterator[Rows]:
        parsed, bad, schema = unit.payload.parse()
        documents = pa.record_batch(parsed)
        quarantine = pa.record_batch(bad)
        config = self.file.config
        sources = None
        if isinstance(config.source, SourceValue):
            sources = constant(config.source.value, len(documents))
        elif config.source is not None:
            sources = documents["source"].cast(pa.large_string())
        ids = documents["id"]
        if config.id is None:
            ids = made_ids(self.file, documents["row"])
        records = [Quarantined(**record) for record in quarantine.to_pylist()]
        urls = documents["url"] if config.url is not None else None
        numbers = documents["row"].cast(pa.int64())
        labels = self._label_columns(unit, numbers, schema) if self.file.labels else {}
        yield Rows(documents["text"], ids, sources, numbers, records, schema, urls, labels)

    def _label_columns(self, unit: Unit, rows: pa.Array, schema: str) -> dict[str, pa.Array]:
        """Columns of names, which are null where no record of the block has them."""
        batch = pa.record_batch(unit.payload.decode(rows, schema))
        return {
            name: label_column(self.file, name, batch[name])
            if name in batch.schema.names
            else pa.nulls(len(rows), pa.large_string())
            for name in self.file.labels
        }

    def schema(self) -> pa.Schema:
        return pa.schema(_core.schema_to_arrow(self._schema))

    def learn(self, schema: str) -> None:
        self._schema = schema

    def take(self, unit: Unit, rows: pa.Array) -> pa.Table:
        batch = pa.record_batch(self._raw(unit.index).decode(rows, self._schema))
        return pa.Table.from_batches([batch])

    def _raw(self, index: int) -> _core.RawBlock:
        """The block's bytes; a thread that asks in rising order reads a compressed file once."""
        if self._lines.is_seekable:
            return self._lines.read(self._blocks[index])
        state: dict[str, Any] = self._local.__dict__
        if state.get("next", index + 1) > index:
            state["stream"] = self._lines.stream()
        state["next"] = index + 1
        raw: _core.RawBlock = state["stream"].read(self._blocks[index])
        return raw
