"""Ranks that are counted in what a document weighs, so that a share of ranks is a share of tokens.

The rank of a value is the share of all weight below it, and half of that of the values equal to it:
from 0 (worst) to 1 (best), and evenly spread over the tokens whatever the score looks like. Equal
values have equal ranks; null has none. Sums are of integers, so ranks do not depend on the order of
the documents.

>>> values, weights = pl.Series([0.1, 0.9, 0.1, None]), pl.Series([1, 2, 1, 8])
>>> weighted_ranks(values, weights).to_list()
[0.25, 0.75, 0.25, None]
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from refinery import _core

N_BUCKETS = 20
"""Ranks are often read as twentieths (vigintiles)."""


def weighted_ranks(
    values: pl.Series, weights: pl.Series, groups: pl.Series | None = None
) -> pl.Series:
    """Rank of every value (Float64, 0 to 1, null where the value is).

    Parameters
    ----------
    values
        Higher is better; not a number counts as null.
    weights
        Integers of 0 or more; where all are 0, each counts alike.
    groups
        Ranks are within each group.
    """
    if groups is None:
        found = _core.weighted_ranks(
            values.cast(pl.Float64).to_arrow(), weights.cast(pl.Int64).to_arrow()
        )
        return pl.Series(values.name, pa.array(found), pl.Float64)
    frame = pl.DataFrame(
        {
            "value": values.cast(pl.Float64).fill_nan(None),
            "weight": weights.cast(pl.Int64),
            "group": groups,
        }
    )
    ranked = frame.lazy().filter(pl.col("value").is_not_null())
    total = pl.col("weight").sum().over("group")
    counted = ranked.with_columns(weight=pl.when(total > 0).then("weight").otherwise(1))
    by_value = (
        counted.group_by("group", "value")
        .agg(pl.col("weight").sum())
        .sort("value")
        .with_columns(
            rank=(pl.col("weight").cum_sum().over("group") - pl.col("weight") / 2)
            / pl.col("weight").sum().over("group")
        )
    )
    on = ["group", "value"]
    joined = frame.lazy().join(
        by_value.drop("weight"), on=on, how="left", maintain_order="left", nulls_equal=True
    )
    return joined.select("rank").collect()["rank"].alias(values.name)


def combined_ranks(
    columns: list[pl.Series],
    weights: pl.Series,
    groups: pl.Series | None,
    *,
    combine: str,
    n_buckets: int,
) -> pl.Series:
    """Ranks by several scores: of the greatest, mean or least of their buckets.

    Within a bucket the mean of the ranks decides. A document that lacks a score has the lowest rank
    in it; one that lacks all has no rank.
    """
    ranks = [
        weighted_ranks(column, weights, groups).alias(str(i)) for i, column in enumerate(columns)
    ]
    frame = pl.DataFrame(ranks)
    every = [pl.col(name).fill_null(0.0) for name in frame.columns]
    buckets = [(rank * n_buckets).floor().clip(upper_bound=n_buckets - 1) for rank in every]
    across = {"max": pl.max_horizontal, "mean": pl.mean_horizontal, "min": pl.min_horizontal}
    combined = frame.select(
        pl.when(pl.any_horizontal(pl.all().is_not_null())).then(
            across[combine](buckets) + pl.mean_horizontal(every)
        )
    ).to_series()
    return weighted_ranks(combined, weights, groups)
