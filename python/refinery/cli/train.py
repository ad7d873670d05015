"""`refinery train`: parses and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.cli.options import Overrides, Quiet

if TYPE_CHECKING:
    from refinery.training.trainer import TrainingReport


def train(
    file: Annotated[Path, typer.Argument(help="A training file (YAML).", show_default=False)],
    set_: Overrides = None,
    self_: Annotated[
        bool,
        typer.Option(
            "--self", help="Also learn from unlabelled text of the pool; kept if it helps."
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the model of another training file.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train a quality classifier: examples, split, leak check, model, sidecar, card."""
    from refinery.cli import show
    from refinery.training.config import load_recipe
    from refinery.training.self_training import self_train
    from refinery.training.trainer import train as train_once

    recipe = load_recipe(file, set_)
    with show.live(quiet=quiet) as progress:
        note = str if quiet else progress.note
        if self_:
            report, _ = self_train(recipe, replace_other=replace, note=note)
        else:
            report = train_once(recipe, replace_other=replace, note=note)
    if not quiet:
        _print(report)


def _print(report: TrainingReport) -> None:
    from refinery.cli import show
    from refinery.training.card import rows

    for note in report.examples.notes:
        show.line(f"note: {note}")
    for name, value in rows(report):
        show.line(f"{name:>20}  {value}")
    show.line(f"wrote {', '.join(str(path) for path in report.files)}")
