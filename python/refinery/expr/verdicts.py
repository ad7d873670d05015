"""Decisions as Polars calls them: the steps of a run over columns of a frame.

Rules look at one document, so they are elementwise. Duplicates and selections look at all of them:
their functions are given whole columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery.decide.corpus import Corpus, is_sketch, make_corpus, step_columns
from refinery.decide.decisions import Decisions, joined_rules, make_act
from refinery.decide.duplicates import Runner
from refinery.decide.rules import failing
from refinery.decide.state import COPIES, Drop, State
from refinery.errors import DuplicateIdError
from refinery.expr.kernels import (
    compute_arrow,
    pool,
    raised_by_polars,
    text_chunks,
    with_nulls,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.expr.spec import Spec

_TEXT = "__refinery_text"
"""Fields of the struct beside columns of the frame, which are not called so."""
_ID = "__refinery_id"
_ALIVE = "__refinery_alive"

VERDICT = pl.Struct({"kept": pl.Boolean, "dropped_by": pl.String, "reasons": pl.List(pl.String)})


def annotate(spec: Spec, columns: pl.DataFrame) -> pa.Table:
    """What the spec's steps read: columns of the frame, and of the pass what it lacks."""
    wanted = step_columns(spec.plan.steps)
    given = [name for name in wanted if name in columns.columns]
    missing = [name for name in wanted if name not in given]
    # A table of no column forgets how many rows it has.
    table = columns.select(*given, pl.int_range(pl.len()).alias("id")).to_arrow()
    if missing:
        computed = compute_arrow(spec, missing, text_chunks(columns[_TEXT]))
        for name in missing:
            table = table.append_column(name, computed[name])
    for name in filter(is_sketch, given if len(table) else []):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, _of_one_width(table[name]))
    return table


def _of_one_width(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Hashes or signatures, which Polars holds as Binary, as they are in annotation files."""
    column = column.cast(pa.large_binary())
    width = len(next((s for s in column if s.is_valid), pa.scalar(b"")).as_py() or b"")
    return column.cast(pa.binary(width))


@dataclass(frozen=True)
class RulesFunction:
    """The verdict of a spec's rules on each row of a struct of text and frame columns."""

    spec: Spec

    text_field = _TEXT

    @property
    def frame_columns(self) -> list[str]:
        """Columns of the frame that the rules read."""
        return [
            n for n in dict.fromkeys(step_columns(self.spec.plan.steps)) if n in self.spec.columns
        ]

    def return_dtype(self) -> pl.DataType:
        """`kept`, `dropped_by`, `reasons`."""
        return VERDICT

    def __call__(self, columns: pl.Series, /, **_: object) -> pl.Series:
        with raised_by_polars():
            frame = columns.struct.unnest()
            corpus = make_corpus(annotate(self.spec, frame), pool())
            rules = [r for step in self.spec.plan.steps for r in step.rules]
            failures = [(rule, failing(rule, corpus.frame)) for rule in rules]
            state = State(len(corpus))
            for rule, mask in joined_rules(failures):
                state.apply(Drop(rule.reason, mask))
            decided = Decisions(corpus, state, failures, {}).frame(0, len(corpus))
            verdicts = decided.select("kept", "dropped_by", "reasons").to_struct(columns.name)
            return with_nulls(verdicts, frame[_TEXT]) if _TEXT in frame.columns else verdicts


@dataclass(frozen=True)
class StepFunction:
    """A step that is no rules, over whole columns: a struct of text, id, alive and frame columns.

    Who is not alive takes no part. Without ids, rows are named by their numbers.
    """

    spec: Spec
    has_ids: bool

    def return_dtype(self) -> pl.DataType:
        """`dropped_by` (null where this step drops it not), `reasons`, `cluster`, `kept_instead`."""
        name = pl.String() if self.has_ids else pl.UInt32()
        dropped = {"dropped_by": pl.String(), "reasons": pl.List(pl.String)}
        copies = {COPIES: pl.Int32()} if self.spec.plan.repeats else {}
        return pl.Struct({**dropped, "cluster": name, "kept_instead": name, **copies})

    def columns(
        self,
        text: pl.Expr | None,
        row_id: pl.Expr | None,
        alive: pl.Expr,
        given: Mapping[str, pl.Expr],
    ) -> pl.Expr:
        """The struct to call it with; `given` are columns of the frame that are not called so."""
        names = [n for n in step_columns(self.spec.plan.steps) if n in self.spec.columns]
        parts = [given.get(name, pl.col(name)).alias(name) for name in names]
        # Texts that are out already are not looked at again, unless a yield is a share of all.
        is_selection = self.spec.plan.steps[0].config.select is not None
        seen = text if text is None or is_selection else pl.when(alive).then(text)
        parts += [seen.alias(_TEXT)] if seen is not None else []
        parts += [row_id.cast(pl.String).alias(_ID)] if row_id is not None else []
        return pl.struct(*parts, alive.alias(_ALIVE))

    def __call__(self, columns: pl.Series, /, **_: object) -> pl.Series:
        with raised_by_polars():
            frame = columns.struct.unnest()
            corpus = self._corpus(frame)
            (step,) = self.spec.plan.steps
            alive = frame[_ALIVE].fill_null(value=False)
            drop = make_act(corpus, step, self.spec.plan, Runner(pool()))(alive)
            state = State(len(corpus))
            state.alive = alive
            state.apply(drop)
            decided = Decisions(corpus, state, [], {}).frame(0, len(corpus))
            return decided.drop("id", "kept").to_struct(columns.name)

    def _corpus(self, frame: pl.DataFrame) -> Corpus:
        ids = frame[_ID] if self.has_ids else None
        corpus = make_corpus(annotate(self.spec, frame), pool(), ids=ids)
        if ids is not None and corpus.repeated is not None:
            document_id, n_repeats = corpus.repeated
            rows = (ids == document_id).arg_true()
            raise DuplicateIdError(document_id, [f"row {i}" for i in rows[:2]], n_repeats - 1)
        return corpus
