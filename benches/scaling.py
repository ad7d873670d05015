"""How the job scales: with threads, with the number of units, and simulated, on more cores than are here.

    python benches/scaling.py --data FOLDER [--megabytes 25] [--repeats 5]

What it is: runs with 1 and 2 threads over the same documents cut into more and more units (files),
whose slope is what a unit costs beside its text; and a simulation: the seconds that each unit's
annotation took alone on one thread are handed to 1, 2, 4, … workers, the next unit to whoever is
free. Beside what it says of 2 workers stands what 2 threads took. What it is not: a promise for a
machine with those cores, whose memory and disk are shared by more workers than were measured.
"""

import argparse
import heapq
import itertools
import json
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "throughput")]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from whole_job import pipeline  # noqa: E402

from common.command import deliver, name_of_data, parser  # noqa: E402 - lives beside this file
from common.corpus import Corpus, prepare  # noqa: E402
from common.figures import line, ratio  # noqa: E402
from common.record import versions  # noqa: E402
from refinery.annotation import Annotator  # noqa: E402
from refinery.config import Pipeline, load_pipeline  # noqa: E402
from refinery.engine import Silent, Stop  # noqa: E402
from refinery.io.readers import open_reader  # noqa: E402
from refinery.plan import build_plan  # noqa: E402
from refinery.runner import execute  # noqa: E402
from refinery.tree import OutputTree  # noqa: E402

UNITS = (8, 80, 800)
"""How many units the corpus is cut into."""
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def main() -> None:
    made = parser(__doc__, megabytes=25, repeats=5)
    options = made.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    options.model, options.label = "builtin/textbook", None
    corpus = prepare(options.data, options.work / "scaling", megabytes=options.megabytes)
    cut = {units: cut_into(units, corpus, options.work / f"scaling-{units}") for units in UNITS}
    section = {
        "versions": versions(),
        "corpus": corpus.facts(name_of_data(options)),
        "units": of_units(cut, options),
        "simulated": simulated(cut, options),
    }
    deliver("scaling", section, options)


def cut_into(units: int, corpus: Corpus, folder: Path) -> Corpus:
    """The same documents in as many files, each of which is a unit: small row groups share one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = pa.concat_tables(map(pq.read_table, sorted(corpus.folder.glob("part-*.parquet"))))
    rows = -(-corpus.documents // units)
    for number, first in enumerate(range(0, corpus.documents, rows)):
        part = whole.slice(first, rows)
        pq.write_table(part, folder / f"part-{number:04d}.parquet", compression="zstd")
    return Corpus(folder, corpus.sha256, corpus.documents, corpus.bytes, corpus.empty_left_out)


def of_units(cut: dict[int, Corpus], options: argparse.Namespace) -> dict[str, Any]:
    """Seconds of whole runs by threads and number of units; what one unit more costs."""
    found: dict[int, dict[int, list[tuple[float, float]]]] = {1: {}, 2: {}}
    for _ in range(options.repeats + 1):
        for units, threads in itertools.product(cut, found):
            found[threads].setdefault(units, []).append(run(cut[units], threads, options))
    rows = {}
    for threads, by_units in found.items():
        # The first round loads what is loaded when first used.
        medians = {
            units: [statistics.median(values) for values in zip(*costs[1:], strict=True)]
            for units, costs in by_units.items()
        }
        wall_slope, cpu_slope = (
            line([(units, costs[which]) for units, costs in medians.items()])[1] for which in (0, 1)
        )
        rows[f"{threads} threads"] = {
            "wall_s": {units: round(wall, 3) for units, (wall, _) in medians.items()},
            "cpu_s": {units: round(cpu, 3) for units, (_, cpu) in medians.items()},
            "wall_ms_a_unit": round(wall_slope * 1e3, 3),
            "cpu_ms_a_unit": round(cpu_slope * 1e3, 3),
        }
    least = min(cut)
    rows["2 threads over 1"] = ratio(
        rows["1 threads"]["wall_s"][least], rows["2 threads"]["wall_s"][least], 3
    )
    print(json.dumps(rows), flush=True)
    return rows


def run(corpus: Corpus, threads: int, options: argparse.Namespace) -> tuple[float, float]:
    """Wall and CPU seconds of one run in this process."""
    made = fresh(corpus, threads, options)
    wall, cpu = time.perf_counter(), time.process_time()
    execute(made)
    return time.perf_counter() - wall, time.process_time() - cpu


def fresh(corpus: Corpus, threads: int, options: argparse.Namespace) -> Pipeline:
    """The job over a corpus, of which nothing is done."""
    out, file = options.work / "scaling-out", options.work / "scaling.yaml"
    shutil.rmtree(out, ignore_errors=True)
    plan = pipeline(corpus, out, options) | {"resources": {"threads": threads}}
    file.write_text(json.dumps(plan), encoding="utf-8")
    return load_pipeline(file)


def simulated(cut: dict[int, Corpus], options: argparse.Namespace) -> dict[str, Any]:
    """Speed by workers: units of this corpus handed out, and what every run does once."""
    units = max(cut)
    corpus = cut[units]
    seconds = [unit_seconds(corpus, options) for _ in range(options.repeats)]
    each = [statistics.median(values) for values in zip(*seconds, strict=True)]
    phases = execute(fresh(corpus, 1, options)).seconds
    measured = [
        execute(fresh(corpus, 2, options)).seconds["annotate"] for _ in range(options.repeats)
    ]
    found = {
        "units": len(each),
        "unit_s": {"median": round(statistics.median(each), 5), "most": round(max(each), 5)},
        "phases_s": {name: round(value, 4) for name, value in phases.items()},
        "annotate_times_faster": {
            workers: round(sum(each) / makespan(each, workers), 2) for workers in WORKERS
        },
        "with_a_hundred_times_the_units": {
            workers: round(100 * sum(each) / makespan(each * 100, workers), 2)
            for workers in WORKERS
        },
        "2_workers": {
            "simulated_s": round(makespan(each, 2), 3),
            "measured_s": round(statistics.median(measured), 3),
        },
    }
    print(json.dumps(found), flush=True)
    return found


def unit_seconds(corpus: Corpus, options: argparse.Namespace) -> list[float]:
    """Wall seconds of each unit's annotation, one after the other on one thread."""
    plan = build_plan(fresh(corpus, 1, options))
    tree = OutputTree(plan.out)
    tree.create()
    found = []
    with Annotator(plan, tree, Stop(), Silent(), workers=1) as annotator:
        for file in plan.files:
            reader = open_reader(file, file.sha256(lambda: None))
            for unit in reader.units():
                started = time.perf_counter()
                annotator((reader, unit))
                found.append(time.perf_counter() - started)
    return found


def makespan(seconds: Sequence[float], workers: int) -> float:
    """When the last worker ends, if each takes the next unit as soon as it is free.

    >>> makespan([3, 1, 1, 1], 2)
    3.0
    >>> makespan([1, 1, 1, 3], 2)
    4.0
    """
    free = [0.0] * workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


if __name__ == "__main__":
    main()
