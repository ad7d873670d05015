"""How much of each source is read: what was asked, solved over the counted documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.errors import DataError
from refinery.mixture.count import COUNTS
from refinery.mixture.draw import Reading, read_group
from refinery.mixture.shares import Group, Wish, solve
from refinery.mixture.token_files import id_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.engine import Stop
    from refinery.mixture.config import MixtureConfig
    from refinery.mixture.count import Counted
    from refinery.mixture.plan import MixturePlan


@dataclass(frozen=True)
class Amounts:
    """A group's reading and what it gives.

    `documents` are read at all, with `unique_tokens`; one epoch has `epoch_tokens`; written are
    `copies` of `tokens` and `bytes`.
    """

    reading: Reading
    documents: int
    unique_tokens: int
    epoch_tokens: int
    copies: int
    tokens: int
    bytes: int


_SUMS = ("documents", "unique_tokens", "epoch_tokens", "copies", "tokens", "bytes")


def solved(config: MixtureConfig, counted: Sequence[Counted], stop: Stop) -> list[Amounts]:
    """How each group of documents is read.

    Raises
    ------
    DataError
        If a source has no tokens, or a cap cannot be met.
    """
    counts = [_counts_of(i, counted) for i in range(len(config.sources))]
    groups = [group for i, frame in enumerate(counts) for group in _groups(i, frame)]
    wishes = [Wish(source.share, source.epochs) for source in config.sources]
    _refuse_empty(config, groups)
    caps = [cap.max_share for cap in config.caps]
    epochs = solve(wishes, groups, tokens=config.tokens, caps=caps)
    _refuse_impossible(config, groups, epochs)
    found = []
    for group, times in zip(groups, epochs, strict=True):
        stop.check()
        frame = counts[group.source].filter(pl.col("caps") == group.caps)
        by_tokens = wishes[group.source].share is not None or group.caps > 0
        found.append(_amounts(frame, read_group(frame, group, times, by_tokens=by_tokens)))
    return found


def _counts_of(source: int, counted: Sequence[Counted]) -> pl.LazyFrame:
    paths = [one.path for one in counted if one.source.index == source]
    return pl.scan_parquet(paths) if paths else pl.LazyFrame(schema=COUNTS)


def _groups(source: int, counts: pl.LazyFrame) -> list[Group]:
    copies = pl.col("copies").cast(pl.Int64)
    found = (
        counts.group_by("caps")
        .agg(n=copies.sum(), tokens=(copies * pl.col("n_tokens")).sum())
        .collect()
        .sort("caps")
    )
    return [Group(source, r["caps"], r["n"], float(r["tokens"])) for r in found.to_dicts()]


def _amounts(counts: pl.LazyFrame, reading: Reading) -> Amounts:
    copies = pl.col("copies").cast(pl.Int64)
    is_read = pl.col("passes") > 0
    times = pl.col("passes").cast(pl.Int64) * copies
    sums = (
        counts.with_columns(passes=reading.passes())
        .select(
            documents=is_read.sum(),
            unique_tokens=pl.col("n_tokens").filter(is_read).sum(),
            epoch_tokens=(copies * pl.col("n_tokens")).sum(),
            copies=times.sum(),
            tokens=(times * pl.col("n_tokens")).sum(),
            bytes=(times * pl.col("n_bytes")).sum(),
        )
        .collect()
        .to_dicts()[0]
    )
    return Amounts(reading, **sums)


def _refuse_empty(config: MixtureConfig, groups: Sequence[Group]) -> None:
    for i, source in enumerate(config.sources):
        if not sum(group.tokens for group in groups if group.source == i):
            where = f" where {source.where}" if source.where else ""
            message = f"source {source.name}: no document with a token{where}"
            raise DataError(message)


def _refuse_impossible(
    config: MixtureConfig, groups: Sequence[Group], epochs: Sequence[float]
) -> None:
    """A source that has a share but only documents under caps cannot be thinned to none."""
    for i, source in enumerate(config.sources):
        if not sum(e for e, group in zip(epochs, groups, strict=True) if group.source == i):
            capped = ", ".join(f"{c.column}: {c.value}" for c in config.caps)
            message = (
                f"source {source.name}: nothing is left of it under the caps ({capped}); raise "
                "max_share, or lower the source's share"
            )
            raise DataError(message)


def described_mixture(
    plan: MixturePlan,
    counted: Sequence[Counted],
    amounts: Sequence[Amounts],
    shards: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """What the mixture is made of, as plain data for the manifest and the report."""
    config = plan.mixture.config
    total = sum(a.tokens for a in amounts)
    is_text = config.output.format == "parquet"
    return {
        "tokens": total,
        "unique_tokens": sum(a.unique_tokens for a in amounts),
        "documents": sum(a.copies for a in amounts),
        "tokens_written": None if is_text else sum(s["tokens"] for s in shards),
        "type": None if is_text else str(id_type(config.output.format, plan.vocabulary.size)),
        "tokenizer": plan.vocabulary.name,
        "end_of_document": {"token": config.output.end_of_document, "id": plan.end},
        "sources": [_source(plan, i, counted, amounts) for i in range(len(plan.sources))],
        "caps": [
            {
                "column": cap.column,
                "value": cap.value,
                "max_share": cap.max_share,
                "share": sum(a.tokens for a in amounts if a.reading.group.caps >> i & 1)
                / (total or 1),
            }
            for i, cap in enumerate(config.caps)
        ],
    }


def _source(
    plan: MixturePlan, i: int, counted: Sequence[Counted], amounts: Sequence[Amounts]
) -> dict[str, Any]:
    """What was asked of a source and what is there of it."""
    source = plan.sources[i]
    own = [a for a in amounts if a.reading.group.source == i]
    sums = {name: sum(getattr(a, name) for a in own) for name in _SUMS}
    bad: dict[str, int] = {}
    for one in counted:
        for reason, n in one.no_documents.items() if one.source.index == i else []:
            bad[reason] = bad.get(reason, 0) + n
    return {
        "name": source.config.name,
        "run": source.run,
        "share_asked": source.config.share,
        "epochs_asked": source.config.epochs,
        "share": sums["tokens"] / (sum(a.tokens for a in amounts) or 1),
        "epochs": sums["tokens"] / max(1, sums["epoch_tokens"]),
        **sums,
        "no_documents": dict(sorted(bad.items())),
    }
