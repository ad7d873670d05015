"""Three published laws of loss, and what a repeated token is worth. Pure arithmetic.

A law predicts the loss (nats a token) of a model of N parameters after D training tokens::

    L = E + A / N^alpha + B / D^beta

The third also knows that tokens repeat: D is replaced by the tokens that they are worth. Losses of
different laws are of different data and tokenizers: compare plans under one law, not levels of two.

>>> round(LAWS[1].loss(parameters=70e9, tokens=1.4e12), 3)
1.974
>>> round(effective_tokens(1e12, unique=350e9) / 1e9)
962
"""

from __future__ import annotations

import math
from dataclasses import dataclass

RULE_OF_THUMB = 20.0
"""Tokens a parameter: the ratio of Chinchilla itself (70 B parameters, 1.4 T tokens)."""

FLOPS_PER_PARAMETER_AND_TOKEN = 6.0
"""Forward and backward pass, attention left out (Kaplan et al. 2020, section 2.1; Hoffmann et al. 2022)."""

REPEATED_TOKENS = 15.387756
"""R*_D of Muennighoff et al. 2023: repetitions after which a token's worth has fallen to 1/e."""

_EXCESS_PARAMETERS = 5.309743
"""R*_N of the same law, for parameters beyond what the unique tokens can use."""


@dataclass(frozen=True)
class Law:
    """One fitted law: its constants, whose they are, and what they were fitted to.

    `parameters` and `tokens` are the least and most of the runs behind the fit.
    """

    name: str
    source: str
    irreducible: float
    parameter_scale: float
    parameter_exponent: float
    token_scale: float
    token_exponent: float
    fitted_parameters: tuple[float, float]
    fitted_tokens: tuple[float, float]
    knows_repetition: bool = False

    def loss(self, parameters: float, tokens: float, unique: float | None = None) -> float:
        """Predicted loss in nats a token.

        Parameters
        ----------
        parameters, tokens
            N and D: of the model, and read in training (repeated ones counted again).
        unique
            Tokens that are not repetitions; all by default. A law that does not know repetition
            takes every token for a fresh one.
        """
        if self.knows_repetition:
            fresh = tokens if unique is None else min(unique, tokens)
            useful = min(parameters, self._parameters_for(fresh))
            parameters = _worth(parameters, useful, _EXCESS_PARAMETERS)
            tokens = effective_tokens(tokens, fresh)
        size = self.parameter_scale / parameters**self.parameter_exponent
        data = self.token_scale / tokens**self.token_exponent
        return float(self.irreducible + size + data)

    def optimal_parameters(self, flops: float) -> float:
        """The size that this law calls best for a compute of `flops`, on fresh tokens."""
        n_times_d = flops / FLOPS_PER_PARAMETER_AND_TOKEN
        exponents = self.parameter_exponent + self.token_exponent
        return float(self._balance() * n_times_d ** (self.token_exponent / exponents))

    def optimal_tokens_per_parameter(self, flops: float) -> float:
        """Tokens a parameter at that size."""
        n_times_d = flops / FLOPS_PER_PARAMETER_AND_TOKEN
        return n_times_d / self.optimal_parameters(flops) ** 2

    def outside_fit(self, parameters: float, tokens: float) -> dict[str, tuple[float, float]]:
        """What lies beyond the runs that the law was fitted to, and from where to where they go."""
        ranges = {
            "parameters": (parameters, self.fitted_parameters),
            "tokens": (tokens, self.fitted_tokens),
        }
        return {
            what: fitted
            for what, (value, fitted) in ranges.items()
            if not fitted[0] <= value <= fitted[1]
        }

    def _balance(self) -> float:
        ratio = (self.parameter_exponent * self.parameter_scale) / (
            self.token_exponent * self.token_scale
        )
        return float(ratio ** (1 / (self.parameter_exponent + self.token_exponent)))

    def _parameters_for(self, tokens: float) -> float:
        """The size for which `tokens` fresh ones are the best number."""
        balance = self._balance()
        return float(
            (tokens * balance) ** (self.token_exponent / self.parameter_exponent) * balance
        )


LAWS = (
    Law(
        name="Chinchilla as published",
        source="Hoffmann et al. 2022 (arXiv 2203.15556), equation 10, rounded constants of the text",
        irreducible=1.69,
        parameter_scale=406.4,
        parameter_exponent=0.34,
        token_scale=410.7,
        token_exponent=0.28,
        fitted_parameters=(70e6, 16e9),
        fitted_tokens=(5e9, 500e9),
    ),
    Law(
        name="Chinchilla corrected",
        source="Besiroglu et al. 2024 (arXiv 2404.10102), a new fit to the same runs",
        irreducible=1.8172,
        parameter_scale=482.01,
        parameter_exponent=0.3478,
        token_scale=2085.43,
        token_exponent=0.3658,
        fitted_parameters=(70e6, 16e9),
        fitted_tokens=(5e9, 500e9),
    ),
    Law(
        name="data-constrained",
        source="Muennighoff et al. 2023 (arXiv 2305.16264), constants of huggingface/datablations",
        irreducible=math.exp(0.6254804),
        parameter_scale=math.exp(6.255414),
        parameter_exponent=0.3526596,
        token_scale=math.exp(7.3049974),
        token_exponent=0.3526596,
        # The abstract gives the most only.
        fitted_parameters=(0.0, 9e9),
        fitted_tokens=(0.0, 900e9),
        knows_repetition=True,
    ),
)
"""The laws that a plan is judged by, in the order in which they appeared; the corrected one second."""


def effective_tokens(tokens: float, unique: float) -> float:
    """Fresh tokens that `tokens` read from `unique` ones are worth (Muennighoff et al. 2023, equation 5).

    Read no more than once, tokens are worth themselves.
    """
    return _worth(tokens, min(tokens, unique), REPEATED_TOKENS)


def worth_of_a_token(epochs: float) -> float:
    """Mean worth of a token read `epochs` times (at least once), against a fresh one.

    >>> [round(worth_of_a_token(n), 3) for n in (1, 4, 10)]
    [1.0, 0.931, 0.781]
    """
    return effective_tokens(epochs, unique=1.0) / epochs


def break_even(yield_: float, passes: float) -> float:
    """What a kept token must be worth, in random tokens of the pool, for a filter to pay.

    Parameters
    ----------
    yield_
        Share of the pool's tokens that is kept.
    passes
        Training tokens as a multiple of the pool.

    Notes
    -----
    Both plans train on as many tokens: one reads the pool, the other the kept part as often as it
    takes. Assumes that worth and repetition do not depend on each other; an ablation measures it.
    """
    return effective_tokens(passes, unique=1.0) / effective_tokens(passes, unique=yield_)


def _worth(total: float, unique: float, decay: float) -> float:
    """`unique` and what the repetitions add: a saturating sum, `decay` repetitions to 1/e."""
    repetitions = total / unique - 1
    return unique * (1 + decay * -math.expm1(-repetitions / decay))
