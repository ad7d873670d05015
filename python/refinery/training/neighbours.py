"""Nearest neighbours of chunks, by the words and pairs of words that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# 2^18 rows keep collisions of some hundred thousand bigrams rare; 64 dimensions of them hold what
# neighbours share. Chosen for speed: 20,000 chunks take seconds.
_ROWS = 2**18
_DIMENSIONS = 64
# Rows of the matrix of likeness that are in memory at once.
_BLOCK = 1024


def document_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """Unit vectors of texts, length n by dimensions.

    Hashed counts of words and pairs, damped by logarithm and by how many texts have them, projected
    by a singular value decomposition with a fixed seed.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.preprocessing import normalize

    hashing = HashingVectorizer(
        n_features=_ROWS, ngram_range=(1, 2), alternate_sign=False, norm=None, tokenizer=str.split,
        token_pattern=None,
    )  # fmt: skip
    counts = TfidfTransformer(sublinear_tf=True).fit_transform(hashing.transform(texts))
    dimensions = min(_DIMENSIONS, len(texts) - 1)
    projected = TruncatedSVD(dimensions, random_state=0).fit_transform(counts)
    return np.asarray(normalize(projected), dtype=np.float64)


def neighbour_agreement(
    vectors: NDArray[np.float64], labels: NDArray[np.bool_], k: int, *, first: int = 0
) -> NDArray[np.float64]:
    """Share of a text's `k` nearest neighbours that have its label, 0 to 1.

    Parameters
    ----------
    vectors : array of float64, n by dimensions
        Unit vectors.
    labels : array of bool, length n
        A label for each.
    k : int
        Neighbours to ask; a text is not its own. All others, where there are fewer.
    first : int
        Answers begin at this text; those before are neighbours only.
    """
    k = min(k, len(vectors) - 1)
    shares = []
    for start in range(first, len(vectors), _BLOCK):
        own = np.arange(start, min(start + _BLOCK, len(vectors)))
        likeness = vectors[own] @ vectors.T
        likeness[np.arange(len(own)), own] = -np.inf
        nearest = np.argpartition(-likeness, k - 1, axis=1)[:, :k]
        shares.append((labels[nearest] == labels[own][:, None]).mean(axis=1))
    return np.concatenate(shares) if shares else np.empty(0)
