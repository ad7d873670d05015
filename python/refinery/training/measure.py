"""How a classifier comes out on examples that it has not seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from refinery import _core
from refinery.scoring.sidecar import read_sidecar
from refinery.scoring.text_prep import LABEL_PREFIX
from refinery.training.examples import NEGATIVE, POSITIVE, Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

YIELDS = (0.5, 0.25, 0.175, 0.1, 0.05)
"""Token yields at which precision is reported: those of published filters and either side."""
_MOST_COUNTED = 4000
BINS = 10
"""Bins of equal width for reliability and the expected calibration error."""


@dataclass(frozen=True)
class Reliability:
    """Scores read as probabilities, against what was true.

    Attributes
    ----------
    brier : float
        Mean squared difference of probability and truth; lower is better.
    ece : float
        Expected calibration error over bins of equal width: the mean absolute difference of mean
        probability and share of positives, weighted by examples.
    bins : list of dict
        `probability` (mean), `positive` (share) and `examples` of each bin that is not empty.
    """

    brier: float
    ece: float
    bins: list[dict[str, float]]


def score_texts(model: Path, texts: Sequence[str]) -> NDArray[np.float64]:
    """The score of each text, length n: the probability of the label that the sidecar names.

    Without a sidecar it is the positive class's usual label.
    """
    columns = pa.record_batch(_core.Model(model).predict(pa.array(texts, pa.large_string())))
    sidecar = read_sidecar(model)
    label = LABEL_PREFIX + POSITIVE if sidecar is None else sidecar.positive_label
    return np.asarray(columns.column(label).to_numpy(), dtype=np.float64)


def auc(truth: Sequence[bool], scores: NDArray[np.float64]) -> float:
    """Area under the ROC curve; 0.5 is chance."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, scores))


def precision_at_yields(
    truth: Sequence[bool], scores: NDArray[np.float64], weights: Sequence[int]
) -> dict[float, float]:
    """Share of positives, by weight, among the best-scored that make each yield.

    Parameters
    ----------
    truth : sequence of bool
        Who is positive, length n.
    scores : array of float64
        Length n; ties keep their order.
    weights : sequence of int
        Words of each example, length n: a yield is a share of tokens, never of documents.

    Returns
    -------
    dict
        Precision by yield, for `YIELDS`.
    """
    order = np.argsort(-scores, kind="stable")
    weight = np.asarray(weights, dtype=np.float64)[order]
    positive = np.where(np.asarray(truth)[order], weight, 0.0)
    until = np.cumsum(weight)
    found = {}
    for share in YIELDS:
        # As a selection does: the crossing example counts if more than half of it lies below.
        n = max(1, int(np.sum(until - weight / 2 <= share * until[-1])))
        found[share] = float(positive[:n].sum() / weight[:n].sum())
    return found


def reliability(truth: Sequence[bool], probabilities: NDArray[np.float64]) -> Reliability:
    """Brier score, expected calibration error and the bins of a reliability plot."""
    actual = np.asarray(truth, dtype=np.float64)
    place = np.minimum((np.clip(probabilities, 0, 1) * BINS).astype(int), BINS - 1)
    bins, error = [], 0.0
    for i in range(BINS):
        here = place == i
        n = int(here.sum())
        if n:
            mean, share = float(probabilities[here].mean()), float(actual[here].mean())
            error += n / len(actual) * abs(mean - share)
            bins.append({"probability": mean, "positive": share, "examples": n})
    brier = float(np.mean((probabilities - actual) ** 2))
    return Reliability(brier, error, bins)


@dataclass(frozen=True)
class Judgement:
    """The figures of a model on held-out examples; `as_dict` is what the sidecar holds."""

    n_positive: int
    n_negative: int
    auc: float
    precision: dict[float, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"precision": {str(k): v for k, v in self.precision.items()}}


def judge(model: Path, held_out: Sequence[Chunk]) -> Judgement:
    """AUC and precision at yields on held-out chunks."""
    scores = score_texts(model, [chunk.text for chunk in held_out])
    truth = [chunk.label == POSITIVE for chunk in held_out]
    weights = [chunk.n_words for chunk in held_out]
    n_positive = sum(truth)
    return Judgement(
        n_positive,
        len(truth) - n_positive,
        auc(truth, scores),
        precision_at_yields(truth, scores, weights),
    )


def telling_ngrams(
    model: Path, chunks: Sequence[Chunk], n: int = 20
) -> dict[str, list[tuple[str, float]]]:
    """The words and pairs of words that speak loudest for each class.

    Candidates are in at least a hundredth of a class's chunks (and 5 of them), so that no name
    of one work is shown; each is scored as a text of its own.

    Returns
    -------
    dict
        For each label, n-grams and their scores, the most telling first.
    """
    seen: dict[str, Counter[str]] = {POSITIVE: Counter(), NEGATIVE: Counter()}
    sizes: Counter[str] = Counter()
    for chunk in chunks:
        # Pairs of all chunks of a large set would take gigabytes, and say no more.
        if sizes[chunk.label] == _MOST_COUNTED:
            continue
        sizes[chunk.label] += 1
        found = chunk.text.split(" ")
        pairs = (f"{a} {b}" for a, b in pairwise(found))
        seen[chunk.label].update({*found, *pairs})
    candidates = sorted(
        {
            ngram
            for label, counts in seen.items()
            for ngram, count in counts.items()
            if count >= max(5, sizes[label] / 100)
        }
    )
    if not candidates:
        return {POSITIVE: [], NEGATIVE: []}
    scores = score_texts(model, candidates).tolist()
    telling = {}
    for label, sign in ((POSITIVE, -1), (NEGATIVE, 1)):
        # A strong model is as sure of many: of those, the most frequent say most about it.
        ranked = sorted(
            zip(candidates, scores, strict=True),
            key=lambda p: (sign * round(p[1], 2), -seen[label][p[0]], p[0]),
        )
        telling[label] = ranked[:n]
    return telling
