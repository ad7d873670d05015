"""How near each part of the product is to the limit program of its step.

    python benches/limits/run.py --data FOLDER [--megabytes 25] [--repeats 5]

What it is: it builds and runs `main.rs` (plain loops, and our kernels, on the same texts in the same
process), measures reading and writing of Parquet here, and puts the steps' rates together: a part
that does several steps is divided by these steps one after the other. What it is not: a proof of
what is possible; a limit is a demonstrated rate.
"""

import importlib.util
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.command import TEXTBOOK, deliver, name_of_data, parser  # noqa: E402
from common.corpus import Corpus, prepare, write_lines  # noqa: E402
from common.figures import one_after_the_other, spread  # noqa: E402
from common.record import ROOT, versions  # noqa: E402

ANNOTATE = [
    "utf8", "xxh3", "words_marked", "gopher_quality", "gopher_repetition", "c4_fineweb", "tokens",
    "kl3m_tallies", "words_spaced", "vectors_dim_16_small", "words", "five_grams", "minhash_112",
]  # fmt: skip
"""Steps of the whole job between reading and writing, each once."""
STEPS = {
    "base": ["utf8", "xxh3"],
    "n_tokens": ["tokens"],
    "minhash": ["words", "five_grams", "minhash_112"],
    "datatrove.gopher_quality": ["words_marked", "gopher_quality"],
    "datatrove.gopher_repetition": ["words_marked", "gopher_repetition"],
    "datatrove.c4": ["words_marked", "c4_fineweb"],
    "datatrove.fineweb_quality": ["words_marked", "c4_fineweb"],
    "kl3m": ["tokens", "kl3m_tallies"],
    "score_textbook": ["words_spaced", "vectors_dim_16_small"],
    "score_dim_16": ["words_spaced", "vectors_dim_16"],
    "score_dim_100": ["words_spaced", "vectors_dim_100"],
    "job": ANNOTATE,
}
"""What each of our parts cannot do without. Rules on lines share one step: each does a part of it."""
FUSED = ["parquet_read", *ANNOTATE]
"""The fused bound: every step of the whole job once, nothing twice, nothing overlapped; and writing
what the job keeps."""
KEPT = 0.175
"""Share of the text that the job of `whole_job.py` writes."""
TRAINED_ON = 5
"""Of the texts, each fifth trains the large classifiers: their size does not depend on it."""
TOKENS_APART = 0.01
"""The limit's token cutter knows ASCII only: its count may be this far from the tokenizer's."""
WORDS_APART = 0.08
"""So may the words of its rules from spaCy's, in texts with little beyond ASCII."""


def main() -> None:
    made = parser(__doc__, megabytes=25)
    add = made.add_argument
    add("--model", action="append", default=[], metavar="FILE", help="also score by this one")
    add("--large", action="store_true", help="also by classifiers of 2 M buckets, trained here")
    add("--profile", default="bench", help="cargo profile of the build")
    options = made.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    corpus = prepare(options.data, options.work / "limits", megabytes=options.megabytes)
    lines = options.work / "limits.jsonl"
    write_lines(corpus.texts(), lines)
    if options.large:
        options.model += large_models(corpus, options.work)
    models = [str(TEXTBOOK), *options.model]
    counts, rates = measure_rust(lines, options.repeats, models, options.profile)
    check(counts)
    rates |= measure_parquet(corpus.texts(), options.repeats)
    found = {name: spread(values, 1) for name, values in rates.items()}
    # What was done once can be done: a limit is its best round, a part of ours its median.
    chosen = {name: figure["median" if name in STEPS else "most"] for name, figure in found.items()}
    shares = share_rows(chosen)
    show(found, shares)
    section = {
        "versions": versions(),
        "build": options.profile,
        "corpus": corpus.facts(name_of_data(options)),
        "counts": counts,
        "mb_per_s": found,
        "shares": shares,
    }
    deliver("limits", section, options)


def large_models(corpus: Corpus, work: Path) -> list[str]:
    """Classifiers of published size, by words and bigrams, whose labels mean nothing."""
    if importlib.util.find_spec("fasttext") is None:
        print("no large classifiers: the package fasttext is not installed")
        return []
    from refinery.scoring.text_prep import training_line
    from refinery.scoring.train import run_library

    found = []
    for dim in (16, 100):
        # The name of the file is that of the part.
        file = work / f"models-{corpus.sha256[:12]}" / f"dim_{dim}.bin"
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            texts = corpus.texts()[::TRAINED_ON]
            lines = [training_line("ab"[i % 2], text) for i, text in enumerate(texts)]
            settings = {"dim": dim, "wordNgrams": 2, "minCount": 3, "bucket": 2_000_000, "epoch": 1}
            run_library(lines, file, settings, None)
        found.append(str(file.resolve()))
    return found


def measure_rust(
    lines: Path, rounds: int, models: list[str], profile: str
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Counts, and the rates of every round, of limits and kernels."""
    bench = ["cargo", "bench", "--quiet", "--profile", profile, "-p", "refinery-core"]
    given = [str(lines.resolve()), "--rounds", str(rounds), *models]
    done = subprocess.run(
        [*bench, "--bench", "limits", "--", *given],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    counts: dict[str, Any] = {}
    rates: dict[str, list[float]] = {}
    for row in map(json.loads, done.stdout.splitlines()):
        if row["kind"] == "count":
            counts = row
        else:
            rates.setdefault(row["name"], []).append(row["mb_per_s"])
    return counts, rates


def check(counts: dict[str, Any]) -> None:
    """Stop where counts show that the two sides did not do the same work."""
    for ours, limit, apart in (
        ("product_tokens", "tokens", TOKENS_APART),
        ("product_words", "words_marked", WORDS_APART),
    ):
        if abs(counts[ours] - counts[limit]) > apart * counts[ours]:
            message = f"{counts[limit]} {limit} of the limit, {counts[ours]} {ours}: no comparison"
            raise SystemExit(message)


def measure_parquet(texts: list[str], repeats: int) -> dict[str, list[float]]:
    """MB of text a second of processor time: pyarrow on one thread, zstd 3 as shards are written."""
    table = pa.table({"text": pa.array(texts, pa.large_string())})
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    file = io.BytesIO()

    def write() -> None:
        file.seek(0)
        pq.write_table(table, file, compression="zstd", compression_level=3)

    def read() -> None:
        pq.read_table(pa.BufferReader(file.getvalue()), use_threads=False)

    pa.set_cpu_count(1)
    rates: dict[str, list[float]] = {"parquet_write": [], "parquet_read": []}
    for _ in range(repeats):
        rates["parquet_write"].append(megabytes / seconds(write))
        rates["parquet_read"].append(megabytes / seconds(read))
    return rates


def seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def share_rows(rates: dict[str, float]) -> dict[str, dict[str, float]]:
    """Each part that was measured: its rate, the rate of its steps in turn, and the share of it.

    `fused_bound` is the limit of the whole job, Parquet to Parquet.
    """
    rows = {}
    for name, steps in STEPS.items():
        if name in rates:
            limit = one_after_the_other(rates[step] for step in steps)
            rows[name] = {
                "mb_per_s": rates[name],
                "limit_mb_per_s": round(limit, 1),
                "share": round(rates[name] / limit, 3),
            }
    rows["fused_bound"] = {"limit_mb_per_s": round(fused_bound(rates), 1)}
    return rows


def fused_bound(rates: dict[str, float]) -> float:
    """MB of text a second of processor time that the limits of all steps in turn leave."""
    written = rates["parquet_write"] / KEPT
    return one_after_the_other([*(rates[step] for step in FUSED), written])


def show(found: dict[str, dict[str, float]], shares: dict[str, dict[str, float]]) -> None:
    for name, figure in found.items():
        if name not in STEPS:
            print(f"limit {name:28} {figure['most']:>10,.0f} MB/s")
    for name, row in shares.items():
        if "share" in row:
            print(
                f"{name:34} {row['mb_per_s']:>8,.1f} MB/s, {row['share']:.0%} "
                f"of {row['limit_mb_per_s']:,.1f} MB/s ({' + '.join(STEPS[name])})"
            )
    print(
        f"fused bound of the whole job: {shares['fused_bound']['limit_mb_per_s']:.1f} MB/s a core"
    )


if __name__ == "__main__":
    main()
