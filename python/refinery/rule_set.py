"""Rules: a column, a side, a bound. From the pipeline file's spelling to a flat ordered list.

Not here: whether a document passes (`decide.rules`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from refinery import presets
from refinery import signal_table as signals
from refinery.config import Bounds, Pipeline
from refinery.errors import ParameterError, Problem, nearest

if TYPE_CHECKING:
    from refinery.gate_config import GateConfig
    from refinery.views import Views
    from refinery.yaml_file import Path


@dataclass(frozen=True)
class Names:
    """Names that pass a gate, as regular expressions over names in lower case, single-spaced."""

    allowed: str
    denied: str | None = None


@dataclass(frozen=True)
class Rule:
    """One test of a value: it fails beyond `bound` on `side`, or where the value is null.

    `side` is `min` or `max` (inclusive), `above` or `below` (strict), or `undefined` (fails on
    null; `bound` is then unused). Where there are `names`, the value is one, and fails `undefined`
    where it is null or blank and `not_allowed` where it is another than those.
    """

    column: str
    side: str
    bound: float
    profile: str | None = None
    original_reason: str | None = None
    names: Names | None = None

    @property
    def reason(self) -> str:
        """The reason of a document that fails: `<column>:<side>`."""
        return f"{self.column}:{self.side}"

    def describe(self) -> str:
        """What the rule keeps, as a person would write it."""
        sign = {"min": ">=", "max": "<=", "above": ">", "below": "<"}.get(self.side)
        if self.side == "not_allowed":
            return f"{self.column} is allowed"
        return f"{self.column} {sign} {self.bound:g}" if sign else f"{self.column} is defined"

    @property
    def key(self) -> str:
        """All that its verdicts follow from."""
        names = f" {self.names.allowed} {self.names.denied}" if self.names is not None else ""
        return f"{self.reason} {self.bound!r}{names}"


def gate_rules(config: GateConfig, column: str) -> list[Rule]:
    """The two ways to fail a gate over `column`, in order.

    >>> from refinery.gate_config import SourcesConfig
    >>> rules = gate_rules(SourcesConfig(allow=["Gutenberg *"]), "source")
    >>> [rule.reason for rule in rules], rules[0].names.allowed
    (['source:undefined', 'source:not_allowed'], '(?s)^(?:gutenberg .*)$')
    """
    names = Names(_any_of(config.allow), _any_of(config.deny) if config.deny else None)
    sides = ("undefined", "not_allowed")
    return [Rule(column, side, 0.0, names=names) for side in sides]


def _any_of(entries: list[str]) -> str:
    """Entries of a gate as one expression, in the syntax that Polars' and Python's share."""
    plain = (" ".join(entry.lower().split()) for entry in entries)
    escaped = (
        re.sub(r"([\\.+?()|\[\]{}^$])", r"\\\1", entry).replace("*", ".*") for entry in plain
    )
    return f"(?s)^(?:{'|'.join(escaped)})$"


class RuleReader:
    """Turns one `rules:` value into rules, collecting every problem with its place."""

    def __init__(self, pipeline: Pipeline, columns: list[str], views: Views) -> None:
        self._pipeline = pipeline
        self._columns = columns
        self._views = views
        self.problems: list[Problem] = []

    def read(self, value: Any, path: Path) -> list[Rule]:
        """Rules of `value`, which stands at `path`, in order."""
        if isinstance(value, str):
            return self._preset(value, {}, path)
        if isinstance(value, list):
            return [r for i, item in enumerate(value) for r in self.read(item, (*path, i))]
        rules: list[Rule] = []
        for key, bounds in value.items():
            if presets.exists(key):
                rules += self._preset(key, bounds or {}, (*path, key))
            else:
                rules += self._signal(key, bounds, (*path, key))
        return rules

    def _preset(self, name: str, overrides: Any, path: Path) -> list[Rule]:
        if not presets.exists(name):
            self._no_such(path, "profile", name, presets.names())
            return []
        view = signals.split_view(name)[1]
        if view not in self._views:
            self._no_such(path, "view", view, self._views.names)
            return []
        try:
            preset = presets.load(name)
        except ParameterError as error:
            self._problem(path, error.message)
            return []
        for score in preset.scores:
            if score not in self._columns:
                message = (
                    f"{name} reads the score {score!r}; add it to annotate.scores: "
                    f"{{name: {score}, model: ..., tokenizer: ...}}"
                )
                self._problem(path, message)
                return []
        if not isinstance(overrides, dict):
            self._problem(path, "expected a mapping from signal to bounds")
            return []
        given = {preset.column(key): key for key in overrides}
        known = {rule.column for rule in preset.rules}
        for column, key in given.items():
            if column not in known:
                names = [preset.short(c) for c in known]
                self._no_such((*path, key), f"rule in {name}", key, names)
        rules: list[Rule] = []
        overridden: set[str] = set()
        for rule in preset.rules:
            if rule.column not in given:
                rules += _with_undefined(
                    [Rule(rule.column, rule.side, rule.bound, name, rule.reason)],
                    rule.undefined,
                    rules,
                )
            elif rule.column not in overridden:
                overridden.add(rule.column)
                key = given[rule.column]
                if overrides[key] is not None:
                    new = self._bounds(rule.column, overrides[key], (*path, key), rule.undefined)
                    rules += [r for r in new if r not in rules]
        return rules

    def _signal(self, key: str, value: Any, path: Path) -> list[Rule]:
        base, view = signals.split_view(key)
        if base not in self._columns:
            self._no_such(path, "signal, score or profile", key, [*self._columns, *presets.names()])
            return []
        if view != signals.TEXT and not signals.has_views(base):
            self._problem(path, signals.no_views(base))
            return []
        if view not in self._views:
            self._no_such(path, "view", view, self._views.names)
            return []
        return self._bounds(signals.on_view(base, view), value, path, "drop")

    def _bounds(self, column: str, value: Any, path: Path, undefined: str) -> list[Rule]:
        try:
            bounds = Bounds.model_validate(value)
        except ValidationError as error:
            for e in error.errors(include_url=False):
                loc = tuple(part for part in e["loc"] if isinstance(part, str))
                message = str(e["msg"]).removeprefix("Value error, ")
                if e["type"] == "extra_forbidden":
                    allowed = list(Bounds.model_fields)
                    hint = nearest(str(loc[-1]), allowed) or f"; allowed: {', '.join(allowed)}"
                    message = "no such key" + hint
                elif e["type"] == "model_type":
                    message = f"expected bounds such as {{min: 1, max: 2}}, found {value!r}"
                self._problem((*path, *loc), message)
            return []
        sides = [(s, getattr(bounds, s)) for s in presets.SIDES if getattr(bounds, s) is not None]
        rules = [Rule(column, side, float(bound)) for side, bound in sides]
        return _with_undefined(rules, bounds.undefined or undefined, [])

    def _no_such(self, path: Path, kind: str, name: str, allowed: list[str]) -> None:
        hint = nearest(name, allowed)
        self._problem(path, f"no such {kind} {name!r}{hint} (refinery explain lists all)")

    def _problem(self, path: Path, message: str) -> None:
        self.problems.append(self._pipeline.problem(path, message))


def _with_undefined(rules: list[Rule], undefined: str, before: list[Rule]) -> list[Rule]:
    """`rules` behind the rule that null fails, unless nulls are kept or that rule is there."""
    if undefined == "keep" or not rules:
        return rules
    column = rules[0].column
    if signals.is_base_column(column):
        return rules  # never null
    first = Rule(column, "undefined", 0.0, rules[0].profile, rules[0].original_reason)
    return (
        rules
        if first in before or any(r.reason == first.reason for r in before)
        else [first, *rules]
    )
