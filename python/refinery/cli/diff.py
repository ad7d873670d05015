"""`refinery diff`: which verdicts two runs do not share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl


def diff(
    before: Annotated[Path, typer.Argument(help="The output folder of a run.", show_default=False)],
    after: Annotated[
        Path, typer.Argument(help="That of another run over these documents.", show_default=False)
    ],
    n: Annotated[int, typer.Option("-n", min=0, help="How many ids to show of each change.")] = 3,
    write: Annotated[
        Path | None, typer.Option(help="Write every changed document to this Parquet file.")
    ] = None,
) -> None:
    """Show which documents two runs judge differently, and by which rule."""
    from refinery.api import Run
    from refinery.atomic import writing_beside
    from refinery.cli import show
    from refinery.verdict_diff import diff as find_changes

    first, second = Run(before), Run(after)
    changed = find_changes(first, second)
    if write is not None:
        with writing_beside(write) as path:
            changed.write_parquet(path)
    _print(changed, n)
    if write is not None:
        show.line(f"wrote {write}")


def _print(changed: pl.DataFrame, n: int) -> None:
    from refinery.cli import show
    from refinery.report.table import plain_table
    from refinery.verdict_diff import summary

    if changed.is_empty():
        show.line("every document has the same verdict in both")
        return
    headers = ("before", "after", "documents", "tokens", *(["such as"] if n else []))
    table = plain_table(*headers, right=(2, 3))
    for row in summary(changed, examples=n).iter_rows(named=True):
        counts = (f"{row['documents']:,}", f"{row['tokens']:,}")
        table.add_row(row["before"], row["after"], *counts, *([", ".join(row["ids"])] if n else []))
    show.table(table)
