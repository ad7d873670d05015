"""Whether a training set can be told apart by its format alone.

A classifier takes the easiest way: if the positive texts are longer, or the negative ones full of
digits, that is what it learns. The check is a logistic regression that sees lengths and
punctuation, but no words; on a well matched set it is not much better than chance. (fastText
itself cannot be used for it: its training fails on such small vocabularies.)

Needs the optional extra ``train``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.scoring.text_prep import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

# Each as a share of the characters.
_COUNTED = ".,;:!?'\"()[]{}<>/\\|*_#=+-%$&@~^`\n\t"
_NAMES = ["characters", "words", "mean word length", "upper case", "digits", "not ASCII"]
_FEATURES = [*_NAMES, *(repr(c) for c in _COUNTED)]
_FOLDS = 5


@dataclass(frozen=True)
class FormatLeak:
    """How well format alone separates two classes, and by what.

    Attributes
    ----------
    auc : float
        Of a logistic regression over all features, cross-validated by work.
    features : list of (str, float)
        Features by the AUC that each has alone (0.5 is chance; below it, the positives have less
        of it), the most telling first; those within 0.05 of chance are left out.
    """

    auc: float
    features: list[tuple[str, float]]


def format_auc(positive: Sequence[str], negative: Sequence[str], *, groups: Sequence[str]) -> float:
    """How well format alone separates two classes, in texts of works not seen before.

    Parameters
    ----------
    positive, negative : sequence of str
        The texts of the two classes.
    groups : sequence of str
        The work of each text, positives first: a work is either fitted or measured.

    Returns
    -------
    float
        Area under the ROC curve of a cross-validation of five folds (or fewer, where a class has
        fewer works); 0.5 is chance, 0.65 is the most that we accept of a training set.
    """
    return format_leak(positive, negative, groups=groups).auc


def format_leak(
    positive: Sequence[str], negative: Sequence[str], *, groups: Sequence[str]
) -> FormatLeak:
    """As `format_auc`, with the features that tell the classes apart."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    features = np.array([_features(text) for text in [*positive, *negative]])
    truth = np.array([1] * len(positive) + [0] * len(negative))
    scores = _probabilities(features, truth, groups)
    alone = [
        (name, float(roc_auc_score(truth, features[:, i]))) for i, name in enumerate(_FEATURES)
    ]
    telling = [pair for pair in alone if abs(pair[1] - 0.5) >= 0.05]
    telling.sort(key=lambda pair: -abs(pair[1] - 0.5))
    return FormatLeak(float(roc_auc_score(truth, scores)), telling)


def format_ranges(
    positive: Sequence[str], negative: Sequence[str], *, groups: Sequence[str], n: int = 10
) -> list[int]:
    """In which of `n` ranges of equal number each text lies, by how much its format looks positive.

    Equal numbers of both classes from each range are texts whose format says little (matching by
    propensity, Rosenbaum and Rubin 1983). Arguments are those of `format_auc`; positives come first.
    """
    import numpy as np

    features = np.array([_features(text) for text in [*positive, *negative]])
    truth = np.array([1] * len(positive) + [0] * len(negative))
    # Rounded: the last digits of a fit are those of the machine's linear algebra.
    scores = _probabilities(features, truth, groups).round(4)
    edges = np.quantile(scores, np.linspace(0, 1, n + 1)[1:-1])
    return [int(place) for place in np.searchsorted(edges, scores, side="right")]


def _probabilities(
    features: NDArray[np.float64], truth: NDArray[np.int64], groups: Sequence[str]
) -> NDArray[np.float64]:
    """That each text is positive, by fits that have not seen its work."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    n = int(truth.sum())
    found = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        features,
        truth,
        groups=list(groups),
        cv=_folds(groups[:n], groups[n:]),
        method="predict_proba",
    )
    return np.asarray(found[:, 1])


def _folds(positive: Sequence[str], negative: Sequence[str]) -> Any:
    """Folds by work; no more than a class has works, so that each fit sees both classes."""
    from sklearn.model_selection import StratifiedGroupKFold

    n = min(_FOLDS, len(set(positive)), len(set(negative)))
    return StratifiedGroupKFold(n_splits=max(2, n), shuffle=True, random_state=0)


def _features(text: str) -> list[float]:
    n_chars = max(1, len(text))
    found = words(text)
    n_words = max(1, len(found))
    return [
        len(text),
        len(found),
        sum(map(len, found)) / n_words,
        sum(c.isupper() for c in text) / n_chars,
        sum(c.isdigit() for c in text) / n_chars,
        sum(not c.isascii() for c in text) / n_chars,
        *(text.count(c) / n_chars for c in _COUNTED),
    ]
