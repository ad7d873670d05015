"""`refinery label`: parses and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.cli.options import Overrides, Quiet
from refinery.errors import EnvironmentFault

if TYPE_CHECKING:
    from refinery.labelling.agreement import Agreement
    from refinery.labelling.run import LabellingReport

_MOST_FAILURES = 10


def label(
    file: Annotated[Path, typer.Argument(help="A labelling file (YAML).", show_default=False)],
    set_: Overrides = None,
    quiet: Quiet = False,
) -> None:
    """Label a sample of a corpus: by people, in a file, or by a model behind an endpoint."""
    from refinery.cli import show
    from refinery.labelling.config import load_labelling
    from refinery.labelling.run import label as run

    recipe = load_labelling(file, set_)
    with show.live(quiet=quiet) as progress:
        report = run(recipe, note=(str if quiet else progress.note))
    if not quiet:
        _print(report)
    if report.stopped is not None:
        message = f"{report.stopped}; what was labelled is in {report.labels}: run again to go on"
        raise EnvironmentFault(message)


def _print(report: LabellingReport) -> None:
    from refinery.cli import show

    show.line(f"{report.documents} documents, rubric {report.rubric}")
    for name, outcome in report.outcomes.items():
        done = len(outcome.answers)
        show.line(
            f"{name}: {done} labelled, {outcome.waiting} waiting, {len(outcome.failures)} failed"
        )
        for note in outcome.notes:
            show.line(f"  {note}")
        for failure in outcome.failures[:_MOST_FAILURES]:
            show.line(f"  {failure.id}: {failure.kind}: {failure.message}")
        if len(outcome.failures) > _MOST_FAILURES:
            show.line(f"  and {len(outcome.failures) - _MOST_FAILURES} more")
    for (first, second), found in report.agreements.items():
        _print_agreement(first, second, found)
    show.line(f"wrote {report.labels}")


def _print_agreement(first: str, second: str, found: Agreement) -> None:
    from refinery.cli import show

    kappas = [
        "undefined" if k is None else f"{k:.3f}" for k in (found.kappa, found.quadratic_kappa)
    ]
    show.line(
        f"{first} and {second} on {found.n} documents: Cohen's kappa {kappas[0]}, "
        f"quadratic-weighted {kappas[1]}"
    )
    width = max(4, *(len(str(n)) for row in found.confusion for n in row))
    show.line(f"  {first} \\ {second}")
    show.line("      " + "".join(f"{label:>{width + 1}}" for label in found.labels))
    for label_, row in zip(found.labels, found.confusion, strict=True):
        show.line(f"  {label_:>4}" + "".join(f"{n:>{width + 1}}" for n in row))
