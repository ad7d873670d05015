"""What `--help` says below a command's options: commands to copy, and what exit codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer
    from typer.models import CommandInfo

EXIT_CODES = (
    "Exit codes: 0 complete · 2 the file or the usage is wrong, nothing was written · 3 the data · "
    "4 the machine, mend it and run again · 5 a bug · 130, 143 interrupted, run again to go on"
)

EXAMPLES = {
    "run": (
        "refinery run pipeline.yaml --sample 1%",
        "refinery run pipeline.yaml --set decide[4].select.yield=0.1 --replace",
    ),
    "validate": ("refinery validate pipeline.yaml",),
    "explain": (
        "refinery explain datatrove/gopher_quality",
        "refinery explain fineweb --text document.txt",
    ),
    "layout": (
        "refinery layout datatrove/gopher_quality --text document.txt",
        "refinery layout --pipeline pipeline.yaml --sample 500 --json layouts.json",
    ),
    "schema": ("refinery schema train > train.schema.json",),
    "verify": ("refinery verify refined/",),
    "report": ("refinery report refined/ --html funnel.html",),
    "inspect": (
        "refinery inspect refined/ doc-17",
        "refinery inspect refined/ --dropped-by near_duplicate -n 5",
    ),
    "ablate": (
        "refinery ablate ablation.yaml --quick",
        "refinery ablate ablation.yaml --set seeds=5",
    ),
    "train-lm": ("refinery train-lm 'wiki/*.jsonl' -o wiki.ngram",),
    "clean": ("refinery clean refined/",),
    "budget": (
        "refinery budget -N 1.7B -D 350B --raw 2T",
        "refinery budget -N 1.7B --tokens-per-parameter 200 --raw 2T --yield 17.5%",
    ),
    "diff": ("refinery diff refined/ refined-stricter/ --write changed.parquet",),
    "drift": (
        "refinery drift refined/ --write good.json",
        "refinery drift refined-today/ --reference good.json",
    ),
    "label": ("refinery label label.yaml",),
    "mix": ("refinery mix mix.yaml --set output.format=numpy",),
    "train": ("refinery train train.yaml --self",),
    "fit": ("refinery reference fit --input 'trusted/*.parquet' -o ranges.yaml",),
}
"""By the command's own name; a test parses each."""


def add_examples(app: typer.Typer) -> None:
    """Give every command that has examples its epilogue."""
    for command in _commands(app):
        name = command.name or getattr(command.callback, "__name__", "")
        if name in EXAMPLES:
            command.epilog = "\n\n".join([*(f"$ {e}" for e in EXAMPLES[name]), EXIT_CODES])


def _commands(app: typer.Typer) -> Iterator[CommandInfo]:
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)
