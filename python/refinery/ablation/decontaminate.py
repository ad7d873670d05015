"""Which training documents hold text of the evaluation.

A document is contaminated where it shares 13 words in a row with a text of the evaluation (GPT-3's
length), or, where a text has fewer words than that, all of them; or where the Jaccard similarity of
their word 5-grams is estimated at one half or more. Words are runs of letters and digits in lower case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from refinery import _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

NGRAM = 13
SIMILARITY = 0.5
# Candidate pairs of Jaccard similarity 0.5 share a band with probability 1 - (1 - 0.5^4)^32 = 0.87.
BANDS, ROWS = 32, 4
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def contaminated(
    training: pl.Series, evaluation: pl.Series, pool: _core.ThreadPool | None = None
) -> pl.DataFrame:
    """How each training text is contaminated: Boolean columns `ngram` and `similar`."""
    return pl.DataFrame(
        {
            "ngram": shares_ngram(training, evaluation),
            "similar": is_similar(training, evaluation, pool),
        }
    )


def shares_ngram(training: pl.Series, evaluation: pl.Series) -> pl.Series:
    """Whether each training text shares 13 words in a row with a text of the evaluation."""
    known = np.unique(_ngrams(evaluation)[0])
    hashes, owners = _ngrams(training)
    found = np.zeros(len(training), dtype=bool)
    # Sorted search instead of a hash set: tens of millions of numbers stay one array.
    at = np.searchsorted(known, hashes).clip(max=max(0, len(known) - 1))
    if len(known):
        found[owners[known[at] == hashes]] = True
    return pl.Series(found)


def is_similar(
    training: pl.Series, evaluation: pl.Series, pool: _core.ThreadPool | None = None
) -> pl.Series:
    """Whether each training text is in a cluster of near duplicates with one of the evaluation."""
    texts = pl.concat([training, evaluation]).to_arrow()
    hasher = _core.MinHasher(ngram=5, bands=BANDS, rows_per_band=ROWS)
    made = pa.record_batch(_core.Pass(minhash=hasher).run(texts, pool))
    signatures = _core.Signatures(bands=BANDS)
    signatures.append(made.column("minhash"))
    n = len(texts)
    found = signatures.clusters(
        pa.array(range(n), pa.uint32()),
        pa.array([True] * n),
        threshold=SIMILARITY,
        pool=pool,
    )
    clusters = pl.Series(pa.array(found), dtype=pl.UInt32)
    of_evaluation = clusters[len(training) :].drop_nulls().unique()
    return clusters[: len(training)].is_in(of_evaluation.implode()).fill_null(value=False)


def _ngrams(texts: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of the n-grams of all texts, and the numbers of the texts that they are of."""
    lists = texts.str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+")
    words = lists.explode(empty_as_null=False).hash().to_numpy()
    lengths = lists.list.len().to_numpy().astype(np.int64)
    owners = np.repeat(np.arange(len(texts)), lengths)
    whole = _whole_texts(words, lengths)
    if len(words) < NGRAM:
        return whole
    n = len(words) - NGRAM + 1
    hashes = np.zeros(n, dtype=np.uint64)
    for i in range(NGRAM):
        hashes = hashes * _MULTIPLIER + words[i : i + n]
    within = owners[:n] == owners[NGRAM - 1 :]
    return np.concatenate([hashes[within], whole[0]]), np.concatenate(
        [owners[:n][within], whole[1]]
    )


def _whole_texts(
    words: NDArray[np.uint64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Texts of fewer words than an n-gram, as one each; texts without a word are none."""
    short = np.flatnonzero((lengths > 0) & (lengths < NGRAM))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    hashes = np.zeros(len(short), dtype=np.uint64)
    for i, text in enumerate(short):
        value = np.uint64(0)
        for word in words[starts[text] : starts[text + 1]]:
            value = np.uint64((int(value) * int(_MULTIPLIER) + int(word)) & 0xFFFFFFFFFFFFFFFF)
        hashes[i] = value
    return hashes, short
