"""The funnel as a table of text, for terminals and notebooks."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table

from refinery.report.funnel import funnel, human_bytes, human_count, short_reason


def plain_table(*headers: str, right: tuple[int, ...] = ()) -> Table:
    """A table without frame; columns `right` hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, header in enumerate(headers):
        table.add_column(
            header, justify="right" if i in right else "left", overflow="fold", no_wrap=i in right
        )
    return table


def funnel_table(ledger: dict[str, Any]) -> Table:
    """One line a step: what is alive behind it."""
    headers = ("step", "documents", "of read", "text", "tokens", "of read", "dropped", "most for")
    table = plain_table(*headers, right=(1, 2, 3, 4, 5, 6))
    for row in funnel(ledger):
        table.add_row(
            row.name,
            f"{row.documents:,}",
            f"{row.share_documents:.1%}",
            human_bytes(row.bytes),
            human_count(row.tokens),
            f"{row.share_tokens:.1%}",
            f"{row.dropped_documents:,}" if row.dropped_documents else "",
            short_reason(row.top_reason),
        )
    return table
