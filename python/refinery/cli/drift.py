"""`refinery drift`: whether the scores of new documents have moved."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from refinery.cli.options import OutFolder


def drift(
    out: OutFolder,
    reference: Annotated[
        Path | None,
        typer.Option(help="What to compare with: the folder of another run, or a file of --write."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="A score or signal to look at; every score by default. Repeatable."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the scores of this run, for a later --reference.")
    ] = None,
) -> None:
    """Compare the scores of a run with those of another, source by source."""
    from refinery import drift as drifts
    from refinery.api import Run
    from refinery.cli import show
    from refinery.report.drift import drift_table, warnings

    if reference is None and write is None:
        message = "give --reference to compare with, or --write to store this run's scores"
        raise typer.BadParameter(message)
    opened = Run(out)
    if reference is not None:
        found = drifts.drift(opened, drifts.open_reference(reference, column), column)
        show.table(drift_table(found))
        for warning in warnings(found):
            sys.stderr.write(f"refinery: warning: {warning}\n")
    if write is not None:
        drifts.DriftReference.of(opened, column).write(write)
        show.line(f"wrote {write}")
