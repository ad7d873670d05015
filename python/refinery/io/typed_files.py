"""Parquet and Arrow IPC files: units are runs of row groups or record batches."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

from refinery.errors import BadFileError, about_file
from refinery.io.columns import BATCH_BYTES, check_columns, checked_rows, named_columns
from refinery.io.units import UNIT_BYTES, Rows, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.io.inputs import InputFile

_READ_BYTES = 2**20
"""Of a column's stored bytes read at a time: without it Arrow holds those of a whole row group."""


@contextmanager
def _damage_named(file: InputFile) -> Iterator[None]:
    """Arrow's errors about damaged files name no file; ours do."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowSerializationError) as error:
        raise BadFileError(file.source_file, "corrupt", str(error)) from None
    except OSError as error:
        if error.errno is not None:
            raise about_file(error, file.path) from None
        # Arrow also raises OSError, without a number, for pages that do not decode.
        raise BadFileError(file.source_file, "corrupt", str(error)) from None


class _TypedReader:
    """What Parquet and Arrow files share: their schema is in the file."""

    _schema: pa.Schema

    def __init__(self, file: InputFile, sha256: str) -> None:
        self.file = file
        self._sha256 = sha256

    def light(self, unit: Unit) -> Unit:
        return unit

    def schema(self) -> pa.Schema:
        return self._schema

    def learn(self, schema: str) -> None: ...


class ParquetReader(_TypedReader):
    """One Parquet file. Page checksums are verified where the file has them."""

    def __init__(self, file: InputFile, sha256: str) -> None:
        super().__init__(file, sha256)
        with _damage_named(file):
            self._metadata = pq.read_metadata(file.path)
            self._schema = self._metadata.schema.to_arrow_schema()
        check_columns(file, self._schema)

    def units(self) -> Iterator[Unit]:
        sizes = [self.text_bytes(i) for i in range(self._metadata.num_row_groups)]
        counts = [
            self._metadata.row_group(i).num_rows for i in range(self._metadata.num_row_groups)
        ]
        yield from join_parts(self.file, self._sha256, sizes, counts)

    def rows(self, unit: Unit) -> Iterator[Rows]:
        row = unit.first_row
        with _damage_named(self.file), self._open() as reader:
            for batch in self._batches(reader, unit, named_columns(self.file)):
                yield checked_rows(self.file, batch, row)
                row += len(batch)

    def take(self, unit: Unit, rows: pa.Array) -> pa.Table:
        with _damage_named(self.file), self._open() as reader:
            return take_rows(self._batches(reader, unit), unit.first_row, rows, self._schema)

    def _batches(
        self, reader: pq.ParquetFile, unit: Unit, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The unit in batches of about `BATCH_BYTES` of text."""
        size = sum(self.text_bytes(i) for i in unit.payload)
        rows = max(1, min(65_536, (unit.n_rows or 1) * BATCH_BYTES // max(1, size)))
        yield from reader.iter_batches(
            rows, row_groups=list(unit.payload), columns=columns, use_threads=False
        )

    def _open(self) -> pq.ParquetFile:
        # Extension types are metadata of other programs: plain storage is what is carried.
        return pq.ParquetFile(
            self.file.path,
            metadata=self._metadata,
            page_checksum_verification=True,
            pre_buffer=False,
            buffer_size=_READ_BYTES,
        )

    def text_bytes(self, group: int) -> int:
        """Decoded size of a row group's text column."""
        columns = self._metadata.row_group(group)
        wanted = self.file.config.text
        for i in range(columns.num_columns):
            if columns.column(i).path_in_schema == wanted:
                return int(columns.column(i).total_uncompressed_size)
        return int(columns.total_byte_size)


class ArrowReader(_TypedReader):
    """One Arrow IPC file or stream."""

    def __init__(self, file: InputFile, sha256: str) -> None:
        super().__init__(file, sha256)
        with _damage_named(file), self._open() as reader:
            self._schema = reader.schema
        check_columns(file, self._schema)

    def units(self) -> Iterator[Unit]:
        counts, sizes = [], []
        with _damage_named(self.file):
            for batch in self._batches():
                counts.append(len(batch))
                sizes.append(batch.column(self.file.config.text).nbytes)
        yield from join_parts(self.file, self._sha256, sizes, counts)

    def rows(self, unit: Unit) -> Iterator[Rows]:
        row = unit.first_row
        with _damage_named(self.file):
            for batch in self._batches(unit.payload):
                named = batch.select(named_columns(self.file))
                step = max(
                    1,
                    len(batch) * BATCH_BYTES // max(1, batch.column(self.file.config.text).nbytes),
                )
                for start in range(0, len(named), step):
                    yield checked_rows(self.file, named.slice(start, step), row + start)
                row += len(batch)

    def take(self, unit: Unit, rows: pa.Array) -> pa.Table:
        with _damage_named(self.file):
            return take_rows(self._batches(unit.payload), unit.first_row, rows, self._schema)

    def _open(self) -> pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader:
        source = pa.memory_map(str(self.file.path))
        if source.size() >= 6 and source.read(6) == b"ARROW1":
            return pa.ipc.open_file(source)
        source.seek(0)
        return pa.ipc.open_stream(source)

    def _batches(self, parts: range | None = None) -> Iterator[pa.RecordBatch]:
        with self._open() as reader:
            if isinstance(reader, pa.ipc.RecordBatchFileReader):
                wanted = range(reader.num_record_batches) if parts is None else parts
                for i in wanted:
                    batch = reader.get_batch(i)
                    batch.validate()
                    yield batch
            else:
                for i, batch in enumerate(reader):
                    if parts is None or i in parts:
                        batch.validate()
                        yield batch


def join_parts(file: InputFile, sha256: str, sizes: list[int], counts: list[int]) -> Iterator[Unit]:
    """Units of consecutive parts: each takes parts until it holds `UNIT_BYTES` of text."""
    total = sum(sizes)
    first_part = first_row = rows = size = index = 0
    for i, (part_size, count) in enumerate(zip(sizes, counts, strict=True)):
        rows += count
        size += part_size
        if size >= UNIT_BYTES or i + 1 == len(sizes):
            parts = range(first_part, i + 1)
            weight = file.size * size // max(1, total)
            name = f"{sha256}:{parts.start}-{parts.stop}"
            yield Unit(file, index, first_row, rows, name, weight, parts)
            first_part, first_row, rows, size, index = i + 1, first_row + rows, 0, 0, index + 1


def take_rows(
    batches: Iterator[pa.RecordBatch], first_row: int, rows: pa.Array, schema: pa.Schema
) -> pa.Table:
    """The records numbered `rows` (ascending) of consecutive batches, the first at `first_row`."""
    taken, row = [], first_row
    last = pc.max(rows).as_py() if len(rows) else -1
    for batch in batches:
        if row > last:
            break
        here = pc.and_(pc.greater_equal(rows, row), pc.less(rows, row + len(batch)))
        chosen = rows.filter(here)
        if len(chosen):
            taken.append(batch.take(pc.subtract(chosen, row)))
        row += len(batch)
    return pa.Table.from_batches(taken, schema=taken[0].schema if taken else schema)
