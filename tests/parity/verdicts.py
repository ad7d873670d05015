"""What refinery's presets say of a text, in the original's words: kept or not, and its first reason.

Rules are applied here row by row in plain Python, apart from the engine's columns, so that the two
can be told apart when they differ.
"""

import math
from collections.abc import Callable

import polars as pl
import pyarrow as pa
from record import Outcome

from refinery import _core, presets, signals


def passes(value, rule):
    """Whether a value passes a preset's rule."""
    if value is None or math.isnan(value):
        return rule.undefined == "keep"
    return {
        "min": value >= rule.bound,
        "max": value <= rule.bound,
        "above": value > rule.bound,
        "below": value < rule.bound,
    }[rule.side]


def verdict(profile, values):
    """Kept or not, and the original's name for the first rule that fails.

    `values` are the family's signals, by their names within it.
    """
    preset = presets.load(profile)
    for rule in preset.rules:
        if not passes(values[rule.column.removeprefix(preset.family + ".")], rule):
            return [False, rule.reason]
    return [True, None]


def signals_of(texts, families, tokenizer="cl100k_base"):
    """The signals of every text as the extension computes them: one dict a text and family."""
    needs_tokens = any(signals.families()[name].needs_token_ids for name in families)
    tokens = _core.Tokenizer.embedded(tokenizer) if needs_tokens else None
    batch = _core.Pass(families=families, tokenizer=tokens).run(pa.array(texts, pa.string()))
    rows = pl.DataFrame(batch).to_dicts()
    return [{family: _of(row, family) for family in families} for row in rows]


def _of(row, family):
    prefix = family + "."
    return {name.removeprefix(prefix): v for name, v in row.items() if name.startswith(prefix)}


def presets_applied(names) -> Callable[[list[str]], list[dict[str, Outcome]]]:
    """A function from texts to what the presets of these names make of each."""
    families = {name: presets.load(name).family for name in names}

    def apply(texts):
        found = signals_of(texts, sorted(set(families.values())))
        return [
            {
                name: Outcome(*verdict(name, row[family]), row[family])
                for name, family in families.items()
            }
            for row in found
        ]

    return apply
