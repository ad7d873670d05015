"""The process that runs the reference library's training; started by `refinery.scoring.train`.

Why a process of its own: with one thread, the only reproducible setting, the library initialises
the first tenth of the input matrix and leaves the rest as the memory happens to be. In a process
that has already trained something that is anything, often enough not a number ("Encountered
NaN"). Here the memory is fresh, and the starter asks the allocator to fill it with zeros, so that
the same text and settings give the same bytes.

It reads one JSON object from standard input (`input`, `output`, `settings`, `quantise`), writes the
model, and imports nothing of refinery.
"""

from __future__ import annotations

import json
import sys
from typing import Any

# For the starter to set: GNU libc fills new memory with the complement of this byte.
ENVIRONMENT = {"MALLOC_PERTURB_": "255"}


def run(job: dict[str, Any]) -> None:
    """Trains, quantises where asked to, and saves."""
    import fasttext

    model = fasttext.train_supervised(job["input"], **job["settings"], thread=1, verbose=0)
    quantise = job["quantise"]
    if quantise is not None:
        text = {"input": job["input"]} if quantise.get("retrain") else {}
        model.quantize(**text, **quantise, thread=1, verbose=0)
    model.save_model(job["output"])


if __name__ == "__main__":
    try:
        run(json.load(sys.stdin))
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))
