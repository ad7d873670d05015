"""Which trainings an ablation consists of: arms, yields, seeds, budgets, and what each is compared with.

Two regimes. At fixed tokens (R1) an arm reads as many tokens as a random draw of the pool, none of
them twice. At fixed compute (R2) it reads its kept tokens as often as it takes to read what the
whole pool has, or a multiple of it, and is compared with that pool.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refinery.ablation.config import ArmConfig
from refinery.ablation.multiplier import STEPS
from refinery.ablation.proxy import Training
from refinery.hashes import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from refinery.ablation.arms import Arms, Selection
    from refinery.ablation.config import AblationConfig
    from refinery.engine import Progress

LADDER = "random ladder"
WHOLE = "whole pool"
"""What arms are compared with at fixed compute."""
_SHORT = 0.95
"""An arm with less than this share of the budget has a budget, and a baseline, of its own."""


@dataclass(frozen=True)
class Fit:
    """One training of one arm; `baseline` is the key of that which it is compared with.

    `passes` is what the whole pool reads at the same compute, as a multiple of it; None at fixed
    tokens.
    """

    arm: str
    yield_: float
    seed: int
    selection: Selection
    training: Training
    key: str
    baseline: str
    passes: float | None = None


class Planner:
    """Plans the trainings of one file; `named` names corpus and proxy in every key."""

    def __init__(self, config: AblationConfig, arms: Arms, named: str, progress: Progress) -> None:
        self._config = config
        self._arms = arms
        self._named = named
        self._progress = progress

    def at_fixed_tokens(self) -> list[Fit]:
        """An arm at a budget, and random tokens at the same; and the ladder of random budgets."""
        config = self._config
        fits: list[Fit] = []
        for yield_ in dict.fromkeys([config.main_yield, *config.yields, 1.0]):
            asked = [arm for arm in config.arms if yield_ in config.yields_of(arm)]
            seeds = config.seeds if yield_ == config.main_yield else config.sweep_seeds
            for seed in range(seeds if asked else 0):
                self._progress.note(f"choosing documents: yield {yield_:.3g}, seed {seed}")
                fits += self._paired(asked, yield_, seed)
        random = next(arm for arm in config.arms if arm.kind == "random")
        for step in STEPS:
            for seed in range(config.seeds):
                fits.append(self._step(random, step, seed))
        return fits

    def at_fixed_compute(self, *, repeats: bool) -> list[Fit]:
        """An arm that repeats what it keeps, and the whole pool, for as many tokens.

        A proxy that learns nothing from a second epoch (`repeats` false) reads what is kept once.
        """
        config = self._config
        pool = self._arms.drawing(self._share())
        whole = ArmConfig(kind="full", name=WHOLE)
        asked = [arm for arm in config.arms if arm.name in config.compute_arms]
        fits: list[Fit] = []
        for seed in range(config.compute.seeds or config.seeds):
            self._progress.note(f"choosing documents: fixed compute, seed {seed}")
            base = pool.select(whole, 1.0, seed)
            chosen = {
                (arm.name, yield_): pool.select(arm, yield_, seed)
                for arm in asked
                for yield_ in config.compute_yields
            }
            for passes in config.compute_passes:
                tokens = int(passes * base.tokens)
                baseline = replace(self._fit(WHOLE, 1.0, seed, base, tokens), passes=passes)
                fits.append(baseline)
                for (name, yield_), selection in chosen.items():
                    read = tokens if repeats else min(tokens, selection.tokens)
                    fit = self._fit(name, yield_, seed, selection, read)
                    fits.append(replace(fit, passes=passes, baseline=baseline.key))
        return fits

    def _share(self) -> float:
        """Of the pool, from which a seed draws so that the longest training is not too long."""
        config = self._config
        most = config.compute.tokens or config.max_tokens
        if most is None:
            return config.draw
        return min(config.draw, most / (max(config.compute_passes) * self._arms.pool_tokens))

    def _step(self, random: ArmConfig, step: float, seed: int) -> Fit:
        """Random tokens, `step` times those of the main yield."""
        main = self._config.main_yield
        chosen = self._arms.select(random, min(1.0, step * main), seed)
        budget = step * self._capped(main * chosen.drawn_tokens)
        return self._fit(LADDER, step, seed, chosen, min(int(budget), chosen.tokens))

    def _capped(self, tokens: float) -> float:
        most = self._config.max_tokens
        return tokens if most is None else min(tokens, most)

    def _paired(self, asked: Sequence[ArmConfig], yield_: float, seed: int) -> Iterator[Fit]:
        random = next(arm for arm in self._config.arms if arm.kind == "random")
        base = self._arms.select(random, yield_, seed)
        chosen = {random.name: base} | {
            arm.name: self._arms.select(arm, yield_, seed)
            for arm in asked
            if arm.name != random.name
        }
        budget = yield_ * base.drawn_tokens
        whole = [s.tokens for s in chosen.values() if s.tokens >= _SHORT * budget]
        most = int(self._capped(min(whole, default=base.tokens)))
        for name, selection in chosen.items():
            tokens = min(most, selection.tokens)
            baseline = self._fit(random.name, yield_, seed, base, tokens)
            if name != random.name:
                fit = self._fit(name, yield_, seed, selection, tokens)
                yield replace(fit, baseline=baseline.key)
            yield baseline

    def _fit(self, arm: str, yield_: float, seed: int, chosen: Selection, tokens: int) -> Fit:
        training = Training(chosen.rows, tokens, seed)
        rows = hashlib.sha256(chosen.rows.astype("<i8").tobytes()).hexdigest()
        key = digest([self._named, rows, tokens, seed])[:32]
        return Fit(arm, yield_, seed, chosen, training, key, key)


def distinct(fits: Iterable[Fit]) -> list[Fit]:
    """The fits that are rows of their own: a baseline serves several arms and is one."""
    named = {(f.passes, f.arm, f.yield_, f.seed, f.training.tokens): f for f in fits}
    return list(named.values())
