"""A pipeline over a frame: the phases of a run in memory, with the same verdicts and ledger.

Nothing is written. Rows are checked, annotated and decided by the code that does it for files, so a
frame and a file of the same rows give the same documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from refinery.annotation import UnitRecord, annotated, listed, make_pass, sampled
from refinery.answers import Answers
from refinery.decide.corpus import make_corpus
from refinery.decide.decisions import decide_corpus
from refinery.decide.duplicates import Runner
from refinery.decide.rules import failing
from refinery.decide.state import COPIES
from refinery.errors import ConfigError, DuplicateIdError, Problem
from refinery.expr.kernels import pool, run_pass
from refinery.io.columns import check_columns, checked_rows, named_columns
from refinery.io.inputs import InputFile
from refinery.io.units import QUARANTINE_SCHEMA, Quarantined, quarantine_table
from refinery.plan import plan_frame
from refinery.views import edited_text
from refinery.yaml_file import render_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import Pipeline
    from refinery.plan import Plan

_NAME = "frame"
"""Stands for the file in ids that are made, in `source_file` and in errors."""
_BATCH_ROWS = 65_536


@dataclass(frozen=True, repr=False)
class Refined(Answers):
    """A refined frame: what `rf.Run` is for files, in memory."""

    documents: pl.DataFrame
    annotated: pl.DataFrame
    decided: pl.DataFrame
    quarantined: pl.DataFrame
    balance: dict[str, Any]

    @property
    def annotations(self) -> pl.LazyFrame:
        return self.annotated.lazy()

    @property
    def decisions(self) -> pl.LazyFrame:
        return self.decided.lazy()

    @property
    def kept(self) -> pl.LazyFrame:
        return self.documents.lazy()

    @property
    def quarantine(self) -> pl.LazyFrame:
        """One row per row of the frame that could not be a document."""
        return self.quarantined.lazy()

    @property
    def ledger(self) -> dict[str, Any]:
        return self.balance


def run_frame(pipeline: Pipeline, frame: pl.DataFrame) -> Refined:
    """Refine a frame.

    Raises
    ------
    ConfigError
        For what the pipeline names wrong, columns of the frame included.
    DuplicateIdError
        If an id occurs twice.
    """
    plan = plan_frame(pipeline)
    file = InputFile(Path(_NAME), _NAME, _NAME, 0, pipeline.config.input[0], tuple(plan.labels))
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    try:
        check_columns(file, table.schema)
    except ConfigError as error:
        problems = [
            Problem(0, 0, render_path(plan.place_of(0, p.path)), p.message) for p in error.problems
        ]
        raise ConfigError(_NAME, problems) from None
    _check_output(plan, frame)
    quarantined: list[Quarantined] = []
    annotations = pa.concat_tables(list(_annotated(plan, file, table, quarantined)))
    corpus = make_corpus(annotations, pool(), written=plan.written)
    if corpus.repeated is not None:
        document_id, n_repeats = corpus.repeated
        rows = corpus.frame.filter(pl.col("id") == document_id)["row"].head(2)
        raise DuplicateIdError(document_id, [f"{_NAME} row {row}" for row in rows], n_repeats - 1)
    record = UnitRecord(
        "", _NAME, 0, 0, len(corpus), int(corpus.frame["n_bytes"].sum()),
        len(quarantined), sum(q.n_bytes for q in quarantined), None,
    )  # fmt: skip
    rules = [(rule, failing(rule, corpus.frame)) for step in plan.steps for rule in step.rules]
    decided = decide_corpus(plan, corpus, rules, [record], bad_files=[], runner=Runner(pool()))
    chosen = corpus.frame.filter(decided.state.alive)
    documents = frame[chosen["row"]] if len(chosen) else frame.clear()
    if edits := plan.views.get(plan.written):
        name = file.config.text
        text = pa.chunked_array(documents[name].to_arrow())
        documents = documents.with_columns(
            pl.Series(name, edited_text(text, edits, pool()), pl.String)
        )
    table_of_bad = (
        quarantine_table(_NAME, quarantined) if quarantined else QUARANTINE_SCHEMA.empty_table()
    )
    added = chosen.select(plan.output_columns)
    if decided.state.copies is not None:
        added = added.with_columns(decided.state.copies.filter(decided.state.alive).alias(COPIES))
    return Refined(
        documents.hstack(added),
        pl.DataFrame(pl.from_arrow(annotations)),
        decided.frame(0, len(corpus)),
        pl.DataFrame(pl.from_arrow(table_of_bad)),
        decided.ledger,
    )


def _annotated(
    plan: Plan, file: InputFile, table: pa.Table, quarantined: list[Quarantined]
) -> Iterator[pa.Table]:
    compiled = make_pass(plan)
    columns = named_columns(file)
    first = 0
    for batch in [*table.select(columns).to_batches(_BATCH_ROWS), None]:
        if batch is None and first:
            return
        part = batch if batch is not None else _no_rows(table.select(columns).schema)
        rows = sampled(checked_rows(file, part, first), plan)
        quarantined += rows.quarantined
        computed = run_pass(compiled, [rows.texts], pool())
        yield annotated(file.source_file, rows, computed, listed(rows, plan, pool()))
        first += len(part)


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in schema], schema=schema)


def _check_output(plan: Plan, frame: pl.DataFrame) -> None:
    for name in [*plan.output_columns, *([COPIES] if plan.repeats else [])]:
        if name in frame.columns:
            message = f"{name!r} is a column of the frame already"
            raise ConfigError(_NAME, [Problem(0, 0, "output.columns", message)])
