"""Figures of several runs, and figures made of figures.

What it is: medians with their spread, rates put together, straight lines through measurements. What
it is not: a clock, a table, a judgement.
"""

import math
import statistics
from collections.abc import Iterable, Sequence


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Give the median, the least and the most of `values`, and how many they are."""
    return {
        "median": round(statistics.median(values), digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
        "n": len(values),
    }


def one_after_the_other(rates: Iterable[float]) -> float:
    """Rate of steps that all handle the same bytes in turn: their times add up.

    >>> one_after_the_other([100, 100])
    50.0
    """
    return 1 / sum(1 / rate for rate in rates)


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give what is always there and what each unit adds: least squares through (units, cost).

    >>> line([(1, 5), (2, 7), (3, 9)])
    (3.0, 2.0)
    """
    slope, fixed = statistics.linear_regression(*zip(*points, strict=True))
    return fixed, slope


def start_and_rate(points: Sequence[tuple[float, float]]) -> dict[str, float | None]:
    """Part (megabytes, seconds) into seconds at the start and megabytes a second beyond it.

    The rate is None where the larger did not take longer: too little text for a machine this busy.

    >>> start_and_rate([(10, 3), (50, 7)])
    {'start_s': 2.0, 'mb_per_s': 10.0}
    """
    start, each = line(points)
    return {"start_s": round(start, 3), "mb_per_s": round(1 / each, 3) if each > 0 else None}


def ratio(one: float | None, other: float | None, digits: int = 2) -> float | None:
    """Give one over the other; None where either is not known."""
    return round(one / other, digits) if one is not None and other else None


def growth(points: Sequence[tuple[float, float]]) -> float:
    """Exponent of growth: 1 where twice the units cost twice, 2 where they cost four times.

    >>> round(growth([(1, 3), (10, 30), (100, 300)]), 6)
    1.0
    """
    return line([(math.log(units), math.log(cost)) for units, cost in points])[1]
