"""The tables of signals and edits as Python objects, read from the extension and never typed again.

A column that reads a view of the text ends in `@` and the view's name.

>>> column("n_words").family
'counts'
>>> column("kl3m.score@datatrove.c4").view
'datatrove.c4'
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from refinery import _core

BASE_COLUMNS = {
    "n_chars": "Length of the text in Unicode scalar values.",
    "n_bytes": "Length of the text in bytes of UTF-8.",
    "n_tokens": "Number of tokens of the text under annotate.tokens.tokenizer.",
}
"""Columns that every annotation file has (Int64, never null)."""

TEXT = "text"
"""The view that is the text as it was read."""


@dataclass(frozen=True)
class Signal:
    """One signal: a Float64 column of the annotations, or what it is on a view."""

    column: str
    name: str
    family: str
    definition: str
    range: str
    view: str = TEXT


@dataclass(frozen=True)
class Family:
    """Signals that are computed together, of the text or of a view of it."""

    name: str
    source: str
    word_rules: tuple[str, ...]
    needs_token_ids: bool
    signals: tuple[Signal, ...]
    view: str = TEXT

    @property
    def key(self) -> str:
        """The name with the view, as plans and the extension spell it."""
        return on_view(self.name, self.view)


@dataclass(frozen=True)
class Edit:
    """A pure function from text to text; a view of its name is this edit alone."""

    name: str
    definition: str
    source: str


def on_view(name: str, view: str) -> str:
    """A family or column as it is called where it reads `view`."""
    return name if view == TEXT else f"{name}@{view}"


def split_view(name: str) -> tuple[str, str]:
    """A name and the view that it reads: `/` and `.` both separate the parts of either.

    >>> split_view("datatrove/fineweb_quality@datatrove/c4")
    ('datatrove.fineweb_quality', 'datatrove.c4')
    """
    base, _, view = name.replace("/", ".").partition("@")
    return base, view or TEXT


@cache
def families() -> dict[str, Family]:
    """Every family by name, in column order."""
    table = {}
    for entry in _core.families():
        signals = tuple(Signal(family=entry["name"], **signal) for signal in entry["signals"])
        table[entry["name"]] = Family(
            name=entry["name"],
            source=entry["source"],
            word_rules=tuple(entry["word_rules"]),
            needs_token_ids=entry["needs_token_ids"],
            signals=signals,
        )
    return table


@cache
def edits() -> dict[str, Edit]:
    """Every edit by name."""
    return {entry["name"]: Edit(**entry) for entry in _core.edits()}


@cache
def _columns() -> dict[str, Signal]:
    return {signal.column: signal for family in families().values() for signal in family.signals}


def columns() -> list[str]:
    """Columns of all signals on the text, in order."""
    return list(_columns())


def column(name: str) -> Signal | None:
    """The signal of that column, or None."""
    base, view = split_view(name)
    found = _columns().get(base)
    if found is None or view == TEXT:
        return found
    return replace(found, column=on_view(base, view), view=view)


ONE_VIEW = "{!r} is a score, which reads the one view that annotate.scores says"
"""What is wrong with a view behind the name of a score."""


def has_views(base: str) -> bool:
    """Whether a column of that name exists on every view: a signal or a length, not a score."""
    return base in BASE_COLUMNS or base in _columns()


def is_base_column(name: str) -> bool:
    """Whether it is a length, of the text or of a view."""
    return split_view(name)[0] in BASE_COLUMNS


def family(name: str) -> Family | None:
    """The family of that name, on the view that it names, or None."""
    base, view = split_view(name)
    found = families().get(base)
    if found is None or view == TEXT:
        return found
    signals = tuple(replace(s, column=on_view(s.column, view), view=view) for s in found.signals)
    return replace(found, signals=signals, view=view)
