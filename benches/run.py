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
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "parity")]

from oracles import interpreter  # noqa: E402

from common.command import WORK  # noqa: E402 - lives beside this file
from common.measure import busy_seconds  # noqa: E402
from common.record import ROOT, add  # noqa: E402

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


def oracle(name: str) -> Need:
    return lambda _: None if interpreter(name).exists() else f"no oracle {name}: run make oracles"


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
        "instructions",
        "instructions.py",
        (),
        ("--only", "minhash"),
        (CARGO, program("valgrind", "on Debian: apt-get install valgrind")),
    ),
    Section(
        "whole_job",
        "throughput/whole_job.py",
        ("--megabytes", "25", "--repeats", "5"),
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
        "beside_datatrove",
        "throughput/run.py",
        ("--megabytes", "4", "--repeats", "5", "--threads", "1"),
        ("--megabytes", "0.4", "--repeats", "1", "--threads", "1", "--bucket", "20000"),
        (linux, release_build),
    ),
    Section(
        "profiles",
        "profiles/run.py",
        ("--megabytes", "1", "--repeats", "5"),
        ("--megabytes", "0.2", "--repeats", "1"),
        (linux, release_build, given_data, oracle("datatrove")),
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
    found, failed = {}, []
    for section in chosen:
        print(f"\n== {section.name}", flush=True)
        started, busy = time.perf_counter(), busy_seconds()
        result = run_section(section, options)
        result["seconds"] = round(time.perf_counter() - started, 1)
        result["busy_cores"] = round((busy_seconds() - busy) / max(result["seconds"], 0.1), 2)
        found[section.name] = result
        if reason := result.get("left_out"):
            print(f"left out: {reason}")
            failed += [section.name] if result.pop("failed", False) else []
        if options.record:
            # After every section: what is measured outlives an interruption.
            path = add({section.name: result})
    if options.record:
        print(f"\nrecord: {path.relative_to(ROOT)}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


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
    return options


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
