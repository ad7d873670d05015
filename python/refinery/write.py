"""Phase 3: kept documents become shards.

What goes into which shard, and into which row group of it, is laid out from the verdicts before
any text is read, so shards are independent tasks and do not depend on threads or batches. A
finished shard waits in `_refinery/staging/` with a record of its hash until all are there.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from refinery import _core
from refinery import signal_table as signals
from refinery.annotation import READ_ROWS, read_annotations
from refinery.decide.state import COPIES
from refinery.errors import LedgerError, SchemaError
from refinery.hashes import sha256_of
from refinery.io.columns import row_numbers
from refinery.manifest import read_sealed, sealed
from refinery.views import edited_text, plain_strings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from refinery.annotation import UnitRecord
    from refinery.engine import Progress, Stop
    from refinery.io.inputs import InputFile
    from refinery.io.units import Reader, Unit
    from refinery.plan import Plan
    from refinery.tree import OutputTree

ROW_GROUP_BYTES = 32 * 10**6
"""Text per row group: bounds what a shard's writer holds, and suits readers that stream."""

SUFFIXES = {"parquet": ".parquet", "jsonl.zst": ".jsonl.zst"}


@dataclass(frozen=True)
class Part:
    """Rows that one unit gives to one row group: positions in its annotations, record numbers.

    `read_bytes` of text are read for it, `n_bytes` written: fewer where a view is written. `copies`
    is how often each document shall stand in the corpus, where a step said so; it is written once.
    """

    unit: int
    positions: pa.Array
    rows: pa.Array
    read_bytes: int
    n_bytes: int
    copies: pa.Array | None = None


@dataclass(frozen=True)
class ShardPlan:
    """What one shard holds: row groups of parts."""

    index: int
    groups: list[list[Part]]

    @property
    def n_rows(self) -> int:
        """Documents of the shard."""
        return sum(len(part.rows) for group in self.groups for part in group)

    @property
    def n_bytes(self) -> int:
        """Bytes of text of the shard."""
        return sum(part.n_bytes for group in self.groups for part in group)


def lay_out(
    tree: OutputTree, records: list[UnitRecord], verdicts: pl.DataFrame, shard_bytes: int, view: str
) -> list[ShardPlan]:
    """Which kept documents go where: consecutive runs of about `shard_bytes` of what is written.

    A shard ends with the document that reaches a multiple of `shard_bytes`; the same for row
    groups inside it. No document kept gives one empty shard. `verdicts` has `kept`, and `copies` if a
    step said how many.
    """
    shards: dict[int, dict[int, list[Part]]] = {}
    before = 0
    for kept in _kept(tree, records, verdicts, signals.on_view("n_bytes", view)):
        start = before + kept["n_bytes"].cum_sum() - kept["n_bytes"]
        before += int(kept["n_bytes"].sum())
        placed = kept.with_columns(
            shard=start // shard_bytes, group=(start % shard_bytes) // ROW_GROUP_BYTES
        )
        for rows in placed.partition_by("shard", "group", "unit", maintain_order=True):
            shard, group = rows["shard"][0], rows["group"][0]
            shards.setdefault(shard, {}).setdefault(group, []).append(_part(rows))
    plans = [ShardPlan(n, list(groups.values())) for n, groups in enumerate(shards.values())]
    return plans or [ShardPlan(0, [])]


def _kept(
    tree: OutputTree, records: list[UnitRecord], verdicts: pl.DataFrame, written: str
) -> Iterator[pl.DataFrame]:
    """Kept documents in order, of as many units at a time as are worth a call: one may be of one document."""
    names = list(dict.fromkeys(["row", "n_bytes", written]))
    position = pl.col("position").cast(pl.UInt32)
    columns: list[str | pl.Expr] = [
        "unit",
        position,
        "row",
        *(n for n in verdicts.columns if n != "kept"),
    ]
    waiting: list[pl.DataFrame] = []
    at = n_rows = 0
    for i, record in enumerate(records):
        of_unit = verdicts.slice(at, record.n_rows)
        at += record.n_rows
        if of_unit["kept"].any():
            table = read_annotations(tree, record, names)
            table = table.append_column("unit", pa.repeat(pa.scalar(i, pa.int32()), len(table)))
            table = table.append_column("position", row_numbers(0, len(table)))
            waiting.append(pl.DataFrame(pl.from_arrow(table)).hstack(of_unit))
            n_rows += record.n_rows
        if waiting and (n_rows >= READ_ROWS or i + 1 == len(records)):
            joined = pl.concat(waiting).filter("kept")
            yield joined.select(*columns, read="n_bytes", n_bytes=written)
            waiting, n_rows = [], 0


def _part(rows: pl.DataFrame) -> Part:
    return Part(
        rows["unit"][0],
        rows["position"].to_arrow(),
        rows["row"].to_arrow(),
        int(rows["read"].sum()),
        int(rows["n_bytes"].sum()),
        rows[COPIES].to_arrow() if COPIES in rows.columns else None,
    )


class ShardWriter:
    """Writes shards of one plan into staging; may be called from several threads.

    Each call has `readers` threads to read with, so that few shards keep all of a run's threads busy.
    """

    def __init__(
        self,
        plan: Plan,
        tree: OutputTree,
        records: list[UnitRecord],
        sources: list[tuple[Reader, Unit]],
        schema: pa.Schema,
        *,
        key: str,
        known: dict[str, dict[str, Any]],
        readers: int,
        stop: Stop,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._tree = tree
        self._records = records
        self._sources = sources
        self._schema = schema
        self._known = known
        self._readers = readers
        self._stop = stop
        self._progress = progress
        self._unwritable: set[str] = set()
        self._pool = _core.ThreadPool(plan.threads) if plan.written in plan.views else None
        self.folder = tree.staging / f"shards-{key[:32]}"
        self.folder.mkdir(exist_ok=True)

    def name(self, shard: ShardPlan) -> str:
        """File name of a shard in the output folder."""
        return f"part-{shard.index:05d}{SUFFIXES[self._plan.pipeline.config.output.format]}"

    def __call__(self, shard: ShardPlan) -> dict[str, Any]:
        """Write a shard, or find it done; returns its entry of the manifest."""
        self._stop.check()
        name = self.name(shard)
        entry = self._finished(name)
        if entry is None:
            with self._tree.writing(self.folder / name) as path:
                self._write(shard, path)
                entry = {
                    "name": name,
                    "rows": shard.n_rows,
                    "bytes": path.stat().st_size,
                    "sha256": sha256_of(path),
                }
            self._tree.write_json(self.folder / f"{name}.json", sealed({"entry": entry}))
        self._progress.advance(shard.n_bytes, documents=shard.n_rows, text_bytes=shard.n_bytes)
        return entry

    def _finished(self, name: str) -> dict[str, Any] | None:
        """The entry of a shard that is whole, staged or at its final place."""
        staged = read_sealed(self.folder / f"{name}.json")
        for entry in (self._known.get(name), staged and staged["entry"]):
            for path in (self._tree.root / name, self.folder / name):
                if entry is not None and path.is_file() and sha256_of(path) == entry["sha256"]:
                    return dict(entry)
        return None

    def _write(self, shard: ShardPlan, path: Path) -> None:
        written = 0
        output = self._plan.pipeline.config.output.format
        with _SINKS[output](path, self._schema) as sink, closing(self._tables(shard)) as tables:
            for table in tables:
                self._stop.check()
                sink.write(table)
                written += len(table)
                if output == "jsonl.zst":
                    self._note_unwritable(table)
        if written != shard.n_rows:
            message = f"shard {shard.index}: {shard.n_rows} documents to write, {written} written"
            raise LedgerError(message)

    def _tables(self, shard: ShardPlan) -> Generator[pa.Table]:
        """A table a row group; with threads to spare the next is read while one is written."""
        ahead = 1 if self._readers > 1 else 0
        reading: deque[list[Future[pa.Table]]] = deque()
        executor = ThreadPoolExecutor(self._readers)
        try:
            for group in shard.groups:
                reading.append([executor.submit(self._part, part) for part in group])
                if len(reading) > ahead:
                    yield _joined(reading.popleft())
            while reading:
                yield _joined(reading.popleft())
        finally:
            executor.shutdown(cancel_futures=True)

    def _note_unwritable(self, table: pa.Table) -> None:
        """JSON has no NaN and no infinity: they are null there, which is said once a column."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            if name not in self._unwritable and any(map(_has_non_finite, column.chunks)):
                self._unwritable.add(name)
                message = f"column {name!r} holds NaN or infinite values, which are null in JSON; write parquet to keep them"
                self._progress.note(message)

    def _part(self, part: Part) -> pa.Table:
        self._stop.check()
        reader, unit = self._sources[part.unit]
        table = reader.take(unit, part.rows)
        self._check_text(unit.file, part, table)
        table = self._edited(unit.file, part, table)
        columns = list(self._plan.output_columns)
        if columns:
            chosen = read_annotations(self._tree, self._records[part.unit], columns).take(
                part.positions
            )
            for name in columns:
                table = table.append_column(name, chosen[name])
        if part.copies is not None:
            table = table.append_column(COPIES, part.copies)
        return conform(table, self._schema, unit.file)

    def _edited(self, file: InputFile, part: Part, table: pa.Table) -> pa.Table:
        """`table` with the text as the plan's view has it."""
        edits = self._plan.views.get(self._plan.written, ())
        if not edits:
            return table
        i = table.schema.get_field_index(file.config.text)
        edited = edited_text(table.column(i), edits, self._pool)
        self._check_bytes(file, edited, part.n_bytes)
        # A view's text may be longer than what the input's type holds; the schema says the rest.
        return table.set_column(i, file.config.text, edited)

    def _check_text(self, file: InputFile, part: Part, table: pa.Table) -> None:
        text = plain_strings(table[file.config.text])
        if len(table) != len(part.rows):
            message = f"{file.source_file}: {len(part.rows)} documents to write, {len(table)} found: the file changed during the run"
            raise LedgerError(message)
        self._check_bytes(file, text, part.read_bytes)

    def _check_bytes(self, file: InputFile, text: pa.ChunkedArray, expected: int) -> None:
        n_bytes = pc.sum(pc.binary_length(text)).as_py() or 0
        if n_bytes != expected:
            message = (
                f"{file.source_file}: {len(text)} documents of {expected} bytes to write, "
                f"{n_bytes} bytes found: the file changed during the run"
            )
            raise LedgerError(message)


def _joined(parts: list[Future[pa.Table]]) -> pa.Table:
    return pa.concat_tables([part.result() for part in parts]).combine_chunks()


class _ParquetSink:
    """One row group a table."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=3, write_page_checksum=True
        )

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=max(1, len(table)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


class _JsonLinesSink:
    """One JSON object a line, zstd."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._stream = pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd")
        self._schema = schema

    def write(self, table: pa.Table) -> None:
        for start in range(0, len(table), 4096):
            frame = pl.DataFrame(pl.from_arrow(table.slice(start, 4096)))
            self._stream.write(frame.write_ndjson().encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


_SINKS: dict[str, type[_ParquetSink | _JsonLinesSink]] = {
    "parquet": _ParquetSink,
    "jsonl.zst": _JsonLinesSink,
}


def carried_schema(plan: Plan, schemas: Iterator[tuple[InputFile, pa.Schema]]) -> pa.Schema:
    """One schema for all shards: the inputs' columns in order of first appearance, then ours.

    A column that a file lacks is null there; numbers and strings widen to the wider type.

    Raises
    ------
    SchemaError
        If two files give a column types that no type can hold, naming both.
    """
    fields: dict[str, pa.Field] = {}
    first: dict[str, str] = {}
    for file, schema in schemas:
        for field in schema:
            if plan.written != signals.TEXT and field.name == file.config.text:
                field = pa.field(field.name, pa.large_string())
            before = fields.get(field.name)
            fields[field.name] = (
                field.remove_metadata() if before is None else _wider(before, field, file, first)
            )
            first.setdefault(field.name, file.source_file)
    added = {
        name: pa.int64() if signals.is_base_column(name) else pa.float64()
        for name in plan.output_columns
    }
    for name, kind in (added | ({COPIES: pa.int32()} if plan.repeats else {})).items():
        if name in fields:
            message = "is both a column of the input and one that the run adds"
            raise SchemaError(name, message, first[name])
        fields[name] = pa.field(name, kind)
    if plan.pipeline.config.output.format == "jsonl.zst":
        _check_json(fields, first)
    return pa.schema([pa.field(field.name, field.type) for field in fields.values()])


def _check_json(fields: dict[str, pa.Field], first: dict[str, str]) -> None:
    for name, field in fields.items():
        if _holds_bytes(field.type):
            message = f"is {field.type}, which JSON cannot hold; write parquet, or drop the column"
            raise SchemaError(name, message, first[name])


def _holds_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        return _holds_bytes(kind.value_type)
    if types.is_nested(kind):
        return any(_holds_bytes(kind.field(i).type) for i in range(kind.num_fields))
    is_view = types.is_binary_view(kind)
    return bool(
        is_view
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
    )


def _has_non_finite(array: pa.Array) -> bool:
    """Whether a value is NaN or infinite, inside lists and structs too."""
    types = pa.types
    if types.is_floating(array.type):
        return not pc.all(pc.is_finite(array), min_count=0).as_py()
    if types.is_struct(array.type):
        return any(map(_has_non_finite, array.flatten()))
    if types.is_list(array.type) or types.is_large_list(array.type):
        return _has_non_finite(array.flatten())
    return False


def _wider(before: pa.Field, field: pa.Field, file: InputFile, first: dict[str, str]) -> pa.Field:
    if before.type == field.type:
        return before
    try:
        merged = pa.unify_schemas(
            [pa.schema([before]), pa.schema([field.remove_metadata()])],
            promote_options="permissive",
        )
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        message = (
            f"is {field.type} here but {before.type} in {first[field.name]}; no type holds both"
        )
        raise SchemaError(field.name, message, file.source_file) from None
    return merged.field(0)


def conform(table: pa.Table, schema: pa.Schema, file: InputFile) -> pa.Table:
    """`table` with exactly the columns and types of `schema`."""
    columns = []
    for field in schema:
        if field.name in table.schema.names:
            column = table[field.name]
            try:
                columns.append(column if column.type == field.type else column.cast(field.type))
            except pa.ArrowInvalid as error:
                raise SchemaError(field.name, str(error), file.source_file) from None
        else:
            columns.append(pa.chunked_array([pa.nulls(len(table), field.type)]))
    return pa.Table.from_arrays(columns, schema=schema)
