"""The order of the mixture, out of core: every chunk of the sources is dealt into buckets.

A copy's place is a number in [0, 1). The copies of one epoch of a source are spread over that
epoch's part of the whole: with 2.5 epochs the first is the first two fifths, the second the next
two, and half of the third the last. Inside its part a place is a hash of (seed, source, epoch, id).
So every stretch of the mixture has the asked shares, each epoch of a source has a shuffle of its
own, and no document comes again before its whole source was read.

A place decides the bucket, and a bucket is sorted by place: chunks, buckets, threads and memory
change nothing in the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from refinery import _core
from refinery.hashes import digest
from refinery.mixture.count import seed_of
from refinery.tree import is_whole, keep_sealed, sealed_key
from refinery.write import conform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from refinery.engine import Progress, Stop
    from refinery.io.units import Reader, Unit
    from refinery.mixture.count import Counted
    from refinery.mixture.draw import Reading
    from refinery.mixture.plan import MixturePlan, SourcePlan
    from refinery.tree import OutputTree

PLACE_BITS = 40
"""Of a place as an integer; times shards and buckets it stays below 64 bits."""

_PLACE = [
    pa.field("place", pa.int64()),
    pa.field("tie", pa.uint64()),
    pa.field("file", pa.int32()),
    pa.field("row", pa.int64()),
    pa.field("copy", pa.int32()),
]
_ORDER = ["place", "tie", "file", "row", "epoch", "copy"]


@dataclass(frozen=True)
class Chunk:
    """Units of one file that are dealt together; `file` is its number among all."""

    source: SourcePlan
    reader: Reader
    file: int
    units: list[Counted]


@dataclass(frozen=True)
class Layout:
    """How the places are cut: into shards, and each of these into buckets that fit in memory."""

    n_shards: int
    buckets_per_shard: int

    @property
    def n_buckets(self) -> int:
        """Buckets of all shards."""
        return self.n_shards * self.buckets_per_shard

    def bucket(self) -> pl.Expr:
        """The bucket of a place; integers, so that a shard begins where its first bucket does."""
        return pl.col("place") * self.n_buckets // pl.lit(2**PLACE_BITS)


class Dealer:
    """Deals chunks of one plan into buckets; may be called from several threads."""

    def __init__(
        self,
        plan: MixturePlan,
        tree: OutputTree,
        readings: Sequence[Reading],
        layout: Layout,
        stop: Stop,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._tree = tree
        self._readings = {(r.group.source, r.group.caps): r for r in readings}
        self._layout = layout
        self._stop = stop
        self._progress = progress
        self._part = digest(
            [
                [[*key, r.epochs, r.upto] for key, r in self._readings.items()],
                layout.n_buckets,
                plan.schema.to_string(show_schema_metadata=False),
                plan.mixture.config.seed,
            ]
        )
        self.schema = pa.schema([*_PLACE, *plan.schema])
        self.folder = tree.staging / "buckets"
        self.folder.mkdir(exist_ok=True)
        self._found = {sealed_key(path): path for path in self.folder.iterdir()}

    def __call__(self, chunk: Chunk) -> Path:
        """The file of a chunk: one record batch a bucket, in the buckets' order."""
        self._stop.check()
        key = digest(
            [self._part, [counted.path.name for counted in chunk.units], chunk.source.index]
        )[:32]
        path = self._found.get(key)
        if path is None or not is_whole(path):
            with self._tree.making(".arrow") as temporary:
                self._write(chunk, temporary)
                path = keep_sealed(temporary, self.folder, key)
        self._progress.advance(sum(counted.unit.weight for counted in chunk.units))
        return path

    def _write(self, chunk: Chunk, path: Path) -> None:
        tables = [self._unit(chunk, c.unit, c.path) for c in chunk.units]
        table = pa.concat_tables(tables) if tables else self.schema.empty_table()
        buckets = pl.DataFrame({"place": pl.Series(table["place"])}).select(self._layout.bucket())
        order = buckets["place"].arg_sort()  # stable or not: a bucket is sorted when it is read
        sizes = buckets["place"].value_counts()
        n_rows = dict(zip(sizes["place"].to_list(), sizes["count"].to_list(), strict=True))
        batches = table.take(order.to_arrow()).combine_chunks().to_batches()
        empty = pa.RecordBatch.from_pylist([], schema=self.schema)
        ordered = batches[0] if batches else empty
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(path, self.schema, options=options) as writer:
            start = 0
            for bucket in range(self._layout.n_buckets):
                n = n_rows.get(bucket, 0)
                writer.write_batch(ordered.slice(start, n))
                start += n

    def _unit(self, chunk: Chunk, unit: Unit, counts: Path) -> pa.Table:
        """The copies of a unit's documents, each with its place."""
        known = pl.read_parquet(counts, columns=["row", "draw", "copies", "caps"])
        passes = pl.lit(0, dtype=pl.Int32)
        for (source, caps), reading in self._readings.items():
            if source == chunk.source.index:
                passes = pl.when(pl.col("caps") == caps).then(reading.passes()).otherwise(passes)
        known = known.with_columns(passes=passes).filter(pl.col("passes") > 0)
        tables = [self.schema.empty_table()]
        for rows in chunk.reader.rows(unit):
            self._stop.check()
            places = pl.DataFrame({"row": pl.Series(rows.rows)}).with_row_index("at")
            copies = _copies(places.join(known, on="row", how="inner", maintain_order="left"))
            if not len(copies):
                continue
            copies = self._placed(chunk, copies, rows.ids.take(copies["at"].to_arrow()))
            at = copies["at"].to_arrow()
            table = self._documents(chunk, unit, rows.ids.take(at), rows.texts.take(at), copies)
            tables.append(table)
        return pa.concat_tables(tables)

    def _placed(self, chunk: Chunk, copies: pl.DataFrame, ids: pa.Array) -> pl.DataFrame:
        seed, name = self._plan.mixture.config.seed, chunk.source.config.name
        frame = copies.with_columns(id=pl.Series(ids), nth=pl.int_range(pl.len()))
        parts = []
        for (epoch, copy), part in frame.group_by("epoch", "copy"):
            hashes = pa.array(
                _core.hash_ids(part["id"].to_arrow(), seed_of(seed, name, "order", epoch, copy))
            )
            parts.append(part.with_columns(tie=pl.Series(hashes)))
        placed = pl.concat(parts).sort("nth")
        place = pl.lit(0.0)
        for (source, caps), reading in self._readings.items():
            if source == chunk.source.index:
                place = pl.when(pl.col("caps") == caps).then(_place(reading)).otherwise(place)
        whole = (place * float(2**PLACE_BITS)).floor().cast(pl.Int64)
        return placed.with_columns(place=whole.clip(0, 2**PLACE_BITS - 1))

    def _documents(
        self, chunk: Chunk, unit: Unit, ids: pa.Array, texts: pa.Array, copies: pl.DataFrame
    ) -> pa.Table:
        n = len(copies)
        columns: dict[str, Any] = {
            **{name: copies[name].to_arrow() for name in ("place", "tie", "row", "copy", "epoch")},
            "file": pa.repeat(pa.scalar(chunk.file, pa.int32()), n),
            "id": ids.cast(pa.large_string()),
            "text": texts.cast(pa.large_string()),
            "source": pa.repeat(pa.scalar(chunk.source.config.name, pa.large_string()), n),
        }
        carried = [f.name for f in self._plan.schema if f.name not in columns]
        present = [name for name in carried if name in chunk.reader.schema().names]
        if present:
            rows = copies["row"].unique().sort()
            taken = chunk.reader.take(unit, rows.to_arrow()).select(present)
            at = rows.search_sorted(copies["row"]).to_arrow()
            columns |= {name: taken[name].take(at) for name in present}
        return conform(pa.table(columns), self.schema, unit.file)


def _copies(documents: pl.DataFrame) -> pl.DataFrame:
    """A row for each copy: of each epoch that reads the document, as often as `copies` says."""
    return (
        documents.with_columns(epoch=pl.int_ranges(0, pl.col("passes"), dtype=pl.Int32))
        .explode("epoch")
        .with_columns(copy=pl.int_ranges(0, pl.col("copies"), dtype=pl.Int32))
        .explode("copy")
    )


def _place(reading: Reading) -> pl.Expr:
    """Where in [0, 1) the copies of an epoch stand; the last epoch's part is as short as it is."""
    part = (
        pl.when(pl.col("epoch") < reading.whole).then(1.0).otherwise(reading.epochs - reading.whole)
    )
    inside = pl.col("tie").cast(pl.Float64) * 2.0**-64
    return (pl.col("epoch") + inside * part) / reading.epochs


def chunks(counted: Sequence[Counted], chunk_bytes: int) -> Iterator[Chunk]:
    """Consecutive units of one file, joined up to `chunk_bytes` of it."""
    for file, (_, units) in enumerate(groupby(counted, key=lambda c: id(c.reader))):
        waiting: list[Counted] = []
        for one in units:
            size = sum(c.unit.weight for c in waiting) + one.unit.weight
            if waiting and size > chunk_bytes:
                yield Chunk(one.source, one.reader, file, waiting)
                waiting = []
            waiting.append(one)
        yield Chunk(waiting[0].source, waiting[0].reader, file, waiting)


class Buckets:
    """The dealt chunks, read bucket by bucket; for one thread."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._readers = [pa.ipc.open_file(pa.memory_map(str(path))) for path in paths]

    def read(self, bucket: int, names: Sequence[str]) -> pa.Table:
        """A bucket's documents in their order."""
        table = pa.Table.from_batches([reader.get_batch(bucket) for reader in self._readers])
        frame = pl.DataFrame(pl.from_arrow(table.select(_ORDER))).with_row_index("at")
        order = frame.sort(_ORDER)["at"].to_arrow()
        return table.select(list(names)).take(order)
