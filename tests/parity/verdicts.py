"""What refinery's presets say of a text, in the original's words: kept or not, and its first reason.

Rules are applied here row by row in plain Python, apart from the engine's columns, so that the two
can be told apart when they differ.
"""

import math
from collections.abc import Callable

import polars as pl
import pyarrow as pa
from record import Outcome

from refinery import _core, presets
from refinery import signal_table as signals
from refinery.views import Views


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

    `values` are signals by their columns, or by their names within the profile's family.
    """
    preset = presets.load(profile)
    for rule in preset.rules:
        name = rule.column if rule.column in values else preset.short(rule.column)
        if not passes(values[name], rule):
            return [False, rule.reason]
    return [True, None]


def columns_of(texts, families, tokenizer="cl100k_base"):
    """What the extension computes of every text: one dict of columns a text.

    A family is named with the view it reads, as in `datatrove.fineweb_quality@datatrove.c4`.
    """
    found = [signals.family(name) for name in families]
    views = {family.view: Views().edits(family.view) for family in found}
    tokens = None
    if any(family.needs_token_ids for family in found):
        tokens = _core.Tokenizer.embedded(tokenizer)
    compute = _core.Pass(
        views=[pair for pair in views.items() if pair[0] != signals.TEXT],
        families=[family.key for family in found],
        tokenizer=tokens,
    )
    return pl.DataFrame(compute.run(pa.array(texts, pa.string()))).to_dicts()


def of_family(row, family):
    """The signals of a family in a row, by their names within it."""
    prefix = family + "."
    return {name.removeprefix(prefix): v for name, v in row.items() if name.startswith(prefix)}


def families_of(profile):
    """The families that a profile's rules read, each with its view."""
    columns = [signals.column(rule.column) for rule in presets.load(profile).rules]
    return list(dict.fromkeys(signals.on_view(c.family, c.view) for c in columns))


def presets_applied(names) -> Callable[[list[str]], list[dict[str, Outcome]]]:
    """A function from texts to what the presets of these names make of each.

    Signals are called by their names within the family, by their columns where a recipe reads
    several.
    """
    families = sorted({family for name in names for family in families_of(name)})

    def outcome(name, row):
        family = presets.load(name).family
        shown = row if family is None else of_family(row, family)
        return Outcome(*verdict(name, row), shown)

    def apply(texts):
        return [{name: outcome(name, row) for name in names} for row in columns_of(texts, families)]

    return apply
