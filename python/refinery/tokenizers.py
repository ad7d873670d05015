"""Tokenizers by what a file calls them: an embedded one's name, or a path to a tokenizer.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery import _core
from refinery.errors import ModelError, UnknownNameError, nearest

if TYPE_CHECKING:
    from pathlib import Path


def load_tokenizer(name: str, folder: Path) -> _core.Tokenizer:
    """An embedded tokenizer by its name, or a `tokenizer.json` relative to `folder`.

    Raises
    ------
    ModelError
        If no tokenizer of that name is embedded, with the nearest; if the file is no tokenizer.
    FileNotFoundError
        If there is no such file.
    """
    if name.endswith(".json"):
        return _core.Tokenizer.from_file(folder / name)
    try:
        return _core.Tokenizer.embedded(name)
    except UnknownNameError:
        allowed = _core.EMBEDDED_TOKENIZERS
        hint = nearest(name, allowed) or f"; embedded are {', '.join(allowed)}"
        message = f"no tokenizer {name!r}{hint} (or give a path to a tokenizer.json)"
        raise ModelError(name, message) from None
