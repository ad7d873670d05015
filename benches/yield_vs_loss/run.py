"""What a token kept by builtin/textbook is worth: the ablation of ablation.yaml, and its record.

    python benches/yield_vs_loss/run.py --data FOLDER [--quick] [--out DIR] [--record FILE]

FOLDER holds raw/, clean_eval/ and evals/ (ablation.yaml says what of them). Begins with a calibration of some ten
seconds and takes fewer seeds, never fewer arms, where the rest would not fit into --minutes. The record
holds numbers and names only: no text.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.ablation.command import Ablation, ablate
from refinery.ablation.config import load_ablation
from refinery.ablation.page import summary
from refinery.ablation.tables import markdown
from refinery.cli import show
from refinery.errors import RefineryError

HERE = Path(__file__).parent
MINUTES = 15.0
FEWEST_SEEDS = 3
# Of the time, beside the trainings: annotating, counting tokens, intervals.
OVERHEAD_SECONDS = 150.0
CALIBRATION_TOKENS = 1_000_000


def fit_seconds() -> float:
    """Seconds a training of a million tokens and as many asked takes on one thread, of made-up text."""
    tokenizer = _core.Tokenizer.bytes()
    state, symbols = 17, bytearray()
    while len(symbols) < CALIBRATION_TOKENS:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        symbols.append(97 + (state >> 58) * (state >> 52 & 3) // 4 % 26)
    ids = tokenizer.encode(pa.array([symbols.decode()]))
    began = time.perf_counter()
    counts = _core.NgramCounts(tokenizer, order=5, memory=4 * 10**9)
    counts.add(ids)
    counts.model().nats(ids)
    return time.perf_counter() - began


def seeds_that_fit(file: Path, overrides: list[str], minutes: float) -> int:
    """Seeds for which the trainings take no longer than what is left of `minutes`."""
    config, _ = load_ablation(file, overrides)
    tokens = (config.pool.bytes or 0) * config.draw / 3.3
    at_main = tokens * config.main_yield * len(config.arms) / 1e6
    ladder = tokens * config.main_yield * 3.75 / 1e6
    sweeps = sum(
        tokens * y / 1e6
        for arm in config.arms
        for y in config.yields_of(arm)
        if y != config.main_yield
    )
    second = fit_seconds()
    threads = os.cpu_count() or 1
    left = minutes * 60 - OVERHEAD_SECONDS - sweeps * 2 * config.sweep_seeds * second / threads
    fitting = int(left * threads / ((at_main + ladder) * second))
    return max(FEWEST_SEEDS, min(config.seeds, fitting))


def record(found: Ablation, seconds: float) -> dict[str, object]:
    """What is kept of a run: where, how long, gates, and the verdict's rows."""
    gates = [
        {"name": g.name, "holds": g.holds, "mean": g.found.mean, "low": g.found.low,
         "high": g.found.high, "said": g.said}
        for g in found.verdict.gates
    ]  # fmt: skip
    rows = found.verdict.rows.with_columns(pl.selectors.float().round(6)).to_dicts()
    return {
        "bench": "yield_vs_loss",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": platform.system(),
        },
        "version": _core.__version__,
        "seconds": round(seconds, 1),
        "seeds": found.config.seeds,
        "gates": gates,
        "summary": [*summary(found.config, found.verdict), *found.verdict.notes],
        "models": {s.name: s.model for s in found.config.pool.scores},
        "pool": json.loads((found.out / "pool.json").read_text(encoding="utf-8")),
        "rows": rows,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default=os.environ.get("REFINERY_TEST_DATA", "../shared/data"))
    parser.add_argument("--out", default="ablation-run", help="folder of the result")
    parser.add_argument("--record", help="file of the record, JSON")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--quick", action="store_true", help="gates only, in a minute")
    given = parser.parse_args()
    began = time.perf_counter()
    overrides = [f"data={Path(given.data).resolve()}", f"output.path={Path(given.out).resolve()}"]
    if given.quick:
        overrides += ["pool.bytes=10MB", "pool.decide=[exact_duplicates]"]
    else:
        seeds = seeds_that_fit(HERE / "ablation.yaml", overrides, given.minutes)
        overrides.append(f"seeds={seeds}")
    try:
        with show.live(quiet=False) as progress:
            found = ablate(HERE / "ablation.yaml", overrides, quick=given.quick, progress=progress)
    except RefineryError as error:
        print(f"yield_vs_loss: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    seconds = time.perf_counter() - began
    show.ablation(found)
    print(f"{seconds:.0f} s")
    if given.record:
        path = Path(given.record)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record(found, seconds), indent=1) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(markdown(found.verdict), encoding="utf-8")
        shutil.copyfile(found.out / "figure.svg", path.with_suffix(".svg"))
    sys.exit(3 if found.verdict.is_void else 0)


if __name__ == "__main__":
    main()
