"""Scaling laws against published numbers, and plans against those of models that were trained."""

import json
import math

import pytest
from typer.testing import CliRunner

import refinery as rf
from refinery.cli.app import app
from refinery.errors import ConfigError, ParameterError
from refinery.scaling.laws import LAWS, break_even, effective_tokens, worth_of_a_token
from refinery.scaling.units import human, parse_amount

PUBLISHED, CORRECTED, CONSTRAINED = LAWS

BREAK_EVEN = {
    0.50: (1.00, 1.00, 1.02, 1.06, 1.12),
    0.25: (1.00, 1.02, 1.07, 1.19, 1.41),
    0.175: (1.00, 1.04, 1.13, 1.31, 1.68),
    0.10: (1.03, 1.11, 1.28, 1.65, 2.46),
    0.05: (1.11, 1.28, 1.68, 2.60, 4.57),
    0.01: (1.90, 3.17, 6.11, 12.0, 22.7),
}
EPOCHS = dict(
    zip(
        (2, 3, 4, 5, 8, 10, 16, 20, 40),
        (0.984, 0.958, 0.931, 0.904, 0.828, 0.781, 0.661, 0.596, 0.379),
        strict=True,
    )
)


def test_the_data_constrained_law_gives_the_losses_that_its_authors_print():
    assert CONSTRAINED.loss(6.34e9, 242e9, 25e9) == pytest.approx(2.2256440889984477, abs=1e-14)
    assert CONSTRAINED.loss(8.67e9, 178e9, 25e9) == pytest.approx(2.2269634075087867, abs=1e-14)


@pytest.mark.parametrize(
    ("law", "ratios"),
    [(CORRECTED, (26, 23, 18)), (CONSTRAINED, (19.6, 19.6, 19.6)), (PUBLISHED, (26, 40, 93))],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_law_has_its_known_best_tokens_per_parameter(law, ratios):
    found = [law.optimal_tokens_per_parameter(flops) for flops in (1e18, 1e20, 5.8e23)]
    assert found == pytest.approx(ratios, abs=0.5)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_no_neighbour_of_the_optimum_has_less_loss(law):
    flops = 1e21
    best = law.optimal_parameters(flops)
    losses = [law.loss(n, flops / 6 / n) for n in (best * 0.99, best, best * 1.01)]
    assert min(losses) == losses[1]


def test_the_worth_of_repeated_tokens_is_the_published_table():
    assert [worth_of_a_token(n) for n in EPOCHS] == pytest.approx(list(EPOCHS.values()), abs=6e-4)
    assert effective_tokens(1e9, unique=1.0) == pytest.approx(16.4, abs=0.05)  # its limit
    assert effective_tokens(0.5, unique=1.0) == 0.5


@pytest.mark.parametrize("share", BREAK_EVEN)
def test_break_even_is_the_table_of_yields_and_passes(share):
    found = [break_even(share, passes) for passes in (0.25, 0.5, 1, 2, 4)]
    assert found == pytest.approx(BREAK_EVEN[share], rel=5e-3)


def test_kl3m_had_ten_times_the_tokens_of_chinchilla():
    plan = rf.budget(parameters="1.7B", raw_tokens="2T", yield_="17.5%")
    assert plan.tokens == pytest.approx(350e9)
    assert round(plan.tokens_per_parameter, 1) == 205.9
    assert round(plan.over_training, 1) == 10.3
    assert f"{plan.flops:.3g}" == "3.57e+21"
    assert plan == rf.budget(parameters=1.7e9, raw_tokens=2e12, yield_=0.175)


PLANS = {
    "1 T over 350 B": ({"parameters": "1.7B", "tokens": "1T", "unique_tokens": "350B"}, "epochs", 2.86),
    "and its worth": ({"parameters": "1.7B", "tokens": "1T", "unique_tokens": "350B"}, "effective_tokens", 962e9),
    "TinyLlama": ({"parameters": "1.1B", "tokens": "3T", "unique_tokens": "950B"}, "epochs", 3.16),
    "Bloomberg": ({"parameters": "50B", "tokens": "569B"}, "tokens_per_parameter", 11.4),
    "Llama 3": ({"parameters": "8B", "tokens": "15T"}, "tokens_per_parameter", 1875),
    "by FLOPs": ({"flops": "3.57e21", "tokens": "350B"}, "parameters", 1.7e9),
    "by ratio": ({"flops": 1.2e20, "tokens_per_parameter": 20}, "parameters", 1e9),
    "by epochs": ({"parameters": "1.7B", "tokens": "350B", "raw_tokens": "2T", "epochs": 4}, "yield_", 0.04375),
    "pool for a yield": ({"parameters": "1.7B", "tokens": "350B", "yield_": 0.175}, "raw_tokens", 2e12),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_two_of_three_and_a_pool_give_the_rest(name):
    given, figure, expected = PLANS[name]
    plan = rf.budget(**given)
    assert getattr(plan, figure) == pytest.approx(expected, rel=2e-3)
    assert plan.flops == pytest.approx(6 * plan.parameters * plan.tokens)


def test_more_kept_than_read_is_no_repetition():
    plan = rf.budget(parameters="1B", tokens="20B", raw_tokens="1T", yield_=0.5)
    assert plan.epochs == pytest.approx(0.04)
    assert plan.effective_tokens == plan.tokens
    assert plan.predictions[2].loss == LAWS[2].loss(1e9, 20e9)
    assert "reads 4 % of the 500B kept tokens" in plan.answer


def test_repetition_and_extrapolation_are_warned_of():
    plan = rf.budget(parameters="1.7B", tokens="350B", raw_tokens="2T", yield_="4.375%")
    assert [w for w in plan.warnings if "repeated token as a fresh one" in w]
    assert not [w for w in plan.warnings if "fitted to" in w]
    giant = rf.budget(parameters="400B", tokens="15T")
    assert len([w for w in giant.warnings if "fitted to" in w]) == 6
    assert giant.spread == max(p.loss for p in giant.predictions) - min(
        p.loss for p in giant.predictions
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "found none of them"),
        ({"parameters": 1e9}, "found only parameters"),
        ({"tokens": 1e9, "raw_tokens": 2e9}, "found only tokens"),
        ({"parameters": 1e9, "tokens": 2e10, "flops": 1e20}, "= 1.2e20 FLOPs (found 1e20)"),
        ({"parameters": 1e9, "tokens": 2e10, "tokens_per_parameter": 20}, "found parameters and tokens"),
        ({"parameters": 1e9, "raw_tokens": 1e12, "yield_": 0.1, "unique_tokens": 5e10}, "is 100B (found 50B)"),
        ({"parameters": 1e9, "tokens": 1e11, "unique_tokens": 5e10, "epochs": 3}, "leave one of them out"),
        ({"parameters": 1e9, "raw_tokens": 1e10, "unique_tokens": 5e10}, "50B unique tokens cannot be kept of 10B"),
    ],
)  # fmt: skip
def test_too_little_and_too_much_are_refused(given, message):
    with pytest.raises(ConfigError) as error:
        rf.budget(**given)
    assert message in str(error.value)


@pytest.mark.parametrize("value", ["1.7x", "", "-3", "0", "nan", "1.7 B B", math.inf, -1.0])
def test_an_amount_that_is_none_is_refused(value):
    with pytest.raises(ParameterError, match="tokens"):
        parse_amount("tokens", value)


def test_amounts_are_read_back_as_shown():
    for amount in (1.7e9, 350e9, 2e12, 3.57e21, 24.0, 5.01e5):
        assert parse_amount("n", human(amount)) == amount
    assert parse_amount("n", "1,700M params") == 1.7e9


def test_a_yield_in_per_cent_without_the_sign_is_asked_about():
    with pytest.raises(ParameterError, match=r"did you mean 17\.5%"):
        rf.budget(parameters="1.7B", raw_tokens="2T", yield_="17.5")


def test_the_command_answers_in_a_sentence_and_as_json():
    asked = ["budget", "--parameters", "1.7B", "--tokens", "350B", "--raw-tokens", "2T"]
    said = CliRunner().invoke(app, asked).output
    assert (
        "needs a yield of 17.5 % of 2T raw tokens to read each kept token once"
        in said.splitlines()[0]
    )
    assert "2.2390" in said
    plan = json.loads(CliRunner().invoke(app, [*asked, "--yield", "17.5%", "--json"]).output)
    assert plan["yield"] == 0.175
    assert plan["epochs"] == pytest.approx(1)
    assert [p["law"] for p in plan["predictions"]] == [law.name for law in LAWS]
