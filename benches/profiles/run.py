"""Each profile beside its original: the same texts, one thread each, in one run.

    python benches/profiles/run.py --data FOLDER [--megabytes 12] [--repeats 3] [--only NAME,NAME]

What it is: each run is a process that has the texts in memory before its clock starts; the sides take
turns, profile by profile, and their verdicts are compared before any time is. What it is not: a whole job; reading,
writing and start-up are left out on both sides (`../throughput` has them in).

A profile is a row of `TABLE`. Its original is a script of `originals/` (protocol: `clock.py`), run
by the interpreter of its oracle (`tests/parity/oracles.py`); where that is not there, its rows are
left out and named.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tests" / "parity")]

from oracles import interpreter  # noqa: E402

from common.command import deliver, name_of_data, parser  # noqa: E402 - lives in a folder named above
from common.corpus import choose, content_id  # noqa: E402
from common.measure import busy_seconds  # noqa: E402
from common.record import installed  # noqa: E402
from common.record import versions as own_versions  # noqa: E402

WARM_UP = 20
"""Documents that each side judges before its clock starts; they are not among those timed."""


@dataclass(frozen=True)
class Row:
    """What is timed: one profile, or several that a document passes one after the other.

    `may_differ` is the share of documents on which a stated departure may change the verdict.
    """

    name: str
    oracle: str
    script: str
    profiles: tuple[str, ...]
    packages: tuple[str, ...]
    may_differ: float = 0.0


def _datatrove(name: str, *profiles: str) -> Row:
    named = tuple(f"datatrove/{profile}" for profile in profiles or (name,))
    shown = name if profiles else f"datatrove/{name}"
    packages = ("datatrove", "spacy", "regex", "numpy")
    return Row(shown, "datatrove", "datatrove_filters.py", named, packages)


TABLE = [
    _datatrove("gopher_repetition"),
    _datatrove("gopher_quality"),
    _datatrove("c4"),
    _datatrove("c4_fineweb"),
    _datatrove("fineweb_quality"),
    _datatrove(
        "datatrove, four in a row",
        *("gopher_repetition", "gopher_quality", "c4_fineweb", "fineweb_quality"),
    ),
    Row(
        "curator/heuristic_en",
        "curator",
        "curator_filters.py",
        ("curator/heuristic_en",),
        ("nemo-curator",),
    ),
]


def main() -> None:
    options = parse_arguments()
    texts, corpus = write_texts(options)
    print(f"{corpus['documents']} documents, {corpus['bytes'] / 1e6:.2f} MB", flush=True)
    rows = [row for row in TABLE if not options.only or row.name in options.only]
    missing = sorted({row.oracle for row in rows if not interpreter(row.oracle).exists()})
    for oracle in missing:
        print(f"left out: no oracle {oracle}; run make oracles")
    rows = [row for row in rows if row.oracle not in missing]
    if not rows:
        message = f"nothing to measure; there are: {', '.join(row.name for row in TABLE)}"
        raise SystemExit(message)
    runs = run_all(rows, texts, corpus, options.repeats)
    summary = summarise(rows, runs, corpus)
    for found in summary:
        print_row(found)
    section = {
        "versions": versions(rows),
        "corpus": corpus,
        "repeats": options.repeats,
        "runs": runs,
        "summary": summary,
    }
    deliver("profiles", section, options)


def parse_arguments() -> argparse.Namespace:
    made = parser(__doc__, megabytes=12, repeats=3)
    made.add_argument(
        "--only", type=lambda value: value.split(","), help="names of rows, by commas"
    )
    options = made.parse_args()
    if options.data is None:
        made.error("--data is needed: a folder of *.parquet with text")
    return options


def write_texts(options: argparse.Namespace) -> tuple[list[Path], dict[str, Any]]:
    """Files of documents of every kind, and of the few that warm a side up; what they are."""
    chosen, empty = choose(options.data, megabytes=options.megabytes)
    others, timed = chosen[:WARM_UP], chosen[WARM_UP:]
    folder = options.work / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "texts.jsonl", folder / "others.jsonl"]
    for file, part in zip(files, (timed, others), strict=True):
        file.write_text("".join(json.dumps(text) + "\n" for text in part), encoding="utf-8")
    facts = {
        "folder": name_of_data(options),
        "sha256": content_id(timed),
        "documents": len(timed),
        "bytes": sum(len(text.encode()) for text in timed),
        "empty_left_out": empty,
    }
    return files, facts


def judge(python: Path | str, script: Path, texts: list[Path], row: Row) -> dict[str, Any]:
    """Cost and verdicts of one run over the texts, in a process of its own."""
    command = [str(python), str(script), *map(str, texts), *row.profiles]
    started, busy, own = time.perf_counter(), busy_seconds(), _children_seconds()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    foreign = busy_seconds() - busy - (_children_seconds() - own)
    foreign_cores = max(0.0, foreign) / (time.perf_counter() - started)
    return {**json.loads(done.stdout), "foreign_cores": foreign_cores}


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_all(
    rows: list[Row], texts: list[Path], corpus: dict[str, Any], repeats: int
) -> list[dict[str, Any]]:
    """Run every row in turn on both sides, so that a slow hour of the machine meets both."""
    megabytes = corpus["bytes"] / 1e6
    runs = []
    for repeat in range(repeats):
        for row in rows:
            original = HERE / "originals" / row.script
            sides = {row.oracle: (interpreter(row.oracle), original)}
            sides["refinery"] = (sys.executable, HERE / "ours.py")
            found = {name: judge(*side, texts, row) for name, side in sides.items()}
            differ = check(row, *(answer.pop("verdicts") for answer in found.values()))
            for name, cost in found.items():
                runs.append({"row": row.name, "side": name, "repeat": repeat, **_rounded(cost)})
            runs[-1]["verdicts_differ"] = differ
            theirs, ours = found[row.oracle], found["refinery"]
            print(
                f"{row.name} run {repeat + 1}: {theirs['wall_s']:.2f} s beside "
                f"{ours['wall_s']:.3f} s ({megabytes / ours['wall_s']:.1f} MB/s), "
                f"{theirs['foreign_cores']:.2f} cores busy elsewhere, {differ} verdicts differ",
                flush=True,
            )
    return runs


def check(row: Row, theirs: list[str | None], ours: list[str | None]) -> int:
    """How many first reasons differ; the benchmark ends if it is more than may."""
    pairs = list(zip(theirs, ours, strict=True))
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    if len(differing) > row.may_differ * len(pairs):
        message = (
            f"{row.name}: {len(differing)} of {len(pairs)} verdicts differ "
            f"(the first: {differing[:3]}); times cannot be compared"
        )
        raise SystemExit(message)
    return len(differing)


def _rounded(cost: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in cost.items()}


def summarise(
    rows: list[Row], runs: list[dict[str, Any]], corpus: dict[str, Any]
) -> list[dict[str, Any]]:
    """Medians a row and side, and how often the original's median holds ours."""
    megabytes = corpus["bytes"] / 1e6
    found = []
    for row in rows:
        summary: dict[str, Any] = {"row": row.name, "oracle": row.oracle}
        for side, key in ((row.oracle, "original"), ("refinery", "refinery")):
            group = [run for run in runs if (run["row"], run["side"]) == (row.name, side)]
            cpus = [run["cpu_s"] for run in group]
            summary[key] = {
                "cpu_s": statistics.median(cpus),
                "cpu_s_least": min(cpus),
                "cpu_s_most": max(cpus),
                "wall_s": statistics.median(run["wall_s"] for run in group),
                "mb_per_cpu_s": round(megabytes / statistics.median(cpus), 3),
                "foreign_cores": statistics.median(run["foreign_cores"] for run in group),
            }
        original, ours = summary["original"], summary["refinery"]
        summary["times_less_cpu"] = round(original["cpu_s"] / ours["cpu_s"], 1)
        summary["times_faster_wall"] = round(original["wall_s"] / ours["wall_s"], 1)
        found.append(summary)
    return found


def print_row(row: dict[str, Any]) -> None:
    original, ours = row["original"], row["refinery"]
    print(
        f"{row['row']:<30} {original['mb_per_cpu_s']:>8.3f} MB/CPU-s  refinery "
        f"{ours['mb_per_cpu_s']:>8.2f} MB/CPU-s  {row['times_less_cpu']:>7.1f} times less CPU, "
        f"{row['times_faster_wall']:.1f} times faster"
    )


def versions(rows: list[Row]) -> dict[str, Any]:
    found = {row.oracle: installed(interpreter(row.oracle), list(row.packages)) for row in rows}
    return {**found, "refinery": own_versions()}


if __name__ == "__main__":
    main()
