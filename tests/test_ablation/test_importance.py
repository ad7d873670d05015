"""Importance resampling: weights by a slow twin, and documents like the target drawn from a pool."""

import math
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from refinery import _core
from refinery.ablation.arms import Arms
from refinery.ablation.config import parse_ablation
from refinery.ablation.importance import BUCKETS, log_weights
from refinery.ablation.pool import Pool
from refinery.ablation.works import SCHEMA, Works
from refinery.errors import ConfigError, DataError

FILE = "pool: {input: {path: x}, scores: []}\nfilter: n_chars\ndraw: 1\nfamilies: {}\noutput: {path: o}\narms: "
GATES = "random, random_again, oracle, inverse"
WANTED = "a river of water runs to the sea"


def lists(*documents):
    return pa.array(documents, pa.large_list(pa.uint32()))


def twin(pool, target):
    """By definition: pairs and tokens, 64-bit products, the upper half modulo the buckets."""

    def buckets(document):
        pairs = [a * 0x9E3779B97F4A7C15 + b for a, b in pairwise(document)]
        numbers = [*(token + 2**40 for token in document), *pairs]
        return [(n * 0xC2B2AE3D27D4EB4F % 2**64 >> 32) % BUCKETS for n in numbers]

    def shares(documents):
        counts = Counter(b for document in documents for b in buckets(document))
        return lambda b: (counts[b] + 1) / (counts.total() + BUCKETS)

    p, q = shares(target), shares(pool)
    return [sum(math.log(p(b) / q(b)) for b in buckets(document)) for document in pool]


def test_weights_are_those_of_the_definition():
    draw = np.random.default_rng(1)
    pool = [draw.integers(0, 50, n).tolist() for n in (0, 1, 2, 30, 400)]
    target = [draw.integers(20, 90, 200).tolist(), []]
    found = log_weights(lists(*pool), lists(*target))
    assert found == pytest.approx(twin(pool, target))
    assert found[0] == 0.0
    # A slice of a longer column is what it shows.
    assert log_weights(lists([7], *pool).slice(1), lists(*target)) == pytest.approx(found)


def dsir(tmp_path, target, measured=()):
    """Numbers of the documents that the arm keeps: half of a pool, of which the first half is wanted."""
    pl.DataFrame({"id": [f"t{i}" for i in range(len(target))], "text": target}).write_parquet(
        tmp_path / "target.parquet"
    )
    words = WANTED.split()
    texts = [" ".join(np.roll(words, i)) for i in range(20)] + [
        f"0x{i:04x}; 0x7f ;" * 3 for i in range(20)
    ]
    config = parse_ablation(
        f"{FILE}[{GATES}, {{kind: dsir, target: [{{path: target.parquet}}]}}]\n"
    )
    frame = pl.DataFrame({"id": [f"d{i}" for i in range(40)], "n_bytes": [10] * 40})
    tokenizer = _core.Tokenizer.bytes()
    training = pa.array(tokenizer.encode(pa.array(texts, pa.large_string())))
    rows = [("near", "w", "m", "", text) for text in measured]
    works = Works(
        pl.DataFrame(rows, SCHEMA, orient="row"), pl.DataFrame(schema=SCHEMA), frozenset()
    )
    corpus = SimpleNamespace(lengths=np.full(40, 7), training=training, tokenizer=tokenizer)
    arms = Arms(config, Pool(frame, works, {}), corpus, tmp_path)
    return sorted(arms.select(config.arms[-1], 0.5, 0).rows.tolist())


def test_the_arm_draws_what_is_like_its_target(tmp_path):
    assert dsir(tmp_path, [WANTED, WANTED + " and the water is deep"]) == list(range(20))


def test_target_text_that_is_measured_is_left_out(tmp_path):
    long = " ".join(f"word{i}" for i in range(20))
    with pytest.raises(DataError, match=r"arms\.dsir\.target: the evaluation holds all of it"):
        dsir(tmp_path, [long], measured=[long + " and more"])


def test_only_importance_has_a_target():
    with pytest.raises(ConfigError, match="it needs one, and no other kind takes it"):
        parse_ablation(f"{FILE}[{GATES}, dsir]\n")
    with pytest.raises(ConfigError, match="it needs one, and no other kind takes it"):
        parse_ablation(f"{FILE}[{GATES}, {{kind: top, target: [{{path: a.parquet}}]}}]\n")
