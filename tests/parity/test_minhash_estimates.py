"""Estimates of our own profile on real pairs: beside the true similarity and those of datasketch."""

import math
import random
import struct

import datasketch
import pyarrow as pa
import pytest
from corpora import sample

from refinery import _core
from twins import minhash as twin

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]

NUM_PERM = 112
NGRAM = 5


def sign(texts):
    hasher = _core.MinHasher(ngram=NGRAM, bands=14, rows_per_band=8)
    batch = pa.record_batch(_core.Pass(minhash=hasher).run(pa.array(texts, pa.large_string())))
    return [struct.unpack(f"<{NUM_PERM}I", s) for s in batch.column("minhash").to_pylist()]


def altered(text, rng):
    """A copy with a share of its words changed, lost or doubled, another share in each copy."""
    share = rng.choice([0.005, 0.02, 0.05, 0.1, 0.2])
    words = []
    for word in text.split():
        change = rng.random() / share
        words += (
            [word, word]
            if change < 0.3
            else []
            if change < 0.6
            else [word[::-1]]
            if change < 1
            else [word]
        )
    return " ".join(words)


def test_the_mean_error_lies_within_the_bound_of_the_theory():
    rng = random.Random(61)
    texts = [text for text in sample(500, seed=62, most_chars=6000) if len(twin.words(text)) > 30]
    if not texts:
        pytest.skip("no corpus: set REFINERY_TEST_DATA")
    copies = [altered(text, rng) for text in texts]
    errors, theirs, variance, similarities = [], [], 0.0, []
    for a, b, x, y in zip(texts, copies, sign(texts), sign(copies), strict=True):
        sets = [{" ".join(s) for s in twin.shingles(text, NGRAM)} for text in (a, b)]
        true = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        errors.append(sum(i == j for i, j in zip(x, y, strict=True)) / NUM_PERM - true)
        sketches = []
        for shingles in sets:
            sketches.append(datasketch.MinHash(num_perm=NUM_PERM))
            sketches[-1].update_batch([shingle.encode() for shingle in shingles])
        theirs.append(sketches[0].jaccard(sketches[1]) - true)
        variance += true * (1 - true) / NUM_PERM
        similarities.append(true)
    n = len(errors)
    assert n > 300
    assert min(similarities) < 0.3
    assert max(similarities) > 0.9
    # The mean of n unbiased estimates: four standard deviations, by the binomial.
    bound = 4 * math.sqrt(variance) / n
    assert abs(sum(errors) / n) < bound, (sum(errors) / n, bound)
    # And their squares: one permutation serves all pairs, so they scatter more than the binomial.
    assert sum(e * e for e in errors) < 1.5 * variance
    assert sum(e * e for e in errors) < 1.5 * sum(e * e for e in theirs)
