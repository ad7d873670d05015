"""Numbers as people write them: `1.7B` parameters, `2T` tokens, `3.57e21` FLOPs, `17.5%`."""

from __future__ import annotations

import math
import re

from refinery.errors import ParameterError

_POWERS = {"": 0, "k": 3, "m": 6, "b": 9, "g": 9, "t": 12, "p": 15, "e": 18, "z": 21, "y": 24}
_NUMBER = re.compile(
    r"([0-9][0-9_,]*\.?[0-9]*|\.[0-9]+)(?:e([+-]?[0-9]+))?\s*([kmbgtpezy]?)\s*"
    r"(?:parameters|params|tokens|flops?)?",
    re.IGNORECASE,
)


def parse_amount(name: str, value: float | str) -> float:
    """A positive number, given as one or with a unit: k, M, B or G, T, P, E, Z, Y (10^3 to 10^24).

    >>> parse_amount("parameters", "1.7B"), parse_amount("flops", "3.57e21"), parse_amount("tokens", 20)
    (1700000000.0, 3.57e+21, 20.0)

    Raises
    ------
    ParameterError
        If it is no such number.
    """
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value.strip())
        if match is None:
            message = f"{value!r} is not an amount; write one such as 1.7B, 350e9, 2T or 3.57e21"
            raise ParameterError(name, message)
        digits = match[1].replace(",", "").replace("_", "")
        # One literal, so that 1.7B is the very float that 1.7e9 is.
        amount = float(f"{digits}e{int(match[2] or 0) + _POWERS[match[3].lower()]}")
    else:
        amount = float(value)
    if not (amount > 0 and math.isfinite(amount)):
        message = f"must be a positive number, found {value!r}"
        raise ParameterError(name, message)
    return amount


def parse_share(name: str, value: float | str) -> float:
    """A share above 0 and up to 1, also written as a percentage.

    >>> parse_share("yield", "17.5%"), parse_share("yield", 0.175)
    (0.175, 0.175)

    Raises
    ------
    ParameterError
        If it is no such share.
    """
    text = str(value).strip()
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        hint = f"; did you mean {share:g}%?" if 1 < share <= 100 else ""
        message = f"{value!r} is not a share above 0 and up to 1, such as 17.5% or 0.175{hint}"
        raise ParameterError(name, message)
    return share


def human(amount: float) -> str:
    """Three figures and a unit, as `parse_amount` reads it back.

    >>> human(1.7e9), human(350e9), human(3.57e21), human(962.4e9), human(999.9e9)
    ('1.7B', '350B', '3.57e21', '962B', '1T')
    """
    rounded = float(f"{amount:.3g}")
    if rounded >= 1e15:
        return f"{rounded:.3g}".replace("e+", "e")
    for unit, power in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if rounded >= power:
            return f"{rounded / power:.3g}{unit}"
    return f"{rounded:.3g}"


def percent(share: float) -> str:
    """Three figures of a share as a percentage.

    >>> percent(0.175), percent(0.04375), percent(1.5)
    ('17.5 %', '4.38 %', '150 %')
    """
    return f"{share * 100:.3g} %"
