"""Drift as lines of a table: a score, then each source, with the bound that it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.drift import ALARM
from refinery.report.table import plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from refinery.drift import Drift

HEADERS = ("score", "source", "documents", "reference", "index", "by chance", "")
LEAD = (
    f"Population stability index of each score against a reference: over {ALARM:g} and what chance "
    "alone makes of so few documents, the scores have moved."
)


def drift_lines(found: Drift) -> list[tuple[str, ...]]:
    """Cells of each row, as `HEADERS` names them."""
    return [
        (
            row["score"],
            row["source"] + (" (new)" if row["is_new"] else ""),
            f"{row['documents']:,}",
            f"{row['reference']:,}",
            f"{row['psi']:.3f}",
            f"{row['by_chance']:.3f}",
            "moved" if row["alarm"] else "",
        )
        for row in found.rows.iter_rows(named=True)
    ]


def drift_table(found: Drift) -> Table:
    """One line a score and source."""
    table = plain_table(*HEADERS, right=(2, 3, 4, 5))
    for cells in drift_lines(found):
        table.add_row(*cells)
    return table


def warnings(found: Drift) -> list[str]:
    """One line for each score and source that moved."""
    return [
        f"{row['score']} of {row['source']} has moved: stability index {row['psi']:.2f} over {row['documents']:,} documents"
        for row in found.alarms
    ]
