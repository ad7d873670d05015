"""Applies the steps of a plan and writes the verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq

from refinery import _core
from refinery.config import MinHashConfig
from refinery.decide.corpus import load_corpus
from refinery.decide.duplicates import Runner, exact_duplicates, near_duplicates
from refinery.decide.ledger import UNITS, amounts, build_ledger
from refinery.decide.ranks import weighted_ranks
from refinery.decide.select import select
from refinery.decide.state import COPIES, Drop, State
from refinery.minhasher import make_minhasher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refinery.annotation import UnitRecord
    from refinery.decide.corpus import Corpus, Failures, Room
    from refinery.decide.duplicates import Act
    from refinery.engine import Stop
    from refinery.plan import Plan, StepPlan
    from refinery.rule_set import Rule
    from refinery.tree import OutputTree

_FILE_ROWS = 1_000_000
"""Verdicts per file, and so the bound of what writing them holds in memory."""
_CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class Decisions:
    """Verdicts of a run, in input order, and the ledger that they balance to."""

    corpus: Corpus
    state: State
    failures: Failures
    ledger: dict[str, Any]
    quantiles: dict[str, pl.Series] = field(default_factory=dict)
    """By column: the rank of each score among the tokens that were read."""

    def write(self, folder: Path) -> list[str]:
        """Write `part-NNNNN.parquet` files; returns their names."""
        names = []
        n = len(self.corpus)
        for i, start in enumerate(range(0, max(1, n), _FILE_ROWS)):
            name = f"part-{i:05d}.parquet"
            stop = min(n, start + _FILE_ROWS)
            writer = None
            for chunk in self._chunks(start, stop):
                table = chunk.to_arrow(compat_level=pl.CompatLevel.oldest())
                if writer is None:
                    writer = pq.ParquetWriter(
                        folder / name, table.schema, compression="zstd", write_page_checksum=True
                    )
                writer.write_table(table)
            if writer is not None:
                writer.close()
            names.append(name)
        return names

    def _chunks(self, start: int, stop: int) -> Iterator[pl.DataFrame]:
        for at in range(start, max(stop, start + 1), _CHUNK_ROWS):
            yield self.frame(at, min(stop, at + _CHUNK_ROWS) - at)

    def frame(self, start: int, length: int) -> pl.DataFrame:
        """Verdicts of `length` documents from `start`: the schema of a decisions file."""
        state, ids = self.state, self.corpus.frame["id"]
        names = pl.Series("reason", state.reasons, pl.String)
        dropped_by = names.gather(state.dropped_by.slice(start, length)).alias("dropped_by")
        masks = [
            mask.slice(start, length).alias(str(i)) for i, (_, mask) in enumerate(self.failures)
        ]
        reasons = [
            pl.when(pl.col(str(i))).then(pl.lit(rule.reason))
            for i, (rule, _) in enumerate(self.failures)
        ]
        # A duplicate or selection reason stands behind the rules, where it is what dropped.
        rule_reasons = [rule.reason for rule, _ in self.failures]
        last = pl.when(~pl.col("dropped_by").is_in(rule_reasons)).then(pl.col("dropped_by"))
        listed = (
            pl.DataFrame([dropped_by, *masks])
            .select(
                pl.concat_list([*reasons, last]).list.drop_nulls().list.unique(maintain_order=True)
            )
            .to_series()
        )
        columns = {
            "id": ids.slice(start, length),
            "kept": state.alive.slice(start, length),
            "dropped_by": dropped_by,
            "reasons": listed.cast(pl.List(pl.String)),
            "cluster": ids.gather(state.cluster.slice(start, length)),
            "kept_instead": ids.gather(state.winner.slice(start, length)),
        }
        if state.copies is not None:
            columns[COPIES] = state.copies.slice(start, length)
        columns |= {name: ranks.slice(start, length) for name, ranks in self.quantiles.items()}
        return pl.DataFrame(columns)


def decide(
    plan: Plan,
    tree: OutputTree,
    records: list[UnitRecord],
    *,
    bad_files: list[int],
    room: Room | None,
    stop: Stop,
) -> Decisions:
    """Apply the plan's steps to the annotated corpus.

    Raises
    ------
    DuplicateIdError
        If an id occurs twice.
    LedgerError
        If documents, bytes or tokens do not balance.
    """
    pool = _core.ThreadPool(plan.threads)
    corpus, rules = load_corpus(plan, tree, records, room=room, pool=pool, stop=stop)
    runner = Runner(pool, stop.check)
    return decide_corpus(plan, corpus, rules, records, bad_files=bad_files, runner=runner)


def decide_corpus(
    plan: Plan,
    corpus: Corpus,
    rules: Failures,
    records: list[UnitRecord],
    *,
    bad_files: list[int],
    runner: Runner,
) -> Decisions:
    """The same for a corpus that is there already; `records` say what was read to make it.

    Raises
    ------
    LedgerError
        If documents, bytes or tokens do not balance.
    """
    state = State(len(corpus))
    n_failed = _count(corpus, rules)
    entries = []
    at = 0
    for step in plan.steps:
        runner.check()
        before = amounts(corpus, state.alive)
        told: dict[str, Any] = {}
        if step.config.is_rules:
            of_step = rules[at : at + len(step.rules)]
            at += len(step.rules)
            by_rule = _apply_rules(corpus, state, of_step, n_failed)
        else:
            by_rule, told = _apply_step(corpus, state, step, plan, runner, n_failed)
        out = amounts(corpus, state.alive)
        entries.append({"name": step.name, "in": before, "out": out, "by_rule": by_rule, **told})
    ledger = build_ledger(corpus, state, entries, records, bad_files)
    return Decisions(corpus, state, rules, ledger, _quantiles(plan, corpus))


def _quantiles(plan: Plan, corpus: Corpus) -> dict[str, pl.Series]:
    """`NAME_quantile` of every score: null where it is, or where its parts have no scores."""
    found = {}
    for score in plan.scores:
        values = corpus.frame[score.name]
        if score.chunks is not None:
            of_parts = corpus.frame[score.ranked_columns[1]]
            values = values.zip_with(of_parts.is_not_null(), of_parts)
        found[f"{score.name}_quantile"] = weighted_ranks(values, corpus.frame["n_tokens"])
    return found


def _count(corpus: Corpus, rules: list[tuple[Rule, pl.Series]]) -> pl.Series:
    """How many reasons each document has; a rule that stands in two steps is one reason."""
    total = pl.Series([0], dtype=pl.UInt16).new_from_index(0, len(corpus))
    for _, mask in joined_rules(rules):
        total = total + mask.cast(pl.UInt16)
    return total


def _apply_rules(
    corpus: Corpus, state: State, rules: list[tuple[Rule, pl.Series]], n_failed: pl.Series
) -> dict[str, Any]:
    by_rule: dict[str, Any] = {}
    for rule, mask in joined_rules(rules):
        first = state.apply(Drop(rule.reason, mask))
        alone = amounts(corpus, mask)
        if rule.side == "undefined" and not alone["documents"]:
            continue  # every signal has this rule; it is worth a line only where it acts
        by_rule[rule.reason] = {
            "first": amounts(corpus, first),
            "alone": alone,
            "exclusive": amounts(corpus, mask & (n_failed == 1)),
        }
    return by_rule


def joined_rules(rules: list[tuple[Rule, pl.Series]]) -> list[tuple[Rule, pl.Series]]:
    """One entry a reason: a step may name a signal twice (a profile, then a bound of one's own)."""
    joined: dict[str, tuple[Rule, pl.Series]] = {}
    for rule, mask in rules:
        before = joined.get(rule.reason)
        joined[rule.reason] = (rule, before[1] | mask) if before else (rule, mask)
    return list(joined.values())


def make_act(corpus: Corpus, step: StepPlan, plan: Plan, runner: Runner) -> Act:
    """What a step that is no rules would drop of the documents that are alive."""
    config = step.config
    if config.exact_duplicates is not None:
        return exact_duplicates(corpus, config.exact_duplicates, step.view, runner)
    if config.near_duplicates is not None and plan.minhash is not None:
        return near_duplicates(corpus, config.near_duplicates, plan.minhash, runner)
    if config.select is not None:
        seed = plan.pipeline.config.seed
        value_bytes = _value_bytes(plan) if config.select.diverse else 4
        return partial(select, corpus, config=config.select, seed=seed, value_bytes=value_bytes)
    message = f"step {step.name!r} has nothing to do"
    raise AssertionError(message)


def _apply_step(
    corpus: Corpus,
    state: State,
    step: StepPlan,
    plan: Plan,
    runner: Runner,
    n_failed: pl.Series,
) -> tuple[dict[str, Any], dict[str, Any]]:
    act = make_act(corpus, step, plan, runner)
    alone = act(State(len(corpus)).alive)
    drop = alone if state.alive.all() else act(state.alive)
    first = state.apply(drop)
    entry = {
        "first": amounts(corpus, first),
        "alone": amounts(corpus, alone.mask),
        "exclusive": amounts(corpus, first & (n_failed == 0)),
    }
    told = {"selection": _told(corpus, state, drop)} if step.config.select is not None else {}
    return {drop.reason: entry}, told


def _told(corpus: Corpus, state: State, drop: Drop) -> dict[str, Any]:
    """What the ledger tells of a selection: its yield of what was read, and what it noted itself."""
    read = amounts(corpus, State(len(corpus)).alive)
    kept = amounts(corpus, state.alive)
    told = {"yield": {u: kept[u] / read[u] if read[u] else 0.0 for u in UNITS}, **drop.told}
    if drop.copies is not None:
        told["copies"] = {
            unit: int((corpus.sizes(unit, corpus.written) * drop.copies).sum() or 0)
            for unit in UNITS
        }
    return told


def _value_bytes(plan: Plan) -> int:
    return make_minhasher(plan.minhash or MinHashConfig()).value_bytes
