"""What a name means, and why a text would be dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from refinery import _core, presets
from refinery import signal_table as signals
from refinery.decide.rules import failing
from refinery.errors import UnknownNameError
from refinery.rule_set import Rule

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Explanation:
    """A name's meaning: prose first, then rows of a table under `headers`."""

    title: str
    lines: list[str]
    headers: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Verdict:
    """A text under a profile: every rule with its value, and the first that fails."""

    profile: str
    rows: list[tuple[Rule, float | None, bool]]

    @property
    def first_failure(self) -> Rule | None:
        """The rule that drops the text, or None where it is kept."""
        return next((rule for rule, _, fails in self.rows if fails), None)


def overview() -> Explanation:
    """Every profile, family and plain column."""
    rows = [["profile", name, presets.load(name).summary] for name in presets.names()]
    rows += [
        ["signals", f.name.replace(".", "/"), f"{len(f.signals)} signals: {f.source}"]
        for f in signals.families().values()
    ]
    rows += [["column", name, meaning] for name, meaning in signals.BASE_COLUMNS.items()]
    return Explanation(
        "What there is", ["refinery explain NAME tells more."], ["kind", "name", "what"], rows
    )


def explain(name: str) -> Explanation:
    """A profile, family or signal.

    Raises
    ------
    UnknownNameError
        If there is none of that name, with the nearest.
    """
    if name in presets.names():
        return _preset(presets.load(name))
    family = signals.family(name)
    if family is not None:
        rows = [[s.column, s.definition, s.range] for s in family.signals]
        return Explanation(
            f"{family.name} (signals)",
            [f"Source: {family.source}"],
            ["column", "definition", "range"],
            rows,
        )
    signal = signals.column(name.replace("/", "."))
    if signal is not None:
        lines = [signal.definition, f"Range: {signal.range}", f"Family: {signal.family}"]
        used = [
            [p, r.side, f"{r.bound:g}", r.reason]
            for p in presets.names()
            for r in presets.load(p).rules
            if r.column == signal.column
        ]
        return Explanation(
            f"{signal.column} (signal)",
            lines,
            ["profile", "side", "bound", "original reason"],
            used,
        )
    if name in signals.BASE_COLUMNS:
        return Explanation(f"{name} (column)", [signals.BASE_COLUMNS[name]], [], [])
    allowed = [
        *presets.names(),
        *(f.replace(".", "/") for f in signals.families()),
        *signals.columns(),
        *signals.BASE_COLUMNS,
    ]
    kind = "profile, family or signal"
    raise UnknownNameError(kind, name, allowed)


def _preset(preset: presets.Preset) -> Explanation:
    lines = [preset.summary, f"Source: {preset.source}"]
    lines += [f"Departs: {d}" for d in preset.departures] or ["Departs: nowhere known"]
    prefix = preset.family + "."
    lines.append(
        f"Columns begin with {prefix}; a reason is <column>:<side>, such as {prefix}{_example(preset)}"
    )
    rows = []
    for rule in preset.rules:
        ours = Rule(rule.column, rule.side, rule.bound)
        signal = signals.column(rule.column)
        null = "kept" if rule.undefined == "keep" else "dropped"
        keeps = ours.describe().removeprefix(prefix)
        rows.append([keeps, rule.side, rule.reason, null, signal.definition if signal else ""])
    headers = ["keeps", "side", "original reason", "null is", "definition"]
    return Explanation(f"{preset.name} (profile)", lines, headers, rows)


def _example(preset: presets.Preset) -> str:
    rule = preset.rules[0]
    return f"{rule.column.removeprefix(preset.family + '.')}:{rule.side}"


def explain_text(name: str, text: str) -> Verdict:
    """Every rule of profile `name` on `text`.

    Raises
    ------
    UnknownNameError
        If there is no such profile.
    """
    if name not in presets.names():
        kind = "profile"
        raise UnknownNameError(kind, name, presets.names())
    preset = presets.load(name)
    frame = _compute(preset.family, text)
    rows = []
    for entry in preset.rules:
        rule = Rule(entry.column, entry.side, entry.bound, preset.name, entry.reason)
        value = frame[entry.column][0]
        fails = entry.undefined == "drop" if value is None else bool(failing(rule, frame)[0])
        rows.append((rule, value, fails))
    return Verdict(name, rows)


def _compute(family: str, text: str) -> pl.DataFrame:
    import polars as pl

    needs_tokens = signals.families()[family].needs_token_ids
    tokenizer = _core.Tokenizer.embedded("cl100k_base") if needs_tokens else None
    computed = _core.Pass(families=[family], tokenizer=tokenizer).run(pa.array([text]))
    return pl.DataFrame(pl.from_arrow(pa.record_batch(computed)))
