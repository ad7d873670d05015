"""Speed of MinHash signatures on one core: datatrove's own, ours with its numbers, and our own.

    python benches/dedup/signature_speed.py TEXTS.parquet ORACLE_PYTHON [DOCUMENTS]

`ORACLE_PYTHON` is an interpreter with `datatrove[processing]==0.10.0`. Seconds are of the processor, so that a
busy machine counts little; signatures are compared before any speed is printed.
"""

import json
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa

from refinery import _core

ORIGINAL = """
import json, sys, tempfile, time
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.utils.hashing import HashConfig
texts = json.load(sys.stdin)
step = MinhashDedupSignature(tempfile.gettempdir(), MinhashConfig(hash_config=HashConfig(hash_fc=sys.argv[1])))
step.get_shingles("load the tokenizer first")
start = time.process_time()
found = []
for text in texts:
    shingles = step.get_shingles(text)
    found.append(sum(step.get_signature(shingles), []) if shingles.size else None)
json.dump([time.process_time() - start, found], sys.stdout)
"""
ROUNDS = 5


def seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of the best round."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(path: str, python: str, documents: str = "2000") -> None:
    """Print one line a profile."""
    texts = pl.read_parquet(path, columns=["text"])["text"].head(int(documents)).to_list()
    column = pa.array(texts, pa.large_string())
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    pool = _core.ThreadPool(1)
    print(f"{len(texts)} documents, {megabytes:.1f} MB")
    for profile, hash_name in (
        ("datatrove", "xxhash"),
        ("datatrove_sha1", "sha1"),
        ("refinery", None),
    ):
        hasher = _core.MinHasher(ngram=5, bands=14, rows_per_band=8, profile=profile)
        each = _core.Pass(minhash=hasher)
        ours = megabytes / seconds(lambda each=each: each.run(column, pool))  # type: ignore[misc]
        print(f"{profile}: {ours:.1f} MB/s a core")
        if hash_name is None:
            continue
        done = subprocess.run(
            [python, "-c", ORIGINAL, hash_name], input=json.dumps(texts), capture_output=True, text=True, check=True
        )  # fmt: skip
        took, theirs = json.loads(done.stdout)
        found = pa.record_batch(each.run(column, pool)).column("minhash").to_pylist()
        if [s and list(struct.unpack("<112Q", s)) for s in found] != theirs:
            sys.exit(f"{profile}: the signatures differ")
        print(
            f"  datatrove itself: {megabytes / took:.2f} MB/s a core; {ours * took / megabytes:.0f} times"
        )


main(*sys.argv[1:])
