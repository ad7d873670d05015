"""Which documents fail a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from refinery.rule_set import Rule


def failing(rule: Rule, frame: pl.DataFrame) -> pl.Series:
    """Who fails `rule` (Boolean, no nulls). Null fails `undefined` only."""
    return frame.select(failure(rule).alias(rule.reason)).to_series()


def failure(rule: Rule) -> pl.Expr:
    """The rule as an expression: true where it fails."""
    value = pl.col(rule.column)
    match rule.side:
        case "undefined":
            return value.is_null()
        case "min":
            fails = value < rule.bound
        case "max":
            fails = value > rule.bound
        case "above":
            fails = value <= rule.bound
        case _:
            fails = value >= rule.bound
    return fails.fill_null(value=False)
