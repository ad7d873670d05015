"""Domains found in the text: groups of documents whose words are alike.

Spherical k-means over square roots of token frequencies, projected at random to few dimensions.
What it is not: topics with names. It is there so that a quota can keep every kind of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

GROUPS = 16
_DIMENSIONS = 64
_ROUNDS = 12
_BATCH = 2000


def topics(
    tokens: pa.Array, n_symbols: int, *, seed: int, groups: int = GROUPS
) -> NDArray[np.int64]:
    """A group of each document, 0 to `groups` - 1; `tokens` is a LargeList of token ids."""
    points = _projected(tokens, n_symbols, seed)
    centres = points[_far_apart(points, groups)]
    for _ in range(_ROUNDS):
        nearest = np.argmax(points @ centres.T, axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, points)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(norms > 0, sums / np.where(norms > 0, norms, 1), centres)
    return np.asarray(np.argmax(points @ centres.T, axis=1), dtype=np.int64)


def _projected(tokens: pa.Array, n_symbols: int, seed: int) -> NDArray[np.float64]:
    """Unit vectors of documents; the mean document is taken out, or all would point one way."""
    draw = np.random.Generator(np.random.PCG64(seed))
    projection = draw.standard_normal((n_symbols, _DIMENSIONS))
    ids, offsets = tokens.values.to_numpy(), tokens.offsets.to_numpy()
    parts = []
    for start in range(0, len(tokens), _BATCH):
        ends = offsets[start : start + _BATCH + 1]
        owners = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        counts = np.zeros((len(ends) - 1, n_symbols))
        np.add.at(counts, (owners, ids[ends[0] : ends[-1]]), 1.0)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        parts.append(np.sqrt(shares) @ projection)
    points = np.concatenate(parts)
    points -= points.mean(axis=0)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(norms > 0, norms, 1)


def _far_apart(points: NDArray[np.float64], groups: int) -> list[int]:
    """Documents that are each farthest from those before: no draw decides where groups begin."""
    chosen = [0]
    likeness = points @ points[0]
    while len(chosen) < min(groups, len(points)):
        chosen.append(int(np.argmin(likeness)))
        likeness = np.maximum(likeness, points @ points[chosen[-1]])
    return chosen
