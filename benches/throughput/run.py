"""The whole job, refinery beside datatrove, in one sitting on one machine.

    python benches/throughput/run.py --data FOLDER [--repeats 3] [--threads 1,2] [--dim 16]

What it is: it brings the corpus, and a quarter of it, into one form, gets one classifier, runs both
sides in turn with each number of threads, checks that they read the same documents and bytes, prints
a table and writes a record. A straight line through both sizes parts what a run costs at its start
(both sides load the classifier) from what a byte costs. What it is not: proof that the results are equal; the share of kept documents that both agree
on is printed beside the times (why it is below 1: benches/README.md).
"""

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from sides import (  # noqa: E402
    DEFAULT_WORDS,
    Refinery,
    Rival,
    Work,
    refinery_executable,
    rival_python,
)

from common.command import deliver, name_of_data, parser  # noqa: E402 - lives beside this folder
from common.corpus import Corpus, prepare  # noqa: E402
from common.figures import ratio, start_and_rate  # noqa: E402
from common.measure import Cost, measure  # noqa: E402
from common.record import ROOT  # noqa: E402

Side = Rival | Refinery
PART = 4
"""The smaller corpus is the larger one's size over this."""


def main() -> None:
    options = parse_arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    python = rival_python(options.rival_python)
    corpora = prepare_all(options)
    corpus = corpora[0]
    model = named_by_content(options.model or train(python, corpus, options), options.work)
    sides = choose_sides(options, python, model)
    print(f"corpus {corpus.sha256[:12]}: {corpus.documents} documents, {corpus.bytes / 1e6:.2f} MB")
    runs = [
        run
        for each in corpora
        for run in run_all([side for side in sides if is_run(side, each, corpus)], each, options)
    ]
    section = {
        "versions": {side.name: side.versions() for side in sides},
        "corpus": corpus.facts(name_of_data(options)),
        "model": {"sha256": model.stem, "bytes": model.stat().st_size, "dim": options.dim},
        "repeats": options.repeats,
        "runs": runs,
        "summary": [row for each in corpora for row in summarise(of_corpus(runs, each), each)],
    }
    print_summary(section["summary"])
    if options.fit:
        section["beyond_the_start"] = beyond_the_start(section["summary"])
        print(json.dumps(section["beyond_the_start"]))
    deliver("beside_datatrove", section, options)


def prepare_all(options: argparse.Namespace) -> list[Corpus]:
    """The corpus; a part of it and a larger one where a line is put through sizes."""
    sizes = [options.megabytes]
    if options.fit:
        sizes += [options.megabytes / PART]
        sizes += [options.own_megabytes] if options.own_megabytes > options.megabytes else []
    return [
        prepare(options.data, options.work / f"corpus-{i}", text=options.text, megabytes=size)
        for i, size in enumerate(sizes)
    ]


def is_run(side: Side, each: Corpus, corpus: Corpus) -> bool:
    """Whether a side runs over a corpus: the one that is larger is ours alone."""
    return isinstance(side, Refinery) or each.bytes <= corpus.bytes


def parse_arguments() -> argparse.Namespace:
    made = parser(__doc__, megabytes=40, repeats=3)
    made.set_defaults(work=ROOT / "target" / "throughput")
    add = made.add_argument
    add("--text", default="text", help="name of the text column")
    add("--model", type=Path, help="fastText .bin with a label `hq` (default: trained here)")
    add(
        "--dim",
        type=int,
        default=100,
        help="dimensions of a model trained here; both sides load it",
    )
    add("--bucket", type=int, default=2_000_000, help="n-gram buckets of a model trained here")
    add("--rival-python", type=Path, help="Python with datatrove (default: made here, by pip)")
    add("--refinery", type=Path, help="the refinery command (default: beside this Python)")
    add("--threads", type=_numbers, default=[1, 2], help="e.g. 1,2")
    add("--own-megabytes", type=float, default=0, help="also a larger corpus, by refinery alone")
    add("--default-words", action="store_true", help="also our job without spaCy's words")
    add("--no-fit", dest="fit", action="store_false", help="leave the smaller corpus out")
    add("--only", choices=["datatrove", "refinery"], help="run one side; nothing is compared")
    options = made.parse_args()
    options.work = options.work.absolute()
    if options.model:
        options.dim = None
    return options


def _numbers(value: str) -> list[int]:
    return [int(part) for part in value.split(",")]


def train(python: Path, corpus: Corpus, options: argparse.Namespace) -> Path:
    model = options.work / f"model-{corpus.sha256[:12]}-{options.dim}-{options.bucket}.bin"
    if not model.exists():
        partial = model.with_suffix(".partial.bin")
        command = [str(python), str(HERE / "train_model.py"), "--corpus", str(corpus.folder)]
        size = ["--dim", str(options.dim), "--bucket", str(options.bucket)]
        subprocess.run([*command, "--out", str(partial), *size], check=True)
        partial.rename(model)
    return model


def named_by_content(model: Path, work: Path) -> Path:
    """Give the model under the name of its hash: datatrove caches models by their path alone."""
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    named = work / "models" / f"{digest}.bin"
    if not named.exists():
        named.parent.mkdir(exist_ok=True)
        shutil.copyfile(model, named)
    return named


def choose_sides(options: argparse.Namespace, python: Path, model: Path) -> list[Side]:
    sides: list[Side] = []
    if options.only != "refinery":
        sides.append(Rival(python, model, options.work / "cache"))
    if options.only != "datatrove":
        executable = refinery_executable(options.refinery)
        sides.append(Refinery(executable, model))
        if options.default_words:
            sides.append(Refinery(executable, model, "refinery_default_words", DEFAULT_WORDS))
    return sides


def run_all(sides: list[Side], corpus: Corpus, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run every side in turn, so that a slow hour of the machine meets both."""
    runs = []
    for threads in options.threads:
        for repeat in range(options.repeats):
            works = {}
            for side in sides:
                cost, work = run_once(side, corpus, threads, options.work)
                works[side.name] = work
                runs.append(run_record(side.name, threads, repeat, cost, work))
                print_run(runs[-1], corpus)
                if side.name == "refinery" and "datatrove" in works:
                    runs[-1]["agreement"] = agreement(works["datatrove"], works["refinery"])
    return runs


def run_once(side: Side, corpus: Corpus, threads: int, work: Path) -> tuple[Cost, Work]:
    out = work / f"out-{side.name}"
    log = work / f"{side.name}.log"
    # Read through before every run: both sides find the input in the page cache.
    for path in corpus.folder.iterdir():
        path.read_bytes()
    cost = measure(side.command(corpus, out, threads), log=log)
    if cost.returncode != 0:
        tail = log.with_name(log.name + ".err").read_text(errors="replace")[-2000:]
        message = f"{side.name} with {threads} threads ended with {cost.returncode}:\n{tail}"
        raise SystemExit(message)
    done = side.work(out, log)
    if (done.documents_in, done.bytes_in) != (corpus.documents, corpus.bytes):
        message = (
            f"{side.name} read {done.documents_in} documents, {done.bytes_in} bytes; "
            f"the corpus has {corpus.documents}, {corpus.bytes}: times cannot be compared"
        )
        raise SystemExit(message)
    return cost, done


def run_record(name: str, threads: int, repeat: int, cost: Cost, work: Work) -> dict[str, Any]:
    kept = hashlib.sha256("\n".join(sorted(work.kept_ids)).encode()).hexdigest()
    counts = {key: value for key, value in vars(work).items() if key != "kept_ids"}
    return {
        "side": name,
        "threads": threads,
        "repeat": repeat,
        **asdict(cost),
        **counts,
        "kept_ids_sha256": kept,
    }


def of_corpus(runs: list[dict[str, Any]], corpus: Corpus) -> list[dict[str, Any]]:
    return [run for run in runs if run["bytes_in"] == corpus.bytes]


def agreement(one: Work, other: Work) -> float:
    """Share of the documents kept by either that both keep."""
    either = one.kept_ids | other.kept_ids
    return round(len(one.kept_ids & other.kept_ids) / len(either), 4) if either else 1.0


def summarise(runs: list[dict[str, Any]], corpus: Corpus) -> list[dict[str, Any]]:
    """Medians and spread per side and number of threads; ratios where both sides ran."""
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["threads"], run["side"]), []).append(run)
    rows = [summary_row(threads, side, group, corpus) for (threads, side), group in groups.items()]
    rivals = {row["threads"]: row for row in rows if row["side"] == "datatrove"}
    for row in rows:
        rival = rivals.get(row["threads"])
        if rival is not None and row is not rival:
            row["times_faster_wall"] = round(rival["wall_s"] / row["wall_s"], 2)
            row["times_less_cpu"] = round(rival["cpu_s"] / row["cpu_s"], 2)
            row["times_less_memory"] = round(rival["tree_rss_bytes"] / row["tree_rss_bytes"], 2)
    return rows


def summary_row(
    threads: int, side: str, group: list[dict[str, Any]], corpus: Corpus
) -> dict[str, Any]:
    middle = {
        key: statistics.median(run[key] for run in group)
        for key in ("wall_s", "cpu_s", "tree_rss_bytes", "foreign_cores")
    }
    walls = [run["wall_s"] for run in group]
    agreements = [run["agreement"] for run in group if "agreement" in run]
    return {
        "side": side,
        "threads": threads,
        "megabytes": round(corpus.bytes / 1e6, 3),
        "runs": len(group),
        **middle,
        "wall_s_least": min(walls),
        "wall_s_most": max(walls),
        "mb_per_s": round(corpus.bytes / 1e6 / middle["wall_s"], 3),
        "mb_per_cpu_s": round(corpus.bytes / 1e6 / middle["cpu_s"], 3),
        "documents_kept": sorted({run["documents_out"] for run in group}),
        "agreement": statistics.median(agreements) if agreements else None,
    }


def beyond_the_start(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What every run of a side costs, and its rate beyond that; how often ours holds the rival's.

    CPU seconds, by number of threads.
    """
    found: dict[str, Any] = {}
    for threads in sorted({row["threads"] for row in rows}):
        sides: dict[str, Any] = {}
        for side in sorted({row["side"] for row in rows}):
            group = [row for row in rows if (row["threads"], row["side"]) == (threads, side)]
            sides[side] = start_and_rate([(row["megabytes"], row["cpu_s"]) for row in group])
        rival = sides.get("datatrove", {}).get("mb_per_s")
        for name in sides.keys() - {"datatrove"}:
            sides[name]["times_less_cpu"] = ratio(sides[name]["mb_per_s"], rival)
        found[f"{threads} threads"] = sides
    return found


def print_run(run: dict[str, Any], corpus: Corpus) -> None:
    rate = corpus.bytes / 1e6 / run["wall_s"]
    print(
        f"{run['side']:<23} threads {run['threads']} run {run['repeat'] + 1}: "
        f"{run['wall_s']:.2f} s, {rate:.2f} MB/s, kept {run['documents_out']} documents "
        f"({run['bytes_out'] / 1e6:.2f} MB), {run['foreign_cores']:.2f} cores busy elsewhere",
        flush=True,
    )


def print_summary(rows: list[dict[str, Any]]) -> None:
    columns = [
        "side", "threads", "megabytes", "wall_s", "wall_s_least", "wall_s_most", "cpu_s", "mb_per_s",
        "mb_per_cpu_s", "tree_rss_mb", "documents_kept", "agreement", "times_faster_wall",
    ]  # fmt: skip
    for row in rows:
        row = {**row, "tree_rss_mb": round(row["tree_rss_bytes"] / 1e6)}
        shown = {name: row[name] for name in columns if row.get(name) is not None}
        print("  ".join(f"{name} {_short(value)}" for name, value in shown.items()))


def _short(value: object) -> str:
    return json.dumps(value) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    main()
