"""A data refinery: annotate, decide, write; and account for every document.

>>> import polars as pl, refinery as rf
>>> result = rf.run("pipeline.yaml")                                          # doctest: +SKIP
>>> result.decisions.filter(~pl.col("kept")).collect()                        # doctest: +SKIP
>>> df = pl.DataFrame({"text": ["A text."]})
>>> df.select(pl.col("text").refinery.token_count()).item()
3

Importing this package imports nothing heavy; the names below load what they need when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from refinery.expr.register import register

if TYPE_CHECKING:
    from refinery.answers import Funnel
    from refinery.api import Pipeline, Run, run
    from refinery.errors import RefineryError
    from refinery.expr.frames import frame
    from refinery.expr.functions import (
        content_hash,
        highest,
        minhash,
        rules,
        score,
        signal,
        signals,
        token_count,
        verdict,
    )
    from refinery.expr.lists import bad_words, edited, url_filter
    from refinery.expr.namespace import text
    from refinery.expr.tables import annotate
    from refinery.frame_run import Refined
    from refinery.mixture.mix import mix
    from refinery.scaling.budget import Budget, budget

__all__ = [
    "Budget",
    "Funnel",
    "Pipeline",
    "Refined",
    "RefineryError",
    "Run",
    "annotate",
    "bad_words",
    "budget",
    "content_hash",
    "edited",
    "frame",
    "highest",
    "minhash",
    "mix",
    "rules",
    "run",
    "score",
    "signal",
    "signals",
    "text",
    "token_count",
    "url_filter",
    "verdict",
]

_HOMES = {
    "refinery.answers": ("Funnel",),
    "refinery.api": ("Pipeline", "Run", "run"),
    "refinery.errors": ("RefineryError",),
    "refinery.expr.frames": ("frame",),
    "refinery.expr.functions": (
        *("content_hash", "highest", "minhash", "rules", "score"),
        *("signal", "signals", "token_count", "verdict"),
    ),
    "refinery.expr.lists": ("bad_words", "edited", "url_filter"),
    "refinery.expr.namespace": ("text",),
    "refinery.expr.tables": ("annotate",),
    "refinery.frame_run": ("Refined",),
    "refinery.mixture.mix": ("mix",),
    "refinery.scaling.budget": ("Budget", "budget"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

register()


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
