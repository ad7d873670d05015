"""What selections came to, as lines of a table: yields, the threshold behind them, copies, domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from refinery.report.funnel import human_count

HEADERS = ("selection", "of tokens read", "of documents", "worst kept", "tokens with copies")
DOMAIN_HEADERS = ("selection", "domain", "wanted", "kept")


@dataclass(frozen=True)
class SelectionLine:
    """One selection: cells as `HEADERS` names them, and of each domain as `DOMAIN_HEADERS` does."""

    cells: tuple[str, ...]
    domains: tuple[tuple[str, ...], ...]


def selection_lines(ledger: dict[str, Any]) -> list[SelectionLine]:
    """All selections of a run, in their order."""
    return [
        _line(step["name"], step["selection"]) for step in ledger["steps"] if "selection" in step
    ]


def _line(name: str, told: dict[str, Any]) -> SelectionLine:
    worst, copies = told.get("worst_kept"), told.get("copies")
    cells = (
        name,
        f"{told['yield']['tokens']:.2%}",
        f"{told['yield']['documents']:.2%}",
        f"{worst:.6g}" if worst is not None else "",
        human_count(copies["tokens"]) if copies is not None else "",
    )
    domains = tuple(
        (name, domain, human_count(found["wanted"]), human_count(found["kept"]))
        for domain, found in told.get("domains", {}).items()
    )
    return SelectionLine(cells, domains)
