"""Whether two proxies order the arms alike.

An order is claimed only where a small model that sees words and one that learns agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from refinery.ablation import statistics
from refinery.ablation.fits import LADDER
from refinery.ablation.judge import TARGET, families_of, matrices
from refinery.ablation.regimes import TOKENS
from refinery.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_ARMS = 3
_DRAWS = 2000


@dataclass(frozen=True)
class Agreement:
    """Of two ablations over the arms that both have, at fixed tokens.

    `tau` is Kendall's tau-b of the differences from random tokens, `low` to `high` its 95 % interval over
    works and seeds drawn again, `p` how often an order at random agrees or disagrees as much;
    `same_sign` the share of arms that are on one side of random in both; `decisions` the share of pairs
    of arms in one order.
    """

    family: str
    arms: list[str]
    tau: float
    low: float
    high: float
    p: float
    same_sign: float
    decisions: float


def agreements(one: Path | str, other: Path | str, *, seed: int = 17) -> list[Agreement]:
    """Compare two finished ablations, such as one of each proxy, family by family.

    Parameters
    ----------
    one, other
        Output folders of `refinery ablate`.
    seed
        Of the draws of the intervals.

    Raises
    ------
    ParameterError
        If one is no finished ablation, or they have fewer than three arms of one yield, or no work, in
        common.
    """
    both = [_Measured("one", Path(one)), _Measured("other", Path(other))]
    pairs = [pair for pair in both[0].pairs if pair in both[1].pairs]
    if len(pairs) < FEWEST_ARMS:
        name, message = "other", f"{len(pairs)} arms in common; three are needed for an order"
        raise ParameterError(name, message)
    works = both[0].works.join(both[1].works, on=["family", "work"], how="semi")
    families = families_of(works)[1:]
    if not families:
        name, message = "other", "no work of an evaluation in common"
        raise ParameterError(name, message)
    return [_agreement(both, pairs, works, f, seed) for f in (TARGET, *families)]


def agreement(one: Path | str, other: Path | str, *, family: str = TARGET) -> Agreement:
    """The same of one family.

    Raises
    ------
    ParameterError
        As `agreements`, and for a family that they do not both have.
    """
    found = {a.family: a for a in agreements(one, other)}
    if family not in found:
        name, message = "family", f"{family!r} is not measured by both; found {', '.join(found)}"
        raise ParameterError(name, message)
    return found[family]


def kendall(x: Sequence[float], y: Sequence[float]) -> float:
    """Kendall's tau-b.

    >>> kendall([1, 2, 3, 4], [1, 2, 4, 3])
    0.6666666666666666
    """
    return float(_taus(np.array([x], dtype=float), np.array([y], dtype=float))[0])


def kendall_p(tau: float, n: int) -> float:
    """How often the order of n things at random has a tau as far from 0: exact, for orders without ties.

    >>> kendall_p(1.0, 3)
    0.3333333333333333
    """
    counts = [1]  # of permutations by their inversions, a thing more at a time
    for size in range(2, n + 1):
        sums = np.convolve(counts, np.ones(size))
        counts = [int(c) for c in sums] if math.factorial(size) < 2**53 else list(sums)
    pairs = n * (n - 1) / 2
    least = abs(tau) - 1e-9
    beyond = sum(c for i, c in enumerate(counts) if abs(1 - 2 * i / pairs) >= least)
    return float(beyond / math.factorial(n))


class _Measured:
    """Differences of one finished ablation."""

    def __init__(self, name: str, folder: Path) -> None:
        path = folder / "results.parquet"
        if not path.exists():
            message = f"{folder} is no finished ablation: it has no {path.name}"
            raise ParameterError(name, message)
        rows = pl.read_parquet(path).filter(pl.col("regime") == TOKENS)
        self._rows = rows.filter(pl.col("arm") != LADDER, pl.col("rule") != "random")

    @property
    def pairs(self) -> list[tuple[str, float]]:
        """Arms and yields."""
        return self._rows.select("arm", "yield_target").unique(maintain_order=True).rows()

    @cached_property
    def works(self) -> pl.DataFrame:
        """Families and works."""
        return self._rows.select("family", "work").unique(maintain_order=True)

    def differences(
        self, pairs: Sequence[tuple[str, float]], works: pl.DataFrame, family: str
    ) -> list[dict[str, Floats]]:
        """Arrays of (works, seeds) by family, of each pair, of these works only."""
        rows = self._rows.join(works, on=["family", "work"], how="semi")
        return [
            matrices(rows.filter(pl.col("arm") == arm, pl.col("yield_target") == yield_), "d_bpb", family)
            for arm, yield_ in pairs
        ]  # fmt: skip


def _agreement(
    both: Sequence[_Measured],
    pairs: list[tuple[str, float]],
    works: pl.DataFrame,
    family: str,
    seed: int,
) -> Agreement:
    found = [measured.differences(pairs, works, family) for measured in both]
    x, y = (np.array([[statistics.macro_mean(d) for d in side]]) for side in found)
    # The works drawn are the same on both sides; each side draws its own seeds.
    drawn = [_drawn(side, seed, i) for i, side in enumerate(found)]
    low, high = np.quantile(_taus(*drawn), [0.025, 0.975])
    order = _orders(x) * _orders(y)
    tau = float(_taus(x, y)[0])
    return Agreement(
        family=family,
        arms=[arm for arm, _ in pairs],
        tau=tau,
        low=float(low),
        high=float(high),
        p=kendall_p(tau, len(pairs)),
        same_sign=float(np.mean((x < 0) == (y < 0))),
        decisions=float(np.mean(order > 0)),
    )


def _drawn(side: list[dict[str, Floats]], seed: int, which: int) -> Floats:
    """Macro means of every pair in every draw of works and seeds: (draws, pairs).

    As they are drawn: what an order needs is which mean is the larger, and spread draws are no more likely orders.
    """
    families = {name: len(values) for name, values in side[0].items()}
    rng = statistics.generator(seed)
    works = {name: statistics.weights(n, rng, _DRAWS) for name, n in families.items()}
    rng = statistics.generator(seed + 1 + which)
    n_seeds = {next(iter(d.values())).shape[1] for d in side}
    seeds = {n: statistics.weights(n, rng, _DRAWS) for n in sorted(n_seeds)}
    means = [
        np.mean(
            [
                np.einsum("bw,ws,bs->b", works[name], v, seeds[v.shape[1]], optimize=True)
                for name, v in differences.items()
            ],
            axis=0,
        )
        for differences in side
    ]
    return np.stack(means, axis=1)


def _taus(x: Floats, y: Floats) -> Floats:
    """Kendall's tau-b of each row."""
    one, other = _orders(x), _orders(y)
    scale = np.sqrt((one != 0).sum(axis=1) * (other != 0).sum(axis=1))
    return np.asarray((one * other).sum(axis=1) / np.maximum(scale, 1))


def _orders(x: Floats) -> Floats:
    """Of each pair of columns, which is larger: (rows, pairs), 1, 0 or -1."""
    first, second = np.array(list(combinations(range(x.shape[1]), 2))).T
    return np.asarray(np.sign(x[:, first] - x[:, second]))
