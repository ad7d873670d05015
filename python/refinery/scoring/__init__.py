r"""Scores: train a fastText classifier, describe it, prepare its text.

What is here: the one preparation of text (`text_prep`), training through the reference library
(`train`), the sidecar that travels with a model (`sidecar`), and the check that a training set
cannot be told apart by its format (`leak`). What is not here: inference, which is ours and in
Rust (`refinery._core.Model`), and thresholds.

Only `train_classifier` and `format_auc` need the optional extra ``train``.

Examples
--------
>>> from refinery.scoring import training_line
>>> training_line("hq", "Plants make sugar\nout of light.")
'__label__hq Plants make sugar out of light.'
"""

from refinery.scoring.calibration import Calibration
from refinery.scoring.leak import FormatLeak, format_auc, format_leak
from refinery.scoring.sidecar import Sidecar, read_sidecar, sidecar_path
from refinery.scoring.text_prep import TEXT_PREP, prepare, training_line, words
from refinery.scoring.train import Quantisation, TrainingSettings, train_classifier

__all__ = [
    "TEXT_PREP",
    "Calibration",
    "FormatLeak",
    "Quantisation",
    "Sidecar",
    "TrainingSettings",
    "format_auc",
    "format_leak",
    "prepare",
    "read_sidecar",
    "sidecar_path",
    "train_classifier",
    "training_line",
    "words",
]
