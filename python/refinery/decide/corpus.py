"""What deciding needs of the whole corpus, one row per document in input order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery import signal_table as signals
from refinery.annotation import annotation_batches, read_annotations
from refinery.decide.rules import failure
from refinery.errors import DuplicateIdError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from refinery.annotation import UnitRecord
    from refinery.engine import Stop
    from refinery.plan import Plan, StepPlan
    from refinery.rule_set import Rule
    from refinery.tree import OutputTree


Failures = list[tuple["Rule", pl.Series]]
"""Rules in the order of the steps, and who fails each (Boolean, no nulls)."""

_TABLE_ROWS, _TABLE_BATCHES = 65_536, 256
"""Rows, and batches of fewer rows, that are judged together."""
_LEAST_TABLE = 65_536
"""Documents of a band's table that are worth a pass over its hashes: 1 MiB."""
TABLE_DOCUMENT = 16
"""Bytes of a document in a band's table: its hash and its rank."""


@dataclass(frozen=True)
class Room:
    """Bytes that signatures and the tables of their bands may take, and where the rest goes."""

    n_bytes: int
    folder: Path

    def holds(self, n_documents: int, width: int) -> bool:
        """Whether signatures of `width` bytes and a whole table fit."""
        return n_documents * (width + TABLE_DOCUMENT) <= self.n_bytes

    @property
    def table_documents(self) -> int:
        """Documents of a table beside signatures on disk."""
        return max(_LEAST_TABLE, self.n_bytes // TABLE_DOCUMENT)


@dataclass(frozen=True)
class Corpus:
    """`frame`: `id`, sizes and every column a step reads of all documents at once.

    `rank` (UInt32) is each document's place in the order of ids: what breaks ties. `written` is the
    view that is written, whose sizes are columns too. `read` gives the batches of a column that only
    the search for duplicates reads; without `room` they are held whole. `repeated` is the smallest
    id that occurs twice, and how many rows repeat one.
    """

    frame: pl.DataFrame
    rank: pl.Series
    read: Callable[[str], Iterable[pa.Array]]
    written: str = signals.TEXT
    room: Room | None = None
    repeated: tuple[str, int] | None = None

    def sizes(self, unit: str, view: str = signals.TEXT) -> pl.Series:
        """Each document's size in `documents` (1), `bytes` or `tokens` of a view (Int64)."""
        if unit == "documents":
            return pl.repeat(1, len(self.frame), dtype=pl.Int64, eager=True)
        return self.frame[signals.on_view(f"n_{unit}", view)]

    def row_numbers(self) -> pl.Series:
        """0, 1, … for every document (UInt32)."""
        return pl.int_range(len(self.frame), dtype=pl.UInt32, eager=True)

    def signatures(
        self, column: str, *, width: int, bands: int, value_bytes: int, ordered: bool = False
    ) -> _core.Signatures:
        """The signatures in a column: in memory if there is room, or if they must be `ordered`."""
        spills = not (ordered or self.room is None or self.room.holds(len(self), width))
        folder = self.room.folder if self.room is not None and spills else None
        found = _core.Signatures(bands=bands, value_bytes=value_bytes, folder=folder)
        for batch in self.read(column):
            found.append(batch)
        return found

    def gather(self, column: str, rows: pl.Series) -> pa.Array:
        """Values of a column of `read` at some rows (ascending); the others are passed over."""
        wanted, first = rows.cast(pl.Int64), 0
        taken = []
        for batch in self.read(column):
            here = wanted.filter(wanted.is_between(first, first + len(batch), closed="left"))
            taken.append(batch.take((here - first).to_arrow()))
            first += len(batch)
        return pa.concat_arrays(taken)

    def __len__(self) -> int:
        return len(self.frame)


def load_corpus(
    plan: Plan,
    tree: OutputTree,
    records: list[UnitRecord],
    *,
    room: Room | None,
    pool: _core.ThreadPool,
    stop: Stop,
) -> tuple[Corpus, Failures]:
    """Read what the plan's steps need; what rules read is judged batch by batch and not held.

    Raises
    ------
    DuplicateIdError
        If an id occurs twice; names both places.
    """
    held, rules = held_columns(plan), [rule for step in plan.steps for rule in step.rules]
    fails = [failure(rule).alias(str(i)) for i, rule in enumerate(rules)]
    columns = list(dict.fromkeys([*held, *(rule.column for rule in rules)]))
    first = pl.DataFrame(
        pl.from_arrow(read_annotations(tree, records[0], columns).schema.empty_table())
    )
    frames, masks = [first.select(held)], [first.select(fails)]

    def batches(columns: list[str]) -> Iterator[pa.RecordBatch]:
        for record in records:
            stop.check()
            yield from annotation_batches(tree, record, columns)

    def read(column: str) -> Iterator[pa.Array]:
        return (batch.column(0) for batch in batches([column]))

    for table in _tables(batches(columns)):
        frame = pl.DataFrame(pl.from_arrow(table))
        frames.append(frame.select(held))
        masks.append(frame.select(fails))

    corpus = _ranked(pl.concat(frames), read, plan.written, room, pool)
    if corpus.repeated is not None:
        document_id, n_repeats = corpus.repeated
        raise DuplicateIdError(document_id, _places(document_id, tree, records), n_repeats - 1)
    verdicts = pl.concat(masks, rechunk=True)
    return corpus, [(rule, verdicts[str(i)]) for i, rule in enumerate(rules)]


def _tables(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches joined until they are worth a call: units may be of a document each."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= _TABLE_ROWS or len(waiting) == _TABLE_BATCHES:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def make_corpus(
    table: pa.Table,
    pool: _core.ThreadPool,
    *,
    written: str = signals.TEXT,
    ids: pl.Series | None = None,
) -> Corpus:
    """The corpus of annotated documents; `table` has an `id`, and hashes and signatures as computed.

    `written` is the view that is written; `ids` stand for those of the table.
    """
    sketched = [name for name in table.schema.names if is_sketch(name)]
    frame = pl.DataFrame(pl.from_arrow(table.drop_columns(sketched)))
    frame = frame if ids is None else frame.with_columns(id=ids)
    return _ranked(frame, lambda column: table[column].chunks, written, None, pool)


def _ranked(
    frame: pl.DataFrame,
    read: Callable[[str], Iterable[pa.Array]],
    written: str,
    room: Room | None,
    pool: _core.ThreadPool,
) -> Corpus:
    ids = frame["id"]
    if ids.dtype != pl.String:  # numbers of rows, which are in order
        numbers = ids.cast(pl.UInt32)
        return Corpus(frame.with_columns(numbers), numbers, read, written, room)
    found, repeated, repeats = _core.rank_ids(
        ids.to_arrow(compat_level=pl.CompatLevel.newest()), pool
    )
    rank = pl.Series("rank", pa.array(found), pl.UInt32)
    repeat = (repeated, repeats) if repeated is not None else None
    return Corpus(frame, rank, read, written, room, repeat)


def is_sketch(column: str) -> bool:
    """Whether a column is read by the search for duplicates only: content hashes, signatures."""
    return signals.split_view(column)[0] in ("content_hash", "minhash")


def held_columns(plan: Plan) -> list[str]:
    """Annotation columns that deciding holds of all documents at once."""
    columns = ["id", "n_bytes", "n_tokens"]
    columns += [signals.on_view(name, plan.written) for name in ("n_bytes", "n_tokens")]
    columns += [column for score in plan.scores for column in score.ranked_columns]
    columns += [c for step in plan.steps for c in _compared_columns(step) if not is_sketch(c)]
    return list(dict.fromkeys(columns))


def step_columns(steps: Iterable[StepPlan]) -> list[str]:
    """Annotation columns that steps read, in order, beside the id."""
    columns: list[str] = []
    for step in steps:
        columns += [rule.column for rule in step.rules]
        columns += _compared_columns(step)
    return list(dict.fromkeys(columns))


def _compared_columns(step: StepPlan) -> list[str]:
    """Columns by which a step compares documents with each other."""
    columns: list[str] = []
    config = step.config
    if config.select is not None:
        weight = {"tokens": ["n_tokens"], "bytes": ["n_bytes"], "documents": []}
        columns += [*config.select.columns, *weight[config.select.counted]]
    if config.exact_duplicates is not None:
        columns.append(signals.on_view("content_hash", step.view))
    if config.near_duplicates is not None:
        columns.append("minhash")
    for duplicates in (config.exact_duplicates, config.near_duplicates):
        keep = duplicates.keep if duplicates is not None else "first"
        columns += [signals.canonical(keep["highest"])] if isinstance(keep, dict) else []
        columns += ["n_chars"] if keep == "longest" else []
    return columns


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
