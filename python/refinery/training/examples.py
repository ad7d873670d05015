"""What an example is, and the draws by which examples are chosen.

Every draw is a hash of the seed, a purpose and a name: the same documents in any order, in any
files, give the same examples.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from heapq import heappush, heappushpop
from random import Random
from typing import TYPE_CHECKING

from refinery.scoring.text_prep import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POSITIVE, NEGATIVE = "hq", "lq"


@dataclass(frozen=True)
class Document:
    """A text, the work that it is a part of, and what the report calls where it comes from."""

    id: str
    text: str
    work: str
    origin: str


@dataclass(frozen=True)
class Chunk:
    """A piece of text and its class: one example."""

    label: str
    text: str
    # One work is either trained on or held out.
    work: str
    origin: str
    # How often training sees it.
    weight: int = 1

    @property
    def n_words(self) -> int:
        """Words as the model sees them."""
        return len(self.text.split(" "))


def draw_key(seed: int, purpose: str, name: str) -> int:
    """A number of 64 bits that looks random, and is a function of its arguments."""
    digest = hashlib.sha256(f"{seed} {purpose} {name}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big")


def generator(seed: int, purpose: str, name: str) -> Random:
    """A stream of draws for one thing, by its name."""
    return Random(draw_key(seed, purpose, name))  # noqa: S311 - reproducible, not secret


def cut(text: str, shortest: int, longest: int, draw: Random) -> Iterator[str]:
    """Consecutive pieces of a text, of log-uniformly drawn lengths; what is too short is left out.

    Parameters
    ----------
    text : str
        Any text. Pieces are prepared text: words, joined by one space.
    shortest, longest : int
        Words; in scripts without spaces a word is nine characters.
    draw : Random
        Decides the lengths.
    """
    rest = words(text)
    # Characters to a word, where words are as long as sentences.
    per_word = max(1, sum(map(len, rest)) // (9 * max(1, len(rest))))
    start = 0
    while (len(rest) - start) * per_word >= shortest:
        size = round(shortest * (longest / shortest) ** draw.random())
        end = start + max(1, size // per_word)
        yield " ".join(rest[start:end])
        start = end


class Sampler:
    """Keeps the chunks of the documents that are drawn first, within limits, in bounded memory.

    Parameters
    ----------
    limit : int
        Most chunks.
    per_document, per_source : int
        Most chunks of one document, and of one origin (None: no limit).
    key : callable
        The draw of a name: `draw_key` with its seed and purpose.
    """

    def __init__(
        self, limit: int, per_document: int, per_source: int | None, key: Callable[[str], int]
    ) -> None:
        self._limit = limit
        self._per_document = per_document
        self._per_source = per_source
        self._key = key
        self._heaps: dict[str, list[tuple[int, int, Chunk]]] = {}
        self.documents = 0

    def offer(
        self,
        document: Document,
        pieces: Callable[[str], Iterator[str]],
        label: str,
        weight: int = 1,
    ) -> None:
        """Take chunks of a document, unless enough others are drawn before it."""
        self.documents += 1
        heap = self._heaps.setdefault(document.origin if self._per_source else "", [])
        capacity = min(self._limit, self._per_source or self._limit)
        key = self._key(document.id)
        # Keys are negated: a heap gives its least, and what goes is what was drawn last.
        if len(heap) >= capacity and -key <= heap[0][0]:
            return
        numbered = sorted(
            enumerate(pieces(document.text)),
            key=lambda piece: self._key(f"{document.id} {piece[0]}"),
        )
        for i, text in numbered[: self._per_document]:
            chunk = Chunk(label, text, document.work, document.origin, weight)
            entry = (-key, -i, chunk)
            if len(heap) < capacity:
                heappush(heap, entry)
            else:
                heappushpop(heap, entry)

    def chunks(self) -> list[Chunk]:
        """What was taken, in the order of the draw."""
        entries = sorted(
            (entry for heap in self._heaps.values() for entry in heap),
            key=lambda entry: (-entry[0], -entry[1]),
        )
        return [chunk for _, _, chunk in entries[: self._limit]]
