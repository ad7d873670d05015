"""The columns of the whole corpus that deciding needs, one row per document in input order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import signal_table as signals
from refinery.annotation import read_annotations
from refinery.errors import DuplicateIdError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refinery.annotation import UnitRecord
    from refinery.plan import Plan, StepPlan
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
    corpus = make_corpus(table, plan.written)
    repeat = find_repeat(corpus)
    if repeat is not None:
        document_id, n_repeats = repeat
        raise DuplicateIdError(document_id, _places(document_id, tree, records), n_repeats - 1)
    return corpus


def make_corpus(table: pa.Table, written: str = signals.TEXT) -> Corpus:
    """The corpus of annotated documents; `table` has an `id`, and `minhash` as it is computed.

    `written` is the view that is written.
    """
    signatures = None
    if "minhash" in table.schema.names:
        signatures = table["minhash"].combine_chunks()
        if isinstance(signatures, pa.ChunkedArray):  # more than one chunk cannot be joined
            signatures = pa.concat_arrays(signatures.chunks)
        table = table.drop_columns(["minhash"])
    frame = pl.DataFrame(pl.from_arrow(table))
    return Corpus(frame, signatures, frame["id"].rank("ordinal").cast(pl.UInt32) - 1, written)


def needed_columns(plan: Plan) -> list[str]:
    """Annotation columns that the plan's steps and the ledger read."""
    columns = ["id", "n_chars", "n_bytes", "n_tokens", *step_columns(plan.steps)]
    columns += [signals.on_view(name, plan.written) for name in ("n_bytes", "n_tokens")]
    columns += [column for score in plan.scores for column in score.columns[:2]]
    return list(dict.fromkeys(columns))


def step_columns(steps: Iterable[StepPlan]) -> list[str]:
    """Annotation columns that steps read, in order, beside the id."""
    columns: list[str] = []
    for step in steps:
        config = step.config
        columns += [rule.column for rule in step.rules]
        if config.select is not None:
            weight = {"tokens": ["n_tokens"], "bytes": ["n_bytes"], "documents": []}
            columns += [*config.select.columns, *weight[config.select.counted]]
        if config.exact_duplicates is not None:
            columns.append(signals.on_view("content_hash", step.view))
        if config.near_duplicates is not None:
            columns.append("minhash")
        for duplicates in (config.exact_duplicates, config.near_duplicates):
            keep = duplicates.keep if duplicates is not None else "first"
            if isinstance(keep, dict):
                columns.append(signals.canonical(keep["highest"]))
            columns += ["n_chars"] if keep == "longest" else []
    return list(dict.fromkeys(columns))


def find_repeat(corpus: Corpus) -> tuple[str, int] | None:
    """An id that occurs twice, and how many rows repeat one."""
    ids = corpus.frame["id"].gather(corpus.rank.arg_sort())
    repeats = (ids == ids.shift(1)).fill_null(value=False)
    n_repeats = int(repeats.sum())
    return (str(ids.filter(repeats)[0]), n_repeats) if n_repeats else None


def _places(document_id: str, tree: OutputTree, records: list[UnitRecord]) -> list[str]:
    """The first two places of an id."""
    places: list[str] = []
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
    return places[:2]
