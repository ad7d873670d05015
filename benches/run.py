"""All benches that this machine can run, into one record.

    python benches/run.py --data FOLDER [--quick] [--only NAME,NAME]        # or: make bench

What it is: the list of sections with what each needs; it runs them one after the other, each a
command of its own, and merges what they found into `benches/records/<machine>/<date>.json`. What
cannot run here is left out with the reason, which the record keeps. What it is not: a measurement.
It ends with 1 when a section failed that should have run.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


from common.command import WORK  # noqa: E402 - lives beside this file
from common.record import RECORDS, add  # noqa: E402
from common.rivals import environment  # noqa: E402

Need = Callable[[argparse.Namespace], str | None]


@dataclass(frozen=True)
class Section:
    """A command; arguments of a full and of a quick run; what keeps it from running, if anything."""

    name: str
    script: str
    full: tuple[str, ...]
    quick: tuple[str, ...]
    needs: tuple[Need, ...] = ()


def program(name: str, hint: str) -> Need:
    return lambda _: None if shutil.which(name) else f"no {name} on the path: {hint}"


def package(name: str) -> Need:
    hint = f"the package {name} is not installed"
    return lambda _: None if importlib.util.find_spec(name) else hint


def release_build(_: argparse.Namespace) -> str | None:
    from refinery import _core

    return None if _core.IS_OPTIMISED else "the extension is a debug build: times mean nothing"


def linux(_: argparse.Namespace) -> str | None:
    return None if sys.platform == "linux" else "reads /proc, which only Linux has"


def given_data(options: argparse.Namespace) -> str | None:
    return None if options.data else "needs DATA=FOLDER of *.parquet with text"


def rivals(requirements: str) -> Need:
    """Install the rivals before the section, so that it is known whether that can be done here."""

    def need(_: argparse.Namespace) -> str | None:
        try:
            environment(HERE / requirements)
        except subprocess.CalledProcessError as error:
            return f"{requirements} could not be installed: pip ended with {error.returncode}"
        return None

    return need


CARGO = program("cargo", "see https://rustup.rs")
SECTIONS = [
    Section(
        "limits",
        "limits/run.py",
        ("--megabytes", "25", "--repeats", "5", "--large"),
        ("--megabytes", "2", "--repeats", "1"),
        (linux, CARGO),
    ),
    Section(
        "job_share",
        "limits/job_share.py",
        ("--megabytes", "100", "--repeats", "7"),
        ("--megabytes", "4", "--repeats", "1"),
        (linux, release_build, CARGO),
    ),
    Section(
        "instructions",
        "instructions.py",
        ("--megabytes", "0.1"),
        ("--megabytes", "0.1", "--only", "minhash"),
        (CARGO, program("valgrind", "on Debian: apt-get install valgrind")),
    ),
    Section(
        "whole_job",
        "throughput/whole_job.py",
        ("--megabytes", "100", "--repeats", "5"),
        ("--megabytes", "2", "--repeats", "1"),
        (linux, release_build),
    ),
    Section(
        "scoring",
        "throughput/fasttext_predict.py",
        ("--megabytes", "8", "--repeats", "5"),
        ("--megabytes", "0.5", "--repeats", "1"),
        (release_build, package("fasttext")),
    ),
    Section(
        "tokens",
        "tokens.py",
        ("--megabytes", "5", "--repeats", "5"),
        ("--megabytes", "0.3", "--repeats", "1"),
        (CARGO, release_build, package("tiktoken"), package("tokenizers")),
    ),
    Section(
        "growth",
        "growth.py",
        ("--megabytes", "25", "--repeats", "3"),
        ("--megabytes", "2", "--repeats", "1", "--largest", "2", "--document", "2"),
        (linux, release_build),
    ),
    Section(
        "scaling",
        "scaling.py",
        ("--megabytes", "25", "--repeats", "3"),
        ("--megabytes", "2", "--repeats", "1"),
        (release_build,),
    ),
    Section(
        "beside_datatrove",
        "throughput/run.py",
        (
            *("--megabytes", "3", "--own-megabytes", "100", "--repeats", "5", "--threads", "1"),
            "--default-words",
        ),
        (
            *("--megabytes", "0.4", "--repeats", "1", "--threads", "1", "--bucket", "20000"),
            "--default-words",
        ),
        (linux, release_build, rivals("throughput/rivals.txt")),
    ),
    Section(
        "near_duplicates",
        "dedup/rivals.py",
        ("--megabytes", "25", "--repeats", "5"),
        ("--megabytes", "6", "--repeats", "1"),
        (linux, release_build, given_data, rivals("dedup/rivals.txt")),
    ),
]


def main() -> None:
    options = parse_arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in SECTIONS if not options.only or each.name in options.only]
    unknown = sorted(set(options.only or []) - {each.name for each in SECTIONS})
    if unknown or not chosen:
        there = ", ".join(each.name for each in SECTIONS)
        sys.exit(f"no section {', '.join(unknown)}; there are: {there}")
    found = {section.name: measured(section, options) for section in chosen}
    failed = [name for name, result in found.items() if result.pop("failed", False)]
    if options.record:
        # With the sections of earlier runs of this commit.
        path = add(found, records=options.records)
        found = json.loads(path.read_text(encoding="utf-8"))["sections"]
    quoted = headline(found)
    print()
    for name, value in quoted.items():
        print(f"{name:<46} {value}")
    if options.record:
        print(f"\nrecord: {add({'headline': quoted}, records=options.records)}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def measured(section: Section, options: argparse.Namespace) -> dict[str, Any]:
    """Run a section and put it into the record at once: it outlives an interruption of the rest."""
    print(f"\n== {section.name}", flush=True)
    started, load = time.perf_counter(), os.getloadavg()[0]
    result = run_section(section, options)
    # More than a few tenths: something else was running, and the times are spoiled.
    result |= {"seconds": round(time.perf_counter() - started, 1), "load_before": round(load, 2)}
    if "left_out" in result:
        print(f"left out: {result['left_out']}")
    elif options.record:
        add({section.name: result}, records=options.records)
    return result


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_option = parser.add_argument
    add_option("--data", type=Path, help="folder of *.parquet: id, text (default: demo corpus)")
    add_option(
        "--quick", action="store_true", help="small inputs, one repeat: to see that all works"
    )
    add_option("--only", type=lambda value: value.split(","), help="names of sections, by commas")
    add_option("--work", type=Path, default=WORK, help="folder for what is made on the way")
    add_option("--no-record", dest="record", action="store_false", help="print only")
    options = parser.parse_args()
    if options.data and not options.data.is_dir():
        print(f"{options.data} is not there: the demo corpus is taken")
        options.data = None
    # Times of small inputs are no result to commit.
    options.records = options.work / "records" if options.quick else RECORDS
    return options


HEADLINE = {
    "pass in memory, share of its limit": ("limits", "shares", "job", "share"),
    "MinHash from text, share of its limit": ("limits", "shares", "minhash", "share"),
    "instructions a byte of the pass": ("instructions", "instructions_per_byte", "job"),
    "whole job, MB/CPU-s beyond the start": ("whole_job", "cpu_1_thread", "mb_per_s"),
    "whole job, CPU-s at the start": ("whole_job", "cpu_1_thread", "start_s"),
    "fused bound, MB/s": ("limits", "shares", "fused_bound", "limit_mb_per_s"),
    "whole job, share of the fused bound": ("job_share", "share", "1 threads", "median"),
    "the same with 2 threads": ("job_share", "share", "2 threads", "median"),
    "added by all but the pass": ("whole_job", "added_by_all_but_the_pass"),
    "added by reading and writing": ("whole_job", "added_by_reading_and_writing"),
    "2 threads over 1": ("whole_job", "times_faster_with_2_threads", "beyond the start"),
    "cost of a unit, CPU-ms": ("scaling", "units", "1 threads", "cpu_ms_a_unit"),
    "peak memory over the estimate": ("whole_job", "memory", "all", "measured_to_estimate"),
    "scoring over fastText, dim 100": ("scoring", "models", "bigrams, dim 100", "times_faster"),
    "scoring over fastText, dim 16": ("scoring", "models", "bigrams, dim 16", "times_faster"),
    "token counts over tiktoken": ("tokens", "encodings", "cl100k_base", "times_faster", "tiktoken"),
    "signatures over gaoya": (
        "near_duplicates", "sign", "refinery_beside", "gaoya", "times_less_cpu",
    ),
    "signatures over daft": (
        "near_duplicates", "sign", "refinery_beside", "daft", "times_less_cpu",
    ),
    "near duplicates over gaoya": (
        "near_duplicates", "dedup", "refinery_beside", "gaoya", "times_less_cpu",
    ),
    "datatrove's CPU over ours, beyond the start": (
        "beside_datatrove", "beyond_the_start", "1 threads", "refinery", "times_less_cpu",
    ),
    "the same, our job without spaCy's words": (
        "beside_datatrove", "beyond_the_start", "1 threads", "refinery_default_words", "times_less_cpu",
    ),
    "exponent of cost in the corpus, last tenfold": (
        "growth", "bytes_of_corpus", "exponent_of_last_step",
    ),
    "exponent of cost in the document, last tenfold": (
        "growth", "bytes_of_document", "exponent_of_last_step",
    ),
}  # fmt: skip
"""What is quoted most, and where it stands in the sections."""


def headline(found: dict[str, Any]) -> dict[str, Any]:
    """Give what is quoted most, of the sections that were measured."""
    rows = {name: _at(found, *path) for name, path in HEADLINE.items()}
    return {name: value for name, value in rows.items() if value is not None}


def _at(found: Any, *path: str) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def run_section(section: Section, options: argparse.Namespace) -> dict[str, Any]:
    """What a section found, or why there is nothing."""
    reasons = [reason for need in section.needs if (reason := need(options))]
    if reasons:
        return {"left_out": "; ".join(reasons)}
    file = options.work / f"{section.name}.json"
    file.unlink(missing_ok=True)
    given = ["--data", str(options.data)] if options.data else []
    size = section.quick if options.quick else section.full
    command = [sys.executable, str(HERE / section.script), *given, *size]
    done = subprocess.run([*command, "--work", str(options.work), "--json", str(file)], check=False)
    if done.returncode != 0 or not file.exists():
        return {"left_out": f"ended with {done.returncode}", "failed": True}
    return json.loads(file.read_text(encoding="utf-8"))[section.name] | {"quick": options.quick}


if __name__ == "__main__":
    main()
