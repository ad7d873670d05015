"""How near the whole job is to its fused bound, each round of it measured beside the other.

    python benches/limits/job_share.py --data FOLDER [--megabytes 100] [--repeats 5]

What it is: in turn, one round of the limit program and the whole job as a command (`whole_job.py`)
over a corpus and a fifth of it, with 1 and 2 threads; the share of a round is what its job made of
a second of processor time beyond the start over what its limits would. A shared machine changes by
a fifth from one minute to the next, so a limit and a job of different minutes tell nothing. What it
is not: the limits of single parts (`run.py`), or a time.
"""

import argparse
import shutil
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "throughput")]

from whole_job import check_read, job_corpora, pipeline, run_once  # noqa: E402

from common.command import TEXTBOOK, deliver, name_of_data, parser  # noqa: E402
from common.corpus import Corpus, prepare, write_lines  # noqa: E402
from common.figures import spread, start_and_rate  # noqa: E402
from common.record import versions  # noqa: E402
from limits.run import check, fused_bound, measure_parquet, measure_rust  # noqa: E402

LIMIT_SHARE = 4
"""The limits run over the corpus's size over this: theirs hardly depend on it."""
THREADS = (1, 2)


def main() -> None:
    made = parser(__doc__, megabytes=100)
    made.add_argument("--profile", default="bench", help="cargo profile of the limit program")
    options = made.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    options.model, options.label = "builtin/textbook", None
    limits = prepare(
        options.data, options.work / "limits", megabytes=options.megabytes / LIMIT_SHARE
    )
    jobs = job_corpora(options)
    rounds = measured(limits, jobs, options)
    shares = {
        threads: [job[threads] / bound for bound, job in rounds if job[threads] is not None]
        for threads in THREADS
    }
    section = {
        "versions": versions(),
        "limits": limits.facts(name_of_data(options)),
        "corpus": jobs["all"].facts(name_of_data(options)),
        "fused_bound_mb_per_cpu_s": spread([bound for bound, _ in rounds], 1),
        "rounds": [
            {"bound": round(bound, 1), **{f"{n} threads": job[n] for n in THREADS}}
            for bound, job in rounds
        ],
        # None where a small corpus took as long as one of five times its size.
        "share": {
            f"{threads} threads": spread(found) if found else None
            for threads, found in shares.items()
        },
    }
    for threads, found in shares.items():
        said = f"{statistics.median(found):.0%}" if found else "too little text to tell what share"
        print(f"{threads} threads: {said} of the fused bound")
    deliver("job_share", section, options)


def measured(
    limits: Corpus, jobs: dict[str, Corpus], options: argparse.Namespace
) -> list[tuple[float, dict[int, float | None]]]:
    """Of every round the fused bound, and the job's rate by threads: MB a second of processor time."""
    texts, lines = limits.texts(), options.work / "limits.jsonl"
    write_lines(texts, lines)
    found = []
    for _ in range(options.repeats):
        counts, rates = measure_rust(lines, 1, [str(TEXTBOOK)], options.profile)
        check(counts)
        rates |= measure_parquet(texts, 1)
        bound = fused_bound({name: values[0] for name, values in rates.items()})
        job = {threads: rate_beyond_the_start(jobs, threads, options) for threads in THREADS}
        print(f"bound {bound:.1f} MB/s; by threads {job}", flush=True)
        found.append((bound, job))
    return found


def rate_beyond_the_start(
    jobs: dict[str, Corpus], threads: int, options: argparse.Namespace
) -> float | None:
    """MB a second of processor time between the smaller corpus and the larger."""
    out, points = options.work / "job-out", []
    for corpus in jobs.values():
        shutil.rmtree(out, ignore_errors=True)
        cost = run_once(pipeline(corpus, out, options), threads, options.work)
        check_read(out, corpus)
        points.append((corpus.bytes / 1e6, cost.cpu_s))
    return start_and_rate(points)["mb_per_s"]


if __name__ == "__main__":
    main()
