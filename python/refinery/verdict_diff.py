"""Two runs over one corpus: which documents changed their verdict, and what dropped them.

Not here: whether scores have moved, which needs no document in common (`drift`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from refinery.answers import Answers

KEPT = "kept"
NOT_READ = "not read"


def diff(before: Answers, after: Answers) -> pl.DataFrame:
    """The documents whose verdict differs, told by their ids.

    Returns
    -------
    pl.DataFrame
        `id` (String), `before` and `after` (String: `kept`, the reason that dropped it, or `not
        read`) and `n_tokens` (Int64, as the first run that read it counted); sorted by id.
    """
    joined = _verdicts(before).join(_verdicts(after), on="id", how="full", coalesce=True)
    changed = joined.select(
        "id",
        before=pl.col("verdict").fill_null(NOT_READ),
        after=pl.col("verdict_right").fill_null(NOT_READ),
        n_tokens=pl.coalesce("n_tokens", "n_tokens_right"),
    ).filter(pl.col("before") != pl.col("after"))
    return changed.sort("id").collect()


def summary(changed: pl.DataFrame, *, examples: int = 3) -> pl.DataFrame:
    """A row a change: `before`, `after`, `documents`, `tokens`, the first ids; most documents first."""
    counted = changed.group_by("before", "after").agg(
        documents=pl.len(),
        tokens=pl.col("n_tokens").sum(),
        ids=pl.col("id").sort().head(examples),
    )
    return counted.sort("documents", "before", "after", descending=[True, False, False])


def _verdicts(run: Answers) -> pl.LazyFrame:
    verdict = pl.when("kept").then(pl.lit(KEPT)).otherwise("dropped_by")
    counts = run.annotations.select("id", pl.col("n_tokens").cast(pl.Int64))
    return run.decisions.select("id", verdict=verdict).join(counts, on="id", how="left")
