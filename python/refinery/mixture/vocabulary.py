"""A tokenizer's special tokens and size, which counting tokens does not need but writing them does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery import _core
from refinery.errors import ModelError, nearest
from refinery.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

_EMBEDDED = {
    "cl100k_base": {
        "<|endoftext|>": 100_257, "<|fim_prefix|>": 100_258, "<|fim_middle|>": 100_259,
        "<|fim_suffix|>": 100_260, "<|endofprompt|>": 100_276,
    },
    "o200k_base": {"<|endoftext|>": 199_999, "<|endofprompt|>": 200_018},
}  # fmt: skip
"""Special tokens of the embedded tokenizers, as tiktoken 0.9 numbers them (tiktoken_ext/openai_public.py)."""

UINT16_SIZE = 65_536
"""Ids of a smaller vocabulary fit into two bytes."""


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer with its special tokens; `size` is its largest id and one."""

    name: str
    tokenizer: _core.Tokenizer
    special: dict[str, int]
    known: dict[str, int]
    size: int

    def id_of(self, token: str) -> int | None:
        """The id of a token by its text; None where there is none."""
        return self.special.get(token, self.known.get(token))

    def lacks(self, token: str) -> str:
        """What to say of a token that is not there."""
        special = ", ".join(self.special) or "none"
        hint = nearest(token, self.special) or f"; its special tokens: {special}"
        return f"{self.name} has no token {token!r}{hint}"


def load_vocabulary(name: str, folder: Path) -> Vocabulary:
    """An embedded tokenizer by its name, or a `tokenizer.json` relative to `folder`.

    Raises
    ------
    ModelError
        If no tokenizer of that name is embedded, or the file is none.
    FileNotFoundError
        If there is no such file.
    """
    tokenizer = load_tokenizer(name, folder)
    if not name.endswith(".json"):
        special = _EMBEDDED[name]
        return Vocabulary(name, tokenizer, special, {}, max(special.values()) + 1)
    path = folder / name
    content = json.loads(path.read_text(encoding="utf-8"))
    added = {entry["content"]: int(entry["id"]) for entry in content.get("added_tokens") or []}
    known = _entries(content.get("model", {}).get("vocab"))
    ids = [*known.values(), *added.values()]
    if not ids:
        raise ModelError(str(path), "has no vocabulary")
    return Vocabulary(name, tokenizer, added, known, max(ids) + 1)


def _entries(vocabulary: Any) -> dict[str, int]:
    """Ids by token: a mapping (BPE, WordPiece, WordLevel), or a list in the ids' order (Unigram)."""
    if isinstance(vocabulary, dict):
        return {token: int(i) for token, i in vocabulary.items()}
    return {entry[0]: i for i, entry in enumerate(vocabulary or [])}
