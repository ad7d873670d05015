"""The ledger: documents, bytes and tokens that came in, and where every one of them went."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from refinery import signal_table as signals
from refinery.errors import LedgerError

if TYPE_CHECKING:
    import polars as pl

    from refinery.annotation import UnitRecord
    from refinery.decide.corpus import Corpus
    from refinery.decide.state import State

UNITS = ("documents", "bytes", "tokens")


def amounts(corpus: Corpus, mask: pl.Series, view: str = signals.TEXT) -> dict[str, int]:
    """Documents, bytes and tokens of the documents in `mask`, as they were read or of a view."""
    found = {"documents": int(mask.sum())}
    return found | {u: int(corpus.sizes(u, view).filter(mask).sum() or 0) for u in UNITS[1:]}


def build_ledger(
    corpus: Corpus,
    state: State,
    steps: list[dict[str, Any]],
    records: list[UnitRecord],
    bad_files: list[int],
) -> dict[str, Any]:
    """The ledger of a run; `bad_files` are the sizes of quarantined files, each one record.

    Everything counts as it was read, but for `kept`, which is what is written; `edited` is what the
    written view left out of the kept documents (negative where an edit puts in more).

    Raises
    ------
    LedgerError
        If it does not balance.
    """
    quarantined = {
        "documents": sum(r.n_quarantined for r in records) + len(bad_files),
        "bytes": sum(r.quarantined_bytes for r in records) + sum(bad_files),
        "tokens": 0,
    }
    alive = amounts(corpus, state.alive)
    kept = amounts(corpus, state.alive, corpus.written)
    dropped: dict[str, dict[str, int]] = {}
    for code, reason in enumerate(state.reasons):
        found = amounts(corpus, (state.dropped_by == code).fill_null(value=False))
        if found["documents"]:
            dropped[reason] = found
    # Counted apart from the verdicts: from the units' own records.
    read = Counter(documents=sum(r.n_read for r in records) + len(bad_files))
    read["bytes"] = sum(r.n_bytes + r.quarantined_bytes for r in records) + sum(bad_files)
    read["tokens"] = int(corpus.frame["n_tokens"].sum() or 0) if len(corpus) else 0
    ledger: dict[str, Any] = {}
    for unit in UNITS:
        ledger[unit] = {
            "in": read[unit],
            "kept": kept[unit],
            "dropped": {reason: found[unit] for reason, found in sorted(dropped.items())},
            "edited": alive[unit] - kept[unit],
            "quarantined": quarantined[unit],
        }
    ledger["steps"] = steps
    check_balance(ledger)
    return ledger


def check_balance(ledger: dict[str, Any]) -> None:
    """Raise LedgerError unless everything that came in is accounted for, in all and by step."""
    for unit in UNITS:
        part = ledger[unit]
        out = part["kept"] + sum(part["dropped"].values()) + part["edited"] + part["quarantined"]
        if out != part["in"]:
            message = f"the ledger does not balance: {part['in']} {unit} in, {out} accounted for"
            raise LedgerError(message)
        alive = part["in"] - part["quarantined"]
        for step in ledger["steps"]:
            gone = sum(rule["first"][unit] for rule in step["by_rule"].values())
            if step["in"][unit] != alive or step["out"][unit] != alive - gone:
                message = f"the ledger does not balance at step {step['name']!r} ({unit})"
                raise LedgerError(message)
            alive -= gone
        if alive != part["kept"] + part["edited"]:
            message = f"the steps keep {alive} {unit}, the verdicts {part['kept'] + part['edited']}"
            raise LedgerError(message)
