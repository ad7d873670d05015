"""How far two labellers agree beyond chance: Cohen's kappa, and who says what.

Cohen 1960 (kappa), Cohen 1968 (weighted kappa). Quadratic weights count a disagreement by the square of its
distance on the scale, so that 4 against 5 is not 0 against 5.

>>> agreement([1, 2, 3, 3], [1, 2, 3, 2]).kappa
0.6363636363636364
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Agreement:
    """Two labellers over the documents that both labelled.

    Attributes
    ----------
    n : int
        Documents.
    kappa, quadratic_kappa : float or None
        1 is full agreement, 0 what chance gives; None where both always say one and the same
        label, so that chance alone agrees.
    labels : list of int
        Every label that either gave, rising.
    confusion : list of list of int
        Documents by the first's label (rows) and the second's (columns), in the order of `labels`.
    """

    n: int
    kappa: float | None
    quadratic_kappa: float | None
    labels: list[int]
    confusion: list[list[int]]


def agreement(first: Sequence[int], second: Sequence[int]) -> Agreement:
    """Agreement of two labellers, whose labels of each document stand at the same place."""
    labels = sorted({*first, *second})
    place = {label: i for i, label in enumerate(labels)}
    confusion = [[0] * len(labels) for _ in labels]
    for a, b in zip(first, second, strict=True):
        confusion[place[a]][place[b]] += 1
    return Agreement(
        len(first),
        _kappa(confusion, labels, lambda a, b: float(a != b)),
        _kappa(confusion, labels, lambda a, b: float((a - b) ** 2)),
        labels,
        confusion,
    )


def _kappa(
    confusion: list[list[int]], labels: Sequence[int], distance: Callable[[int, int], float]
) -> float | None:
    """One minus observed over expected disagreement."""
    n = sum(map(sum, confusion))
    rows = [sum(row) for row in confusion]
    columns = [sum(column) for column in zip(*confusion, strict=True)]
    observed = expected = 0.0
    for i, a in enumerate(labels):
        for j, b in enumerate(labels):
            observed += distance(a, b) * confusion[i][j]
            expected += distance(a, b) * rows[i] * columns[j] / n
    return None if expected == 0 else 1 - observed / expected
