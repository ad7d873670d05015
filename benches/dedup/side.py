"""One side of `rivals.py`: signs or deduplicates a corpus with one library, on one thread.

What it is: a process that holds the texts in memory before its clock starts and has worked on twenty
others, run by the library's own Python. It prints one line of JSON: CPU and wall seconds, the memory
that the work added, and what was found: of each dropped document those that it is a duplicate of.
What it is not: a judge. All sides take word 5-grams, 14 bands of 8 and a similarity of 0.7; what a
library does with words, and whether it compares signatures, is its own.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Before any library starts its threads.
os.environ |= {"RAYON_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "DAFT_PROGRESS_BAR": "0"}

import pyarrow as pa
import pyarrow.parquet as pq

NGRAM, BANDS, ROWS, THRESHOLD = 5, 14, 8, 0.7
NUM_PERM = BANDS * ROWS
SEED = 17
WARM_UP = 20
NAMED = 20
"""Of the duplicates of one document, how many are told."""

Found = dict[int, list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", help="e.g. refinery_dedup")
    parser.add_argument("corpus", type=Path, help="folder of part-*.parquet: id, text")
    options = parser.parse_args()
    prepare, work = TASKS[options.task]
    ids, texts = read(options.corpus)
    warm, given = prepare(texts[:WARM_UP]), prepare(texts)
    work(warm)
    forget_peak()
    before, cpu, wall = memory("VmRSS"), time.process_time(), time.perf_counter()
    found = work(given)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    report = {"cpu_s": cpu, "wall_s": wall, "added_bytes": memory("VmHWM") - before}
    if isinstance(found, dict):
        named = {ids[row]: [ids[other] for other in others] for row, others in found.items()}
        report["duplicates"] = named
    json.dump(report, sys.stdout)


def read(corpus: Path) -> tuple[list[int], list[str]]:
    """Number and text of every document, in the order of the numbers."""
    table = pa.concat_tables(pq.read_table(file) for file in sorted(corpus.glob("part-*.parquet")))
    table = table.sort_by("id")
    ids = [int(name.removeprefix("doc-")) for name in table["id"].to_pylist()]
    return ids, table["text"].to_pylist()


def memory(name: str) -> int:
    """Bytes of a line of this process' status."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def forget_peak() -> None:
    """Let VmHWM begin anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def as_column(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def refinery_sign(column: pa.Array) -> pa.RecordBatch:
    from refinery import _core

    hasher = _core.MinHasher(ngram=NGRAM, bands=BANDS, rows_per_band=ROWS)
    return pa.record_batch(_core.Pass(minhash=hasher).run(column, _core.ThreadPool(1)))


def refinery_dedup(column: pa.Array) -> Found:
    from refinery import _core

    n = len(column)
    signatures = _core.Signatures(bands=BANDS)
    signatures.append(refinery_sign(column).column("minhash"))
    clusters = signatures.clusters(
        pa.array(range(n), pa.uint32()),
        pa.array([True] * n),
        threshold=THRESHOLD,
        pool=_core.ThreadPool(1),
    )
    members: Found = {}
    for row, first in enumerate(pa.array(clusters).to_pylist()):
        members.setdefault(first if first is not None else row, []).append(row)
    return dropped(members)


def dropped(clusters: Found) -> Found:
    """All but the first of each cluster, with others of it."""
    return {
        row: [other for other in rows[:NAMED] if other != row]
        for rows in clusters.values()
        for row in rows[1:]
    }


def gaoya_index(texts: list[str]):  # noqa: ANN201 - the library is not in this environment
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=BANDS,
        band_size=ROWS,
        analyzer="word",
        lowercase=True,
        ngram_range=(NGRAM, NGRAM),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    return index


def gaoya_sign(texts: list[str]) -> None:
    """It has no way to a signature but to insert it."""
    gaoya_index(texts)


def gaoya_dedup(texts: list[str]) -> Found:
    index = gaoya_index(texts)
    return earlier(index.par_bulk_query(texts))


def rensa_dedup(texts: list[str]) -> Found:
    """As its documentation does it: words of `str.split`, joined to shingles in Python."""
    from rensa import RMinHash, RMinHashLSH

    lsh = RMinHashLSH(threshold=THRESHOLD, num_perm=NUM_PERM, num_bands=BANDS)
    sketches = []
    for row, text in enumerate(texts):
        sketch = RMinHash(num_perm=NUM_PERM, seed=SEED)
        sketch.update(shingles(text))
        lsh.insert(row, sketch)
        sketches.append(sketch)
    return earlier(map(lsh.query, sketches))


def shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))]


def datasketch_sign(texts: list[str]) -> list:
    """With its default hash, all shingles of a document at a time."""
    from datasketch import MinHash

    sketches = []
    for text in texts:
        sketch = MinHash(num_perm=NUM_PERM, seed=SEED)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])
        sketches.append(sketch)
    return sketches


def datasketch_dedup(texts: list[str]) -> Found:
    from datasketch import MinHashLSH

    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=NUM_PERM, params=(BANDS, ROWS))
    sketches = datasketch_sign(texts)
    for row, sketch in enumerate(sketches):
        lsh.insert(row, sketch)
    return earlier(map(lsh.query, sketches))


def text_dedup_sign(texts: list[str]) -> list[list[bytes]]:
    """What its command maps over a dataset, with its fast hash and that hash's numbers."""
    import numpy as np
    from text_dedup.minhash import SIGNATURE_COLUMN, embed_func
    from text_dedup.utils.hashfunc import xxh3_32hash

    most, prime = np.uint32((1 << 32) - 1), np.uint32((1 << 32) - 5)
    random = np.random.RandomState(SEED)
    permutations = tuple(
        random.randint(least, prime, size=(NUM_PERM,), dtype=np.uint32) for least in (1, 0)
    )
    settings = {
        "num_perm": NUM_PERM,
        "ngram_size": NGRAM,
        "min_length": 0,
        "hashranges": [(i * ROWS, (i + 1) * ROWS) for i in range(BANDS)],
        "permutations": permutations,
        "hash_func": xxh3_32hash,
        "dtype": np.uint32,
        "max_hash": most,
        "modulo_prime": prime,
    }
    return [embed_func(text, row, **settings)[SIGNATURE_COLUMN] for row, text in enumerate(texts)]


def text_dedup_dedup(texts: list[str]) -> Found:
    """As its command does it between reading and writing: every band's match is an edge."""
    from text_dedup.utils import UnionFind

    tables: list[dict[bytes, list[int]]] = [{} for _ in range(BANDS)]
    for row, bands in enumerate(text_dedup_sign(texts)):
        for table, band in zip(tables, bands, strict=True):
            table.setdefault(band, []).append(row)
    forest = UnionFind()
    for table in tables:
        for rows in table.values():
            for row in rows:
                forest.union(row, rows[0])
    members: Found = {}
    for row in range(len(texts)):
        members.setdefault(forest.find(row), []).append(row)
    return dropped(members)


def earlier(answers) -> Found:  # noqa: ANN001 - lists of ids, of whatever kind a library gives
    """Documents of whose duplicates one comes earlier, and their duplicates."""
    found = {}
    for row, others in enumerate(answers):
        others = sorted(int(other) for other in others if other != row)
        if others and others[0] < row:
            found[row] = others[:NAMED]
    return found


def daft_frame(texts: list[str]):  # noqa: ANN201 - the library is not in this environment
    import daft

    return daft.from_arrow(pa.table({"text": as_column(texts)})).collect()


def daft_sign(frame) -> None:  # noqa: ANN001 - see daft_frame
    from daft import col

    sketch = col("text").minhash(
        num_hashes=NUM_PERM, ngram_size=NGRAM, seed=SEED, hash_function="xxhash3_64"
    )
    frame.select(sketch).collect()


TASKS: dict[str, tuple[Callable, Callable]] = {
    "refinery_sign": (as_column, refinery_sign),
    "refinery_dedup": (as_column, refinery_dedup),
    "gaoya_sign": (list, gaoya_sign),
    "gaoya_dedup": (list, gaoya_dedup),
    "rensa_dedup": (list, rensa_dedup),
    "datasketch_sign": (list, datasketch_sign),
    "datasketch_dedup": (list, datasketch_dedup),
    "text_dedup_sign": (list, text_dedup_sign),
    "text_dedup_dedup": (list, text_dedup_dedup),
    "daft_sign": (daft_frame, daft_sign),
}


if __name__ == "__main__":
    main()
