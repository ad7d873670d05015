"""Published profiles: a family of signals with the bounds and reasons of the original.

A preset is one YAML file of this folder; its name is its path. Thresholds live here because a
threshold is data and a signal is code. See `refinery explain NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from refinery.yaml_file import parse

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

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
    """A published profile."""

    name: str
    summary: str
    source: str
    departures: tuple[str, ...]
    family: str
    rules: tuple[PresetRule, ...]


@cache
def names() -> list[str]:
    """Names of all presets, sorted."""
    return sorted(_files())


@cache
def load(name: str) -> Preset:
    """The preset of that name.

    Raises
    ------
    KeyError
        If there is none.
    """
    data = parse(_files()[name].read_text(encoding="utf-8"), f"preset {name}").data
    prefix = data["family"] + "."
    return Preset(
        name=name,
        summary=data["summary"],
        source=data["source"],
        departures=tuple(data.get("departures") or ()),
        family=data["family"],
        rules=tuple(_rule(entry, prefix) for entry in data["rules"]),
    )


def _rule(entry: dict[str, Any], prefix: str) -> PresetRule:
    (side,) = (key for key in entry if key in SIDES)
    return PresetRule(
        column=prefix + entry["signal"],
        side=side,
        bound=float(entry[side]),
        undefined=entry.get("undefined", "drop"),
        reason=entry["reason"],
    )


@cache
def _files() -> dict[str, Traversable]:
    found = {}
    pending = [("", resources.files(__name__))]
    while pending:
        prefix, folder = pending.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                pending.append((f"{prefix}{entry.name}/", entry))
            elif entry.name.endswith(".yaml"):
                found[prefix + entry.name.removesuffix(".yaml")] = entry
    return found
