"""datatrove's MinHash: published numbers, the twin, and whom a run removes."""

from __future__ import annotations

import random
import struct
import unicodedata

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import run_here, write_file
from refinery import _core
from refinery.errors import SchemaError
from twins import minhash_datatrove as twin

HASHES = {"datatrove": "xxh64", "datatrove_sha1": "sha1"}
FOXES = "The quick brown fox jumps over the lazy dog, and then 12 more foxes followed it home."

# Characters that Rust's newer Unicode knows and Python does not, or knows otherwise.
CHANGED = "\U0001171e"
ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters=CHANGED)
PIECES = [
    *"abXY 019.,\n-_",
    *("cannot ", "don't ", "1,2", "٣٤", "،", "٫", "⎖", "Σ", "ΑΣ ", "É", "\u0301", "\u302e"),
    *("\U0001d165", "한", "≠", "½", "１", "—", "\u3000", "\u200b", "İ"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | ASSIGNED, max_size=60).map("".join)


def sign(texts, profile="datatrove", *, ngram=5, bands=14, rows=8):
    hasher = _core.MinHasher(ngram=ngram, bands=bands, rows_per_band=rows, profile=profile)
    assert hasher.signature_bytes == 8 * bands * rows
    batch = pa.record_batch(_core.Pass(minhash=hasher).run(pa.array(texts, pa.large_string())))
    found = batch.column("minhash").to_pylist()
    return [s if s is None else list(struct.unpack(f"<{bands * rows}Q", s)) for s in found]


def twin_sign(texts, profile="datatrove", *, ngram=5, num_perm=112):
    simplified = [twin.simplify(text) for text in texts]
    words = pa.array(_core.spacy_words(pa.array(simplified, pa.large_string()))).to_pylist()
    return [twin.sign(w, ngram, num_perm, HASHES[profile]) for w in words]


def test_a_signature_has_the_numbers_of_the_original():
    # Run in datatrove 0.10.0.
    (found,) = sign([FOXES])
    assert found[:3] == [84341883306409970, 461591283756839508, 111246085898394638]
    assert found[-8:-6] == [57556828061469447, 212222752476155101]
    (found,) = sign([FOXES], "datatrove_sha1")
    assert found[:3] == [60783966374992894, 252878479051446208, 594234408324153881]


def test_the_twins_permutations_are_numpys():
    pairs = twin.permutations(112)
    assert pairs[0] == (775169054918279404, 1062448801025099917)
    assert pairs[-1] == (223865076026037746, 1097409548522419201)


def test_the_twin_simplifies_as_the_original():
    # Run in datatrove 0.10.0.
    text = "Héllo, World! 1,234.56 — It's 2024-01-02 ½ ٣"
    assert twin.simplify(text) == "hello world 0 0 it s 0 0 0 ½ 0"
    assert len(twin.PUNCTUATION) == 129


@pytest.mark.parametrize("profile", HASHES)
@pytest.mark.parametrize("ngram", [1, 5])
def test_prose_and_odd_text_sign_as_by_the_twin(corpus, profile, ngram):
    texts = [row["text"][:2000] for row in corpus[::5]] + [FOXES, "", "one two three four"]
    found = sign(texts, profile, ngram=ngram, bands=3, rows=7)
    assert found == twin_sign(texts, profile, ngram=ngram, num_perm=21)
    assert None in found


@given(st.lists(TEXTS, max_size=4), st.integers(1, 4))
def test_any_text_signs_as_by_the_twin(texts, ngram):
    assert sign(texts, ngram=ngram, bands=5, rows=2) == twin_sign(texts, ngram=ngram, num_perm=10)


@pytest.mark.slow
def test_every_character_is_simplified_as_by_the_twin():
    known = [
        c for c in map(chr, range(0x30000)) if unicodedata.category(c) not in ("Cn", "Cs") and c != CHANGED
    ]  # fmt: skip
    assert len(known) > 100_000
    texts = [f"x{c}1{c}2 {c} y" for c in known]
    pairs = zip(
        known,
        sign(texts, ngram=2, bands=1, rows=2),
        twin_sign(texts, ngram=2, num_perm=2),
        strict=True,
    )
    assert [f"U+{ord(c):04X}" for c, found, expected in pairs if found != expected] == []


def planted(n, seed):
    """Texts in clusters: copies of copies, each with some words changed, in any order."""
    rng = random.Random(seed)
    texts: list[list[str]] = []
    while len(texts) < n:
        if texts and rng.random() < 0.6:
            words = list(rng.choice(texts))
            for _ in range(rng.randrange(4)):
                words[rng.randrange(len(words))] = f"w{rng.choice('abcdefgh')}{rng.choice('xyz')}"
        else:
            words = ["".join(rng.choices("abcdefghij", k=4)) for _ in range(rng.randrange(4, 90))]
        texts.append(words)
    rng.shuffle(texts)
    return [" ".join(words) for words in texts]


PIPELINE = """
input: {path: raw/*.parquet, id: id}
annotate: {minhash: {bands: 7, rows_per_band: 4, profile: PROFILE}}
decide: [{near_duplicates: NEAR}]
output: {path: out}
"""


def run(folder, rows, near="{keep: datatrove}", profile="datatrove"):
    # Parts of 50 rows: the order is that of files, then of rows.
    write_file(folder / "raw/a.parquet", rows)
    return run_here(folder, PIPELINE.replace("NEAR", near).replace("PROFILE", profile))


def rows_of(texts):
    """Rows whose ids say nothing about their order."""
    return [{"id": f"d{i * 7919 % 10007:05}", "text": text} for i, text in enumerate(texts)]


def decided(run):
    found = run.decisions.select("id", "dropped_by", "kept_instead", "cluster").collect()
    return {row["id"]: row for row in found.to_dicts()}


@pytest.mark.parametrize("profile", HASHES)
def test_a_run_removes_what_the_original_would(tmp_path, profile):
    texts = planted(400, seed=41)
    rows = rows_of(texts)
    found = decided(run(tmp_path, rows, profile=profile))
    winners = twin.kept(twin_sign(texts, profile, num_perm=28), bands=7)
    ids = [row["id"] for row in rows]
    members = {w: [ids[i] for i, v in enumerate(winners) if v == w] for w in set(winners)}
    for i, winner in enumerate(winners):
        alone = len(members[winner]) == 1
        assert found[ids[i]] == {
            "id": ids[i],
            "dropped_by": None if i == winner else "near_duplicate",
            "kept_instead": None if i == winner else ids[winner],
            "cluster": None if alone else min(members[winner]),
        }
    # It takes the rule of sizes, and not just the first of a cluster, to pass.
    assert any(i < winner for i, winner in enumerate(winners))
    assert sum(i != winner for i, winner in enumerate(winners)) > 100


def test_who_stays_follows_the_order_of_rows_and_not_of_ids(tmp_path):
    text = " ".join(f"w{c}" for c in "abcdefghij")
    rows = [{"id": "b", "text": text}, {"id": "a", "text": text}]
    found = decided(run(tmp_path / "ba", rows))
    assert (found["b"]["dropped_by"], found["a"]["dropped_by"]) == (None, "near_duplicate")
    found = decided(run(tmp_path / "ab", rows[::-1]))
    assert (found["b"]["dropped_by"], found["a"]["dropped_by"]) == ("near_duplicate", None)


def test_dropped_documents_join_no_cluster(tmp_path):
    text = " ".join(f"w{c}" for c in "abcdefghij")
    rows = [
        {"id": "1", "text": f"{text} end"},
        {"id": "2", "text": text},
        {"id": "3", "text": text},
    ]
    write_file(tmp_path / "raw/a.parquet", rows)
    pipeline = PIPELINE.replace("NEAR", "{keep: datatrove}").replace("PROFILE", "datatrove")
    pipeline = pipeline.replace(
        "decide: [", f"decide: [{{rules: {{n_chars: {{max: {len(text)}}}}}}}, "
    )
    found = decided(run_here(tmp_path, pipeline))
    assert {key: row["dropped_by"] for key, row in found.items()} == {
        "1": "n_chars:max",
        "2": None,
        "3": "near_duplicate",
    }


def test_other_survivors_go_with_the_originals_signatures(tmp_path):
    texts = planted(300, seed=42)
    rows = rows_of(texts)
    signatures = twin_sign(texts, num_perm=28)
    winners = twin.kept(signatures, bands=7)
    clusters = {}
    for row, winner in zip(rows, winners, strict=True):
        clusters.setdefault(winner, []).append(row["id"])
    found = decided(run(tmp_path / "first", rows, "{keep: first, verify: false}"))
    kept = {key for key, row in found.items() if row["dropped_by"] is None}
    assert kept == {min(members) for members in clusters.values()}
    # Verified, a pair must agree in enough of its 64-bit values.
    by_id = dict(zip((row["id"] for row in rows), signatures, strict=True))
    found = decided(run(tmp_path / "verified", rows, "{keep: first, threshold: 0.9}"))
    verified = {key for key, row in found.items() if row["dropped_by"] is None}
    assert verified > kept
    for key, row in found.items():
        if row["dropped_by"]:
            same = [
                sum(a == b for a, b in zip(by_id[key], other, strict=True)) / 28
                for near, other in by_id.items()
                if near != key and other is not None and found[near]["cluster"] == row["cluster"]
            ]
            assert max(same) >= 0.9


def test_signatures_of_another_width_are_refused():
    column = pa.array([b"x" * 12], pa.binary(12))
    with pytest.raises(SchemaError, match="FixedSizeBinary of 8 bytes a permutation"):
        _core.Signatures(bands=1, value_bytes=8).append(column)
    with pytest.raises(SchemaError, match="FixedSizeBinary of 3 bytes a permutation"):
        _core.Signatures(bands=1, value_bytes=3).append(column)


def test_sliced_signatures_are_read_from_their_slice():
    texts = pa.array(["x", FOXES, "a b c d e f", FOXES, "a b c d e f"])
    hasher = _core.MinHasher(ngram=5, bands=3, rows_per_band=1, profile="datatrove")
    column = pa.record_batch(_core.Pass(minhash=hasher).run(texts)).column("minhash")
    signatures = _core.Signatures(bands=3, value_bytes=8)
    signatures.append(column.slice(1))
    found = signatures.kept_in_order(pa.array([True, True, True, None]))
    assert pl.Series(pa.array(found)).to_list() == [0, 1, 0, 3]


def test_scheme_names_the_profile():
    hasher = _core.MinHasher(ngram=5, bands=14, rows_per_band=8, profile="datatrove_sha1")
    assert hasher.scheme == "datatrove_sha1/1"
    with pytest.raises(ValueError, match="no MinHash profile named"):
        _core.MinHasher(ngram=5, bands=14, rows_per_band=8, profile="datatroves")
