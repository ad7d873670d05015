"""Texts for parity: a whole corpus or a share of it, mutations of it, and character soup.

The corpus is `raw/*.parquet` of a folder, or its `*.parquet` (columns `text`, and `id`, `source`
where they are there): the folder that `REFINERY_TEST_DATA` names, or `../shared/data` beside the
checkout; without it the texts made here are all there is. `REFINERY_PARITY_SHARE` is the share of
its documents that is compared: a hundredth, or all of them in `make parity`.
"""

import hashlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
SHARE = float(os.environ.get("REFINERY_PARITY_SHARE", "0.01"))
MINUTES = float(os.environ.get("REFINERY_PARITY_MINUTES", "inf"))
"""A comparison ends after so many minutes; its record says how far it came."""

SOUP = (
    *"aabbcc  ..,!?\n\n\r\t\"'()[]{}#-$1",
    *"\x0b\x0c\x1c\x1e\x1f\x00\x85\xa0",
    "the ", "of ", " and ", "to be", "...", "…", "•", "[1]", "[edit]", "[citation needed]",
    "lorem ipsum", "javascript", "use cookies", "Don't", "U.S.A.", "e-mail", "me@x.com", "3.5%",
    "\r\n", "\n\n", "\u2028", "\u2029", "\u3000", "é", "e\u0301", "日本語", "。", "שלום", "مرحبا؟",
    "👩\u200d👩\u200d👧", "½", "Ⅷ", "\u212a", "İ", "ß", "\u061d", "“", "”", "—", "x" * 40,
)  # fmt: skip


def shards() -> list[Path]:
    """The corpus' files; none where there is no corpus."""
    folder = Path(os.environ.get("REFINERY_TEST_DATA", ROOT.parent / "shared" / "data"))
    return sorted(folder.glob("raw/*.parquet")) or sorted(folder.glob("*.parquet"))


class Corpus:
    """The documents of the corpus, pairs of id and text, in bounded memory; counts what it gave.

    Which documents make up a share is told by a hash of their ids.
    """

    def __init__(self, share: float = SHARE) -> None:
        self.share = share
        self.documents = 0
        self.bytes = 0
        self.is_complete = False
        self._digest = hashlib.sha256()
        self._shards = shards()
        if not self._shards:
            pytest.skip("no corpus: set REFINERY_TEST_DATA to a folder with raw/*.parquet")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        ends = time.monotonic() + 60 * MINUTES
        for name, text in self._all():
            if time.monotonic() > ends:
                return
            if text is None or not is_within(name, self.share):
                continue
            encoded = text.encode()
            self._digest.update(len(encoded).to_bytes(8, "little") + encoded)
            self.documents += 1
            self.bytes += len(encoded)
            yield name, text
        self.is_complete = True

    def _all(self) -> Iterator[tuple[str, str | None]]:
        for path in self._shards:
            file = pq.ParquetFile(path)
            columns = [name for name in ("text", "id") if name in file.schema_arrow.names]
            row = 0
            for batch in file.iter_batches(batch_size=500, columns=columns):
                for record in batch.to_pylist():
                    yield str(record.get("id") or f"{path.name}#{row}"), record["text"]
                    row += 1

    def facts(self) -> dict[str, Any]:
        """What was compared: enough to tell whether it was the same, and none of its text."""
        return {
            "files": len(self._shards),
            "share": self.share,
            "is_complete": self.is_complete,
            "documents": self.documents,
            "bytes": self.bytes,
            "sha256": self._digest.hexdigest(),
        }


def is_within(name: str, share: float) -> bool:
    """Whether the document of that id belongs to a share of the corpus."""
    first = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(first, "little") < share * 2**64


def sample(size: int, seed: int, *, most_chars: int = 60_000) -> list[str]:
    """About `size` documents of the corpus, from all of its sources alike."""
    if not shards():
        return []
    raw = pl.concat([pl.read_parquet(path) for path in shards()])
    raw = raw if "source" in raw.columns else raw.with_columns(source=pl.lit(""))
    order = "id" if "id" in raw.columns else "text"
    rng = random.Random(seed)
    sources = sorted(raw["source"].unique())
    texts: list[str] = []
    for source in sources:
        found = raw.filter(pl.col("source") == source).sort(order)["text"].drop_nulls().to_list()
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
