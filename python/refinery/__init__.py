"""A data refinery: annotate, decide, write; and account for every document.

>>> import refinery as rf
>>> result = rf.run("pipeline.yaml")                                          # doctest: +SKIP
>>> result.decisions.filter(~pl.col("kept")).collect()                        # doctest: +SKIP

Importing this package imports nothing heavy; the names below load what they need when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refinery.api import Pipeline, Run, run
    from refinery.errors import RefineryError

__all__ = ["Pipeline", "RefineryError", "Run", "run"]

_HOMES = {
    "Pipeline": "refinery.api",
    "Run": "refinery.api",
    "run": "refinery.api",
    "RefineryError": "refinery.errors",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
