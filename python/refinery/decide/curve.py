"""How often each document stands in the corpus: the worst not at all, the best several times.

What is not discarded falls into buckets of equal weight. The repeats of a bucket rise with its rank
as `max_repeat * x ** steepness`, x from 0 (worst) to 1 (best); the steepness is the one at which the
copies together weigh what is asked for. A bucket's repeats are seldom whole: every document of it has
the whole part, and those that draw lowest have one more.

Source of the shape: OLMo 3 repeats by a monotone curve over 20 buckets of quality, leaves out the
worst 40 % and repeats the best up to 7 times. Departs: its curves have three parameters and are
fitted for each topic.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from refinery import _core

_STEEPEST = 1e6
"""Where the best bucket of 20 has no copy left; so far nothing is asked for that is steeper."""


def copies(
    ranked: pl.DataFrame, target: float, *, discard: float, max_repeat: int, n_buckets: int
) -> pl.Series:
    """Copies of each document (Int32), as `ranked` lists them.

    Parameters
    ----------
    ranked
        Best first, with columns `weight` and `draw`.
    target
        What the copies shall weigh together; met within half a document a bucket.
    """
    weight = ranked["weight"]
    total = int(weight.sum() or 0)
    if not total:
        return pl.repeat(0, len(ranked), dtype=pl.Int32, eager=True)
    # From the worst, 0, to the best, 1: the middle of each document.
    place = 1 - (weight.cum_sum() - weight / 2) / total
    bucket = ((place - discard) / (1 - discard) * n_buckets).floor().clip(-1, n_buckets - 1)
    frame = ranked.select("weight", "draw", bucket=bucket.cast(pl.Int32)).with_row_index("at")
    sizes = [0] * n_buckets
    for number, size in frame.group_by("bucket").agg(pl.col("weight").sum()).iter_rows():
        if number >= 0:
            sizes[number] = size
    repeats = pl.DataFrame(
        {"bucket": range(n_buckets), "repeats": fitted_repeats(sizes, target, max_repeat)},
        schema={"bucket": pl.Int32, "repeats": pl.Float64},
    )
    joined = frame.join(repeats, on="bucket", how="left").with_columns(
        pl.col("repeats").fill_null(0.0)
    )
    whole = pl.col("repeats").floor()
    drawn = joined.sort("bucket", "draw", "at").with_columns(
        until=pl.col("weight").cum_sum().over("bucket") - pl.col("weight") / 2,
        size=pl.col("weight").sum().over("bucket"),
    )
    has_more = pl.col("until") <= (pl.col("repeats") - whole) * pl.col("size")
    return drawn.select("at", n=(whole + has_more.cast(pl.Float64)).cast(pl.Int32)).sort("at")["n"]


def fitted_repeats(sizes: list[int], target: float, max_repeat: int) -> list[float]:
    """Repeats of each bucket, worst first, at which buckets of `sizes` weigh `target`.

    Where that is out of reach, every bucket has `max_repeat`.
    """
    n = len(sizes)
    logs = _ln([(i + 0.5) / n for i in range(n)])

    def repeats(steepness: float) -> list[float]:
        return [max_repeat * power for power in _exp([steepness * log for log in logs])]

    def made(steepness: float) -> float:
        return sum(r * size for r, size in zip(repeats(steepness), sizes, strict=True))

    if made(0.0) <= target:
        return repeats(0.0)
    flat, steep = 0.0, _STEEPEST
    for _ in range(100):
        middle = (flat + steep) / 2
        flat, steep = (middle, steep) if made(middle) > target else (flat, middle)
    return repeats(steep)


def _ln(values: list[float]) -> list[float]:
    return list(pa.array(_core.ln(pa.array(values, pa.float64()))).to_pylist())


def _exp(values: list[float]) -> list[float]:
    return list(pa.array(_core.exp(pa.array(values, pa.float64()))).to_pylist())
