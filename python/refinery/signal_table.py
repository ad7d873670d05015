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
    lists: str | None = None
    """The key of `annotate:` that names the lists it is computed with."""

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


def canonical(name: str) -> str:
    """A family or column as annotations spell it: with dots, and the text not named as a view."""
    return on_view(*split_view(name))


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
    for entry in _core.list_families():
        signals = tuple(Signal(family=entry["name"], **signal) for signal in entry["signals"])
        table[entry["name"]] = Family(
            name=entry["name"],
            source=entry["source"],
            word_rules=(),
            needs_token_ids=False,
            signals=signals,
            lists=entry["key"],
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


URL_LISTS = "url_filter"
"""The key of the lists for URLs: what is computed with them reads no text."""


def has_views(base: str) -> bool:
    """Whether a column or family of that name exists on every view, and not of the URL or a score."""
    found = _columns().get(base)
    family = families().get(found.family if found is not None else base)
    return base in BASE_COLUMNS or (family is not None and family.lists != URL_LISTS)


def no_views(base: str) -> str:
    """What is wrong with a view behind a name without views."""
    if base in _columns() or base in families():
        return f"{base!r} reads the URL, not a view of the text"
    return f"{base!r} is a score, which reads the one view that annotate.scores says"


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
