"""The main job over a whole corpus, and its promises held on it.

Runs one pipeline over a folder of Parquet (columns `id` and `text`) with 1 and 2 threads, over the
same documents under other file names and in other row groups, after kills at random times, and a
second time over a finished run; prints what each took and whether its result is the same.

    python benches/whole_run.py DATA/raw [--kills 25] [--json RECORD]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

PIPELINE = """
input: {{path: "{data}/*.parquet", id: id}}
annotate:
  signals: [datatrove/gopher_quality, datatrove/gopher_repetition, datatrove/c4, datatrove/fineweb_quality, kl3m]
  scores: [{{name: textbook, model: builtin/textbook}}]
decide:
  - rules: datatrove/gopher_repetition
  - rules: {{datatrove/gopher_quality: {{frac_words_with_alpha: {{min: 0.7}}}}}}
  - exact_duplicates: {{}}
  - near_duplicates: {{keep: {{highest: textbook}}}}
  - select: {{by: textbook, yield: 0.175, unit: tokens}}
output: {{path: out, shard_bytes: 10MB, columns: [n_tokens, textbook]}}
"""


class Job:
    """A folder with a pipeline over `data`, and the runs of it."""

    def __init__(self, folder: Path, data: Path) -> None:
        folder.mkdir(parents=True)
        self.out = folder / "out"
        self.file = folder / "pipeline.yaml"
        self.file.write_text(PIPELINE.format(data=data))

    def start(self, threads: int) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "refinery",
            "run",
            str(self.file),
            "-q",
            "--threads",
            str(threads),
        ]
        return subprocess.Popen(command, start_new_session=True)

    def run(self, threads: int) -> dict[str, float]:
        began = time.monotonic()
        process = self.start(threads)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            message = f"{self.file}: exit {process.returncode}"
            raise SystemExit(message)
        return {
            "wall_s": time.monotonic() - began,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_mb": used.ru_maxrss * 1024 / 1e6,
        }

    def hashes(self) -> dict[str, str]:
        """Every file of the result by content, what nothing reads aside."""
        found = {}
        for path in sorted(self.out.rglob("*")):
            if path.is_file() and path.name not in ("run.json", "lock"):
                found[str(path.relative_to(self.out))] = hashlib.sha256(
                    path.read_bytes()
                ).hexdigest()
        return found

    def verdicts(self) -> str:
        """Hash of the set of (id, verdict, reasons, cluster, kept instead)."""
        frame = pl.read_parquet(self.out / "_refinery/decisions/*.parquet").sort("id")
        return hashlib.sha256(frame.write_ndjson().encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), arguments.data.resolve(), arguments.kills)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path, data: Path, kills: int) -> dict[str, object]:
    # Copied, so that the copies that follow differ from it in names and layout only.
    source = folder / "data"
    shutil.copytree(data, source)
    job = Job(folder / "one", source)
    one = job.run(1)
    manifest = json.loads((job.out / "_refinery/manifest.json").read_text())
    ledger = manifest["ledger"]
    megabytes = ledger["bytes"]["in"] / 1e6
    tokens = ledger["tokens"]
    figures: dict[str, object] = {
        "documents": ledger["documents"],
        "tokens": tokens,
        "one_thread": one,
    }
    print(
        f"{ledger['documents']['in']} documents, {megabytes:.1f} MB; kept {ledger['documents']['kept']}"
    )
    print(f"token yield {tokens['kept'] / tokens['in']:.5f} (target 0.175)")
    print(
        f"1 thread:  {one['wall_s']:.1f} s, {megabytes / one['cpu_s']:.1f} MB/s per core, peak {one['peak_mb']:.0f} MB"
    )

    two_job = Job(folder / "two", source)
    two = two_job.run(2)
    figures["two_threads"] = two
    print(
        f"2 threads: {two['wall_s']:.1f} s, {megabytes / two['cpu_s']:.1f} MB/s per core, peak {two['peak_mb']:.0f} MB"
    )
    report(figures, "same bytes with 1 and 2 threads", job.hashes() == two_job.hashes())

    again = two_job.run(2)
    figures["second_run"] = again
    print(
        f"second run: {again['wall_s']:.2f} s, {again['wall_s'] / two['wall_s']:.1%} of the first"
    )

    for name, change in (("renamed", renamed), ("repacked", repacked)):
        changed = Job(folder / name, change(source, folder / f"data-{name}"))
        changed.run(2)
        report(figures, f"same verdicts with files {name}", changed.verdicts() == job.verdicts())

    killed = Job(folder / "killed", source)
    report(
        figures,
        f"same bytes after {kill(killed, kills, two['wall_s'])} kills",
        job.hashes() == killed.hashes(),
    )
    return figures


def report(figures: dict[str, object], what: str, holds: bool) -> None:  # noqa: FBT001 - a verdict
    figures[what] = holds
    print(f"{what}: {'yes' if holds else 'NO'}")


def renamed(source: Path, target: Path) -> Path:
    """The same files under names that sort in another order."""
    target.mkdir()
    for i, path in enumerate(sorted(source.glob("*.parquet"), reverse=True)):
        shutil.copyfile(path, target / f"{i:03d}.parquet")
    return target


def repacked(source: Path, target: Path) -> Path:
    """The same documents shuffled into other files and row groups."""
    target.mkdir()
    table = pa.concat_tables([pq.read_table(path) for path in sorted(source.glob("*.parquet"))])
    order = list(range(len(table)))
    random.Random(3).shuffle(order)
    table = table.take(pa.array(order))
    step = len(table) // 3 + 1
    for i, start in enumerate(range(0, len(table), step)):
        pq.write_table(table.slice(start, step), target / f"{i}.parquet", row_group_size=997)
    return target


def kill(job: Job, kills: int, seconds: float) -> int:
    """Run, killed at random moments of a run's usual time, then to the end; returns the kills."""
    draw = random.Random(7)
    done = 0
    for _ in range(kills):
        process = job.start(2)
        try:
            process.wait(draw.uniform(0.5, max(1.0, seconds / 3)))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
        if (job.out / "_refinery/manifest.json").exists():
            shutil.rmtree(job.out)
    job.run(2)
    return done


if __name__ == "__main__":
    main()
