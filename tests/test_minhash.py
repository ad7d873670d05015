"""Signatures against the twin, and their estimates beside those of datasketch."""

from __future__ import annotations

import random
import struct
import unicodedata

import datasketch
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery import _core
from twins import minhash as twin

NUM_PERM = 112

# Rust knows a newer Unicode than Python: characters that are new to it may be letters there, and
# one sign became a spacing mark.
CHANGED = "\U0001171e"
ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters=CHANGED)
TEXTS = st.text(ASSIGNED | st.sampled_from("abcXYZ_09 .\n"), max_size=200)


def sign(texts: list[str], ngram: int = 5) -> list[list[int] | None]:
    hasher = _core.MinHasher(ngram=ngram, bands=14, rows_per_band=8)
    batch = pa.record_batch(_core.Pass(minhash=hasher).run(pa.array(texts, pa.large_string())))
    signatures = batch.column("minhash").to_pylist()
    return [s if s is None else list(struct.unpack(f"<{NUM_PERM}I", s)) for s in signatures]


def similarity(a: list[int], b: list[int]) -> float:
    return sum(x == y for x, y in zip(a, b, strict=True)) / len(a)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \r\n",
        "\0",
        "one",
        "One, two: THREE four",
        "one two three four five six",
        "snake_case __init__ a_1",
        "cre\u0300me bru\u0302le\u0301e, crème brûlée",
        "İstanbul STRASSE straße ΟΔΟΣ οδος",
        "שָׁלוֹם עולם",
        "日本語。東京、大阪",
        "हिन्दी में लिखा",
        "👩\u200d👩\u200d👧 family ①②③ ½",
        "x" * 1000 + " y",
    ],
)
@pytest.mark.parametrize("ngram", [1, 3, 5])
def test_signature_is_the_twins(text, ngram):
    assert sign([text], ngram) == [twin.sign(text, ngram, NUM_PERM)]


@given(st.lists(TEXTS, max_size=4), st.integers(1, 6))
def test_signature_of_any_text_is_the_twins(texts, ngram):
    assert sign(texts, ngram) == [twin.sign(text, ngram, NUM_PERM) for text in texts]


@pytest.mark.slow
def test_every_character_folds_as_in_the_twin():
    everything = map(chr, range(0x30000))
    known = [c for c in everything if unicodedata.category(c) not in ("Cn", "Cs") and c != CHANGED]
    assert len(known) > 100_000
    texts = [f"a{c}b" for c in known]
    hasher = _core.MinHasher(ngram=1, bands=1, rows_per_band=3)
    batch = pa.record_batch(_core.Pass(minhash=hasher).run(pa.array(texts)))
    signatures = batch.column("minhash").to_pylist()
    differing = [
        f"U+{ord(c):04X}"
        for c, text, signature in zip(known, texts, signatures, strict=True)
        if signature != struct.pack("<3I", *twin.sign(text, 1, 3))
    ]
    assert differing == []


def datasketch_similarity(a: set[str], b: set[str], scheme: str) -> float:
    sketches = []
    for words in (a, b):
        sketch = datasketch.MinHash(num_perm=NUM_PERM, scheme=scheme)
        sketch.update_batch([word.encode() for word in words])
        sketches.append(sketch)
    return sketches[0].jaccard(sketches[1])


@pytest.mark.parametrize("scheme", ["affine32", "legacy"])
def test_estimates_err_no_more_than_those_of_datasketch(scheme):
    rng = random.Random(17)
    ours, theirs, binomial = 0.0, 0.0, 0.0
    pairs = 300
    for _ in range(pairs):
        union = [f"w{rng.getrandbits(60)}" for _ in range(rng.randint(20, 400))]
        shared = rng.randint(0, len(union))
        cut = shared + (len(union) - shared) // 2
        a, b = union[:cut], union[:shared] + union[cut:]
        true = shared / len(union)
        if not a or not b:
            continue
        ours += (similarity(*sign([" ".join(a), " ".join(b)], 1)) - true) ** 2
        theirs += (datasketch_similarity(set(a), set(b), scheme) - true) ** 2
        binomial += true * (1 - true) / NUM_PERM
    # Each error is one draw of many; 300 squares of them scatter by about a tenth.
    assert ours < 1.3 * binomial
    assert ours < 1.3 * theirs


def clusters(texts: list[str], threshold: float | None = 0.7) -> list[int]:
    hasher = _core.MinHasher(ngram=5, bands=14, rows_per_band=8)
    batch = pa.record_batch(_core.Pass(minhash=hasher).run(pa.array(texts, pa.large_string())))
    rank = pa.array(range(len(texts)), pa.uint32())
    alive = pa.array([True] * len(texts))
    signatures = _core.Signatures(bands=14)
    signatures.append(batch.column("minhash"))
    return pa.array(signatures.clusters(rank, alive, threshold=threshold)).to_pylist()


def test_copies_with_other_case_and_punctuation_are_one_cluster():
    text = "Call me Ishmael. Some years ago, never mind how long precisely, I went to sea."
    texts = [text, "Nothing of the kind was ever written here.", text.upper().replace(",", " -")]
    assert clusters(texts) == [0, 1, 0]


def test_documents_without_words_are_in_no_cluster():
    assert clusters(["", "...", "", "a", "a"]) == [0, 1, 2, 3, 3]


def test_sliced_signatures_give_the_clusters_of_the_slice():
    hasher = _core.MinHasher(ngram=5, bands=14, rows_per_band=8)
    texts = pa.array(["x", "one two", "a b c", "one two", "a b c"])
    column = pa.record_batch(_core.Pass(minhash=hasher).run(texts)).column("minhash")
    signatures = _core.Signatures(bands=14)
    signatures.append(column.slice(1))
    alive = pa.array([True, True, True, None])
    found = signatures.clusters(pa.array([0, 1, 2, 3], pa.uint32()), alive, threshold=0.7)
    assert pa.array(found).to_pylist() == [0, 1, 0, 3]


def test_parameters_out_of_range_name_what_is_allowed():
    with pytest.raises(ValueError, match=r"minhash.ngram: got 0; allowed: 1 to 256"):
        _core.MinHasher(ngram=0, bands=14, rows_per_band=8)


def test_scheme_names_profile_and_version():
    assert _core.MinHasher(ngram=5, bands=14, rows_per_band=8).scheme == "refinery/1"
