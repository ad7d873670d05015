"""What is known of a plan: what is given, what follows from it, what has to be assumed.

Three of parameters, FLOPs and tokens, or of the pool, its yield and what is kept, are refused even
where they agree: nobody could say which of them a plan should trust where they do not.
"""

from __future__ import annotations

import math
from operator import mul, truediv

from refinery.errors import ConfigError, Problem
from refinery.scaling.laws import FLOPS_PER_PARAMETER_AND_TOKEN, RULE_OF_THUMB
from refinery.scaling.units import human, percent

_COMPUTE = ("parameters", "flops", "tokens")
_POOL = (
    ("unique_tokens", ("raw_tokens", mul, "yield")),
    ("unique_tokens", ("tokens", truediv, "epochs")),
    ("epochs", ("tokens", truediv, "unique_tokens")),
    ("yield", ("unique_tokens", truediv, "raw_tokens")),
    ("raw_tokens", ("unique_tokens", truediv, "yield")),
)
"""What two known things give; in this order, each rule once."""


class Known:
    """Values of a plan by name; `parameters`, `flops` and `tokens` are always among them.

    Raises
    ------
    ConfigError
        If too little is given, or too much.
    """

    def __init__(self, given: dict[str, float]) -> None:
        self.values = dict(given)
        self.assumptions: list[str] = []
        self._refuse_too_much()
        self._fill_pool()
        self._fill_compute()
        self._fill_pool()

    def get(self, name: str) -> float | None:
        """A value; None where nothing gives it."""
        return self.values.get(name)

    def _has(self, *names: str) -> bool:
        return all(name in self.values for name in names)

    def _refuse_too_much(self) -> None:
        """What is given more than once could contradict itself; found before it is used."""
        values = {name: human(value) for name, value in self.values.items()}
        named = [name for name in _COMPUTE if name in values]
        has_unique = "unique_tokens" in values or self._has("raw_tokens", "yield")
        has_two = len(named) == 2 or "tokens_per_parameter" in values
        message = ""
        if len(named) == 3:
            flops = (
                FLOPS_PER_PARAMETER_AND_TOKEN * self.values["parameters"] * self.values["tokens"]
            )
            message = (
                "parameters, flops and tokens are all given; give two, the third follows: 6 x "
                f"{values['parameters']} x {values['tokens']} = {human(flops)} FLOPs (found {values['flops']})"
            )
        elif "tokens_per_parameter" in values and len(named) != 1:
            found = " and ".join(named) or "none of them"
            message = (
                f"tokens_per_parameter goes with one of parameters, flops and tokens, found {found}"
            )
        elif self._has("raw_tokens", "yield", "unique_tokens"):
            kept = self.values["yield"] * self.values["raw_tokens"]
            message = (
                f"raw_tokens, yield and unique_tokens are all given; give two: {percent(self.values['yield'])} "
                f"of {values['raw_tokens']} is {human(kept)} (found {values['unique_tokens']})"
            )
        elif "epochs" in values and has_unique and (has_two or "tokens" in values):
            message = "epochs follow from the tokens that are read and kept; leave one of them out"
        if message:
            raise _usage(message)

    def _fill_pool(self) -> None:
        """Of the pool, its yield, the kept tokens, their epochs and the tokens: what the rest gives."""
        for name, (first, operation, second) in _POOL:
            if name not in self.values and self._has(first, second):
                self.values[name] = operation(self.values[first], self.values[second])
        if self._has("tokens", "yield") and "raw_tokens" not in self.values:
            self.assumptions.append("each kept token is read once; epochs would say otherwise")
            self.values |= {"epochs": 1.0, "unique_tokens": self.values["tokens"]}
            self.values["raw_tokens"] = self.values["tokens"] / self.values["yield"]
        if self.values.get("yield", 0) > 1:
            kept, raw = human(self.values["unique_tokens"]), human(self.values["raw_tokens"])
            message = f"{kept} unique tokens cannot be kept of {raw} raw ones"
            raise _usage(message)

    def _fill_compute(self) -> None:
        """The two of parameters, FLOPs and tokens that are not given, then the third."""
        values = self.values
        if sum(name in values for name in _COMPUTE) < 2:
            self._find_tokens()
        per_token = FLOPS_PER_PARAMETER_AND_TOKEN
        if self._has("parameters", "tokens"):
            values["flops"] = per_token * values["parameters"] * values["tokens"]
        elif self._has("parameters", "flops"):
            values["tokens"] = values["flops"] / (per_token * values["parameters"])
        else:
            values["parameters"] = values["flops"] / (per_token * values["tokens"])

    def _find_tokens(self) -> None:
        """Two of parameters, FLOPs and tokens out of one: by the pool, or by a ratio."""
        values = self.values
        named = [name for name in _COMPUTE if name in values]
        ratio = values.get("tokens_per_parameter")
        if ratio is None and named in (["parameters"], ["flops"]):
            if "unique_tokens" in values:
                self._read_what_is_kept()
                return
            if "raw_tokens" in values:
                ratio = self._assumed_ratio()
        if ratio is None or not named:
            found = f"only {named[0]}" if named else "none of them"
            message = (
                f"give two of parameters, flops and tokens, found {found}; or parameters or flops with "
                "tokens_per_parameter (20 is Chinchilla's ratio), or with raw_tokens (and yield)"
            )
            raise _usage(message)
        if "tokens" in values:
            values["parameters"] = values["tokens"] / ratio
        elif "flops" in values:
            size = values["flops"] / (FLOPS_PER_PARAMETER_AND_TOKEN * ratio)
            values["tokens"] = ratio * math.sqrt(size)
        else:
            values["tokens"] = ratio * values["parameters"]

    def _read_what_is_kept(self) -> None:
        if "epochs" not in self.values:
            self.assumptions.append(
                "each kept token is read once; epochs or tokens would say otherwise"
            )
        self.values.setdefault("epochs", 1.0)
        self.values["tokens"] = self.values["unique_tokens"] * self.values["epochs"]

    def _assumed_ratio(self) -> float:
        self.assumptions.append(
            "20 tokens a parameter, Chinchilla's ratio; a model that is used much is trained on more: "
            "give tokens or tokens_per_parameter"
        )
        return RULE_OF_THUMB


def _usage(message: str) -> ConfigError:
    return ConfigError("budget", [Problem(0, 0, "", message)])
