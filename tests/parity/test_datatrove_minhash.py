"""datatrove's MinHash against ours: the same signatures, and the same documents removed.

Known difference: characters that Unicode gained or reclassified after the version of the
original's Python (14.0 in Python 3.11) may be simplified differently.
"""

import json
import random
import struct
from fractions import Fraction

import oracle
import polars as pl
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup

import refinery as rf
from refinery import _core

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(3600)]

NUM_PERM = 112
# Every step of the simplification, and the seams between them.
ODD = [
    "", " ", "one two three four", "one two three cannot", "1,2,3.4.5 ٣،٤ 1٫2 1⎖2 ½ ² Ⅷ 1.٣ x1y2",
    "ΟΔΟΣ ΣΑΣ ΑΣ. Σ Σ́ a Σ b", "İstanbul Iı ß ﬁ ＡＢＣ１２ ǅ", "a \u0301 b\u0301 c d e f 1\u03012",
    "≠ ≮ ; ` Å Ω K ½ 한국어 말 입니다 좋아요 네", "हिन्दी में १२,३४ लिखा है और भी", "日本語 。 東京 、 大阪 京都 奈良",
    "\U0001d165\U0001d16d\u302ex a b c d e", "don't cannot gonna wanna they'll I'd it's 10am 5km U.S.A.",
    "👩\u200d👩\u200d👧 family of three 𝟘𝟙 𝐀 😀 here", "a\u200bb c\u00add e\ufefff g h i j", "x" * 3000 + " a b c d",
]  # fmt: skip


def sign(texts, profile):
    hasher = _core.MinHasher(ngram=5, bands=14, rows_per_band=8, profile=profile)
    batch = pa.record_batch(_core.Pass(minhash=hasher).run(pa.array(texts, pa.large_string())))
    found = batch.column("minhash").to_pylist()
    return [s and list(struct.unpack(f"<{NUM_PERM}Q", s)) for s in found]


def differing(texts, profile, hash_fc):
    theirs = oracle.answers(
        "ask_datatrove_minhash.py", [{"text": text, "hash": hash_fc} for text in texts]
    )
    signed = [signature for signature in theirs if signature is not None]
    assert len(signed) > len(texts) // 3
    pairs = zip(texts, theirs, sign(texts, profile), strict=True)
    return [text for text, their, our in pairs if their != our]


def test_odd_texts_have_the_signatures_of_the_original():
    assert differing(ODD * 2, "datatrove", "xxhash") == []
    assert differing(ODD * 2, "datatrove_sha1", "sha1") == []


def test_soup_has_the_signatures_of_the_original():
    assert differing(soup(4000, seed=31), "datatrove", "xxhash") == []
    assert differing(soup(500, seed=32), "datatrove_sha1", "sha1") == []


def test_a_corpus_has_the_signatures_of_the_original():
    texts = sample(6000, seed=33)
    if not texts:
        pytest.skip("no corpus: set REFINERY_TEST_DATA")
    assert differing(texts, "datatrove", "xxhash") == []
    assert differing(texts[::10], "datatrove_sha1", "sha1") == []


def test_a_mutated_corpus_has_the_signatures_of_the_original():
    texts = mutated(sample(3000, seed=34), seed=35)
    if not texts:
        pytest.skip("no corpus: set REFINERY_TEST_DATA")
    assert differing(texts, "datatrove", "xxhash") == []
