"""Everything that is printed. Tables go to standard output, progress to standard error."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from refinery.engine import Silent
from refinery.preview import summary
from refinery.report.funnel import human_bytes, human_count, rule_rows, short_reason
from refinery.report.layouts import flip, independent, layout_lines, shown
from refinery.report.page import judged as judged_in_words
from refinery.report.selections import DOMAIN_HEADERS, HEADERS, selection_lines
from refinery.report.table import funnel_table
from refinery.report.table import plain_table as _table
from refinery.signal_table import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Task
    from rich.table import Table

    from refinery import engine
    from refinery.ablation.agreement import Agreement
    from refinery.ablation.command import Ablation
    from refinery.explain import Explanation, Verdict
    from refinery.inspect_run import DocumentVerdict
    from refinery.layout import LayoutTest
    from refinery.preview import Preview
    from refinery.publish import Result
    from refinery.scoring.train_lm import Trained

_PLAIN_WIDTH = 120
_WIDE = 160


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def line(text: str) -> None:
    """One line of plain text."""
    sys.stdout.write(text + "\n")


def table(found: Table) -> None:
    """One table."""
    _console().print(found)


class _Rate(ProgressColumn):
    """Documents and megabytes of text a second since the phase began."""

    def render(self, task: Task) -> Text:
        seconds = task.elapsed or 0
        documents, text_bytes = task.fields["documents"], task.fields["text_bytes"]
        if seconds < 0.5 or not documents:
            return Text("")
        return Text(
            f"{human_count(documents / seconds)} docs/s  {text_bytes / seconds / 1e6:.1f} MB/s"
        )


class _Live:
    """Progress in a terminal."""

    def __init__(self, console: Console) -> None:
        self.bars = Progress(
            TextColumn("{task.description:>9}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            _Rate(), TimeRemainingColumn(compact=True), console=console, transient=True,
        )  # fmt: skip
        self._task: Any = None

    def phase(self, name: str, total: int) -> None:
        if self._task is not None:
            self.bars.remove_task(self._task)
        self._task = self.bars.add_task(name, total=total or None, documents=0, text_bytes=0)

    def advance(self, weight: int, *, documents: int = 0, text_bytes: int = 0) -> None:
        if self._task is None:
            return
        task = next(t for t in self.bars.tasks if t.id == self._task)
        self.bars.update(
            self._task, advance=weight, documents=task.fields["documents"] + documents,
            text_bytes=task.fields["text_bytes"] + text_bytes,
        )  # fmt: skip

    def note(self, message: str) -> None:
        self.bars.console.print(f"refinery: {message}", markup=False)


class _Notes(Silent):
    """Where no one watches: notes only."""

    def note(self, message: str) -> None:
        sys.stderr.write(f"refinery: {message}\n")


@contextmanager
def live(*, quiet: bool) -> Iterator[engine.Progress]:
    """Progress that suits where it is shown: bars in a terminal, notes elsewhere."""
    console = _console(stderr=True)
    if quiet or not console.is_terminal:
        yield _Notes()
        return
    shown = _Live(console)
    with shown.bars:
        yield shown


def result(done: Result) -> None:
    """What a run did: the funnel, where the result is, how long it took."""
    ledger(done.manifest["ledger"], rules=False)
    shards = done.manifest["outputs"]
    size = human_bytes(sum(s["bytes"] for s in shards))
    line("")
    if done.is_unchanged:
        line(f"Complete already: nothing to do. {len(shards)} shards ({size}) in {done.out}")
        return
    spent = ", ".join(
        f"{phase} {seconds:.1f} s" for phase, seconds in done.seconds.items() if seconds >= 0.05
    )
    line(f"{len(shards)} shards ({size}) in {done.out}   ({spent})")
    line(
        f"Why was a document dropped: {done.out}/_refinery/decisions   More: refinery report {done.out}"
    )


def ledger(found: dict[str, Any], *, rules: bool) -> None:
    """The funnel, and with `rules` every rule in turn, alone and exclusively."""
    console = _console()
    console.print(funnel_table(found))
    if not rules:
        return
    table = _table(
        "step",
        "reason",
        "first",
        "alone",
        "only this",
        "tokens first",
        "tokens alone",
        right=(2, 3, 4, 5, 6),
    )
    step = None
    for rule in rule_rows(found):
        table.add_row(
            rule.step if rule.step != step else "",
            rule.reason,
            f"{rule.first['documents']:,}",
            f"{rule.alone['documents']:,}",
            f"{rule.exclusive['documents']:,}",
            human_count(rule.first["tokens"]),
            human_count(rule.alone["tokens"]),
        )
        step = rule.step
    line("")
    console.print(table)
    selections = selection_lines(found)
    _cells(HEADERS, [selection.cells for selection in selections], right=(1, 2, 3, 4))
    of_domains = [row for selection in selections for row in selection.domains]
    _cells(DOMAIN_HEADERS, of_domains, right=(2, 3))


def _cells(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: tuple[int, ...]
) -> None:
    """A table of cells behind an empty line; nothing where there are none."""
    if not rows:
        return
    table = _table(*headers, right=right)
    for row in rows:
        table.add_row(*row)
    line("")
    _console().print(table)


def plan(found: Preview) -> None:
    """The checked plan: what is read, computed, decided and written, and the memory it takes."""
    console = _console()
    totals = summary(found)
    about = "about " if totals["is_estimate"] else ""
    chosen = found.plan
    line(
        f"read      {totals['files']} files, {totals['units']} units, {about}{totals['rows']:,} documents, {about}{human_bytes(totals['text_bytes'])} of text"
    )
    line(
        f"annotate  {len(found.columns)} columns: tokens by {chosen.tokenizer_name}"
        + (
            ", MinHash " + f"{chosen.minhash.bands} x {chosen.minhash.rows_per_band}"
            if chosen.minhash
            else ""
        )
    )
    for family in chosen.families:
        line(f"            {family.key}: {len(family.signals)} signals")
    for view, edits in chosen.views.items():
        line(f"            view {view}: {', then '.join(edits) or 'the text'}")
    for score in chosen.scores:
        where = "" if score.view == TEXT else f" on {score.view}"
        what = "perplexity" if score.is_perplexity else f"probability of {score.label}"
        line(f"            {score.name}: {what} by {score.path.name}{where}")
    for step in chosen.steps:
        line(f"decide    {step.name}")
        for rule in step.rules:
            if rule.side != "undefined":
                line(f"            {rule.describe()}")
    output = chosen.pipeline.config.output
    line(
        f"write     {chosen.out}: {output.format}, shards of {human_bytes(output.shard_bytes)} of text"
        + ("" if chosen.written == TEXT else f", the view {chosen.written}")
        + (f", with {', '.join(chosen.output_columns)}" if chosen.output_columns else "")
    )
    line(
        f"memory    about {human_bytes(found.peak_bytes)} with {chosen.threads} threads ("
        + ", ".join(f"{phase} {human_bytes(n)}" for phase, n in found.memory_bytes.items())
        + ")"
    )
    table = _table("file", "format", "size", "units", "documents", "text", right=(2, 3, 4, 5))
    for file in found.files:
        sign = "~" if file.is_estimate else ""
        table.add_row(
            file.source_file,
            file.format,
            human_bytes(file.size),
            f"{sign}{file.units}",
            f"{sign}{file.rows:,}",
            f"{sign}{human_bytes(file.text_bytes)}",
        )
    line("")
    console.print(table)


def overview(found: Explanation) -> None:
    """What there is to explain."""
    explanation(found)


def explanation(found: Explanation) -> None:
    """A name's meaning."""
    console = _console()
    line(found.title)
    for text in found.lines:
        console.print(f"  {text}", markup=False)
    if found.rows:
        table = _table(*found.headers)
        for row in found.rows:
            table.add_row(*(Text(cell) for cell in row))
        line("")
        console.print(table)


def verdict(found: Verdict) -> None:
    """A text under a profile, rule by rule."""
    table = _table("value", "keeps", "", "original reason", right=(0,))
    for rule, value, fails in found.rows:
        shown = "null" if value is None else f"{value:.6g}"
        table.add_row(
            shown,
            rule.describe(),
            Text("fails" if fails else "ok", style="red" if fails else "green"),
            rule.original_reason or "",
        )
    _console().print(table)
    first = found.first_failure
    line("")
    line(
        f"{found.profile}: "
        + (f"dropped by {first.reason} (original: {first.original_reason})" if first else "kept")
    )


def layouts(found: LayoutTest) -> None:
    """Which verdicts flip with the layout, and the signals behind them."""
    names = found.layouts
    table = _table("profile, rule", *names, right=tuple(range(1, 1 + len(names))))
    lines = layout_lines(found)
    for row in shown(lines):
        name = row.profile if row.rule is None else f"  {short_reason(row.rule)}"
        table.add_row(name, f"{row.dropped:,}", *(flip(pair) for pair in row.flips))
        if row.rule is not None:
            medians = ["" if m is None else f"{m:.4g}" for m in row.medians]
            table.add_row("    median", *medians, style="dim")
    _console().print(table)
    line("")
    line(
        f"{found.documents:,} documents: dropped as read; under a layout, "
        f"{flip((1, 0))[0]} newly dropped, {flip((0, 1))[0]} newly kept"
    )
    if n := independent(lines):
        line(f"{n} rules have the same verdicts under every layout")


def verdicts(found: list[DocumentVerdict]) -> None:
    """Why documents were kept or dropped, each with the values behind its reasons."""
    for document in found:
        line(
            f"{document.id}   {'kept' if document.kept else 'dropped by ' + str(document.dropped_by)}   ({document.place})"
        )
        for reason, value in document.reasons:
            line(
                f"    {reason}"
                + (f"   value {value:.6g}" if isinstance(value, (int, float)) else "")
            )
        if document.cluster is not None:
            instead = f", kept instead: {document.kept_instead}" if document.kept_instead else ""
            line(f"    duplicates: cluster {document.cluster}{instead}")


__all__ = [
    "explanation",
    "layouts",
    "ledger",
    "line",
    "live",
    "overview",
    "plan",
    "result",
    "verdict",
    "verdicts",
]


def language_model(trained: Trained) -> None:
    """What was trained, how well it predicts, and where its buckets end."""
    line(
        f"{trained.path}: {trained.ngrams:,} n-grams of {trained.documents:,} documents, "
        f"{human_bytes(trained.text_bytes)} of text, {human_count(trained.tokens)} tokens"
    )
    head, middle = trained.buckets
    if math.isnan(head):
        line("No document was held out: too few to say how well it predicts.")
        return
    line(f"Held-out documents: {trained.bits_per_byte:.3f} bits per byte")
    line(
        f"Buckets as CCNet cuts them, at 30 and 60 % of the documents: head below {head:.4g}, "
        f"middle below {middle:.4g}"
    )


def ablation(done: Ablation) -> None:
    """What was concluded, the gates, the table."""
    from refinery.ablation.compute import in_words
    from refinery.ablation.judge import TARGET
    from refinery.ablation.page import summary
    from refinery.ablation.tables import compact, signed

    names, rows = compact(done.verdict)
    table = _table(*names, right=tuple(range(1, len(names))))
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        table.add_row(*row)
    Console(width=_WIDE, highlight=False).print(table)
    line("Bits per byte less those of random tokens; * the 95 % interval does not hold 0.")
    for gate in done.verdict.gates:
        holds = "holds" if gate.holds else "FAILS"
        interval = f"{signed(gate.found.low)} to {signed(gate.found.high)}"
        line(f"gate {gate.name}: {holds} ({signed(gate.found.mean)}, {interval}) {gate.said}")
    compute = done.verdict.compute
    repeated = [] if compute is None else in_words(compute, TARGET)
    for text in [*summary(done.config, done.verdict), *repeated, *done.verdict.notes]:
        line(text)
    line(f"Page, picture and tables: {done.out}")


def agreements(found: list[Agreement]) -> None:
    """Whether two ablations order the arms alike, family by family."""
    table = _table(
        "family", "Kendall's tau", "95 %", "p", "same side of random", "pairs in one order",
        right=(1, 2, 3, 4, 5),
    )  # fmt: skip
    for a in found:
        table.add_row(
            a.family, f"{a.tau:+.2f}", f"{a.low:+.2f} to {a.high:+.2f}", f"{a.p:.3f}",
            f"{a.same_sign:.0%}", f"{a.decisions:.0%}",
        )  # fmt: skip
    Console(width=_WIDE, highlight=False).print(table)
    line(f"Over {len(found[0].arms)} arms: {', '.join(dict.fromkeys(found[0].arms))}")


def judged(found: dict[str, Any]) -> None:
    """What an ablation says of a run."""
    line(judged_in_words(found))
    line(f"More: {found['page']}")
