"""Which documents fail a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from refinery.rule_set import Names, Rule


def failing(rule: Rule, frame: pl.DataFrame) -> pl.Series:
    """Who fails `rule` (Boolean, no nulls). Null fails `undefined` only."""
    return frame.select(failure(rule).alias(rule.reason)).to_series()


def failure(rule: Rule) -> pl.Expr:
    """The rule as an expression: true where it fails."""
    value = pl.col(rule.column)
    if rule.names is not None:
        return _gate_failure(value, rule.side, rule.names)
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


def _gate_failure(value: pl.Expr, side: str, names: Names) -> pl.Expr:
    name = value.cast(pl.String).str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    is_none = (name == "").fill_null(value=True)
    if side == "undefined":
        return is_none
    passes = name.str.contains(names.allowed)
    if names.denied is not None:
        passes &= ~name.str.contains(names.denied)
    return ~is_none & ~passes.fill_null(value=False)
