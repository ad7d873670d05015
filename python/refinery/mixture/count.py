"""What every document of the sources weighs, without its text: the basis of shares and draws.

One Parquet file a unit, named by content, so that an interrupted count goes on where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from refinery import _core
from refinery.errors import SchemaError
from refinery.hashes import digest
from refinery.tree import is_whole, keep_sealed, sealed_key

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.engine import Progress, Stop
    from refinery.io.units import Reader, Rows, Unit
    from refinery.mixture.plan import MixturePlan, SourcePlan
    from refinery.tree import OutputTree

FOLDER = "counts"
COUNTS = {
    "row": pl.Int64,
    "draw": pl.UInt64,
    "n_tokens": pl.Int64,
    "n_bytes": pl.Int64,
    "copies": pl.Int32,
    "caps": pl.UInt8,
}
"""Columns of a file of counts: a row a document, `draw` being its hash, `caps` a bit a cap."""
_MOST_COPIES = 10_000
"""More is a column of another meaning."""


@dataclass(frozen=True)
class Counted:
    """A unit of a source whose documents are counted in the file `path`.

    `no_documents` is how many of its records are none, by reason.
    """

    source: SourcePlan
    reader: Reader
    unit: Unit
    path: Path
    no_documents: dict[str, int]


class Counter:
    """Counts units of one plan; may be called from several threads."""

    def __init__(self, plan: MixturePlan, tree: OutputTree, stop: Stop, progress: Progress) -> None:
        self._plan = plan
        self._tree = tree
        self._stop = stop
        self._progress = progress
        self._pool = _core.ThreadPool(plan.mixture.threads)
        self._pass = _core.Pass(tokenizer=plan.vocabulary.tokenizer, base_columns=True)
        self.folder = tree.staging / FOLDER
        self.folder.mkdir(exist_ok=True)
        self._found = {sealed_key(path): path for path in self.folder.iterdir()}

    def __call__(self, task: tuple[SourcePlan, Reader, Unit]) -> Counted:
        """Count a unit, or find it done."""
        source, reader, unit = task
        self._stop.check()
        key = self._key(source, unit)
        path = self._found.get(key)
        if path is None or not is_whole(path):
            with self._tree.making(".parquet") as temporary:
                self._write(source, reader, unit, temporary)
                path = keep_sealed(temporary, self.folder, key)
        metadata = pq.read_metadata(path).metadata or {}
        bad = {
            k.removeprefix(b"bad:").decode(): int(v)
            for k, v in metadata.items()
            if k.startswith(b"bad:")
        }
        self._progress.advance(unit.weight, documents=unit.n_rows or 0)
        return Counted(source, reader, unit, path, bad)

    def _key(self, source: SourcePlan, unit: Unit) -> str:
        config = source.config.model_dump(include={"name", "text", "id", "where", "copies"})
        caps = [cap.model_dump(exclude={"max_share"}) for cap in self._plan.mixture.config.caps]
        seed, tokens = self._plan.mixture.config.seed, self._plan.vocabulary.tokenizer.fingerprint
        return digest([unit.fingerprint, unit.file.source_file, config, caps, seed, tokens])[:32]

    def _write(self, source: SourcePlan, reader: Reader, unit: Unit, path: Path) -> None:
        frames = [pl.DataFrame(schema=COUNTS)]
        bad: dict[str, int] = {}
        for rows in reader.rows(unit):
            self._stop.check()
            for record in rows.quarantined:
                bad[record.reason] = bad.get(record.reason, 0) + 1
            frames.append(self._frame(source, reader, unit, rows))
        table = pl.concat(frames).to_arrow()
        table = table.replace_schema_metadata({f"bad:{k}": str(n) for k, n in bad.items()})
        pq.write_table(table, path, compression="zstd", write_page_checksum=True)

    def _frame(self, source: SourcePlan, reader: Reader, unit: Unit, rows: Rows) -> pl.DataFrame:
        computed = pl.DataFrame(
            pl.from_arrow(pa.record_batch(self._pass.run(rows.texts, self._pool)))
        )
        seed = seed_of(self._plan.mixture.config.seed, source.config.name, "draw")
        frame = computed.select("n_tokens", "n_bytes").with_columns(
            row=pl.Series(rows.rows),
            draw=pl.Series(pa.array(_core.hash_ids(rows.ids, seed))),
        )
        told = self._told(source, reader, unit, rows)
        frame = frame.with_columns(**told).filter(pl.col("wanted") & (pl.col("copies") > 0))
        return frame.select(pl.col(name).cast(kind) for name, kind in COUNTS.items())

    def _told(
        self, source: SourcePlan, reader: Reader, unit: Unit, rows: Rows
    ) -> dict[str, pl.Series | pl.Expr]:
        """What other columns say: whether the source wants a document, its copies and caps."""
        config, caps = source.config, self._plan.mixture.config.caps
        names = set(reader.schema().names)
        copies = config.copies if config.copies in names else None
        wanted = {*config.where, *(c.column for c in caps), *([copies] if copies else [])} & names
        if not wanted:
            return {"wanted": pl.lit(value=True), "copies": pl.lit(1), "caps": pl.lit(0)}
        table = reader.take(unit, rows.rows).select(sorted(wanted))
        columns = {name: pl.Series(name, table[name]) for name in table.schema.names}
        keep = (
            pl.Series([True]).new_from_index(0, len(table))
            if len(table)
            else pl.Series([], dtype=pl.Boolean)
        )
        for name, values in config.where.items():
            keep &= _is_any(columns[name], values)
        under = (
            pl.Series([0], dtype=pl.UInt8).new_from_index(0, len(table))
            if len(table)
            else pl.Series([], dtype=pl.UInt8)
        )
        for i, cap in enumerate(caps):
            if cap.column in columns:
                under += _is_any(columns[cap.column], cap.value).cast(pl.UInt8) * (1 << i)
        return {
            "wanted": keep,
            "copies": _copies(columns[copies], unit) if copies else pl.lit(1),
            "caps": under,
        }


def _is_any(column: pl.Series, values: Any) -> pl.Series:
    """Whether the column is the value, or one of them; null is none of them.

    Compared as text, so that a value in YAML need not know the type of the column.
    """
    allowed = [_text(value) for value in (values if isinstance(values, list) else [values])]
    if column.dtype.is_float():
        numbers = [float(v) for v in allowed if v.replace(".", "", 1).lstrip("-").isdigit()]
        return column.is_in(numbers).fill_null(value=False)
    return column.cast(pl.String).is_in(allowed).fill_null(value=False)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _copies(column: pl.Series, unit: Unit) -> pl.Series:
    if not column.dtype.is_integer():
        message = f"says how often a document stands in an epoch, so it must hold integers, found {column.dtype}; copies: null ignores it"
        raise SchemaError(column.name, message, unit.file.source_file)
    is_good = column.is_between(0, _MOST_COPIES).fill_null(value=False)
    if not is_good.all():
        found = column.filter(~is_good)[0]
        message = f"copies must be 0 to {_MOST_COPIES}, found {'null' if found is None else found}"
        raise SchemaError(column.name, message, unit.file.source_file)
    return column


def seed_of(seed: int, *what: str | int) -> int:
    """A seed of its own for each purpose, so that no two draws agree."""
    return int(digest([seed, *what])[:16], 16)
