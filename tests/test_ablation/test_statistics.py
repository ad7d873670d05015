"""Intervals, tests and laws against numbers by hand."""

import itertools
import math

import numpy as np
import polars as pl
import pytest

from refinery.ablation.agreement import agreement, agreements, kendall, kendall_p
from refinery.ablation.multiplier import crossing, fit_ladder, multiplier
from refinery.ablation.statistics import (
    bootstrap,
    coverage,
    detectable,
    generator,
    holm,
    interval,
    sign_flip_p,
    student_t,
)
from refinery.errors import ParameterError


def test_sign_flips_are_counted_exactly():
    values = [0.3, 0.1, -0.05, 0.2, 0.4, 0.15]
    sums = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True)))
        for signs in itertools.product((1, -1), repeat=6)
    ]
    expected = sum(s >= sum(values) - 1e-12 for s in sums) / 64
    found = sign_flip_p({"near": np.array(values)[:, None]}, generator(1))
    assert found == pytest.approx(expected)


def test_six_works_of_one_sign_reach_the_least_p():
    assert sign_flip_p({"near": np.full((6, 3), -0.2)}, generator(1)) == 2 / 64


def test_many_works_are_drawn():
    draw = generator(3)
    nothing = {"a": draw.normal(size=(30, 2))}
    assert 0.01 < sign_flip_p(nothing, generator(1)) <= 1
    assert sign_flip_p({"a": np.full((30, 2), 1.0)}, generator(1)) == 1 / 10_001


def test_families_weigh_alike_whatever_their_works():
    found = interval({"near": np.full((2, 2), -1.0), "far": np.full((20, 2), 0.0)}, generator(1))
    assert (found.mean, found.low, found.high) == pytest.approx((-0.5, -0.5, -0.5))


def test_the_interval_holds_both_sources_of_noise():
    rng = np.random.default_rng(5)
    works, seeds = rng.normal(0, 1, (40, 1)), rng.normal(0, 2, (1, 10))
    draws = bootstrap({"near": works + seeds}, generator(1), 4000)
    wider = student_t(0.975, 9) / 1.95996
    expected = math.sqrt(works.var(ddof=1) / 40 + wider**2 * seeds.var(ddof=1) / 10)
    assert draws.std() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_of_no_difference_hold_zero_as_often_as_they_say(seeds):
    draw = generator(29)
    holds = 0
    for _ in range(200):
        noise = {name: draw.normal(size=(6, seeds)) for name in ("near", "far")}
        shared = draw.normal(size=(1, seeds))
        found = interval({k: v + shared for k, v in noise.items()}, draw, draws=300)
        holds += found.low <= 0 <= found.high
    # Of 200 at 95 %; draws that are not widened hold 165 and 186.
    assert holds >= 188


def test_holm_never_falls_below_an_earlier_step():
    assert holm([0.04, 0.001, 0.03]) == pytest.approx([0.06, 0.003, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("p", "degrees", "expected"), [(0.975, 2, 4.303), (0.975, 9, 2.262), (0.8, 4, 0.941)]
)
def test_quantiles_of_students_t(p, degrees, expected):
    # Expected: any table of the distribution.
    assert student_t(p, degrees) == pytest.approx(expected, abs=5e-4)


def test_the_detectable_effect_is_of_the_spread_of_seeds():
    values = {"near": np.array([[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]])}
    expected = (4.303 + 1.061) * 1.0 / math.sqrt(3)
    assert detectable(values) == pytest.approx(expected, abs=2e-3)


def test_equal_arms_are_covered():
    noise = {"near": np.random.default_rng(1).normal(size=(8, 6))}
    assert coverage(noise, generator(1), draws=300) >= 0.75
    assert coverage({"near": np.full((8, 2), 0.5)}, generator(1), draws=100) == 0.5


def test_a_law_is_found_again_and_inverted():
    budgets = np.array([0.25, 0.5, 1.0, 2.0]) * 1e6
    losses = 1.2 + 40.0 * budgets**-0.3
    law = fit_ladder(budgets, losses[None, :])
    assert law.limit[0] == pytest.approx(1.2, abs=1e-6)
    assert law.exponent[0] == pytest.approx(0.3)
    worth = multiplier(budgets, np.stack([losses] * 3), np.full(3, 1.2 + 40.0 * 1.4e6**-0.3), 1e6)
    assert (worth.mean, worth.low, worth.high) == pytest.approx((1.4, 1.4, 1.4))


def test_a_worth_far_beyond_the_ladder_is_cut():
    budgets = np.array([1.0, 2.0, 4.0])
    ladder = np.stack([3.0 - np.log2(budgets) * 0.5] * 2)
    assert multiplier(budgets, ladder, np.array([0.1, 0.1]), 1.0).mean == 32.0
    assert multiplier(budgets, ladder, np.array([9.0, 9.0]), 1.0).mean == 0.125


def test_the_predicted_crossing():
    # Of the law itself (`refinery budget` prints it): at one pass 17.5 % breaks even at 1.13, at four at 1.68.
    assert crossing(1.13, 0.175) == pytest.approx(1.0, rel=0.05)
    assert crossing(1.68, 0.175) == pytest.approx(4.0, rel=0.05)
    assert crossing(0.9, 0.175) == 0.0
    assert crossing(1e9, 0.5) is None


@pytest.fixture
def finished(tmp_path):
    """Writes the results of an ablation: differences of arms, the same on every work but for `noise`."""

    def write(name, values, noise=0.0, works=6):
        draw = np.random.default_rng(3)
        rows = [
            {
                "regime": regime, "arm": arm, "rule": "top", "yield_target": 0.2, "family": family,
                "work": f"w{work}", "seed": seed, "d_bpb": d + noise * draw.standard_normal(),
            }
            for arm, d in values.items()
            for family in ("near", "far")
            for work in range(works)
            for seed in range(2)
            for regime in ("R1", "R2")
        ]  # fmt: skip
        ladder = rows[0] | {"arm": "random ladder", "rule": "random", "d_bpb": 9.0}
        (tmp_path / name).mkdir()
        pl.DataFrame([*rows, ladder]).write_parquet(tmp_path / name / "results.parquet")
        return tmp_path / name

    return write


def test_two_ablations_are_compared_by_the_arms_that_both_have(finished):
    ngram = finished("ngram", {"a": -0.3, "b": -0.1, "c": 0.2, "only": 1.0})
    gpt = finished("gpt", {"a": -0.1, "b": -0.2, "c": -0.05})
    found = agreement(ngram, gpt)
    assert found.arms == ["a", "b", "c"]
    assert (found.tau, found.same_sign, found.decisions) == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert (found.low, found.high, found.p) == pytest.approx((1 / 3, 1 / 3, 1.0))
    assert [a.family for a in agreements(ngram, gpt)] == ["target", "near", "far"]
    with pytest.raises(
        ParameterError, match="'qa' is not measured by both; found target, near, far"
    ):
        agreement(ngram, gpt, family="qa")
    with pytest.raises(ParameterError, match="2 arms in common; three are needed"):
        agreement(ngram, finished("two", {"a": 0.1, "b": 0.2}))
    with pytest.raises(ParameterError, match="is no finished ablation"):
        agreement(ngram, ngram.parent)


def test_an_order_within_the_noise_has_a_wide_interval(finished):
    values = {name: 0.01 * i for i, name in enumerate("abcdef")}
    sure = agreement(finished("x", values), finished("y", values))
    assert (sure.tau, sure.low, sure.high) == (1.0, 1.0, 1.0)
    assert sure.p == pytest.approx(2 / math.factorial(6))
    unsure = agreement(finished("u", values, noise=0.2), finished("v", values))
    assert unsure.high - unsure.low > 0.5


def test_p_of_a_tau_is_counted_exactly():
    # Of all orders of five: by hand.
    found = [kendall([0, 1, 2, 3, 4], order) for order in itertools.permutations(range(5))]
    for tau in (0.2, 0.6, 0.8):
        expected = np.mean(np.abs(found) >= tau - 1e-9)
        assert kendall_p(tau, 5) == pytest.approx(expected)
