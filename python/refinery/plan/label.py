"""Which label of a classifier is the one worth keeping, where the pipeline names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.scoring.sidecar import read_sidecar

if TYPE_CHECKING:
    from pathlib import Path

POSITIVE_LABELS = (
    *("hq", "high", "high_quality", "textbook", "positive", "pos", "good", "keep", "quality"),
    *("edu", "educational", "yes", "true", "1"),
)
"""Label names that mean "worth keeping" when the pipeline names no label."""
NEGATIVE_LABELS = (
    *("cc", "lq", "low", "low_quality", "negative", "neg", "bad", "drop", "other", "junk"),
    *("random", "raw", "web", "spam", "no", "false", "0"),
)
"""Label names whose opposite, in a model of two labels, is worth keeping (DCLM's model has `cc`)."""


def positive_label(name: str, labels: dict[str, str], path: Path) -> str | None:
    """The label that means quality: the sidecar's, the score's own name, or a known name.

    `labels` are the model's, by their names without `__label__`; None where none can be told.
    """
    sidecar = read_sidecar(path)
    if sidecar is not None:
        return sidecar.positive_label
    lower = {plain.lower(): label for plain, label in labels.items()}
    if name.lower() in lower:
        return lower[name.lower()]
    positive_labels = [label for plain, label in lower.items() if plain in POSITIVE_LABELS]
    if len(positive_labels) == 1:
        return positive_labels[0]
    negative_labels = [label for plain, label in lower.items() if plain in NEGATIVE_LABELS]
    if len(labels) == 2 and len(negative_labels) == 1:
        return next(label for label in lower.values() if label != negative_labels[0])
    return None
