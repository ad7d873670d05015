"""What yield a model needs, and what a yield gives: one plan of parameters, FLOPs and tokens.

Two of parameters, FLOPs and tokens fix the third (FLOPs = 6 x parameters x tokens). The pool and
its yield fix the unique tokens, and these how often each is read. What is left open is worked out
or assumed, and every assumption is said.

>>> plan = budget(parameters="1.7B", tokens="350B", raw_tokens="2T")
>>> f"{plan.yield_once:.1%}, {plan.tokens_per_parameter:.1f}, {plan.over_training:.1f}x"
'17.5%, 205.9, 10.3x'
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from refinery.scaling import sentence
from refinery.scaling.known import Known
from refinery.scaling.laws import (
    LAWS,
    RULE_OF_THUMB,
    break_even,
    effective_tokens,
)
from refinery.scaling.units import human, parse_amount, parse_share

CHEAP_EPOCHS = 4
"""Up to here repeated tokens are worth nearly as much as fresh ones (Muennighoff et al. 2023, abstract)."""


@dataclass(frozen=True)
class Prediction:
    """What one law says of a plan."""

    law: str
    source: str
    loss: float
    """Nats a token, of the law's own data and tokenizer."""
    counts_repetition: bool
    """Whether a repeated token counts less than a fresh one."""
    optimal_tokens_per_parameter: float
    """What the law calls best for the plan's FLOPs, on fresh tokens."""


@dataclass(frozen=True)
class Budget:
    """A plan, and what follows from it; what nothing is known of is None."""

    parameters: float
    tokens: float
    """Read in training, repetitions included."""
    flops: float
    tokens_per_parameter: float
    over_training: float
    """Tokens a parameter, as a multiple of 20."""
    raw_tokens: float | None
    yield_: float | None
    """Kept tokens / raw tokens."""
    unique_tokens: float | None
    """Kept tokens."""
    epochs: float | None
    """How often a kept token is read; below 1 where not all of them are."""
    effective_tokens: float
    """Fresh tokens that those read are worth."""
    yield_once: float | None
    """The yield whose tokens are read once; above 1 where the pool is too small."""
    yield_cheap: float | None
    """The yield whose tokens are read four times."""
    break_even: float | None
    """What a kept token must be worth, in random ones of the pool, for the filter to pay."""
    predictions: tuple[Prediction, ...]
    spread: float
    """Highest less lowest predicted loss, in nats a token."""
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The plan in one sentence: the yield that it needs, or what its yield gives."""
        return sentence.answer(self)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; `yield_` is `yield` there."""
        data = {"yield" if k == "yield_" else k: v for k, v in asdict(self).items()}
        return {"answer": self.answer} | data


def budget(
    *,
    parameters: float | str | None = None,
    flops: float | str | None = None,
    tokens: float | str | None = None,
    raw_tokens: float | str | None = None,
    yield_: float | str | None = None,
    unique_tokens: float | str | None = None,
    epochs: float | None = None,
    tokens_per_parameter: float | None = None,
) -> Budget:
    """Plan a training run: what yield it needs of a raw pool, or what a yield gives it.

    Parameters
    ----------
    parameters, flops, tokens
        Two of three: of the model, of its training, and read in training. Numbers, or strings with
        a unit such as "1.7B", "3.57e21", "2T". With one of them alone, the tokens are those that
        `tokens_per_parameter` says; or what the pool, its yield and `epochs` give; or, where only
        `raw_tokens` is known and a yield is asked for, 20 a parameter.
    raw_tokens
        Tokens of the raw pool.
    yield_
        Kept tokens / raw tokens, 0 to 1, or such as "17.5%".
    unique_tokens
        Kept tokens, in place of `raw_tokens` and `yield_`.
    epochs
        How often each kept token is read; given, it fixes the yield, the pool or the tokens.
    tokens_per_parameter
        In place of `tokens`.

    Returns
    -------
    Budget
        The plan, three predicted losses, and what was assumed or lies outside of what is known.

    Raises
    ------
    ParameterError
        If a value is no such number.
    ConfigError
        If too little is given, or so much that it could contradict itself.

    Examples
    --------
    >>> import refinery as rf
    >>> rf.budget(parameters="1.1B", tokens="3T", unique_tokens="950B").epochs
    3.1578947368421053
    """
    amounts = {
        "parameters": parameters, "flops": flops, "tokens": tokens, "raw_tokens": raw_tokens,
        "unique_tokens": unique_tokens, "epochs": epochs, "tokens_per_parameter": tokens_per_parameter,
    }  # fmt: skip
    known = {k: parse_amount(k, v) for k, v in amounts.items() if v is not None}
    if yield_ is not None:
        known["yield"] = parse_share("yield", yield_)
    return _plan(Known(known))


def _plan(known: Known) -> Budget:
    parameters, tokens, flops = (known.values[name] for name in ("parameters", "tokens", "flops"))
    raw, share, unique = known.get("raw_tokens"), known.get("yield"), known.get("unique_tokens")
    predictions = tuple(
        Prediction(
            law=law.name,
            source=law.source,
            loss=law.loss(parameters, tokens, unique),
            counts_repetition=law.knows_repetition,
            optimal_tokens_per_parameter=law.optimal_tokens_per_parameter(flops),
        )
        for law in LAWS
    )
    losses = [prediction.loss for prediction in predictions]
    return Budget(
        parameters=parameters,
        tokens=tokens,
        flops=flops,
        tokens_per_parameter=tokens / parameters,
        over_training=tokens / parameters / RULE_OF_THUMB,
        raw_tokens=raw,
        yield_=share,
        unique_tokens=unique,
        epochs=known.get("epochs"),
        effective_tokens=tokens if unique is None else effective_tokens(tokens, unique),
        yield_once=None if raw is None else tokens / raw,
        yield_cheap=None if raw is None else tokens / raw / CHEAP_EPOCHS,
        break_even=None if raw is None or share is None else break_even(share, tokens / raw),
        predictions=predictions,
        spread=max(losses) - min(losses),
        assumptions=tuple(known.assumptions),
        warnings=tuple(_warnings(parameters, tokens, known.get("epochs"))),
    )


def _warnings(parameters: float, tokens: float, epochs: float | None) -> list[str]:
    found = []
    values = {"parameters": parameters, "tokens": tokens}
    for law in LAWS:
        for what, (least, most) in law.outside_fit(parameters, tokens).items():
            fitted = f"{human(least)} to {human(most)}" if least else f"at most {human(most)}"
            found.append(
                f"{law.name}: fitted to {fitted} {what}, extrapolated to {human(values[what])}"
            )
    if epochs is not None and epochs > 1:
        blind = " and ".join(law.name for law in LAWS if not law.knows_repetition)
        found.append(f"{blind}: count a repeated token as a fresh one, so their losses are too low")
    return found
