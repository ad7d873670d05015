"""How far a change of form alone moves a document, and how a score goes with length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

Scorer = "Callable[[pl.Series], pl.Series]"

_HEADING = r"(?m)^(?:#{1,6} .*|=+ .*|.{1,80}\n[=-]{3,}|[^.!?\n]{1,60})$\n?"
"""Markup headings, underlined lines, and short lines that end in no full stop."""


def changed(texts: pl.Series) -> dict[str, pl.Series]:
    """The same words in another form."""
    return {
        "lower case": texts.str.to_lowercase(),
        "lines joined": texts.str.replace_all(r"\s+", " "),
        "headings stripped": texts.str.replace_all(_HEADING, ""),
        "no punctuation": texts.str.replace_all(r"[^\w\s]+", " "),
        "first half": texts.str.head(texts.str.len_chars() // 2),
    }


def shifts(
    texts: pl.Series, scores: pl.Series, scored: Callable[[pl.Series], pl.Series]
) -> dict[str, dict[str, float]]:
    """Median and mean absolute shift of the quantile, in points, of documents under each change.

    `scores` are those of the whole corpus, in whose order a document has its quantile.
    """
    order = scores.drop_nulls().sort()
    before = _quantiles(order, scored(texts))
    found = {}
    for name, column in changed(texts).items():
        moved = _quantiles(order, scored(column)) - before
        found[name] = {
            "median": round(float(moved.abs().median()), 2),
            "mean": round(float(moved.abs().mean()), 2),
            "median signed": round(float(moved.median()), 2),
        }
    return found


def _quantiles(order: pl.Series, scores: pl.Series) -> pl.Series:
    return 100 * order.search_sorted(scores) / len(order)


def length_correlation(documents: pl.DataFrame, score: pl.Series) -> dict[str, float]:
    """Spearman's rank correlation of a score and tokens: over all documents, and inside kinds.

    Kinds differ in length, so that a score that tells kinds apart goes with length over all of them;
    inside a kind it should not. `inside kinds` is their mean, weighted by documents.
    """
    rows = documents.with_columns(_score=score)
    over_all = rows.select(pl.corr("_score", "n_tokens", method="spearman")).item()
    kinds = rows.group_by("kind").agg(
        pl.corr("_score", "n_tokens", method="spearman").alias("r"), pl.len()
    )
    large = kinds.filter((pl.col("len") >= 50) & pl.col("r").is_not_nan())
    inside = (large["r"] * large["len"]).sum() / large["len"].sum()
    return {"all": round(float(over_all), 3), "inside kinds": round(float(inside), 3)}
