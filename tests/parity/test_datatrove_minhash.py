"""datatrove's MinHash against ours: the same signatures, and the same documents removed.

Known difference: characters that Unicode gained or reclassified after the version of the
original's Python (14.0 in Python 3.11) may be simplified differently.
"""

import json
import random
import struct

import oracle
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


PIPELINE = """
input: {path: in/*.jsonl, id: id}
annotate: {minhash: {profile: PROFILE}}
decide: [{near_duplicates: {keep: datatrove}}]
output: {path: out}
"""
FILES = 7


def with_copies(texts, rng):
    """Each text, and for some of them copies of copies with a few words changed, shuffled."""
    found = []
    for text in texts:
        family = [text.split(" ")]
        while rng.random() < 0.55:
            words = list(rng.choice(family))
            for _ in range(rng.randrange(1 + len(words) // 30)):
                words[rng.randrange(len(words))] = rng.choice(words) + rng.choice("xyz")
            family.append(words)
        found += [" ".join(words) for words in family]
    rng.shuffle(found)
    return found


def made_texts(n, rng):
    """Random words of random letters, in lengths from nothing to a page."""
    vocabulary = ["".join(rng.choices("abcdefghijkl", k=rng.randrange(2, 8))) for _ in range(3000)]
    return [" ".join(rng.choices(vocabulary, k=rng.randrange(400))) for _ in range(n)]


def write_files(folder, files):
    folder.mkdir(parents=True)
    for i, rows in enumerate(files):
        lines = (json.dumps(row) + "\n" for row in rows)
        (folder / f"{i:03}.jsonl").write_text("".join(lines), encoding="utf-8")


def kept_by_original(folder, files, tasks, bucket_workers, hash_fc):
    write_files(folder / "in", files)
    question = {"folder": str(folder), "tasks": tasks, "hash": hash_fc}
    (ids,) = oracle.answers(
        "ask_datatrove_dedup.py", [question | {"bucket_workers": bucket_workers}]
    )
    return ids


def kept_by_us(folder, files, profile):
    write_files(folder / "in", files)
    (folder / "pipeline.yaml").write_text(PIPELINE.replace("PROFILE", profile), encoding="utf-8")
    run = rf.run(folder / "pipeline.yaml")
    decisions = run.decisions.collect()
    return decisions.filter(decisions["kept"])["id"].to_list(), decisions


@pytest.mark.parametrize(
    ("tasks", "bucket_workers", "profile", "hash_fc"),
    [
        (1, 1, "datatrove", "xxhash"),
        (3, 1, "datatrove", "xxhash"),
        (FILES, 2, "datatrove", "xxhash"),
        (3, 1, "datatrove_sha1", "sha1"),
    ],
)
def test_the_same_documents_stay(tmp_path, tasks, bucket_workers, profile, hash_fc):
    rng = random.Random(51)
    texts = with_copies([*made_texts(500, rng), *sample(800, seed=52, most_chars=8000)], rng)
    texts = [text for text in texts if text]  # its readers skip documents without text
    rows = [{"id": f"d{i * 7919 % 100003:06}", "text": text} for i, text in enumerate(texts)]
    files = [rows[i::FILES] for i in range(FILES)]
    theirs = kept_by_original(tmp_path / "theirs", files, tasks, bucket_workers, hash_fc)
    # A task reads every so many files; the original's order is that of its tasks.
    in_order = [files[i] for rank in range(tasks) for i in range(rank, FILES, tasks)]
    ours, decisions = kept_by_us(tmp_path / "ours", in_order, profile)
    assert len(rows) // 5 < len(rows) - len(ours) < len(rows)
    assert sorted(ours) == sorted(theirs)
    # In some cluster another than the first stays, so the rule of sizes was at work.
    place = {row["id"]: i for i, row in enumerate(row for file in in_order for row in file)}
    dropped = decisions.drop_nulls("kept_instead").select("id", "kept_instead").rows()
    assert any(place[loser] < place[winner] for loser, winner in dropped)
