"""Scores as probabilities: a monotone map learned from labelled documents of the pool.

For reading, never for selecting: a monotone map moves no rank, and yields do not depend on it.
Stored in a model's sidecar as plain numbers, so that applying it needs no library.

>>> Calibration("platt", slope=2.0, intercept=0.0).apply([0.5])
[0.5]
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

ISOTONIC_FROM = 1000
"""Isotonic regression overfits fewer labels (scikit-learn's user guide, on its choice of method)."""
# A probability of exactly 0 or 1 has no logit.
_EDGE = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A fitted map from score to probability.

    Attributes
    ----------
    method : {"isotonic", "platt"}
        Steps joined by lines, or a logistic curve over the score's logit.
    scores, probabilities : list of float
        The isotonic map's corners, rising.
    slope, intercept : float
        The logistic curve's.
    """

    method: Literal["isotonic", "platt"]
    scores: list[float] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, scores: Sequence[float]) -> list[float]:
        """The probability of each score, 0 to 1."""
        return [self._one(score) for score in scores]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a sidecar."""
        return asdict(self)

    def _one(self, score: float) -> float:
        if self.method == "platt":
            return 1 / (1 + math.exp(-(self.slope * logit(score) + self.intercept)))
        i = bisect_right(self.scores, score)
        if i == 0 or i == len(self.scores):
            return self.probabilities[min(i, len(self.scores) - 1)]
        (left, right), (low, high) = self.scores[i - 1 : i + 1], self.probabilities[i - 1 : i + 1]
        return low + (high - low) * (score - left) / (right - left)


def logit(score: float) -> float:
    """Log odds of a score; scores at the edges are moved inside."""
    inside = min(max(score, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))


def fit_calibration(
    scores: Sequence[float],
    truth: Sequence[bool],
    method: Literal["auto", "isotonic", "platt"] = "auto",
) -> Calibration:
    """Learns the map from labelled documents.

    Parameters
    ----------
    scores, truth : sequence of float, of bool
        Scores and whether each document is positive, length n; both classes occur.
    method : {"auto", "isotonic", "platt"}
        auto: isotonic from 1,000 documents, Platt below.
    """
    if method == "isotonic" or (method == "auto" and len(scores) >= ISOTONIC_FROM):
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, truth)
        return Calibration("isotonic", fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist())
    from sklearn.linear_model import LogisticRegression

    logits = [[logit(score)] for score in scores]
    fitted = LogisticRegression(C=1e6).fit(logits, truth)
    return Calibration(
        "platt", slope=float(fitted.coef_[0][0]), intercept=float(fitted.intercept_[0])
    )


def cross_calibrated(
    scores: Sequence[float],
    truth: Sequence[bool],
    method: Literal["auto", "isotonic", "platt"] = "auto",
    folds: int = 5,
) -> list[float]:
    """Probabilities of maps that did not see the document: what a calibration is judged by."""
    from sklearn.model_selection import StratifiedKFold

    if method == "auto":
        method = "isotonic" if len(scores) >= ISOTONIC_FROM else "platt"
    n = min(folds, sum(truth), len(truth) - sum(truth))
    found = [0.0] * len(scores)
    splitter = StratifiedKFold(n_splits=n, shuffle=True, random_state=0)
    for fitted_on, judged in splitter.split(scores, truth):
        calibration = fit_calibration([scores[i] for i in fitted_on], [truth[i] for i in fitted_on], method)  # fmt: skip
        for i, probability in zip(
            judged, calibration.apply([scores[i] for i in judged]), strict=True
        ):
            found[i] = probability
    return found
