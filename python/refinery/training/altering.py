"""Examples that are made, and format that is taken away.

Made-up text of kinds that no source has and damaged copies of positives go into the negatives; of
both classes alike a share loses its case, its punctuation or its digits, so that a classifier
finds less in them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from refinery.scoring import synthetic
from refinery.scoring.text_prep import prepare
from refinery.training.examples import NEGATIVE, Chunk, draw_key, generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.training.config import AlterConfig, ChunksConfig, MadeUp

# Addresses: they give sources away, and people's have no place in a model's vocabulary.
_ADDRESSES = re.compile(r"\S*(?:@|://|www\.)\S*")
# A word of marks alone: it tells mail, tables and transcripts by their layout, not by what they say.
_MARKS = re.compile(r"(?<!\S)[^\w\s]+(?!\S)")
_FEWEST_FILLERS = 50


def alter(chunk: Chunk, config: AlterConfig, seed: int) -> Chunk:
    """A chunk with the format taken away that its draws say."""
    draw, text = generator(seed, "format", chunk.text), chunk.text
    if config.addresses == "remove":
        text = _ADDRESSES.sub(" ", text)
    if draw.random() < config.lower_case:
        text = text.lower()
    # Drawn only where it is asked for: the draws after it are those of older training files.
    if config.upper_case and draw.random() < config.upper_case:
        text = text.upper()
    if draw.random() < config.no_punctuation:
        text = re.sub(r"[^\w\s]+", " ", text)
    if draw.random() < config.no_digits:
        text = re.sub(r"\d+", "", text)
    if draw.random() < config.no_marks:
        text = _MARKS.sub(" ", text)
    return replace(chunk, text=prepare(text))


def made_up(
    kind: MadeUp, n: int, fillers: Sequence[str], config: ChunksConfig, seed: int
) -> Iterator[Chunk]:
    """`n` texts of a small grammar; `fillers` are the words in its gaps."""
    make = getattr(synthetic, kind)
    shortest, longest = config.words
    for i in range(n):
        draw = generator(seed, kind, str(i))
        size = round(shortest * (longest / shortest) ** draw.random())
        text = prepare(make(draw, fillers, size))
        yield Chunk(NEGATIVE, text, f"made up: {kind} {i}", f"made up: {kind}")


def fillers_of(chunks: Sequence[Chunk]) -> list[str]:
    """Words for the gaps of made-up text, of the negatives: the positives' would mislead."""
    texts = (chunk.text for chunk in chunks if chunk.label == NEGATIVE)
    found = {w for text in texts for w in text.split() if w.isalpha() and 2 < len(w) < 12}
    return sorted(found) if len(found) >= _FEWEST_FILLERS else ["item", "name", "value"]


def damaged(positives: Sequence[Chunk], n: int, seed: int) -> Iterator[Chunk]:
    """Copies of `n` positives as negatives: words shuffled, or one short stretch repeated."""
    ordered = sorted(positives, key=lambda chunk: draw_key(seed, "damage", chunk.text))
    for chunk in ordered[:n]:
        draw = generator(seed, "damage", chunk.text)
        found = chunk.text.split()
        if draw.random() < 0.5:
            draw.shuffle(found)
        else:
            # As broken extraction gives it: again and again.
            start, size = draw.randrange(len(found)), draw.randrange(2, 8)
            found = (found[start : start + size] or found[:size]) * (len(found) // size + 1)
        yield Chunk(NEGATIVE, " ".join(found), chunk.work, "damaged positives")
