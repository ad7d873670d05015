"""A plan's answer in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.scaling.laws import worth_of_a_token
from refinery.scaling.units import human, percent

if TYPE_CHECKING:
    from refinery.scaling.budget import Budget


def answer(plan: Budget) -> str:
    """The yield that a plan needs, or what its yield gives."""
    model = (
        f"A model of {human(plan.parameters)} parameters trained on {human(plan.tokens)} tokens "
        f"({plan.tokens_per_parameter:,.4g} a parameter)"
    )
    if plan.epochs is not None and plan.unique_tokens is not None:
        return f"{model} {_given(plan, plan.epochs, plan.unique_tokens)}."
    if plan.yield_once is not None and plan.raw_tokens is not None:
        return f"{model} {_needed(plan.yield_once, human(plan.raw_tokens))}."
    quarter = human(plan.tokens / 4)
    return f"{model} needs {human(plan.tokens)} kept tokens read once, or {quarter} read 4 times."


def _given(plan: Budget, epochs: float, unique: float) -> str:
    kept = f"the {human(unique)} kept tokens"
    if plan.yield_ is not None and plan.raw_tokens is not None:
        kept += f" ({percent(plan.yield_)} of {human(plan.raw_tokens)} raw)"
    if epochs < 1:
        said = f"reads {percent(epochs)} of {kept}"
    elif epochs == 1:
        said = f"reads {kept} once"
    else:
        worth = human(plan.effective_tokens)
        said = f"reads {kept} {epochs:.3g} times, worth {worth} fresh ones"
    if plan.break_even is not None:
        said += (
            f"; the filter pays if a kept token is worth {plan.break_even:.2f} random ones or more"
        )
    return said


def _needed(once: float, raw: str) -> str:
    four_times = f"{percent(once / 4)} to read it 4 times, worth {percent(worth_of_a_token(4))} of fresh ones"
    if once <= 1:
        return f"needs a yield of {percent(once)} of {raw} raw tokens to read each kept token once, or {four_times}"
    if once <= 4:
        return f"reads all of {raw} raw tokens {once:.3g} times; a filter needs a yield of {four_times}"
    return f"reads all of {raw} raw tokens {once:.3g} times: what a filter drops is made up by still more repetition"
