"""Whether a training set can be told apart by its format alone.

A classifier takes the easiest way: if the positive texts are longer, or the negative ones full of
digits, that is what it learns. The check is a logistic regression that sees lengths and
punctuation, but no words; on a well matched set it is not much better than chance. (fastText
itself cannot be used for it: its training fails on such small vocabularies.)

Needs the optional extra ``train``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.scoring.text_prep import words

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each as a share of the characters.
_COUNTED = ".,;:!?'\"()[]{}<>/\\|*_#=+-%$&@~^`\n\t"


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
        Area under the ROC curve of a five-fold cross-validation; 0.5 is chance, 0.65 is the most
        that we accept of a training set.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.array([_features(text) for text in [*positive, *negative]])
    truth = np.array([1] * len(positive) + [0] * len(negative))
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedGroupKFold(n_splits=5, shuffle=True, random_state=0)
    scores = cross_val_predict(
        classifier, features, truth, groups=np.array(groups), cv=folds, method="predict_proba"
    )
    return float(roc_auc_score(truth, scores[:, 1]))


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
