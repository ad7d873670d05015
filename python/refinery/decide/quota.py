"""How a selection is shared out among domains: the values of a column, or bins of a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from refinery.errors import DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.select_config import QuotaConfig

NONE = "(none)"
"""The domain of documents whose value is null."""


def domains(column: pl.Series, quota: QuotaConfig) -> pl.Series:
    """The domain of every document (String)."""
    if not quota.edges:
        return column.cast(pl.String).fill_null(NONE)
    edges = [f"{edge:g}" for edge in quota.edges]
    names = [f"below {edges[0]}", *(f"{edge} and above" for edge in edges)]
    place = sum(((column >= edge).cast(pl.UInt32) for edge in quota.edges), start=column * 0)
    found = pl.Series("domain", names).gather(place.cast(pl.UInt32))
    return found.fill_null(NONE)


def check_domains(found: pl.Series, quota: QuotaConfig) -> None:
    """Raise DataError where shares name a domain that no document that was read is of."""
    if not isinstance(quota.shares, dict):
        return
    known = found.unique().sort().to_list()
    for name in quota.shares:
        if name not in known:
            listed = ", ".join(map(repr, known[:10])) + (", …" if len(known) > 10 else "")
            hint = nearest(name, known) or f"; there are: {listed}"
            message = f"quota: no document has {quota.column} {name!r}{hint}"
            raise DataError(message)


def targets(available: Mapping[str, int], quota: QuotaConfig, target: float) -> dict[str, float]:
    """How much of each domain to keep, in the unit of `available`, to keep `target` in all.

    A domain that has less than its share gives all it has, and the others make up for it in the
    proportion of theirs: the yield comes before the shares.
    """
    shares = _shares(available, quota)
    found = dict.fromkeys(available, 0.0)
    open_ = {name for name in shares if shares[name] > 0}
    left = float(target)
    while open_ and left > 0:
        total = sum(shares[name] for name in sorted(open_))
        asked = {name: left * shares[name] / total for name in open_}
        full = {name for name in open_ if asked[name] >= available[name]}
        if not full:
            return found | asked
        for name in sorted(full):
            found[name] = float(available[name])
            left -= available[name]
        open_ -= full
    return found


def _shares(available: Mapping[str, int], quota: QuotaConfig) -> dict[str, float]:
    names = sorted(available)
    if quota.shares == "equal":
        return dict.fromkeys(names, 1.0)
    if quota.shares == "proportional":
        return {name: float(available[name]) for name in names}
    others = [name for name in names if name not in quota.shares]
    rest = max(0.0, 1 - sum(quota.shares.values()))
    total = sum(available[name] for name in others)
    shares = {name: share for name, share in quota.shares.items() if name in available}
    return shares | {name: rest * available[name] / max(1, total) for name in others}
