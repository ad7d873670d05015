"""How cost grows: with the bytes of a corpus, with the length of a document, with the signals asked.

    python benches/growth.py --data FOLDER [--largest 250] [--document 100]

What it is: CPU seconds of whole runs over four corpora, each ten times the one before; of the fused
pass over single documents of 1, 10, … MB; of the pass with one family of signals, two, and so on. An
exponent of 1 is linear, 2 quadratic; what every run costs anyhow is measured by a run over next to
nothing and taken off first. Larger corpora are made of the texts' copies with every twelfth word replaced,
so that they are neither equal nor near duplicates. What it is not: a rate to quote.
"""

import argparse
import itertools
import json
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "throughput")]

import pyarrow as pa  # noqa: E402
from whole_job import FAMILIES, check_read, pipeline  # noqa: E402

from common.command import deliver, name_of_data, parser  # noqa: E402 - lives beside this file
from common.corpus import Corpus, choose, content_id, write_parquet  # noqa: E402
from common.figures import growth  # noqa: E402
from common.measure import measure  # noqa: E402
from common.record import versions  # noqa: E402
from refinery import _core  # noqa: E402

NOTHING = 0.01
"""MB of the run that shows what every run costs."""
RUNS = """
import sys, time
import refinery
refinery.run(sys.argv[1])
started = time.process_time()
refinery.run(sys.argv[2])
print(time.process_time() - started)
"""
"""The second run is timed: what is loaded when first used would hide what a small corpus costs."""
EVERY = 12
BATCH = 1000


def main() -> None:
    made = parser(__doc__, megabytes=25, repeats=3)
    made.add_argument("--largest", type=float, default=250, help="MB of the largest corpus")
    made.add_argument("--document", type=float, default=100, help="MB of the longest document")
    options = made.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    options.model, options.label = "builtin/textbook", None
    texts = base_texts(options)
    section = {
        "versions": versions(),
        "corpus": {"folder": name_of_data(options), "sha256": content_id(texts)},
        "bytes_of_corpus": of_corpus(texts, options),
        "bytes_of_document": of_document(texts, options),
        "families": of_families(texts, options),
    }
    deliver("growth", section, options)


def base_texts(options: argparse.Namespace) -> list[str]:
    if options.data:
        return choose(options.data, megabytes=options.megabytes)[0]
    from common.corpus import prepare

    return prepare(None, options.work / "growth", megabytes=options.megabytes).texts()


def of_corpus(texts: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds of whole runs, and the exponent over three decades."""
    folder = options.work / "growth-runs"
    shutil.rmtree(folder, ignore_errors=True)
    nothing = made_of(texts, NOTHING, folder / "nothing")
    rows = [run_warm(nothing, nothing, folder, options)]
    for size in (options.largest / 10**power for power in (3, 2, 1, 0)):
        corpus = made_of(texts, size, folder / "corpus")
        # The largest takes longest and varies least.
        repeats = 1 if size == options.largest else options.repeats
        rows.append(run_warm(corpus, nothing, folder, options, repeats))
    shutil.rmtree(folder)
    least = rows[0]["cpu_s"]
    points = [(row["megabytes"], row["cpu_s"] - least) for row in rows[1:]]
    return with_exponent({"runs": rows}, [point for point in points if point[1] > 0])


def run_warm(
    corpus: Corpus, nothing: Corpus, folder: Path, options: argparse.Namespace, repeats: int = 5
) -> dict[str, Any]:
    """Cost of a run in a process that has had one over next to nothing: medians."""
    seconds, peaks = [], []
    for _ in range(repeats):
        files = []
        for number, each in enumerate((nothing, corpus)):
            out = folder / f"out-{number}"
            shutil.rmtree(out, ignore_errors=True)
            plan = pipeline(each, out, options) | {"resources": {"threads": 2}}
            files.append(folder / f"{number}.yaml")
            files[-1].write_text(json.dumps(plan), encoding="utf-8")
        log = folder / "log"
        cost = measure([sys.executable, "-c", RUNS, *map(str, files)], log=log)
        if cost.returncode != 0:
            raise SystemExit(log.with_name("log.err").read_text(errors="replace")[-2000:])
        check_read(out, corpus)
        seconds.append(float(log.read_text()))
        peaks.append(cost.tree_rss_bytes)
    row = {
        "megabytes": round(corpus.bytes / 1e6, 3),
        "documents": corpus.documents,
        "cpu_s": round(statistics.median(seconds), 4),
        "peak_bytes": statistics.median(peaks),
    }
    print(json.dumps(row), flush=True)
    return row


def made_of(texts: list[str], megabytes: float, folder: Path) -> Corpus:
    """A corpus of this size: the texts, then altered copies of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chosen: list[str] = []
    size = 0
    # One long text would make a small corpus a multiple of what was asked for.
    fitting = [text for text in texts if len(text) <= megabytes * 1e5] or texts
    for text in endless(fitting):
        chosen.append(text)
        size += len(text.encode())
        if size >= megabytes * 1e6:
            break
    write_parquet(chosen, folder)
    return Corpus(folder, content_id(chosen), len(chosen), size, 0)


def endless(texts: list[str]) -> Iterator[str]:
    yield from texts
    for copy in itertools.count(1):
        for text in texts:
            words = text.split(" ")
            words[copy % EVERY :: EVERY] = [
                f"{word[:2]}{copy}" for word in words[copy % EVERY :: EVERY]
            ]
            yield " ".join(words)


def of_document(texts: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds of the pass over one document, and the exponent of its length."""
    compute = job_pass(FAMILIES)
    timed(compute, texts[:BATCH])  # loads what is loaded when first used
    rows = []
    for megabytes in (options.document / 100, options.document / 10, options.document):
        parts, size = [], 0
        for text in endless(texts):
            parts.append(text)
            size += len(text.encode()) + 1
            if size >= megabytes * 1e6:
                break
        rows.append(
            {"megabytes": round(size / 1e6, 2), "cpu_s": timed(compute, ["\n".join(parts)])}
        )
        print(json.dumps(rows[-1]), flush=True)
    points = [(row["megabytes"], row["cpu_s"]) for row in rows]
    return with_exponent({"documents": rows}, points)


def of_families(texts: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds of the pass with the first family, the first two, …; and of each alone."""
    part = texts[: max(1, len(texts) // 5)]
    together = [job_pass(FAMILIES[: n + 1], whole=False) for n in range(len(FAMILIES))]
    alone = [job_pass([family], whole=False) for family in FAMILIES]
    rounds = [
        [timed(each, part) for each in (*together, *alone)] for _ in range(options.repeats + 1)
    ][1:]
    medians = [round(statistics.median(values), 4) for values in zip(*rounds, strict=True)]
    of_all, of_one = medians[: len(FAMILIES)], medians[len(FAMILIES) :]
    found = {
        "first_n_cpu_s": dict(zip(FAMILIES, of_all, strict=True)),
        "alone_cpu_s": dict(zip(FAMILIES, of_one, strict=True)),
        # Below 1: families share what they cut and count.
        "all_to_sum_of_each_alone": round(of_all[-1] / sum(of_one), 3),
    }
    print(json.dumps(found), flush=True)
    return found


def job_pass(profiles: list[str], *, whole: bool = True) -> _core.Pass:
    """The pass of the job with these families; whole: with token counts and signatures too."""
    families = [name.replace("/", ".") for name in profiles]
    needs_tokens = whole or "kl3m" in families
    return _core.Pass(
        families=families,
        tokenizer=_core.Tokenizer.embedded("cl100k_base") if needs_tokens else None,
        minhash=_core.MinHasher(ngram=5, bands=14, rows_per_band=8) if whole else None,
        base_columns=whole,
    )


def timed(compute: _core.Pass, texts: list[str]) -> float:
    batches = [
        pa.array(texts[i : i + BATCH], pa.large_string()) for i in range(0, len(texts), BATCH)
    ]
    pool = _core.ThreadPool(1)
    started = time.process_time()
    for batch in batches:
        compute.run(batch, pool)
    return time.process_time() - started


def with_exponent(found: dict[str, Any], points: list[tuple[float, float]]) -> dict[str, Any]:
    """Add the exponent over all points, and that of each step to the next larger one.

    What is first used costs a small corpus more a byte, so that the last step says most.
    """
    steps = [round(growth(pair), 3) for pair in itertools.pairwise(points)]
    exponent = round(growth(points), 3) if len(points) > 1 else None
    print(
        f"exponent of growth: {exponent or 'too little text to tell'}, by steps {steps}", flush=True
    )
    return found | {
        "exponent": exponent,
        "exponents_by_step": steps,
        "exponent_of_last_step": steps[-1] if steps else None,
    }


if __name__ == "__main__":
    main()
