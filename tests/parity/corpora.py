"""Texts for parity: cases by hand, a seeded sample of a corpus, mutations, and character soup.

The corpus is named by `REFINERY_TEST_DATA`, a folder with `raw/*.parquet` (columns `text`,
`source`); without it the texts made here are all there is.
"""

import os
import random
from pathlib import Path

import polars as pl

SOUP = (
    *"aabbcc  ..,!?\n\n\r\t\"'()[]{}#-$1",
    *"\x0b\x0c\x1c\x1e\x1f\x00\x85\xa0",
    "the ", "of ", " and ", "to be", "...", "…", "•", "[1]", "[edit]", "[citation needed]",
    "lorem ipsum", "javascript", "use cookies", "Don't", "U.S.A.", "e-mail", "me@x.com", "3.5%",
    "\r\n", "\n\n", "\u2028", "\u2029", "\u3000", "é", "e\u0301", "日本語", "。", "שלום", "مرحبا؟",
    "👩\u200d👩\u200d👧", "½", "Ⅷ", "\u212a", "İ", "ß", "\u061d", "“", "”", "—", "x" * 40,
)  # fmt: skip


def sample(size: int, seed: int, *, most_chars: int = 60_000) -> list[str]:
    """About `size` documents of the corpus, from all of its sources alike."""
    folder = os.environ.get("REFINERY_TEST_DATA")
    if folder is None:
        return []
    raw = (
        pl.scan_parquet(Path(folder) / "raw" / "*.parquet").select("id", "text", "source").collect()
    )
    rng = random.Random(seed)
    sources = sorted(raw["source"].unique())
    texts: list[str] = []
    for source in sources:
        found = raw.filter(pl.col("source") == source).sort("id")["text"].to_list()
        texts += rng.sample(found, min(len(found), -(-size // len(sources))))
    return [text[:most_chars] for text in texts]


def mutated(texts: list[str], seed: int) -> list[str]:
    """Each text cut, repeated, shuffled or strewn with odd pieces."""
    rng = random.Random(seed)
    return [_mutate(text, rng) for text in texts]


def soup(size: int, seed: int) -> list[str]:
    """Random texts of pieces that some rule looks for."""
    rng = random.Random(seed)
    return ["".join(rng.choices(SOUP, k=rng.randrange(1, 400))) for _ in range(size)]


def _mutate(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    start = rng.randrange(len(lines))
    lines = lines[start : start + rng.randrange(1, 80)]
    for _ in range(rng.randrange(4)):
        piece = lines[rng.randrange(len(lines))]
        change = rng.randrange(6)
        if change == 0:
            lines += [piece] * rng.randrange(1, 12)
        elif change == 1:
            lines.insert(rng.randrange(len(lines)), "")
        elif change == 2:
            rng.shuffle(lines)
        elif change == 3:
            words = " ".join(lines).split(" ")
            lines = [" ".join(words[i : i + 20]) for i in range(0, len(words), 20)]
        elif change == 4:
            lines = [line + rng.choice((".", "...", " ", "\r", '."', "[1]", "")) for line in lines]
        else:
            at = rng.randrange(len(piece) + 1)
            lines[rng.randrange(len(lines))] = piece[:at] + rng.choice(SOUP) + piece[at:]
    return rng.choice(("\n", "\n", "\n\n", "\r\n", " ")).join(lines)
