"""`refinery reference`: parses and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from refinery.scoring.fit_reference import Fitted

reference = typer.Typer(help="Score by the ranges of a trusted corpus.", no_args_is_help=True)


@reference.callback()
def _commands() -> None:
    """Score by the ranges of a trusted corpus."""


@reference.command()
def fit(
    file: Annotated[
        Path | None,
        typer.Argument(help="A pipeline file whose inputs are the corpus.", show_default=False),
    ] = None,
    input_: Annotated[
        list[str] | None,
        typer.Option("--input", help="Files, folders or globs instead of a pipeline file."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of ranges to write.")] = Path(
        "reference.yaml"
    ),
    text: Annotated[str, typer.Option(help="Name of the text column, with --input.")] = "text",
    tokenizer: Annotated[
        str, typer.Option(help="With --input: the tokenizer of the pipelines that will use it.")
    ] = "cl100k_base",
    percentiles: Annotated[tuple[float, float], typer.Option(help="The ends of each range.")] = (
        2.0,
        98.0,
    ),
) -> None:
    """Learn the ranges of KL3M's 16 metrics from a trusted corpus, and write them as a score."""
    from refinery.api import Pipeline
    from refinery.cli import show
    from refinery.config import load_pipeline
    from refinery.scoring.fit_reference import fit_pipeline

    if (file is None) == (input_ is None):
        message = "give the corpus: a pipeline file, or --input FILES"
        raise typer.BadParameter(message)
    if file is not None:
        pipeline = load_pipeline(file)
    else:
        built = Pipeline.build(input=input_, text=text, tokenizer=tokenizer, output="refined")
        pipeline = built.checked
    fitted = fit_pipeline(pipeline, percentiles=percentiles)
    fitted.reference.write(out)
    _print(fitted, out)
    show.line(f"wrote {out}")


def _print(fitted: Fitted, out: Path) -> None:
    from refinery.cli import show
    from refinery.report.table import plain_table
    from refinery.scoring.reference import kl3m_ranges

    found = fitted.reference
    table = plain_table("metric", "weight", "low", "high", "KL3M's", "", right=(1, 2, 3, 4, 5))
    own = {metric.name: metric for metric in kl3m_ranges()}
    for metric in found.ranges:
        low, high = own[metric.name].low, own[metric.name].high
        shown = [f"{value:.6g}" for value in (metric.weight, metric.low, metric.high, low, high)]
        table.add_row(metric.name, *shown)
    show.table(table)
    show.line("")
    show.line(
        f"{found.documents:,} documents; of {fitted.n_held_out:,} that the ranges were not learned "
        f"from, {fitted.share_below_cut:.1%} score below {found.cut:.4g}. As a score:"
    )
    show.line(f"  annotate: {{scores: [{{name: reference, model: {out.name}}}]}}")
    show.line(f"  decide: [{{rules: {{reference: {{max: {found.cut:.4g}}}}}}}]")
