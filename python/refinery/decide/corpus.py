"""The columns of the whole corpus that deciding needs, one row per document in input order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import signals
from refinery.annotate import read_annotations
from refinery.errors import DuplicateIdError

if TYPE_CHECKING:
    from refinery.annotate import UnitRecord
    from refinery.plan import Plan
    from refinery.tree import OutputTree


@dataclass(frozen=True)
class Corpus:
    """`frame`: `id`, sizes and every column a step reads. `signatures`: FixedSizeBinary or None.

    `rank` (UInt32) is each document's place in the order of ids: what breaks ties. `written` is the
    view that is written, whose sizes are columns too.
    """

    frame: pl.DataFrame
    signatures: pa.Array | None
    rank: pl.Series
    written: str = signals.TEXT

    def sizes(self, unit: str, view: str = signals.TEXT) -> pl.Series:
        """Each document's size in `documents` (1), `bytes` or `tokens` of a view (Int64)."""
        if unit == "documents":
            return pl.repeat(1, len(self.frame), dtype=pl.Int64, eager=True)
        return self.frame[signals.on_view(f"n_{unit}", view)]

    def row_numbers(self) -> pl.Series:
        """0, 1, … for every document (UInt32)."""
        return pl.int_range(len(self.frame), dtype=pl.UInt32, eager=True)

    def __len__(self) -> int:
        return len(self.frame)


def load_corpus(plan: Plan, tree: OutputTree, records: list[UnitRecord]) -> Corpus:
    """Read what the plan's steps need.

    Raises
    ------
    DuplicateIdError
        If an id occurs twice; names both places.
    """
    columns = needed_columns(plan)
    tables = [read_annotations(tree, record, columns) for record in records]
    table = pa.concat_tables(tables) if tables else pa.table({})
    del tables
    signatures = None
    if "minhash" in columns:
        signatures = table["minhash"].combine_chunks()
        if isinstance(signatures, pa.ChunkedArray):  # more than one chunk cannot be joined
            signatures = pa.concat_arrays(signatures.chunks)
        table = table.drop_columns(["minhash"])
    frame = pl.DataFrame(pl.from_arrow(table))
    rank = frame["id"].rank("ordinal").cast(pl.UInt32) - 1
    _check_ids(frame, rank, tree, records)
    return Corpus(frame, signatures, rank, plan.written)


def needed_columns(plan: Plan) -> list[str]:
    """Annotation columns that the steps read."""
    columns = ["id", "n_chars", "n_bytes", "n_tokens"]
    columns += [signals.on_view(name, plan.written) for name in ("n_bytes", "n_tokens")]
    for step in plan.steps:
        columns += [rule.column for rule in step.rules]
        config = step.config
        if config.select is not None:
            columns.append(signals.on_view(*signals.split_view(config.select.by)))
        if config.exact_duplicates is not None:
            columns.append(signals.on_view("content_hash", step.view))
        if config.near_duplicates is not None:
            columns.append("minhash")
        for duplicates in (config.exact_duplicates, config.near_duplicates):
            if duplicates is not None and isinstance(duplicates.keep, dict):
                columns.append(signals.on_view(*signals.split_view(duplicates.keep["highest"])))
    return list(dict.fromkeys(columns))


def _check_ids(
    frame: pl.DataFrame, rank: pl.Series, tree: OutputTree, records: list[UnitRecord]
) -> None:
    ids = frame["id"].gather(rank.arg_sort())
    repeats = (ids == ids.shift(1)).fill_null(value=False)
    n_repeats = int(repeats.sum())
    if n_repeats == 0:
        return
    document_id = str(ids.filter(repeats)[0])
    places = []
    for record in records:
        table = pl.DataFrame(
            pl.from_arrow(read_annotations(tree, record, ["id", "source_file", "row"]))
        )
        for file, row in (
            table.filter(pl.col("id") == document_id).select("source_file", "row").iter_rows()
        ):
            places.append(f"{file} row {row}")
        if len(places) >= 2:
            break
    raise DuplicateIdError(document_id, places[:2], n_repeats - 1)
