"""Run by datatrove's interpreter: which documents its four steps of MinHash deduplication keep.

In: one JSON object a line. `folder` holds the input as `in/*.jsonl` (`id`, `text`); `tasks` is in
how many parts it is read, `bucket_workers` by how many each bucket is matched, `hash` is `xxhash`
or `sha1`. Out: one JSON line each, the ids that are kept.
"""

import json
import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig


def deduplicate(question):
    """The published example's four jobs, one after the other in this process."""
    folder = Path(question["folder"])
    config = MinhashConfig(hash_config=HashConfig(hash_fc=question["hash"]))
    reader = JsonlReader(str(folder / "in"), glob_pattern="*.jsonl")
    work = {name: str(folder / name) for name in ("signatures", "buckets", "remove", "kept")}

    def run(name, steps, tasks):
        logs = str(folder / "logs" / name)
        LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=logs).run()

    run("1", [reader, MinhashDedupSignature(work["signatures"], config)], question["tasks"])
    buckets = MinhashDedupBuckets(work["signatures"], work["buckets"], config=config)
    run("2", [buckets], config.num_buckets * question["bucket_workers"])
    run("3", [MinhashDedupCluster(work["buckets"], work["remove"], config=config)], 1)
    writer = JsonlWriter(work["kept"], compression=None)
    run("4", [reader, MinhashDedupFilter(work["remove"]), writer], question["tasks"])
    files = sorted(Path(work["kept"]).glob("*.jsonl"))
    return [json.loads(line)["id"] for file in files for line in file.open(encoding="utf-8")]


answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    answers.write(json.dumps(deduplicate(json.loads(line))) + "\n")
