"""The funnel: one line a step, what was alive before and after, in documents, bytes and tokens.

Rows are plain data here; how they look in a terminal or on a page is decided by whoever shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FunnelRow:
    """One line: what is alive after it, and what it dropped. `share` is of what was read."""

    name: str
    documents: int
    bytes: int
    tokens: int
    dropped_documents: int
    dropped_tokens: int
    share_documents: float
    share_tokens: float
    top_reason: str


@dataclass(frozen=True)
class RuleRow:
    """One rule: what it dropped as the first that failed, what alone, what nobody else would."""

    step: str
    reason: str
    first: dict[str, int]
    alone: dict[str, int]
    exclusive: dict[str, int]


def funnel(ledger: dict[str, Any]) -> list[FunnelRow]:
    """Rows of the funnel: read, quarantined if any, each step, edited if anything was."""
    read = {unit: ledger[unit]["in"] for unit in ("documents", "bytes", "tokens")}
    rows = [_row("read", read, read, read, "")]
    before = read
    quarantined = ledger["documents"]["quarantined"]
    if quarantined:
        after = {unit: read[unit] - ledger[unit]["quarantined"] for unit in read}
        rows.append(_row("quarantined", after, before, read, ""))
        before = after
    for step in ledger["steps"]:
        by_rule = step["by_rule"]
        top = max(by_rule, key=lambda r: by_rule[r]["first"]["documents"], default="")
        if top and not by_rule[top]["first"]["documents"]:
            top = ""
        rows.append(_row(step["name"], step["out"], step["in"], read, top))
        before = step["out"]
    if any(ledger[unit]["edited"] for unit in read):
        written = {unit: ledger[unit]["kept"] for unit in read}
        rows.append(_row("edited", written, before, read, ""))
    return rows


def _row(
    name: str, after: dict[str, int], before: dict[str, int], read: dict[str, int], top: str
) -> FunnelRow:
    return FunnelRow(
        name=name,
        documents=after["documents"],
        bytes=after["bytes"],
        tokens=after["tokens"],
        dropped_documents=before["documents"] - after["documents"],
        dropped_tokens=before["tokens"] - after["tokens"],
        share_documents=after["documents"] / read["documents"] if read["documents"] else 0.0,
        share_tokens=after["tokens"] / read["tokens"] if read["tokens"] else 0.0,
        top_reason=top,
    )


def rule_rows(ledger: dict[str, Any]) -> list[RuleRow]:
    """Rows of every rule and reason, in step order."""
    return [
        RuleRow(step["name"], reason, found["first"], found["alone"], found["exclusive"])
        for step in ledger["steps"]
        for reason, found in step["by_rule"].items()
    ]


def short_reason(reason: str) -> str:
    """The reason without family and view where it is long: the step's name says the profile.

    >>> short_reason("dclm.quality.frac_words_without_alpha@dclm.cleaned:max")
    'frac_words_without_alpha:max'
    """
    column, colon, side = reason.rpartition(":")
    if len(reason) <= 28 or not colon:
        return reason
    return f"{column.partition('@')[0].rsplit('.', 1)[-1]}:{side}"


def human_bytes(n: float) -> str:
    """`12.3 MB`: powers of 1000, as in `shard_bytes`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(n) < 999.5 or unit == "TB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    raise AssertionError


def human_count(n: float) -> str:
    """`1.23 M`: three digits are what a person compares."""
    for unit in ("", " k", " M", " G"):
        if abs(n) < 999.5 or unit == " G":
            return f"{n:.0f}" if not unit else f"{n:.3g}{unit}"
        n /= 1000
    raise AssertionError
