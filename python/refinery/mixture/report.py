"""What a mixture is made of, as a table and as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.report.funnel import human_bytes, human_count
from refinery.report.table import plain_table
from refinery.scaling.budget import CHEAP_EPOCHS
from refinery.scaling.laws import worth_of_a_token

if TYPE_CHECKING:
    from rich.table import Table

MOST_OFF = 0.005
"""A share that is further from what was asked is told: half a point."""


def mixture_table(told: dict[str, Any]) -> Table:
    """One line a source, and their sum."""
    headers = (
        "source",
        "asked",
        "share",
        "epochs",
        "tokens",
        "unique",
        "documents",
        "copies",
        "text",
    )
    table = plain_table(*headers, right=tuple(range(1, len(headers))))
    for row in told["sources"]:
        share, epochs = row["share_asked"], row["epochs_asked"]
        asked = [f"{share:.1%}" if share else "", f"{epochs:g} epochs" if epochs else ""]
        table.add_row(
            row["name"],
            ", ".join(filter(None, asked)),
            f"{row['share']:.1%}",
            f"{row['epochs']:.2f}",
            human_count(row["tokens"]),
            human_count(row["unique_tokens"]),
            f"{row['documents']:,}",
            f"{row['copies']:,}",
            human_bytes(row["bytes"]),
        )
    total, rows = told["tokens"], told["sources"]
    table.add_row(
        "all", "", f"{sum(r['share'] for r in rows):.1%}", f"{total / max(1, told['unique_tokens']):.2f}",
        human_count(total), human_count(told["unique_tokens"]), f"{sum(r['documents'] for r in rows):,}",
        f"{told['documents']:,}", human_bytes(sum(r["bytes"] for r in rows)),
    )  # fmt: skip
    return table


def capped(told: dict[str, Any]) -> list[str]:
    """A line for each cap: what is allowed and what there is."""
    return [
        f"cap: {cap['column']} = {cap['value']} makes {cap['share']:.1%} (at most {cap['max_share']:.1%})"
        for cap in told["caps"]
    ]


def notes(told: dict[str, Any]) -> list[str]:
    """What a person should know: what was left out, missed shares, much repetition."""
    found = []
    for row in told["sources"]:
        name = row["name"]
        for reason, n in row["no_documents"].items():
            found.append(f"note: {name}: {n:,} records are no documents ({reason})")
        if row["share_asked"] and abs(row["share"] - row["share_asked"]) > MOST_OFF:
            found.append(
                f"note: {name}: {row['share']:.1%} instead of {row['share_asked']:.1%}: its documents are too few"
            )
        if row["epochs"] > CHEAP_EPOCHS:
            worth = worth_of_a_token(row["epochs"])
            found.append(
                f"note: {name}: read {row['epochs']:.1f} times, a token is worth {worth:.0%} of a fresh one"
            )
    return found
