"""Chance: what a document draws follows from the seed and its id, never from an order or a stream.

So a draw is the same on any shard, and a smaller yield keeps a part of what a greater one keeps.
Logarithms and powers are the extension's, which give the same bits on every machine.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from refinery import _core

_SALT = 0x7365_6C65_6374
"""Apart from the draws of `--sample`, which keeps documents whose hash is small."""
_LEAST = 1e-6
"""Probabilities nearer to 0 or 1 count as this: a classifier's rounding is no evidence."""


def draws(ids: pl.Series, seed: int) -> pl.Series:
    """One number over 0 and below 1 for each id (Float64), evenly spread."""
    hashes = pl.Series(pa.array(_core.hash_ids(_arrow(ids.cast(pl.String)), seed ^ _SALT)))
    return ((hashes // 2**11).cast(pl.Float64) + 0.5) * 2.0**-53


def gumbel_keys(probabilities: pl.Series, drawn: pl.Series, temperature: float) -> pl.Series:
    """Keys whose highest are a sample without replacement, each weighted by exp(s / temperature).

    s is the logit of the probability, scaled to unit variance (Gumbel-top-k; the softened selection
    of QuRating, Wettig et al. 2024, section 3). A temperature of 0 leaves the order as it is.
    """
    clipped = probabilities.cast(pl.Float64).clip(_LEAST, 1 - _LEAST)
    logits = _ln(clipped) - _ln(1 - clipped)
    noise = -_ln(-_ln(drawn))
    return logits / _deviation(logits) + noise * temperature


def pareto_margins(probabilities: pl.Series, drawn: pl.Series, alpha: float) -> pl.Series:
    """By how much a Pareto draw lies over 1 - probability: above 0 where GPT-3 kept a document.

    The draw has its pole at 0, as numpy's has, which GPT-3 (Brown et al. 2020, appendix A) used:
    it exceeds x with probability (1 + x) ** -alpha.
    """
    pareto = _exp(_ln(drawn) * (-1 / alpha)) - 1
    return pareto + probabilities - 1


def _deviation(values: pl.Series) -> float:
    """The standard deviation, or 1 where all are alike.

    In whole thousandths: integers add up to the same sum in any order of the documents.
    """
    whole = (values.drop_nulls() * 1000).round().cast(pl.Int64)
    n = len(whole)
    total, squares = int(whole.sum()), int((whole * whole).sum())
    spread = n * squares - total * total
    return float((spread**0.5) / (n * 1000)) if spread > 0 else 1.0


def _ln(values: pl.Series) -> pl.Series:
    return pl.Series(pa.array(_core.ln(_arrow(values))))


def _exp(values: pl.Series) -> pl.Series:
    return pl.Series(pa.array(_core.exp(_arrow(values))))


def _arrow(values: pl.Series) -> pa.Array:
    array = values.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
