"""What `where` asks of columns, as Polars expressions; null meets no condition."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl

from refinery.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from refinery.training.config import Condition


def meets(where: Mapping[str, Condition]) -> pl.Expr:
    """Boolean, never null: whether a row meets every condition.

    Raises
    ------
    ParameterError
        If a regular expression is none.
    """
    every = [
        _meets(pl.col(column), condition, column) for column, condition in sorted(where.items())
    ]
    return reduce(and_, every, pl.lit(value=True)).fill_null(value=False)


def holds(condition: Condition | None) -> Callable[[str], bool]:
    """Whether a chunk's text meets the expressions of a part's `holds`; anything does without one.

    Raises
    ------
    ParameterError
        If a regular expression is none.
    """
    if condition is None:
        return lambda _: True
    wanted, unwanted = (
        None if pattern is None else re.compile(_checked(pattern, "holds"))
        for pattern in (condition.matches, condition.excludes)
    )
    return lambda text: (
        (wanted is None or wanted.search(text) is not None)
        and (unwanted is None or unwanted.search(text) is None)
    )


def _meets(column: pl.Expr, condition: Condition, name: str) -> pl.Expr:
    asked = [column.is_not_null()]
    if condition.any_of is not None:
        asked.append(column.cast(pl.String).is_in(sorted(map(_spelled, condition.any_of))))
    if condition.matches is not None:
        asked.append(column.cast(pl.String).str.contains(_checked(condition.matches, name)))
    if condition.excludes is not None:
        asked.append(~column.cast(pl.String).str.contains(_checked(condition.excludes, name)))
    if condition.min is not None:
        asked.append(column.cast(pl.Float64, strict=False) >= condition.min)
    if condition.max is not None:
        asked.append(column.cast(pl.Float64, strict=False) <= condition.max)
    return reduce(and_, asked)


def _spelled(value: str | float) -> str:
    """A value as a column of strings, or of whole numbers, spells it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _checked(pattern: str, name: str) -> str:
    try:
        pl.Series([""]).str.contains(pattern)
        re.compile(pattern)
    except (pl.exceptions.ComputeError, re.error) as error:
        parameter = name if name == "holds" else f"where.{name}"
        raise ParameterError(
            parameter, f"{pattern!r} is not a regular expression: {error}"
        ) from None
    return pattern
