"""Published profiles: signals with the bounds and reasons of the original.

A preset is one YAML file of this folder; its name is its path. Thresholds live here because a
threshold is data and a signal is code. It has either `family` and `rules`, or, for a recipe of
several filters, `parts`: profiles in their order, each with the view of the text that it reads
(`writes` names the one that the recipe leaves; those that are chains of edits are in `views.yaml`).
See `refinery explain NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from refinery import signal_table as signals
from refinery.errors import ParameterError
from refinery.yaml_file import parse

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_VIEWS = "views.yaml"
SIDES = ("min", "max", "above", "below")


@dataclass(frozen=True)
class PresetRule:
    """One rule of a preset, in the original's order."""

    column: str
    side: str
    bound: float
    undefined: str
    reason: str


@dataclass(frozen=True)
class Preset:
    """A published profile; `family` is None for a recipe of several, or for rules of any columns.

    `scores` are columns its rules read that only a model of the user's can make.
    """

    name: str
    summary: str
    source: str
    departures: tuple[str, ...]
    family: str | None
    rules: tuple[PresetRule, ...]
    parts: tuple[str, ...] = ()
    writes: str = signals.TEXT
    view: str = signals.TEXT
    scores: tuple[str, ...] = ()

    def column(self, key: str) -> str:
        """The column of a rule that is named with or without the family."""
        base, view = signals.split_view(key)
        if self.family is None:
            return signals.on_view(base, view)
        prefix = f"{self.family}."
        return signals.on_view(base if base.startswith(prefix) else prefix + base, self.view)

    def short(self, column: str) -> str:
        """The rule's column without what the preset's name says already."""
        if self.family is None:
            return column
        return signals.split_view(column)[0].removeprefix(f"{self.family}.")


@cache
def names() -> list[str]:
    """Names of all presets, sorted."""
    return sorted(_files())


def exists(name: str) -> bool:
    """Whether there is a preset of that name; a view behind `@` is not looked at."""
    return name.partition("@")[0] in _files()


@cache
def load(name: str) -> Preset:
    """The preset of that name, on the view behind an `@` if there is one.

    Raises
    ------
    KeyError
        If there is none.
    ParameterError
        If a view is given for a recipe, which says itself what reads which view, or for rules on URLs.
    """
    base, _, view = name.partition("@")
    view = view.replace("/", ".") or signals.TEXT
    data = _data(base)
    parts = tuple(_part_name(part) for part in data.get("parts") or ())
    if parts and view != signals.TEXT:
        parameter, message = "profile", f"{base} says itself which view each of its parts reads"
        raise ParameterError(parameter, message)
    family = data.get("family")
    if family is not None and view != signals.TEXT and not signals.has_views(family):
        parameter, message = "profile", signals.no_views(family)
        raise ParameterError(parameter, message)
    own = [_rule(entry, family, view) for entry in data.get("rules") or ()]
    return Preset(
        name=name,
        summary=data["summary"],
        source=data["source"],
        departures=tuple(data.get("departures") or ()),
        family=family,
        rules=tuple([rule for part in parts for rule in load(part).rules] + own),
        parts=parts,
        writes=data.get("writes", signals.TEXT),
        view=view,
        scores=tuple(data.get("scores") or ()),
    )


@cache
def views() -> dict[str, tuple[str, ...]]:
    """The views that recipes bring along: chains of edits, or of other views."""
    file = resources.files(__name__) / _VIEWS
    data = parse(file.read_text(encoding="utf-8"), "views of profiles").data
    return {view: tuple(chain) for view, chain in data.items()}


def _part_name(part: str | dict[str, str]) -> str:
    return part if isinstance(part, str) else signals.on_view(part["profile"], part["view"])


def _rule(entry: dict[str, Any], family: str | None, view: str) -> PresetRule:
    (side,) = (key for key in entry if key in SIDES)
    column = entry["signal"] if family is None else f"{family}.{entry['signal']}"
    return PresetRule(
        column=signals.on_view(column, view),
        side=side,
        bound=float(entry[side]),
        undefined=entry.get("undefined", "drop"),
        reason=entry["reason"],
    )


@cache
def _data(name: str) -> dict[str, Any]:
    data = parse(_files()[name].read_text(encoding="utf-8"), f"preset {name}").data
    return dict(data)


@cache
def _files() -> dict[str, Traversable]:
    found = {}
    pending = [("", resources.files(__name__))]
    while pending:
        prefix, folder = pending.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                pending.append((f"{prefix}{entry.name}/", entry))
            elif entry.name.endswith(".yaml") and entry.name != _VIEWS:
                found[prefix + entry.name.removesuffix(".yaml")] = entry
    return found
