"""How much of which kind: from all candidate files to the documents of the corpus.

What it is: a share of the bytes for every kind, filled from files in an order that mixes packages.
What it is not: a filter. No text is judged; a document stays out only for its size or because its
kind's share is full, and both are counted.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from refinery.demo.documents import Candidate, Document, Skips, documents_in

# Shares of the whole. Chosen so that no kind is much more than a quarter of 40 MB on a machine that
# has all of them; what a kind leaves over falls to the last two.
SHARES: Final = {
    "reference-topic": 0.04,
    "readme": 0.10,
    "package-text": 0.10,
    "test-data": 0.06,
    "changelog": 0.10,
    "licence": 0.10,
    "man-page": 0.08,
}
# Shares of what is then left. Code comes last because there is always enough of it.
REST: Final = {"docstring": 0.5, "source-code": 1.0}
LARGEST_PART: Final = 8
"""A document larger than its kind's quota divided by this is left out: it would be the kind."""


def choose_documents(
    candidates: Iterable[Candidate], max_bytes: int, skips: Skips
) -> tuple[list[Document], dict[str, int]]:
    """Take documents of every kind until its share of `max_bytes` is full.

    Parameters
    ----------
    candidates
        Files to choose from; their order does not matter.
    max_bytes
        Most bytes of UTF-8 text in all.
    skips
        Counts what gives no document.

    Returns
    -------
    tuple[list[Document], dict[str, int]]
        The documents in corpus order, and per kind the files that were not reached.
    """
    by_kind: dict[str, dict[str, Candidate]] = {kind: {} for kind in (*SHARES, *REST)}
    for candidate in candidates:
        # Two distributions can list one file name under one owner; the first is the file on disk.
        by_kind[candidate.source].setdefault(candidate.origin, candidate)
    chosen: list[Document] = []
    unreached: dict[str, int] = {}
    left = max_bytes
    for kind, files in by_kind.items():
        quota = int(SHARES[kind] * max_bytes if kind in SHARES else REST[kind] * left)
        taken, unreached[kind] = _fill(list(files.values()), quota, skips)
        left -= sum(document.n_bytes for document in taken)
        chosen += taken
    return sorted(chosen, key=lambda document: mixing_key(document.id)), unreached


def mixing_key(name: str) -> tuple[bytes, str]:
    """Order names as if shuffled, but the same way every time."""
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), name


def _fill(candidates: list[Candidate], quota: int, skips: Skips) -> tuple[list[Document], int]:
    candidates.sort(key=lambda candidate: mixing_key(candidate.origin))
    taken: list[Document] = []
    used = 0
    for position, candidate in enumerate(candidates):
        for document in documents_in(candidate, skips):
            if document.n_bytes > quota // LARGEST_PART:
                skips.add("too_large", document.id)
                continue
            if used + document.n_bytes > quota:
                return taken, len(candidates) - position
            taken.append(document)
            used += document.n_bytes
    return taken, 0
