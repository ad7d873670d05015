"""The layout test as lines of a table: a profile, then those of its rules that depend on layout.

Lines are plain data, as the funnel's rows are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinery.layout import LayoutTest


@dataclass(frozen=True)
class LayoutLine:
    """A profile (`rule` is None) or a rule: documents dropped as read, and flips a layout.

    `flips` are pairs a layout: documents dropped that were kept as read, and kept that were
    dropped. `medians` of the signal begin with the text as read; empty for a profile.
    """

    profile: str
    rule: str | None
    dropped: int
    flips: tuple[tuple[int, int], ...]
    medians: tuple[float | None, ...]

    @property
    def depends(self) -> bool:
        """Whether any verdict depends on layout."""
        return any(a or b for a, b in self.flips)


def layout_lines(found: LayoutTest) -> list[LayoutLine]:
    """All lines, profile by profile; rules that null alone fails are left out where none did."""
    lines = []
    for (profile, rule), rows in found.rows.group_by("profile", "rule", maintain_order=True):
        flips = rows.select("to_dropped", "to_kept").rows()[1:]
        medians = () if rule is None else tuple(rows["median"])
        line = LayoutLine(
            str(profile or "rules"), rule and str(rule), rows["dropped"][0], tuple(flips), medians
        )
        if line.depends or not str(rule).endswith(":undefined"):
            lines.append(line)
    return lines


def independent(lines: list[LayoutLine]) -> int:
    """How many rules have the same verdicts under every layout."""
    return sum(line.rule is not None and not line.depends for line in lines)


def shown(lines: list[LayoutLine]) -> list[LayoutLine]:
    """Every profile, and the rules that depend on layout."""
    return [line for line in lines if line.rule is None or line.depends]


def flip(pair: tuple[int, int]) -> str:
    """`+3 -1`: three more dropped, one more kept; a dot where nothing changed."""
    parts = [f"{sign}{n:,}" for sign, n in zip("+\N{MINUS SIGN}", pair, strict=True) if n]
    return " ".join(parts) or "\N{MIDDLE DOT}"
