"""Whether two proxies order the arms alike.

An order is claimed only where a small model that sees words and one that learns agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from refinery.ablation.judge import TARGET
from refinery.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Agreement:
    """Of two ablations over the arms that both have.

    `tau` is Kendall's tau-b of the differences from random tokens; `same_sign` the share of arms
    that are on one side of random in both; `decisions` the share of pairs of arms in one order.
    """

    arms: list[str]
    tau: float
    same_sign: float
    decisions: float


def agreement(one: Path | str, other: Path | str, *, family: str = TARGET) -> Agreement:
    """Compare two finished ablations, such as one of each proxy.

    Parameters
    ----------
    one, other
        Output folders of `refinery ablate`.
    family
        Of which the differences are compared.

    Raises
    ------
    ParameterError
        If they have fewer than three arms of one yield in common.
    """
    keys = ["arm", "yield_target"]
    read = [_differences(folder, family) for folder in (one, other)]
    both = read[0].join(read[1], on=keys, suffix="_other").sort(keys)
    if len(both) < 3:
        name, message = "other", f"{len(both)} arms in common; three are needed for an order"
        raise ParameterError(name, message)
    x, y = both["d_bpb"].to_list(), both["d_bpb_other"].to_list()
    signs = sum((a < 0) == (b < 0) for a, b in zip(x, y, strict=True))
    pairs = list(combinations(range(len(x)), 2))
    agree = sum((x[i] - x[j]) * (y[i] - y[j]) > 0 for i, j in pairs)
    return Agreement(both["arm"].to_list(), kendall(x, y), signs / len(x), agree / len(pairs))


def kendall(x: Sequence[float], y: Sequence[float]) -> float:
    """Kendall's tau-b.

    >>> kendall([1, 2, 3, 4], [1, 2, 4, 3])
    0.6666666666666666
    """
    concordant = tied_x = tied_y = n = 0
    for i, j in combinations(range(len(x)), 2):
        product = (x[i] - x[j]) * (y[i] - y[j])
        concordant += (product > 0) - (product < 0)
        tied_x += x[i] == x[j]
        tied_y += y[i] == y[j]
        n += 1
    scale = ((n - tied_x) * (n - tied_y)) ** 0.5
    return concordant / scale if scale else 0.0


def _differences(folder: Path | str, family: str) -> pl.DataFrame:
    rows = pl.read_parquet(f"{folder}/verdict.parquet").filter(pl.col("family") == family)
    return rows.select("arm", "yield_target", "d_bpb")
