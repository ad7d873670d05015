"""`refinery mix`: sources into one training set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.cli.options import Overrides, Quiet, Threads

if TYPE_CHECKING:
    from refinery.publish import Result


def mix(
    file: Annotated[Path, typer.Argument(help="A mixture file (YAML).", show_default=False)],
    threads: Threads = None,
    set_: Overrides = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the complete result of another plan.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Mix sources by shares and epochs, shuffled, into shards of documents or tokens."""
    from refinery.cli import show
    from refinery.mixture.config import load_mixture
    from refinery.mixture.mix import execute

    overrides = [*(set_ or []), *([f"resources.threads={threads}"] if threads else [])]
    mixture = load_mixture(file, overrides)
    with show.live(quiet=quiet) as progress:
        done = execute(mixture, replace_other=replace, progress=progress)
    if not quiet:
        _show(done)


def _show(done: Result) -> None:
    from refinery.cli import show
    from refinery.mixture.report import capped, mixture_table, notes

    told = done.manifest["mixture"]
    show.table(mixture_table(told))
    for line in [*capped(told), *notes(told)]:
        show.line(line)
    show.line("")
    n = len(done.manifest["outputs"])
    state = "Complete already: nothing to do." if done.is_unchanged else f"{n} files"
    spent = ", ".join(f"{k} {s:.1f} s" for k, s in done.seconds.items() if s >= 0.05)
    show.line(f"{state} in {done.out}" + (f"   ({spent})" if spent else ""))
