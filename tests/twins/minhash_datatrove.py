"""MinHash as datatrove 0.10.0 computes it, and whom it removes: slow and obvious.

Words are taken as given: those of the simplified text by spaCy's blank English pipeline, which has
a parity test of its own.
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
from itertools import pairwise

import xxhash

PRIME = 2**61 - 1
SEPARATORS = ".,\u060c\u066b\u2396\u2397\u2398"
# C0 but TAB and LF, DEL and C1, ASCII punctuation, and 34 others.
PUNCTUATION = {
    *map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)),
    *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    *"\u2013\u2014\u2019\u201c\u201d\u201e\u2026\u2236\u2501\u25ba\u3001\u3002\u3008\u3009\u300a\u300b\u300c",
    *"\u300d\u3010\u3011\u00ab\u00b4\u00bb\uff01\uff05\uff08\uff09\uff0c\uff0e\uff11\uff1a\uff1b\uff1f\uff5e",
} - {"\t", "\n"}  # fmt: skip


def is_digit(c: str) -> bool:
    return unicodedata.category(c) == "Nd"


def with_numbers_as_zero(text: str) -> str:
    """Digits, then at most once a separator and digits: one `0`."""
    out, i = "", 0
    while i < len(text):
        if not is_digit(text[i]):
            out += text[i]
            i += 1
            continue
        while i < len(text) and is_digit(text[i]):
            i += 1
        if i + 1 < len(text) and text[i] in SEPARATORS and is_digit(text[i + 1]):
            i += 1
            while i < len(text) and is_digit(text[i]):
                i += 1
        out += "0"
    return out


def simplify(text: str) -> str:
    text = with_numbers_as_zero(text.lower())
    text = "".join(" " if c in PUNCTUATION else c for c in text)
    text = " ".join(text.split())
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn").strip()


def generator(seed: int) -> random.Random:
    """Python's own Mersenne twister in the state that numpy's RandomState begins with."""
    state = [seed]
    for i in range(1, 624):
        last = state[-1]
        state.append((1812433253 * (last ^ last >> 30) + i) % 2**32)
    twister = random.Random()
    twister.setstate((3, (*state, 624), None))
    return twister


def permutations(num_perm: int) -> list[tuple[int, int]]:
    """All of a, from 1 on, and then all of b, from 0 on; below the prime."""
    twister = generator(1)
    drawn: list[list[int]] = []
    for low in (1, 0):
        numbers: list[int] = []
        while len(numbers) < num_perm:
            value = (twister.getrandbits(32) << 32 | twister.getrandbits(32)) % 2**61
            if value <= PRIME - 1 - low:
                numbers.append(low + value)
        drawn.append(numbers)
    return list(zip(*drawn, strict=True))


def hash_shingle(shingle: list[str], hash_name: str) -> int:
    data = " ".join(shingle).encode()
    if hash_name == "sha1":
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
        return int.from_bytes(digest[:8], "little")
    return int(xxhash.xxh64_intdigest(data))


def sign(words: list[str], ngram: int, num_perm: int, hash_name: str = "xxh64") -> list[int] | None:
    """The signature, or None where there are fewer words than a shingle has."""
    shingles = [words[i : i + ngram] for i in range(len(words) - ngram + 1)]
    if not shingles:
        return None
    hashes = [hash_shingle(shingle, hash_name) for shingle in shingles]
    return [min((x * a + b) % 2**64 % PRIME for x in hashes) for a, b in permutations(num_perm)]


def kept(signatures: list[list[int] | None], bands: int) -> list[int]:
    """For each document, in order, the one of its cluster that stays."""
    root = list(range(len(signatures)))
    for band in range(bands):
        records = []
        for i, signature in enumerate(signatures):
            if signature is not None:
                rows = len(signature) // bands
                records.append((signature[band * rows : (band + 1) * rows], i))
        records.sort()
        for (values, a), (next_values, b) in pairwise(records):
            if values == next_values and root[a] != root[b]:
                stays, goes = root[a], root[b]
                if root.count(goes) > root.count(stays):
                    stays, goes = goes, stays
                root = [stays if r == goes else r for r in root]
    return root
