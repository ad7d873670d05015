"""What steps change: who is alive, who was dropped by what, which cluster, who was kept instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

COPIES = "copies"
"""Column of the decisions and of the written documents where a selection repeats them (Int32)."""


@dataclass(frozen=True)
class Drop:
    """What one step drops, for one reason.

    All series are as long as the corpus. `mask` (Boolean) says who is dropped; `cluster` and
    `winner` (UInt32 row numbers, null where there is none) are set for every member of a group of
    duplicates, dropped or not. `copies` (Int32) says how often each document shall stand in the
    corpus, 0 for who is dropped; `told` is what else the ledger tells of the step, as plain data.
    """

    reason: str
    mask: pl.Series
    cluster: pl.Series | None = None
    winner: pl.Series | None = None
    copies: pl.Series | None = None
    told: dict[str, Any] = field(default_factory=dict)


class State:
    """The verdicts so far."""

    def __init__(self, n: int) -> None:
        self.alive = (
            pl.Series("alive", [True]).new_from_index(0, n)
            if n
            else pl.Series("alive", [], pl.Boolean)
        )
        self.reasons: list[str] = []
        self.dropped_by = _nulls("dropped_by", n, pl.UInt16)
        self.cluster = _nulls("cluster", n, pl.UInt32)
        self.winner = _nulls("winner", n, pl.UInt32)
        self.copies: pl.Series | None = None

    def apply(self, drop: Drop) -> pl.Series:
        """Drop who is alive and in the mask; returns who that was."""
        dropped = drop.mask & self.alive
        if drop.reason not in self.reasons:
            self.reasons.append(drop.reason)
        code = pl.Series([self.reasons.index(drop.reason)], dtype=pl.UInt16).new_from_index(
            0, len(dropped)
        )
        self.dropped_by = (
            code.zip_with(dropped, self.dropped_by) if len(dropped) else self.dropped_by
        )
        if drop.cluster is not None and drop.winner is not None:
            grouped = drop.cluster.is_not_null() & self.alive
            self.cluster = drop.cluster.zip_with(grouped, self.cluster)
            self.winner = drop.winner.zip_with(dropped, self.winner)
        if drop.copies is not None:
            self.copies = drop.copies
        self.alive = self.alive & ~dropped
        return dropped


def _nulls(name: str, n: int, dtype: type[pl.DataType]) -> pl.Series:
    return pl.Series(name, [None], dtype).new_from_index(0, n) if n else pl.Series(name, [], dtype)
