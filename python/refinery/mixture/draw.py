"""Which documents an epoch that is not whole reads: those with the smallest hashes.

Out of core: a histogram of the hashes' first bits finds the bin where the sum crosses the target,
and only that bin is sorted.

So a fraction contains every smaller one, and a document's fate depends on its own id only through
one threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from refinery.mixture.shares import Group

_SHIFT = 2**48
"""65,536 bins by the first 16 bits of a hash."""


@dataclass(frozen=True)
class Reading:
    """How a group is read: whole epochs, and a last one of the documents with hashes up to `upto`."""

    group: Group
    epochs: float
    upto: int | None

    @property
    def whole(self) -> int:
        """Epochs that read every document."""
        return int(self.epochs)

    def passes(self) -> pl.Expr:
        """How many epochs read a document, by its column `draw`."""
        whole = pl.lit(self.whole, dtype=pl.Int32)
        if self.upto is None:
            return whole
        return whole + (pl.col("draw") <= pl.lit(self.upto, dtype=pl.UInt64)).cast(pl.Int32)


def read_group(counts: pl.LazyFrame, group: Group, epochs: float, *, by_tokens: bool) -> Reading:
    """The reading of a group whose documents are `counts`.

    A fraction of an epoch is one of the documents (copies counted), or of their tokens; the
    document that crosses it is taken if more than half of it lies below.
    """
    fraction = epochs - int(epochs)
    weight = pl.col("copies") * (pl.col("n_tokens") if by_tokens else 1)
    target = fraction * (group.tokens if by_tokens else group.n_documents)
    if fraction == 0 or target == 0:
        return Reading(group, epochs, None)
    bins = (
        counts.group_by(bin=pl.col("draw") // _SHIFT).agg(weight=weight.sum()).collect().sort("bin")
    )
    until = bins.with_columns(until=pl.col("weight").cum_sum())
    crossing = until.filter(pl.col("until") > target).head(1)
    if not len(crossing):
        return Reading(group, epochs, 2**64 - 1)
    number, before = int(crossing["bin"][0]), int(crossing["until"][0] - crossing["weight"][0])
    inside = (
        counts.filter(pl.col("draw") // _SHIFT == number)
        .select("draw", weight=weight)
        .collect()
        .sort("draw")
        .with_columns(until=before + pl.col("weight").cum_sum())
    )
    beyond = inside.filter(pl.col("until") - pl.col("weight") / 2 > target).head(1)
    end = int(beyond["draw"][0]) if len(beyond) else (number + 1) * _SHIFT
    return Reading(group, epochs, end - 1 if end else None)
