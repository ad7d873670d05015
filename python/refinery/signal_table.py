"""The signal table as Python objects, read from the extension and never typed again.

>>> column("n_words").family
'counts'
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from refinery import _core

BASE_COLUMNS = {
    "n_chars": "Length of the text in Unicode scalar values.",
    "n_bytes": "Length of the text in bytes of UTF-8.",
    "n_tokens": "Number of tokens of the text under annotate.tokens.tokenizer.",
}
"""Columns that every annotation file has (Int64, never null)."""


@dataclass(frozen=True)
class Signal:
    """One signal: a Float64 column of the annotations."""

    column: str
    name: str
    family: str
    definition: str
    range: str


@dataclass(frozen=True)
class Family:
    """Signals that are computed together."""

    name: str
    source: str
    needs_words: bool
    needs_token_ids: bool
    signals: tuple[Signal, ...]


@cache
def families() -> dict[str, Family]:
    """Every family by name, in column order."""
    table = {}
    for entry in _core.families():
        signals = tuple(Signal(family=entry["name"], **signal) for signal in entry["signals"])
        table[entry["name"]] = Family(
            name=entry["name"],
            source=entry["source"],
            needs_words=entry["needs_words"],
            needs_token_ids=entry["needs_token_ids"],
            signals=signals,
        )
    return table


@cache
def _columns() -> dict[str, Signal]:
    return {signal.column: signal for family in families().values() for signal in family.signals}


def columns() -> list[str]:
    """Columns of all signals, in order."""
    return list(_columns())


def column(name: str) -> Signal | None:
    """The signal of that column, or None."""
    return _columns().get(name)


def family(name: str) -> Family | None:
    """The family of that name; `/` and `.` both separate its parts."""
    return families().get(name.replace("/", "."))
