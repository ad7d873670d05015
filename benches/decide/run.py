"""Deciding over millions of documents: time, peak memory and bytes a document, step by step.

Generates annotations (`corpus.py`), then decides over them in a process of its own for every job and
memory limit, and compares the verdicts: they must not depend on the limit.

    python benches/decide/run.py FOLDER [--documents 10000000] [--limits 2GB,16GB] [--json RECORD]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from corpus import Shape, write_corpus

from refinery.annotation import UnitRecord, read_record
from refinery.config import load_pipeline
from refinery.decide import Room, decide
from refinery.engine import Stop
from refinery.memory import memory_model
from refinery.plan import build_plan
from refinery.tree import OutputTree

RULES = {"rules": {"n_tokens": {"min": 50}, "textbook": {"min": 0.02}}}
NEAR = {"near_duplicates": {"keep": {"highest": "textbook"}}}
EXACT = {"exact_duplicates": {}}
SELECT = {"select": {"by": "textbook", "yield": 0.175, "unit": "tokens"}}
JOBS = {
    "rules": [RULES],
    "exact": [EXACT],
    "near": [NEAR],
    "select": [SELECT],
    "all": [RULES, EXACT, NEAR, SELECT],
}
UNIT = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=10_000_000)
    parser.add_argument("--limits", default="16GB,2GB")
    parser.add_argument("--jobs", default=",".join(JOBS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(decide_once(arguments.folder, json.loads(arguments.one))))
        return
    tree = generated(arguments.folder, arguments.documents)
    found = []
    for name in arguments.jobs.split(","):
        verdicts = set()
        for limit in arguments.limits.split(","):
            task = {"job": name, "limit": limit, "threads": arguments.threads}
            found.append(measured(arguments.folder, task))
            verdicts.add(found[-1].get("verdicts"))
            print(line(found[-1]), flush=True)
        same = len(verdicts - {None}) == 1
        print(
            f"{name}: the verdicts are {'the same' if same else 'NOT THE SAME'} under every limit"
        )
    if arguments.json:
        record = {"documents": arguments.documents, "tree": str(tree.root), "runs": found}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


def generated(folder: Path, documents: int) -> OutputTree:
    """The annotations, made where they are not there yet."""
    tree = OutputTree(folder / "out")
    done = folder / f"documents-{documents}"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        tree.root.mkdir(parents=True)
        tree.create()
        began = time.monotonic()
        write_corpus(tree, Shape(documents, UNIT))
        print(f"{documents:,} documents generated in {time.monotonic() - began:.0f} s")
        done.touch()
    return tree


def measured(folder: Path, task: dict[str, object]) -> dict[str, object]:
    command = [sys.executable, __file__, str(folder), "--one", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return task | {"exit": done.returncode}
    return task | json.loads(done.stdout.splitlines()[-1])


def line(found: dict[str, object]) -> str:
    """What a person reads of one run."""
    if "seconds" not in found:
        return f"{found['job']:7} limit {found['limit']:>6}: does not fit (exit {found['exit']})"
    return (
        f"{found['job']:7} limit {found['limit']:>6}: {found['seconds']:7.1f} s, CPU {found['cpu']:7.1f} s, "
        f"peak {found['peak'] / 1e6:7.0f} MB, estimated {found['estimate'] / 1e6:7.0f} MB, "
        f"{found['bytes_per_document']:5.0f} bytes a document"
    )


def decide_once(folder: Path, task: dict[str, str]) -> dict[str, object]:
    """Decide in this process, as a run does between its other phases."""
    tree = OutputTree(folder / "out")
    records = sorted(map(with_name, tree.annotations.iterdir()), key=lambda record: record.key)
    n = sum(record.n_rows for record in records)
    plan = build_plan(load_pipeline(pipeline_file(folder, task)))
    before = peak_bytes()
    began, cpu = time.monotonic(), time.process_time()
    memory = memory_model(plan)
    memory.check_decide(n)
    decisions = decide(
        plan,
        tree,
        records,
        bad_files=[],
        room=Room(memory.room(n), tree.staging),
        stop=Stop(),
    )
    verdicts = folder / f"verdicts-{os.getpid()}"
    verdicts.mkdir()
    names = decisions.write(verdicts)
    peak = peak_bytes()
    found = {
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
        "peak": peak,
        "estimate": memory.peaks(n, len(records), 0)["decide"],
        "bytes_per_document": (peak - before) / n,
        "kept": decisions.ledger["documents"]["kept"],
        "verdicts": digest([verdicts / name for name in names]),
    }
    shutil.rmtree(verdicts)
    return found


def peak_bytes() -> int:
    """Highest resident memory of this program; `getrusage` would count what started it too."""
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) * 1024


def with_name(path: Path) -> UnitRecord:
    """The record in an annotation file, with the file's name as a run has it."""
    record = read_record(path)
    if record is None:
        message = f"{path}: no annotations"
        raise SystemExit(message)
    return UnitRecord(**(vars(record) | {"name": path.name}))


def pipeline_file(folder: Path, task: dict[str, str]) -> Path:
    """The pipeline of a job, over an input that is never read."""
    raw = folder / "raw.jsonl"
    raw.write_text('{"id": "a", "text": "b"}\n')
    path = folder / f"{task['job']}.yaml"
    pipeline = {
        "input": {"path": str(raw), "id": "id"},
        "annotate": {"scores": [{"name": "textbook", "model": "builtin/textbook"}]},
        "decide": JOBS[task["job"]],
        "output": {"path": "out"},
        "resources": {"memory": task["limit"], "threads": task["threads"]},
    }
    path.write_text(json.dumps(pipeline))
    return path


def digest(paths: list[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


if __name__ == "__main__":
    main()
