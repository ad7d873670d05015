"""How well near-duplicate clusters fit the exact Jaccard similarity of word 5-grams.

    python benches/dedup/recall_precision.py [DATA_FOLDER]

Every set of documents is signed and clustered by the extension with the default parameters (14
bands of 8, threshold 0.7); the exact similarity of every pair that shares a 5-gram is counted in
plain Python with the same words. A pair is *found* when both its documents are in one cluster, so
single linkage is part of what is measured. Recall: share of the pairs with J >= 0.8 that are found.
Precision at x: share of the found pairs with J >= x. The S-curve is the share that signatures alone
would bring together in a band.

* planted: originals from this machine's documentation (or what `--planted` names: Parquet files or
  a folder of them), a third of them copied with 0.2 to 12 % of the words replaced, with the end cut
  off, or with a head put before.
* with DATA_FOLDER: the pairs of `labelled/near_dup_versions.parquet`, the documents of
  `raw_version_clusters.parquet`, and all of `raw/` (precision only: each dropped document against
  its cluster).

Not here: speed (`benches/kernels/dedup.rs`).
"""

import argparse
import random
import re
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.demo.build import build_corpus

NGRAM, BANDS, ROWS = 5, 14, 8
RECALL_AT = 0.8
BINS = [0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0]
PLANTED_MEGABYTES = 6
CLUSTER_SAMPLE = 20  # members of a cluster that a dropped document is compared with

Pairs = dict[tuple[int, int], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", nargs="?", type=Path, help="folder with raw/ and labelled/")
    parser.add_argument("--planted", type=Path, help="Parquet with a column text")
    arguments = parser.parse_args()
    report("planted", plant(originals(arguments.planted), random.Random(17)))
    if arguments.data:
        versions(pl.read_parquet(arguments.data / "labelled/near_dup_versions.parquet"))
        truth = pl.read_parquet(arguments.data / "raw_version_clusters.parquet")
        raw = pl.read_parquet(arguments.data / "raw/*.parquet", columns=["id", "text"])
        report("raw_version_clusters", raw.join(truth, on="id", how="semi")["text"].to_list())
        whole(raw["text"])


def words(text: str) -> list[str]:
    """The words of the signatures, for text without the rare letters that `\\w` leaves out."""
    folded = unicodedata.normalize("NFD", text.lower().replace("ς", "\N{GREEK SMALL LETTER SIGMA}"))
    return re.findall(r"\w+", "".join(c for c in folded if unicodedata.category(c) != "Mn"))


def shingles(text: str) -> set[int]:
    """Hashes (of this process alone) of the 5-grams; of all words where there are fewer."""
    found = words(text)
    if 0 < len(found) < NGRAM:
        return {hash(tuple(found))}
    return {hash(tuple(found[i : i + NGRAM])) for i in range(len(found) - NGRAM + 1)}


def jaccard(a: set[int], b: set[int]) -> float:
    return len(a & b) / len(a | b) if a or b else 0.0


def exact_pairs(sets: list[set[int]]) -> Pairs:
    """The similarity of every pair of documents that shares a shingle."""
    holders: dict[int, list[int]] = defaultdict(list)
    for document, shingle_set in enumerate(sets):
        for shingle in shingle_set:
            holders[shingle].append(document)
    shared: Counter[tuple[int, int]] = Counter()
    for documents in holders.values():
        shared.update(combinations(documents, 2))
    return {(a, b): n / (len(sets[a]) + len(sets[b]) - n) for (a, b), n in shared.items()}


def clusters(texts: pl.Series) -> pl.Series:
    """For each document the first of its cluster."""
    hasher = _core.MinHasher(ngram=NGRAM, bands=BANDS, rows_per_band=ROWS)
    columns = pa.record_batch(_core.Pass(minhash=hasher).run(texts.to_arrow()))
    rank = pa.array(range(len(texts)), pa.uint32())
    alive = pa.array([True] * len(texts))
    signatures = _core.Signatures(bands=BANDS)
    signatures.append(columns.column("minhash"))
    found = signatures.clusters(rank, alive, threshold=0.7)
    return pl.Series("cluster", pa.array(found))


def found_pairs(clusters: pl.Series) -> Iterator[tuple[int, int]]:
    for members in members_of(clusters):
        yield from combinations(members, 2)


def members_of(clusters: pl.Series) -> list[list[int]]:
    groups = clusters.to_frame().with_row_index("row").group_by("cluster", maintain_order=True)
    return [rows for rows in groups.agg("row")["row"].to_list() if len(rows) > 1]


def report(name: str, texts: list[str]) -> None:
    truth = exact_pairs([shingles(text) for text in texts])
    found = set(found_pairs(clusters(pl.Series(texts, dtype=pl.String))))
    print(f"\n{name}: {len(texts)} documents, {sum(map(len, texts)) / 1e6:.1f} M characters")
    measures(truth, found)
    table(truth, found)


def measures(truth: Pairs, found: set[tuple[int, int]]) -> None:
    wanted = {pair for pair, j in truth.items() if j >= RECALL_AT}
    recall = len(wanted & found) / max(len(wanted), 1)
    print(f"recall at J >= {RECALL_AT}: {recall:.4f} of {len(wanted)} pairs")
    for bound in (0.8, 0.7, 0.6, 0.5):
        right = sum(truth.get(pair, 0.0) >= bound for pair in found)
        print(f"precision at {bound}: {right / max(len(found), 1):.4f} of {len(found)} pairs")


def table(truth: Pairs, found: set[tuple[int, int]]) -> None:
    print("J from   to     pairs   found   share   S-curve")
    for low, high in zip(BINS, [*BINS[1:], 1.01], strict=True):
        inside = {pair: j for pair, j in truth.items() if low <= j < high}
        if inside:
            hits = sum(pair in found for pair in inside)
            curve = sum(1 - (1 - j**ROWS) ** BANDS for j in inside.values()) / len(inside)
            share = hits / len(inside)
            top = min(high, 1.0)
            print(f"{low:6.2f} {top:5.2f} {len(inside):8} {hits:7} {share:7.3f} {curve:9.3f}")


def versions(pairs: pl.DataFrame) -> None:
    """Each row a corpus of two documents: does it become one cluster?"""
    rows = pairs.select("text_a", "text_b", "jaccard_word5", "same_document").rows()
    truth, found, labels = {}, set(), Counter()
    furthest = 0.0
    for row, (a, b, published, is_same) in enumerate(rows):
        pair = (2 * row, 2 * row + 1)
        truth[pair] = jaccard(shingles(a), shingles(b))
        furthest = max(furthest, abs(truth[pair] - published))
        is_found = clusters(pl.Series([a, b])).n_unique() == 1
        labels[is_same, is_found] += 1
        if is_found:
            found.add(pair)
    print(
        f"\nnear_dup_versions: {len(rows)} pairs; our J differs from the file's by <= {furthest:.3f}"
    )
    measures(truth, found)
    for is_same in (True, False):
        n = labels[is_same, True] + labels[is_same, False]
        print(f"same_document {is_same}: {labels[is_same, True]} of {n} found")
    table(truth, found)


def whole(texts: pl.Series) -> None:
    """Every document of a cluster but the first, against the nearest of the others."""
    groups = members_of(clusters(texts))
    rng = random.Random(17)
    best = []
    for members in groups:
        kept, *dropped = members
        sample = [kept, *rng.sample(dropped, min(CLUSTER_SAMPLE, len(dropped)))]
        sets = [shingles(texts[row]) for row in sample]
        best += [max(jaccard(a, b) for b in sets if b is not a) for a in sets[1:]]
    dropped_total = sum(len(members) - 1 for members in groups)
    print(f"\nraw: {len(texts)} documents, {len(groups)} clusters, {dropped_total} dropped")
    print(f"of {len(best)} dropped documents (at most {CLUSTER_SAMPLE} a cluster), the nearest in")
    for bound in (0.8, 0.7, 0.6, 0.5):
        print(f"their cluster has J >= {bound}: {sum(j >= bound for j in best) / len(best):.4f}")


def originals(source: Path | None) -> list[str]:
    if source is not None:
        return pl.read_parquet(source, columns=["text"])["text"].drop_nulls().to_list()
    with tempfile.TemporaryDirectory() as folder:
        build_corpus(folder, max_megabytes=PLANTED_MEGABYTES)
        return pl.read_parquet(Path(folder) / "*.parquet", columns=["text"])["text"].to_list()


def plant(texts: list[str], rng: random.Random) -> list[str]:
    """The texts of at least 50 words, and altered copies of a third of them."""
    texts = [text for text in texts if len(text.split()) >= 50]
    alter = [edit, cut, head]
    copies = [
        alter[number % 3](texts[number], texts[number - 1], rng)
        for number in rng.sample(range(len(texts)), len(texts) // 3)
    ]
    return texts + copies


def edit(text: str, other: str, rng: random.Random) -> str:
    """0.2 to 12 % of the words replaced by words of another document."""
    found, strange = text.split(), other.split()
    for i in rng.sample(range(len(found)), max(1, round(len(found) * rng.uniform(0.002, 0.12)))):
        found[i] = rng.choice(strange)
    return " ".join(found)


def cut(text: str, _: str, rng: random.Random) -> str:
    """The first 50 to 95 % of the words."""
    found = text.split()
    return " ".join(found[: round(len(found) * rng.uniform(0.5, 0.95))])


def head(text: str, other: str, rng: random.Random) -> str:
    """Words of another document put before: 2 to 50 % of the text's number."""
    found = text.split()
    return " ".join(other.split()[: round(len(found) * rng.uniform(0.02, 0.5))] + found)


if __name__ == "__main__":
    main()
