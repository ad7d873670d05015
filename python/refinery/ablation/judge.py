"""From results to verdicts: differences from random tokens, gates, multipliers.

A gate that fails makes the ablation void: then it cannot see quality, and says nothing about a filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from refinery.ablation import statistics
from refinery.ablation.config import FAMILIES, TARGETS
from refinery.ablation.fits import LADDER
from refinery.ablation.multiplier import STEPS, Ladder, crossing, fit_ladder, multiplier
from refinery.ablation.regimes import TOKENS

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from refinery.ablation.config import AblationConfig
    from refinery.ablation.experiment import Outcome
    from refinery.ablation.statistics import Interval

TARGET = "target"
"""Near, far and qa with equal weight: what the primary comparison is of."""
_LAW_DRAWS = 500
UNTESTED = ("random", "random_again", "oracle", "inverse", "shuffled", "length_matched")
"""Baselines and gates are no candidates: they are not among the tests that Holm corrects."""


_WORTHS = {
    "arm": pl.String, "yield_target": pl.Float64, "family": pl.String,
    "multiplier_low": pl.Float64, "multiplier": pl.Float64, "multiplier_high": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """One condition without which nothing is concluded."""

    name: str
    holds: bool
    found: Interval
    said: str


@dataclass(frozen=True)
class Verdict:
    """What an ablation says.

    `rows` has a row an arm, yield and family: `d_bpb` with `low` and `high`; `percent` of the loss
    of random tokens; `p` and `p_holm` of the arms at the main yield over the target; `detectable`;
    `multiplier` with `multiplier_low` and `multiplier_high`, between `multiplier_least` and
    `multiplier_most`, beyond which the law is not trusted; `share_of_oracle`, the part of the
    oracle's gain; `predicted_crossing` in passes over the pool. `compute` has prediction and result at
    fixed compute (`compute.judge_compute`), where that was asked for.
    """

    rows: pl.DataFrame
    gates: list[Gate]
    notes: list[str]
    compute: pl.DataFrame | None = None

    @property
    def is_void(self) -> bool:
        """Whether a gate failed."""
        return not all(gate.holds for gate in self.gates)


def families_of(results: pl.DataFrame) -> list[str]:
    """The target, and every family that was measured."""
    present = set(results["family"])
    return [TARGET, *(family for family in FAMILIES if family in present)]


def matrices(chosen: pl.DataFrame, column: str, family: str) -> dict[str, NDArray[np.float64]]:
    """Arrays of (works, seeds) for each family of `family`: of one, or of all that are the target."""
    names = [family] if family != TARGET else [f for f in families_of(chosen) if f in TARGETS]
    found = {}
    for name in names:
        rows = chosen.filter(pl.col("family") == name).sort("work", "seed")
        seeds = rows["seed"].n_unique()
        found[name] = rows[column].to_numpy().reshape(-1, seeds)
    return found


def ladder_law(results: pl.DataFrame, family: str) -> Ladder:
    """How the loss on a family falls with random tokens: the law without its draws."""
    steps = _steps(results.filter(pl.col("arm") == LADDER))
    budgets = np.array([step["train_tokens"].mean() for step in steps], dtype=float)
    losses = [statistics.macro_mean(matrices(step, "bpb", family)) for step in steps]
    return fit_ladder(budgets, np.array([losses]))


def arm_rows(
    config: AblationConfig, results: pl.DataFrame, pairs: Collection[tuple[str, float]]
) -> pl.DataFrame:
    """The rows of a verdict of some arms and yields; random tokens have none."""
    judged = _Judge(config, results)
    rows = [row for pair in judged.pairs() if pair in pairs for row in judged.rows(*pair)]
    return pl.DataFrame(rows, schema=None if rows else _WORTHS, infer_schema_length=None)


def judge(outcome: Outcome) -> Verdict:
    """Intervals, tests, gates and multipliers of everything that was measured."""
    judged = _Judge(outcome.config, outcome.results)
    rows = [row for arm, yield_ in judged.pairs() for row in judged.rows(arm, yield_)]
    frame = _with_holm(pl.DataFrame(rows, infer_schema_length=None), outcome.config)
    return Verdict(frame, judged.gates(), judged.notes())


class _Judge:
    def __init__(self, config: AblationConfig, results: pl.DataFrame) -> None:
        self._config = config
        self._results = results = results.filter(pl.col("regime") == TOKENS)
        self._kinds = {arm.name: arm.kind for arm in config.arms}
        self._ladder = results.filter(pl.col("arm") == LADDER)
        self._ends = ladder_law(results, TARGET).trusted

    def pairs(self) -> list[tuple[str, float]]:
        """Every arm at each of its yields, but the ladder and random tokens themselves."""
        skipped = [LADDER, *(name for name, kind in self._kinds.items() if kind == "random")]
        found = self._results.filter(~pl.col("arm").is_in(skipped))
        return found.select("arm", "yield_target").unique(maintain_order=True).rows()

    def rows(self, arm: str, yield_: float) -> list[dict[str, Any]]:
        """One row a family, and one for the target."""
        chosen = self._chosen(arm, yield_)
        return [self._row(arm, yield_, family, chosen) for family in families_of(self._results)]

    def _row(self, arm: str, yield_: float, family: str, chosen: pl.DataFrame) -> dict[str, Any]:
        differences = matrices(chosen, "d_bpb", family)
        rng = statistics.generator(self._config.seed)
        found = statistics.interval(differences, rng)
        base = statistics.macro_mean(matrices(chosen, "base_bpb", family))
        worth = self._multiplier(chosen, family)
        tokens = float(chosen["train_tokens"].mean())  # type: ignore[arg-type]
        return {
            "arm": arm,
            "yield_target": yield_,
            "yield_tokens": chosen["yield_tokens"].mean(),
            "yield_docs": chosen["yield_docs"].mean(),
            "train_tokens": int(tokens),
            "seeds": chosen["seed"].n_unique(),
            "works": sum(len(values) for values in differences.values()),
            "family": family,
            "bpb": base + found.mean,
            "random_bpb": base,
            "d_bpb": found.mean,
            "low": found.low,
            "high": found.high,
            "percent": 100 * found.mean / base,
            "p": statistics.sign_flip_p(differences, rng),
            "detectable": statistics.detectable(differences),
            "multiplier": worth.mean,
            "multiplier_low": worth.low,
            "multiplier_high": worth.high,
            "multiplier_least": self._ends[0] / tokens,
            "multiplier_most": self._ends[1] / tokens,
            "share_of_oracle": self._share_of_oracle(found.mean, family),
            "predicted_crossing": crossing(worth.mean, yield_) if family == TARGET else None,
        }

    def gates(self) -> list[Gate]:
        """Oracle better than random, inverse worse, and two random draws alike."""
        oracle = self._interval("oracle")
        inverse = self._interval("inverse")
        again, repeats = self._interval("random_again"), self._repeats()
        return [
            Gate("oracle < random", oracle.is_below_zero, oracle, ""),
            Gate("random < inverse", inverse.is_above_zero, inverse, ""),
            Gate(
                "random = random", again.low <= 0 <= again.high, again,
                f"{repeats:.0%} of repeats contain 0 (95 % expected)",
            ),
        ]  # fmt: skip

    def notes(self) -> list[str]:
        """What a reader should know beside the numbers."""
        notes = []
        for family in families_of(self._results)[1:]:
            n = self._works(family)
            if n < 6:
                notes.append(
                    f"{family} has {n} works: a sign-flip test cannot reach p < .05 with fewer than 6"
                )
        notes += self._losses()
        artefact = self._matrices_of("shuffled", TARGET)
        if artefact:
            size = statistics.macro_mean(artefact)
            notes.append(
                f"selection artefact (shuffled scores against random): {size:+.4f} bits per byte"
            )
        return notes

    def _losses(self) -> list[str]:
        """On which works of the target the main arm is worse than random tokens."""
        main = self._config.main_arm
        if main is None:
            return []
        rows = self._chosen(main.name, self._config.main_yield)
        by_work = (
            rows.filter(pl.col("family").is_in(TARGETS))
            .group_by("family", "work").agg(pl.col("d_bpb").mean()).sort("d_bpb", descending=True)
        )  # fmt: skip
        worse = by_work.filter(pl.col("d_bpb") > 0)
        named = "; ".join(f"{work} ({family}, {d:+.3f})" for family, work, d in worse.rows())
        said = f"{main.name} is worse than random on {len(worse)} of {len(by_work)} works"
        return [f"{said}: {named}" if named else said]

    def _interval(self, kind: str) -> Interval:
        rng = statistics.generator(self._config.seed)
        return statistics.interval(self._matrices_of(kind, TARGET), rng)

    def _repeats(self) -> float:
        rng = statistics.generator(self._config.seed)
        return statistics.coverage(self._matrices_of("random_again", TARGET), rng)

    def _matrices_of(self, kind: str, family: str) -> dict[str, NDArray[np.float64]]:
        """Differences of the first arm of a kind at the main yield; empty without one."""
        name = next((name for name, k in self._kinds.items() if k == kind), None)
        if name is None:
            return {}
        return matrices(self._chosen(name, self._config.main_yield), "d_bpb", family)

    def _chosen(self, arm: str, yield_: float) -> pl.DataFrame:
        return self._results.filter(
            pl.col("arm") == arm, (pl.col("yield_target") - yield_).abs() < 1e-9
        )

    def _works(self, family: str) -> int:
        return self._results.filter(pl.col("family") == family)["work"].n_unique()

    def _multiplier(self, chosen: pl.DataFrame, family: str) -> Interval:
        """Worth of the arm's tokens; works and seeds are drawn together with the ladder's."""
        seeds = chosen["seed"].n_unique()
        ladder = self._ladder.filter(pl.col("seed") < seeds)
        steps = _steps(ladder)
        budgets = np.array([step["train_tokens"].mean() for step in steps], dtype=float)
        parts = [matrices(step, "bpb", family) for step in [*steps, chosen]]
        losses = np.stack(
            [
                np.concatenate([
                    [statistics.macro_mean(part)],
                    # One generator a part, from one seed: the same works and seeds in each.
                    statistics.bootstrap(part, statistics.generator(self._config.seed), _LAW_DRAWS),
                ])
                for part in parts
            ],
            axis=1,
        )  # fmt: skip
        tokens = float(chosen["train_tokens"].mean())  # type: ignore[arg-type]
        return multiplier(budgets, losses[:, :-1], losses[:, -1], tokens)

    def _share_of_oracle(self, difference: float, family: str) -> float | None:
        oracle = self._matrices_of("oracle", family)
        gain = statistics.macro_mean(oracle) if oracle else 0.0
        return difference / gain if gain < 0 else None


def _steps(ladder: pl.DataFrame) -> list[pl.DataFrame]:
    return [ladder.filter(pl.col("yield_target") == step) for step in STEPS]


def _with_holm(rows: pl.DataFrame, config: AblationConfig) -> pl.DataFrame:
    """With `p_holm`: over the candidates at the main yield, on the target."""
    kinds = {arm.name: arm.kind for arm in config.arms}
    candidates = [name for name, kind in kinds.items() if kind not in UNTESTED]
    tested = (
        (pl.col("family") == TARGET)
        & pl.col("arm").is_in(candidates)
        & ((pl.col("yield_target") - config.main_yield).abs() < 1e-9)
    )
    chosen = rows.with_row_index().filter(tested)
    adjusted = pl.DataFrame(
        {"index": chosen["index"], "p_holm": statistics.holm(chosen["p"].to_list())},
        schema={"index": pl.UInt32, "p_holm": pl.Float64},
    )
    return rows.with_row_index().join(adjusted, on="index", how="left").drop("index")
