"""Importance resampling with hashed n-grams (DSIR): documents drawn as if the pool were the target.

The weight of a document is how much likelier its tokens and pairs of tokens are in the target than in
the pool, each a bag of n-grams hashed into buckets; drawing by weight without replacement is taking
the highest log weights with Gumbel noise.

Source: Xie et al. 2023 (arXiv 2302.03169), 10,000 buckets, unigrams and bigrams, counts not divided by
the length. Departs: n-grams are of the ablation's neutral tokens, not of words; buckets that a side
does not have count once, where the original adds 1e-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

BUCKETS = 10_000
# Odd, so that multiplying permutes 64-bit numbers; the high bits are the well mixed ones.
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_UNIGRAM = np.uint64(2**40)


def log_weights(pool: pa.Array, target: pa.Array) -> NDArray[np.float64]:
    """Log importance weight of each document of `pool`; both are LargeList of token ids."""
    of_pool, owners = _buckets(pool)
    of_target, _ = _buckets(target)
    ratio = np.log(_shares(of_target)) - np.log(_shares(of_pool))
    sums = np.bincount(owners, weights=ratio[of_pool], minlength=len(pool))
    return np.asarray(sums, dtype=np.float64)


def _shares(buckets: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(buckets, minlength=BUCKETS) + 1.0
    return np.asarray(counts / counts.sum())


def _buckets(lists: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bucket of every token and every pair of neighbours, and the document that it is of."""
    offsets = lists.offsets.to_numpy()
    ids = lists.values.to_numpy()[offsets[0] : offsets[-1]].astype(np.uint64)
    owners = np.repeat(np.arange(len(lists)), np.diff(offsets))
    within = owners[:-1] == owners[1:]
    pairs = (ids[:-1] * _FIRST + ids[1:])[within]
    mixed = np.concatenate([ids + _UNIGRAM, pairs]) * _SECOND
    return (
        ((mixed >> np.uint64(32)) % np.uint64(BUCKETS)).astype(np.int64),
        np.concatenate([owners, owners[:-1][within]]),
    )
