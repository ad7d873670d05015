"""A side of the comparison, as a process that judges texts once, timed.

What it is: the protocol that `run.py` speaks, for any Python that has the standard library only.
A side calls `serve` with its way of judging. What it is not: a measure of start-up; imports, models
and the reading of texts are over before a clock starts, and so is a run over a few other texts,
which loads what is loaded when first used.

Arguments: a JSON Lines file of texts, one of the texts to begin with, and profiles. Out: one line of
JSON with `wall_s`, `cpu_s` of this process, and `verdicts`, the first reason of each text or null.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def serve(
    prepare: Callable[[list[str]], Any], judge: Callable[[list[str], Any], list[Any]]
) -> None:
    """Judge the texts; `prepare` brings them into the form that `judge` takes with the profiles.

    `judge` gives the first reason of each text, None where it is kept.
    """
    texts, others, *profiles = sys.argv[1:]
    judge(profiles, prepare(_read(others)))
    prepared = prepare(_read(texts))
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    verdicts = judge(profiles, prepared)
    cost = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    print(json.dumps({**cost, "verdicts": verdicts}))


def _read(file: str) -> list[str]:
    return [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
