"""Commands of `refinery`. Heavy imports happen inside the command that needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from refinery.cli.budget import budget
from refinery.cli.diff import diff
from refinery.cli.drift import drift
from refinery.cli.help import EXIT_CODES, add_examples
from refinery.cli.label import label
from refinery.cli.mix import mix
from refinery.cli.options import OutFolder, Overrides, Quiet, Threads
from refinery.cli.reference import reference
from refinery.cli.start import (
    collect_less,
    import_pyarrow,
    keep_freed_memory,
    load_no_plugins,
)
from refinery.cli.train import train
from refinery.errors import EnvironmentFault, RefineryError, said

app = typer.Typer(
    name="refinery",
    help="Turn a large raw text corpus into a smaller one worth more per token, and account for every document.",
    epilog=f"refinery COMMAND --help shows examples of each.\n\n{EXIT_CODES}",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from refinery import _core

        typer.echo(f"refinery {_core.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


PipelineFile = Annotated[Path, typer.Argument(help="A pipeline file (YAML).", show_default=False)]


def _share(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        share = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        message = f"{value!r} is not a share; write one such as 1% or 0.01"
        raise typer.BadParameter(message)
    return share


@app.command()
def run(
    file: PipelineFile,
    threads: Threads = None,
    set_: Overrides = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the complete result of another plan.")
    ] = False,
    sample: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Run on a share of the documents (1% or 0.01); writes to OUT-sample.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the checked plan and stop: no document is read."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run a pipeline: annotate, decide, write."""
    keep_freed_memory()
    import_pyarrow()
    from refinery.cli import show
    from refinery.config import load_pipeline

    overrides = [*(set_ or []), *([f"resources.threads={threads}"] if threads else [])]
    pipeline = load_pipeline(file, overrides)
    share = _share(sample)
    if dry_run:
        from refinery.plan import build_plan
        from refinery.preview import preview

        show.plan(preview(build_plan(pipeline, sample=share)))
        return
    from refinery.runner import execute

    with show.live(quiet=quiet) as progress:
        result = execute(pipeline, replace_other=replace, sample=share, progress=progress)
    if not quiet:
        show.result(result)


@app.command()
def validate(file: PipelineFile, set_: Overrides = None) -> None:
    """Check a pipeline file: every key, name, model, file and column, without reading a document."""
    from refinery.cli import show
    from refinery.config import load_pipeline
    from refinery.plan import build_plan
    from refinery.preview import preview

    plan = build_plan(load_pipeline(file, set_))
    preview(plan)
    show.line(
        f"{file}: valid; {len(plan.files)} input files, {len(plan.steps)} steps, output to {plan.out}"
    )


@app.command()
def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A profile, family, signal, score or key; lists all without.", show_default=False
        ),
    ] = None,
    text: Annotated[
        Path | None, typer.Option(help="A text file: show each signal, its bound and the verdict.")
    ] = None,
) -> None:
    """Explain a profile or signal, or why a text would be dropped."""
    from refinery.cli import show
    from refinery.explain import explain as find
    from refinery.explain import explain_text, overview

    if name is None:
        show.overview(overview())
    elif text is not None:
        show.verdict(explain_text(name, text.read_text(encoding="utf-8")))
    else:
        show.explanation(find(name))


@app.command()
def layout(
    rules: Annotated[
        list[str] | None,
        typer.Argument(
            help="Profiles, or a pipeline file with rules and inputs.", show_default=False
        ),
    ] = None,
    text: Annotated[list[Path] | None, typer.Option(help="A text file. Repeatable.")] = None,
    pipeline: Annotated[
        Path | None, typer.Option(help="A pipeline file whose inputs to read.")
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="Documents to read of the inputs.")] = 1000,
    json: Annotated[
        Path | None, typer.Option(help="Write the result, for refinery report --layouts.")
    ] = None,
) -> None:
    """Show which verdicts flip when the same sentences are laid out otherwise."""
    from refinery.cli import show
    from refinery.config import load_pipeline
    from refinery.layout import layout_test, layout_test_of

    profiles = list(rules or [])
    if pipeline is None and len(profiles) == 1 and profiles[0].endswith((".yaml", ".yml")):
        pipeline = Path(profiles.pop())
    if (pipeline is None) == (text is None):
        message = "give the texts: --text FILE, or a pipeline file"
        raise typer.BadParameter(message)
    if pipeline is not None:
        found = layout_test_of(load_pipeline(pipeline), sample=sample, rules=profiles or None)
    elif profiles:
        texts = [path.read_text(encoding="utf-8") for path in text or []]
        found = layout_test(texts, profiles)
    else:
        message = "name profiles, such as kl3m (refinery explain lists all)"
        raise typer.BadParameter(message)
    show.layouts(found)
    if json is not None:
        found.write(json)
        show.line(f"wrote {json}")


# The modules whose `json_schema()` describes each kind of file.
_SCHEMAS = {
    "pipeline": "refinery.config",
    "train": "refinery.training.config",
    "label": "refinery.labelling.config",
    "mix": "refinery.mixture.config",
}


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(help=f"Which file's: {', '.join(_SCHEMAS)}.")] = "pipeline",
) -> None:
    """Print the JSON schema of a pipeline file, or of another kind of file, for editors."""
    import importlib
    import json

    from refinery.errors import UnknownNameError

    if kind not in _SCHEMAS:
        raise UnknownNameError(kind="kind of file", name=kind, allowed=_SCHEMAS)
    typer.echo(json.dumps(importlib.import_module(_SCHEMAS[kind]).json_schema(), indent=2))


@app.command()
def verify(out: OutFolder) -> None:
    """Check every file of a finished run against its manifest."""
    from refinery.cli import show
    from refinery.verify import verify as check

    manifest = check(out)
    n_files = len(manifest["outputs"]) + len(manifest["files"])
    if "mixture" in manifest:
        show.line(f"{out}: intact; {n_files} files, {manifest['mixture']['documents']} documents")
        return
    show.line(
        f"{out}: intact; {n_files} files, {manifest['ledger']['documents']['kept']} documents kept"
    )


@app.command()
def report(
    out: OutFolder,
    html: Annotated[Path | None, typer.Option(help="Write the report page to this file.")] = None,
    layouts: Annotated[
        Path | None,
        typer.Option(help="Show a layout test too: what refinery layout --json wrote."),
    ] = None,
    drift_from: Annotated[
        Path | None,
        typer.Option(
            "--drift",
            help="Show drift of the scores too, from another run or refinery drift --write.",
        ),
    ] = None,
) -> None:
    """Show the funnel of a finished run, and every rule in turn, alone and exclusively."""
    from refinery import manifest as manifests
    from refinery.api import Run
    from refinery.cli import show
    from refinery.tree import OutputTree

    opened = Run(out)
    tested = None
    if layouts is not None:
        from refinery.layout import LayoutTest

        tested = LayoutTest.read(layouts)
    moved = None
    if drift_from is not None:
        from refinery.drift import drift, open_reference

        moved = drift(opened, open_reference(drift_from))
    judged = manifests.read_ablation(OutputTree(out), opened.manifest)
    if html is not None:
        from refinery.report.page import render

        page = render(opened.manifest, layouts=tested, drift=moved, ablation=judged)
        html.write_text(page, encoding="utf-8")
        show.line(f"wrote {html}")
        return
    show.ledger(opened.ledger, rules=True)
    if tested is not None:
        show.line("")
        show.layouts(tested)
    if moved is not None:
        from refinery.report.drift import drift_table

        show.line("")
        show.table(drift_table(moved))
    if judged is not None:
        show.line("")
        show.judged(judged)


@app.command()
def inspect(
    out: OutFolder,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of documents: why was it kept or dropped?")
    ] = None,
    dropped_by: Annotated[
        str | None, typer.Option(metavar="REASON", help="Show documents that this reason dropped.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many of them.")] = 20,
) -> None:
    """Say why documents of a finished run were kept or dropped."""
    from refinery.api import Run
    from refinery.cli import show
    from refinery.inspect_run import examples, look_up

    if not ids and dropped_by is None:
        message = "name documents by their ids, or a reason with --dropped-by"
        raise typer.BadParameter(message)
    opened = Run(out)
    show.verdicts(look_up(opened, ids or []))
    if dropped_by is not None:
        show.verdicts(examples(opened, dropped_by, n))


_Scale = Literal["cpu", "gpu"]


@app.command()
def ablate(
    file: Annotated[
        Path | None, typer.Argument(help="An ablation file (YAML).", show_default=False)
    ] = None,
    set_: Overrides = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="The gates only: two seeds, one yield. Judges no filter."),
    ] = False,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="ngram or gpt, not the file's; given twice, both, and whether they agree."
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="OUT OUT",
            help="Instead of a file: two finished ablations, and whether they order the arms alike.",
        ),
    ] = None,
    scale: Annotated[
        _Scale | None,
        typer.Option(help="With the GPT proxy, once for each size and rate; gpu: 2, 8 and 25 M."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Measure what a kept token is worth: filter yield against loss on other texts."""
    from refinery.cli import show

    try:
        from refinery.ablation import command
        from refinery.ablation.agreement import agreements
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        message = "ablations need NumPy; run: pip install 'corpus-refinery[ablate]'"
        raise EnvironmentFault(message) from None

    if compare is not None and file is None:
        show.agreements(agreements(*compare))
        return
    if file is None or compare is not None:
        message = "give either an ablation file, or --compare with two finished ablations"
        raise typer.BadParameter(message)
    if scale is not None and proxy:
        message = "--scale is of the GPT proxy, at its sizes and rates; leave out --proxy"
        raise typer.BadParameter(message)
    with show.live(quiet=quiet) as progress:
        found = command.ablate_all(
            file, set_ or [], proxies=proxy or [], scale=scale, quick=quick, progress=progress
        )
    for ablation in found if not quiet else []:
        show.ablation(ablation)
    if len(found) == 2 and scale is None and not quiet:
        show.agreements(agreements(*(ablation.out for ablation in found)))
    for ablation in found:
        ablation.check()


@app.command("train-lm")
def train_lm(
    files: Annotated[
        list[str], typer.Argument(help="Files, folders or globs to train on.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model file to write: NAME.ngram.")],
    text: Annotated[str, typer.Option(help="Name of the text column.")] = "text",
    order: Annotated[
        int | None,
        typer.Option(help="Tokens of the longest n-gram, 1 to 8; 5 by default, 6 over bytes."),
    ] = None,
    vocabulary: Annotated[
        int, typer.Option(help="Tokens of the tokenizer that is trained first.")
    ] = 2048,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json, instead of training one.")
    ] = None,
    over_bytes: Annotated[bool, typer.Option("--bytes", help="Symbols are bytes.")] = False,
    memory: Annotated[str, typer.Option(help="What counting may take.")] = "4GB",
) -> None:
    """Train an n-gram language model, by whose perplexity a pipeline can score."""
    from refinery.cli import show
    from refinery.config import parse_size
    from refinery.scoring.train_lm import train_lm as train

    try:
        size = parse_size(memory)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    trained = train(
        files, out, text=text, order=order, vocabulary=vocabulary, tokenizer=tokenizer,
        over_bytes=over_bytes, memory=size,
    )  # fmt: skip
    show.language_model(trained)


@app.command()
def clean(out: OutFolder) -> None:
    """Remove annotations that the finished run in a folder does not need."""
    from refinery.cli import show
    from refinery.tree import clean as remove

    n, n_bytes = remove(out)
    show.line(f"{out}: removed {n} files, {n_bytes / 1e6:.1f} MB")


app.command()(budget)
app.command()(diff)
app.command()(drift)
app.command()(label)
app.command()(mix)
app.command()(train)
app.add_typer(reference, name="reference")
add_examples(app)


def main() -> None:
    """Run the command line; exits with the codes that `refinery.errors` lists."""
    collect_less()
    load_no_plugins()
    try:
        app(standalone_mode=True)
    except RefineryError as error:
        _fail(str(error), error.exit_code)
    except FileNotFoundError as error:
        # What is missing was named by the user: a usage error, unless it vanished during a run.
        _fail(f"{error.filename}: no such file or folder", 2)
    except OSError as error:
        _fail(said(error), 4)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except MemoryError:
        _fail("out of memory; lower resources.threads or resources.memory", 4)
    except SystemExit:
        raise
    except BaseException:  # a panic of a Rust library is no Exception
        import traceback

        traceback.print_exc()
        _fail("internal error; this is a bug of refinery", 5)


def _fail(message: str, code: int) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"refinery: {message}\n")
    sys.exit(code)
