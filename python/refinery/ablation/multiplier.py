"""What a kept token is worth in random ones.

A law L(D) = E + b D^-beta is fitted to the losses of random tokens at several budgets; inverted at an
arm's loss it tells how many random tokens would give that loss: the multiplier is that number
divided by the arm's own tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from refinery.ablation.statistics import Interval
from refinery.errors import ParameterError
from refinery.scaling.laws import effective_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = (0.25, 0.5, 1.0, 2.0)
"""Budgets of the ladder, in those of the main yield."""
REACH = 8.0
"""Beyond this many times the ladder's ends the law is not trusted: the multiplier is cut there."""
_EXPONENTS = np.linspace(0.02, 1.0, 99)


@dataclass(frozen=True)
class Ladder:
    """Laws fitted to draws of losses: arrays of one length."""

    limit: Floats
    scale: Floats
    exponent: Floats
    budgets: Floats

    @property
    def trusted(self) -> tuple[float, float]:
        """Between how many random tokens the law is trusted."""
        return float(self.budgets[0]) / REACH, float(self.budgets[-1]) * REACH

    def loss(self, tokens: float) -> float:
        """Loss after so many random tokens, of the first draw."""
        return float(self.limit[0] + self.scale[0] * tokens ** -self.exponent[0])

    def equivalent(self, loss: Floats) -> Floats:
        """Random tokens that give each loss; cut at `REACH` beyond the ladder."""
        least, most = self.trusted
        above = np.maximum(loss - self.limit, 1e-12)
        with np.errstate(over="ignore"):
            tokens = (above / np.maximum(self.scale, 1e-12)) ** (-1 / self.exponent)
        return np.clip(tokens, least, most)


def fit_ladder(budgets: Floats, losses: Floats) -> Ladder:
    """The law of least squares for each row of `losses` (draws, budgets).

    For every exponent of a grid the other two constants are a straight line's, and the exponent with the
    smallest error wins: no start value, no local minimum.
    """
    if len(budgets) < 3:
        name, message = "budgets", f"a ladder needs three, found {len(budgets)}"
        raise ParameterError(name, message)
    best = np.full(len(losses), np.inf)
    found = np.zeros((3, len(losses)))
    for exponent in _EXPONENTS:
        x = (budgets / budgets[0]) ** -exponent
        centred = x - x.mean()
        slope = (losses - losses.mean(axis=1, keepdims=True)) @ centred / (centred @ centred)
        limit = losses.mean(axis=1) - slope * x.mean()
        error = ((limit[:, None] + slope[:, None] * x - losses) ** 2).sum(axis=1)
        error = np.where((slope > 0) & (limit >= 0), error, np.inf)
        is_better = error < best
        best = np.where(is_better, error, best)
        law = np.array([limit, slope * budgets[0] ** exponent, np.full_like(limit, exponent)])
        found = np.where(is_better, law, found)
    return Ladder(found[0], found[1], np.where(found[2] > 0, found[2], 1.0), budgets)


def multiplier(budgets: Floats, ladder: Floats, losses: Floats, tokens: float) -> Interval:
    """Worth of an arm's token in random ones, with its interval.

    Parameters
    ----------
    budgets
        Tokens of the ladder's steps, rising.
    ladder
        Losses of (draws, budgets) in bits per byte; the first draw is what was measured.
    losses
        The arm's losses of the same draws.
    tokens
        That the arm was trained on.
    """
    worth = fit_ladder(budgets, ladder).equivalent(losses) / tokens
    low, high = np.quantile(worth[1:], [0.025, 0.975])
    return Interval(float(worth[0]), float(low), float(high))


def crossing(
    worth: float,
    yield_: float,
    effective: Callable[[float, float], float] = effective_tokens,
) -> float | None:
    """Passes over the raw pool at which a filter that repeats is overtaken by the whole pool.

    Predicted from the data-constrained law: `worth` times what the kept share is worth after
    its epochs, against what the pool is worth. None where the filter is ahead up to 100 passes, 0
    where it never is. `effective` says what tokens read from unique ones are worth.
    """

    def lead(passes: float) -> float:
        return worth * effective(passes, yield_) - effective(passes, 1.0)

    passes = np.geomspace(yield_, 100, 400)
    ahead = np.array([lead(p) > 0 for p in passes])
    if not ahead[0]:
        return 0.0
    return None if ahead.all() else float(passes[np.argmin(ahead)])
