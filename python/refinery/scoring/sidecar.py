"""What a model file does not say about itself: the JSON file beside it.

``textbook.ftz`` travels with ``textbook.ftz.json``: which label is the score, how text was
prepared, how long a document must be, how the model was trained, how scores are distributed on
the training pool, and the hash of the model file, so that the two cannot be mixed up.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from refinery.errors import ModelError
from refinery.hashes import sha256_of
from refinery.scoring.text_prep import TEXT_PREP, text_prep_sha256

# Raised when the meaning of a field changes; older files are then refused, never guessed at.
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """The description of one model file.

    Attributes
    ----------
    name : str
        What the score is called, e.g. ``textbook``.
    positive_label : str
        The label whose probability is the score, prefix included.
    labels : list of str
        All labels, prefix included, in the order of the model file.
    text_prep : str
        Name of the text preparation (`refinery.scoring.text_prep`).
    min_words : int
        Documents with fewer words than this were not in the training data: their score is noise.
        The score is still a number; a rule may ask for the words.
    sha256 : str
        Hash of the model file, in hexadecimal digits.
    training : dict
        Settings, counts of examples, and versions; for people and for reproducing. With the hash of
        what the text preparation does, where the model was trained by a version that writes it.
    quantiles : list of float
        The 0th, 1st, ... 100th percentile of the score on the training pool, documents weighted
        alike.
    format_version : int
        Version of this description.
    """

    name: str
    positive_label: str
    labels: list[str]
    sha256: str
    text_prep: str = TEXT_PREP
    min_words: int = 0
    training: dict[str, Any] = field(default_factory=dict)
    quantiles: list[float] = field(default_factory=list)
    format_version: int = FORMAT_VERSION

    @property
    def positive_index(self) -> int:
        """Index of the positive label in the model file."""
        return self.labels.index(self.positive_label)

    def write(self, model: Path) -> Path:
        """Writes the description beside the model file `model`; returns where."""
        path = sidecar_path(model)
        path.write_text(
            json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        return path


def sidecar_path(model: Path) -> Path:
    """Where the description of a model file lies.

    Examples
    --------
    >>> sidecar_path(Path("models/textbook.ftz")).name
    'textbook.ftz.json'
    """
    return model.with_name(model.name + ".json")


def read_sidecar(model: Path) -> Sidecar | None:
    """The description of the model file `model`; None where there is none.

    Raises
    ------
    ModelError
        Where the description is damaged, of another version or text preparation, or belongs to
        another model file.
    """
    path = sidecar_path(model)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise ModelError(str(path), f"not JSON: {error}") from error
    sidecar = _checked(found, path)
    if sidecar.sha256 != sha256_of(model):
        raise ModelError(str(path), f"describes another file than {model.name}: its sha256 differs")
    return sidecar


_TYPES = {
    "name": str,
    "positive_label": str,
    "labels": list,
    "sha256": str,
    "text_prep": str,
    "min_words": int,
    "training": dict,
    "quantiles": list,
    "format_version": int,
}


def _checked(found: object, path: Path) -> Sidecar:
    if not isinstance(found, dict):
        raise ModelError(str(path), f"expected an object, found {type(found).__name__}")
    if found.get("format_version") != FORMAT_VERSION:
        message = f"format_version is {found.get('format_version')!r}; this version reads {FORMAT_VERSION}"
        raise ModelError(str(path), message)
    names = [f.name for f in fields(Sidecar)]
    wrong = [n for n in names if not isinstance(found.get(n), _TYPES[n])]
    wrong += sorted(set(found) - set(names))
    if wrong:
        raise ModelError(str(path), f"missing, unknown or of the wrong type: {', '.join(wrong)}")
    sidecar = Sidecar(**found)
    if sidecar.text_prep != TEXT_PREP:
        message = f"its text was prepared as {sidecar.text_prep!r}; this version prepares as {TEXT_PREP!r}"
        raise ModelError(str(path), message)
    if sidecar.training.get("text_prep_sha256", text_prep_sha256()) != text_prep_sha256():
        message = (
            f"its {TEXT_PREP} prepared text otherwise than this version's does: train it again"
        )
        raise ModelError(str(path), message)
    if sidecar.positive_label not in sidecar.labels:
        raise ModelError(
            str(path), f"positive_label {sidecar.positive_label!r} is not among its labels"
        )
    return sidecar
