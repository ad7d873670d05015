"""The whole job alone: what is fixed, what each megabyte and each family adds, reading and writing.

    python benches/throughput/whole_job.py --data FOLDER [--megabytes 25] [--repeats 5] [--model FILE]

What it is: `refinery run` as a command, over a corpus and over a fifth of it, with 1 and 2 threads:
a straight line through both sizes parts what every run costs (interpreter, tokenizer, models) from
what a byte costs, so that the rate of a large corpus can be told from small ones. Beside it: a second
run after a threshold was moved, every family alone, the fused pass in memory (so that the rest of the
job is reading, writing and deciding), and the memory that `--dry-run` had promised. What it is not: a
comparison (`run.py`).
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.command import TEXTBOOK, deliver, name_of_data, parser  # noqa: E402 - lives beside this folder
from common.corpus import Corpus, prepare  # noqa: E402
from common.figures import ratio, spread, start_and_rate  # noqa: E402
from common.measure import Cost, measure  # noqa: E402
from common.record import versions  # noqa: E402

FAMILIES = [
    "datatrove/gopher_quality",
    "datatrove/gopher_repetition",
    "datatrove/c4",
    "datatrove/fineweb_quality",
    "kl3m",
]
BOUND = "datatrove.gopher_quality.frac_words_with_alpha"
NOTHING = "alone: nothing"
"""The run that reads, counts tokens and writes: what a family adds is beyond it."""
PART = 5
"""The smaller corpus is the larger one's size over this."""


def main() -> None:
    made = parser(__doc__, megabytes=25)
    made.add_argument("--model", default="builtin/textbook", help="the classifier of the job")
    made.add_argument("--label", help="the label that is the score, where the model needs it")
    options = made.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    corpora = job_corpora(options)
    runs, compute = run_all(corpora, options)
    print("loading", flush=True)
    load = load_seconds(options)
    section = {
        "versions": versions(),
        "corpus": corpora["all"].facts(name_of_data(options)),
        "model": Path(options.model).name,
        "runs": {name: summary(costs) for name, costs in runs.items()},
        "load_cpu_s": load,
        **derived(runs, corpora, compute),
        "memory": {
            name: memory(corpus, runs[f"{name}, 2 threads"], options)
            for name, corpus in corpora.items()
        },
    }
    show(section)
    deliver("whole_job", section, options)


def job_corpora(options: argparse.Namespace) -> dict[str, Corpus]:
    """The corpus, and a part of it: two sizes tell what is fixed from what a byte costs."""
    sizes = {"all": options.megabytes, "part": options.megabytes / PART}
    return {
        name: prepare(options.data, options.work / f"job-{name}", megabytes=size)
        for name, size in sizes.items()
    }


def pipeline(corpus: Corpus, out: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The whole job: four datatrove filters, KL3M, a classifier, MinHash 14 x 8, token counts."""
    score = {"name": "score", "model": options.model}
    return {
        "input": {"path": f"{corpus.folder}/*.parquet", "id": "id"},
        "annotate": {
            "signals": FAMILIES,
            "scores": [score | ({"label": options.label} if options.label else {})],
            "minhash": {"ngram": 5, "bands": 14, "rows_per_band": 8},
        },
        "decide": [
            {"rules": {BOUND: {"min": 0.7}}},
            {"exact_duplicates": {}},
            {"near_duplicates": {"keep": {"highest": "score"}}},
            {"select": {"by": "score", "yield": 0.175, "unit": "tokens"}},
        ],
        "output": {"path": str(out), "columns": ["n_tokens", "score"]},
    }


def alone(family: str, corpus: Corpus, out: Path) -> dict[str, Any]:
    """Reading, one family, a rule that drops nothing, writing."""
    annotate = {"signals": [family]} if family != "nothing" else {}
    return {
        "input": {"path": f"{corpus.folder}/*.parquet", "id": "id"},
        "annotate": annotate,
        "decide": [{"rules": {"n_chars": {"min": 0}}}],
        "output": {"path": str(out)},
    }


@dataclass
class Compute:
    """CPU seconds of what is no reading or writing, of every round: the pass, and deciding."""

    passed: list[float] = field(default_factory=list)
    decided: list[float] = field(default_factory=list)

    def both(self) -> list[float]:
        """Of every round."""
        return [a + b for a, b in zip(self.passed, self.decided, strict=True)]


def run_all(
    corpora: dict[str, Corpus], options: argparse.Namespace
) -> tuple[dict[str, list[Cost]], dict[str, Compute]]:
    """Costs of every kind of run, and of computing alone by corpus.

    Kinds take turns, so that a slow minute of the machine meets all.
    """
    runs: dict[str, list[Cost]] = {}
    out = options.work / "job-out"
    compute = {size: Compute() for size in corpora}
    in_memory = {size: pass_in_memory(corpus, options) for size, corpus in corpora.items()}

    def once(name: str, plan: dict[str, Any], threads: int, *flags: str) -> None:
        cost = run_once(plan, threads, options.work, *flags)
        runs.setdefault(name, []).append(cost)
        print(f"{name}: {cost.wall_s:.2f} s, {cost.cpu_s:.2f} CPU-s", flush=True)

    for _ in range(options.repeats):
        for threads in (1, 2):
            for size in ("part", "all"):
                shutil.rmtree(out, ignore_errors=True)
                once(f"{size}, {threads} threads", pipeline(corpora[size], out, options), threads)
                check_read(out, corpora[size])
                if threads == 1:
                    compute[size].passed.append(in_memory[size]())
                    compute[size].decided.append(seconds_of("decide", out))
            # Over what the last run left: annotations are found done.
            moved = pipeline(corpora["all"], out, options)
            moved["decide"][0]["rules"][BOUND]["min"] = 0.75
            once(f"threshold moved, {threads} threads", moved, threads, "--replace")
        for family in ("nothing", *FAMILIES):
            shutil.rmtree(out, ignore_errors=True)
            once(f"alone: {family}", alone(family, corpora["all"], out), 1)
    return runs, compute


def run_once(plan: dict[str, Any], threads: int, work: Path, *flags: str) -> Cost:
    file, log = work / "job.yaml", work / "job.log"
    # JSON is YAML, and quotes every path as it must be.
    file.write_text(json.dumps(plan), encoding="utf-8")
    command = [sys.executable, "-m", "refinery", "run", str(file), "-q", *flags]
    cost = measure([*command, "--threads", str(threads)], log=log)
    if cost.returncode != 0:
        raise SystemExit(log.with_name(log.name + ".err").read_text(errors="replace")[-2000:])
    return cost


def check_read(out: Path, corpus: Corpus) -> None:
    """Stop where a run did not read exactly the corpus: its time means nothing."""
    manifest = json.loads((out / "_refinery" / "manifest.json").read_text(encoding="utf-8"))
    ledger = manifest["ledger"]
    found = ledger["documents"]["in"], ledger["bytes"]["in"]
    if found != (corpus.documents, corpus.bytes):
        message = f"read {found} documents and bytes, not {corpus.documents, corpus.bytes}"
        raise SystemExit(message)


LOADED = {
    "imports": "import refinery.runner",
    "token tables": "from refinery import _core; _core.Tokenizer.embedded('cl100k_base')",
    "classifier": "from refinery import _core; _core.Model({model!r})",
}


def load_seconds(options: argparse.Namespace) -> dict[str, float]:
    """CPU seconds of what is loaded before the first document, each in a process of its own.

    All three start an interpreter; the tables and the classifier import the extension too.
    """
    model = TEXTBOOK if options.model == "builtin/textbook" else Path(options.model).resolve()
    found = {}
    for name, code in LOADED.items():
        command = [sys.executable, "-c", code.format(model=str(model))]
        costs = [measure(command, log=options.work / "load.log") for _ in range(options.repeats)]
        found[name] = statistics.median(cost.cpu_s for cost in costs)
    return found


def pass_in_memory(corpus: Corpus, options: argparse.Namespace) -> Callable[[], float]:
    """Gives the CPU seconds of the fused pass of the job over texts in memory, on one thread.

    Each call by a thread whose caches are empty, as those of a run are: words that were seen in the
    same texts before would make the pass faster than any run can be.
    """
    import pyarrow as pa

    from refinery import _core
    from refinery.annotation import make_pass
    from refinery.config import load_pipeline
    from refinery.plan import build_plan

    if not _core.IS_OPTIMISED:
        message = "the extension is a debug build: its times mean nothing"
        raise SystemExit(message)
    file = options.work / "job.yaml"
    file.write_text(json.dumps(pipeline(corpus, options.work / "job-out", options)))
    plan = build_plan(load_pipeline(file))
    texts = corpus.texts()
    batches = [pa.array(texts[i : i + 2000], pa.large_string()) for i in range(0, len(texts), 2000)]
    compute = make_pass(plan)

    def seconds() -> float:
        pool = _core.ThreadPool(1)
        started = time.process_time()
        for batch in batches:
            compute.run(batch, pool)
        return time.process_time() - started

    return seconds


def seconds_of(phase: str, out: Path) -> float:
    """Wall seconds of a phase of the run before; of one thread, so of its processor too."""
    told = json.loads((out / "_refinery" / "run.json").read_text(encoding="utf-8"))
    return float(told["seconds"][phase])


def summary(costs: list[Cost]) -> dict[str, Any]:
    keys = ("wall_s", "cpu_s", "tree_rss_bytes", "foreign_cores")
    return {key: spread([getattr(cost, key) for cost in costs]) for key in keys}


def derived(
    runs: dict[str, list[Cost]], corpora: dict[str, Corpus], compute: dict[str, Compute]
) -> dict[str, Any]:
    """Ratios of medians, and what is fixed against what grows."""
    megabytes = {name: corpus.bytes / 1e6 for name, corpus in corpora.items()}

    def median(name: str, key: str) -> float:
        return statistics.median(getattr(cost, key) for cost in runs[name])

    def rate_beyond(nothing: float, found: float) -> float | None:
        # A small corpus on a busy machine can lose the difference.
        return round(megabytes["all"] / (found - nothing), 1) if found > nothing else None

    def by_size(cost: Callable[[str], float]) -> dict[str, float | None]:
        return start_and_rate([(size, cost(name)) for name, size in megabytes.items()])

    def fitted(threads: int, key: str) -> dict[str, float | None]:
        return by_size(lambda name: median(f"{name}, {threads} threads", key))

    walls = {threads: fitted(threads, "wall_s") for threads in (1, 2)}
    cpu = fitted(1, "cpu_s")

    def added_to(rate: float | None) -> float | None:
        times = ratio(rate, cpu["mb_per_s"], 3)
        return times and round(times - 1, 3)

    # By the same two sizes as the runs: a larger corpus has more words that are new to a cache.
    passed = by_size(lambda name: statistics.median(compute[name].passed))["mb_per_s"]
    computed = by_size(lambda name: statistics.median(compute[name].both()))["mb_per_s"]
    return {
        "cpu_1_thread": cpu,
        "wall": {f"{threads} threads": found for threads, found in walls.items()},
        "times_faster_with_2_threads": {
            "beyond the start": ratio(walls[2]["mb_per_s"], walls[1]["mb_per_s"], 3),
            "this corpus": ratio(
                median("all, 1 threads", "wall_s"), median("all, 2 threads", "wall_s"), 3
            ),
        },
        "pass_in_memory_mb_per_cpu_s": {
            "beyond the start": passed,
            "this corpus": spread([megabytes["all"] / each for each in compute["all"].passed]),
        },
        "added_by_all_but_the_pass": added_to(passed),
        "added_by_reading_and_writing": added_to(computed),
        "alone_mb_per_cpu_s": {
            name.removeprefix("alone: "): rate_beyond(
                median(NOTHING, "cpu_s"), median(name, "cpu_s")
            )
            for name in runs
            if name.startswith("alone") and name != NOTHING
        },
    }


def memory(corpus: Corpus, runs: list[Cost], options: argparse.Namespace) -> dict[str, Any]:
    """Measured peak against what `--dry-run` says, for 2 threads."""
    file = options.work / "job.yaml"
    plan = pipeline(corpus, options.work / "job-out", options)
    file.write_text(json.dumps(plan), encoding="utf-8")
    command = [sys.executable, "-m", "refinery", "run", str(file), "--dry-run", "--threads", "2"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    estimate = estimated_bytes(shown)
    measured = statistics.median(cost.tree_rss_bytes for cost in runs)
    return {
        "estimate_bytes": estimate,
        "measured_bytes": measured,
        "measured_to_estimate": round(measured / estimate, 3),
    }


def estimated_bytes(shown: str) -> int:
    """The estimate in what `--dry-run` prints.

    >>> estimated_bytes("memory    about 602.0 MB with 2 threads (annotate 449.4 MB)")
    602000000
    """
    found = re.search(r"^memory\s+about ([\d.,]+) (MB|GB)", shown, re.MULTILINE)
    if found is None:
        message = "refinery run --dry-run printed no estimate of memory"
        raise SystemExit(message)
    unit = {"MB": 10**6, "GB": 10**9}[found[2]]
    return round(float(found[1].replace(",", "")) * unit)


def show(section: dict[str, Any]) -> None:
    for name, found in {"CPU, 1 thread": section["cpu_1_thread"], **section["wall"]}.items():
        print(f"{name}: {found['start_s']:.2f} s at the start, then {found['mb_per_s']} MB/s")
    for name in (
        "load_cpu_s",
        "times_faster_with_2_threads",
        "pass_in_memory_mb_per_cpu_s",
        "added_by_all_but_the_pass",
        "added_by_reading_and_writing",
        "alone_mb_per_cpu_s",
        "memory",
    ):
        print(f"{name}: {json.dumps(section[name])}")


if __name__ == "__main__":
    main()
