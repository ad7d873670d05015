"""The models that come with the package: `builtin/NAME` in a pipeline, an expression, `explain`.

Each is a model file, its sidecar and its card in `refinery/models/`. Not here: how a model is read.

>>> "builtin/textbook" in names()
True
"""

from __future__ import annotations

from pathlib import Path

PREFIX = "builtin/"
_FOLDER = Path(__file__).parent / "models"
_SUFFIXES = (".bin", ".ftz")


def names() -> list[str]:
    """Every built-in model, prefix included, sorted."""
    return sorted(PREFIX + file.stem for file in _FOLDER.iterdir() if file.suffix in _SUFFIXES)


def path(name: str) -> Path | None:
    """The model file of a name, prefix included; None where there is none."""
    wanted = name.removeprefix(PREFIX)
    found = (_FOLDER / f"{wanted}{suffix}" for suffix in _SUFFIXES)
    return next((file for file in found if PREFIX + wanted == name and file.exists()), None)


def summary(name: str) -> str:
    """What a model is for: the first sentence of its card's summary, in one line.

    Raises
    ------
    FileNotFoundError
        If there is no such model, or it has no card.
    """
    card = (_FOLDER / f"{name.removeprefix(PREFIX)}.md").read_text(encoding="utf-8")
    paragraph = " ".join(card.partition("## Summary\n")[2].strip().partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].removesuffix(".") + "."
