"""`refinery budget`: what yield a model needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from refinery.scaling.budget import Budget

_AMOUNT = "AMOUNT"


def budget(
    parameters: Annotated[
        str | None,
        typer.Option("--parameters", "--params", "-N", metavar=_AMOUNT, help="Of the model: 1.7B."),
    ] = None,
    flops: Annotated[
        str | None, typer.Option("--flops", "-C", metavar=_AMOUNT, help="Of training: 3.57e21.")
    ] = None,
    tokens: Annotated[
        str | None,
        typer.Option(
            "--tokens", "-D", metavar=_AMOUNT, help="Read in training, repetitions included: 350B."
        ),
    ] = None,
    raw_tokens: Annotated[
        str | None,
        typer.Option("--raw-tokens", "--raw", metavar=_AMOUNT, help="Of the raw pool: 2T."),
    ] = None,
    yield_: Annotated[
        str | None,
        typer.Option("--yield", metavar="SHARE", help="Kept tokens / raw tokens: 17.5%."),
    ] = None,
    unique_tokens: Annotated[
        str | None,
        typer.Option(
            "--unique-tokens", "--unique", metavar=_AMOUNT, help="Kept tokens, in place of a yield."
        ),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="How often each kept token is read.", show_default=False)
    ] = None,
    tokens_per_parameter: Annotated[
        float | None, typer.Option(help="In place of --tokens: 20.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what yield a model needs of a raw pool, or what a yield gives: two of -N, -C, -D."""
    from refinery.scaling.budget import budget as plan

    found = plan(
        parameters=parameters, flops=flops, tokens=tokens, raw_tokens=raw_tokens, yield_=yield_,
        unique_tokens=unique_tokens, epochs=epochs, tokens_per_parameter=tokens_per_parameter,
    )  # fmt: skip
    if json:
        from json import dumps

        typer.echo(dumps(found.to_dict(), indent=2))
    else:
        _show(found)


def _show(found: Budget) -> None:
    from refinery.cli import show
    from refinery.report.table import plain_table

    plan = plain_table("plan", "", "", right=(1,))
    for row in _rows(found):
        plan.add_row(*row)
    laws = plain_table("law", "loss (nats a token)", "its best tokens a parameter", right=(1, 2))
    for law in found.predictions:
        laws.add_row(law.law, f"{law.loss:.4f}", f"{law.optimal_tokens_per_parameter:.1f}")
    show.line(found.answer + "\n")
    show.table(plan)
    show.line("")
    show.table(laws)
    show.line(
        f"\nThe laws are {found.spread:.3f} nats apart: they were fitted to other data and tokenizers. "
        "Compare two plans under one law."
    )
    for assumption in found.assumptions:
        show.line(f"assumed: {assumption}")
    for warning in found.warnings:
        show.line(f"warning: {warning}")


def _rows(found: Budget) -> list[tuple[str, str, str]]:
    from refinery.scaling.units import human, percent

    def shown(value: float | None, how: str = "") -> str:
        return "" if value is None else f"{value:{how}}" if how else human(value)

    def share(value: float | None) -> str:
        return "" if value is None else percent(value)

    rows = [
        ("parameters", human(found.parameters), ""),
        ("tokens read", human(found.tokens), "repetitions included"),
        ("FLOPs", human(found.flops), "6 x parameters x tokens"),
        ("tokens a parameter", f"{found.tokens_per_parameter:.1f}", ""),
        ("over-training", f"{found.over_training:.1f}x", "against 20 tokens a parameter"),
        ("raw tokens", shown(found.raw_tokens), ""),
        ("yield", share(found.yield_), "kept / raw tokens"),
        ("unique tokens", shown(found.unique_tokens), "kept"),
        ("epochs", shown(found.epochs, ".2f"), "times a kept token is read"),
        (
            "effective tokens",
            human(found.effective_tokens),
            "fresh tokens that those read are worth",
        ),
        ("yield, read once", share(found.yield_once), ""),
        ("yield, read 4 times", share(found.yield_cheap), ""),
        (
            "break-even worth",
            shown(found.break_even, ".2f"),
            "random tokens that a kept one must be worth",
        ),
    ]
    return [row for row in rows if row[1]]
