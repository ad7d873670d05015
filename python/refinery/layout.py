r"""The layout test: which verdicts depend on where lines end, and not on what a text says.

The same words are laid out in every way that the extension knows (edits whose names begin with
`layout.`): a paragraph a line with and without blank lines between, all on one line, wrapped at 80
columns, a sentence a line. A rule whose verdicts change with that judges the program that wrote the
file. Not here: which layout is right.

>>> text = "\n\n".join(["A paragraph of some words, and then of a few more of them."] * 3)
>>> found = layout_test([text], ["kl3m"])
>>> found.rows.filter(pl.col("rule") == "kl3m.score:max").select("layout", "to_dropped").rows()[:2]
[('as read', 0), ('blank_lines', 0)]
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery import signal_table as signals
from refinery.annotation import Pass, make_pass
from refinery.config import parse_pipeline
from refinery.decide.rules import failing
from refinery.errors import BadFileError, ConfigError, ParameterError
from refinery.io.readers import open_reader
from refinery.plan import build_plan
from refinery.rule_set import RuleReader
from refinery.views import Views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from refinery.config import Pipeline
    from refinery.io.inputs import InputFile
    from refinery.rule_set import Rule

PREFIX = "layout."
AS_READ = "as read"
_BATCH = 1000
"""Texts laid out at a time: they stand in memory once more for each layout."""
_WHERE = "layout"
_NO_FILES = "input: [{path: none}]\noutput: {path: none}"


@dataclass(frozen=True)
class LayoutTest:
    """What a layout test found.

    `rows` has one row a rule and layout: `profile`; `rule` (its reason; null for all rules of the
    profile together); `layout`; `dropped`, how many documents fail under it; `to_dropped` and
    `to_kept`, how many fail under it alone or as read alone; `median` of the signal, null where no
    document has a value.
    """

    documents: int
    rows: pl.DataFrame

    @property
    def layouts(self) -> list[str]:
        """The layouts, as the text was read first."""
        return self.rows["layout"].unique(maintain_order=True).to_list()

    def write(self, path: Path) -> None:
        """Write it as JSON, for `refinery report --layouts`."""
        data = {"documents": self.documents, "rows": self.rows.to_dicts()}
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> LayoutTest:
        """Read what `write` wrote.

        Raises
        ------
        ConfigError
            If the file holds something else.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(data["documents"], pl.DataFrame(data["rows"], schema=_SCHEMA, orient="row"))
        except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            name, message = "layouts", f"{path}: no result of `refinery layout --json`"
            raise ParameterError(name, message) from None


_SCHEMA = {
    "profile": pl.String,
    "rule": pl.String,
    "layout": pl.String,
    "dropped": pl.Int64,
    "to_dropped": pl.Int64,
    "to_kept": pl.Int64,
    "median": pl.Float64,
}


def layout_names() -> list[str]:
    """Names of all layouts, without their prefix."""
    return [n.removeprefix(PREFIX) for n in signals.edits() if n.startswith(PREFIX)]


def layout_test(
    texts: Any, rules: Any, *, ids: Any = None, sample: int | None = None, seed: int = 0
) -> LayoutTest:
    """Which verdicts of `rules` change with the layout of `texts`.

    Parameters
    ----------
    texts
        A list of strings, or a string column of Polars or Arrow; nulls are left out.
    rules
        Profiles and bounds as `rules:` of a pipeline file has them: `"kl3m"`, `["kl3m",
        "datatrove/c4"]`, `{"n_words": {"min": 50}}`.
    ids
        Ids of the texts, of the same length; their row numbers by default.
    sample
        How many documents to test, those with the smallest hash of seed and id; all by default.
    seed
        See `sample`.

    Raises
    ------
    ConfigError
        If a rule names what is not there.
    """
    texts = pl.Series("text", texts, pl.String)
    ids = range(len(texts)) if ids is None else ids
    chosen = pl.DataFrame({"id": pl.Series(ids).cast(pl.String), "text": texts})
    chosen = chosen.drop_nulls("text")
    if sample is not None:
        chosen = _smallest(_hashed(chosen, seed), sample)
    views, tokenizer = Views(), _core.Tokenizer.embedded("cl100k_base")
    found = _read_rules(rules, parse_pipeline(_NO_FILES), views)
    return _test(chosen["text"], found, _reading(found, views, tokenizer))


def layout_test_of(pipeline: Pipeline, *, sample: int, rules: Any = None) -> LayoutTest:
    """Which verdicts change with the layout of a pipeline's inputs, under its tokenizer and views.

    Parameters
    ----------
    pipeline
        A checked pipeline; its inputs are read as a run reads them.
    sample
        How many documents to test, those with the smallest hash of the pipeline's seed and id.
    rules
        As for `layout_test`; all rules of the pipeline's steps, scores too, by default.

    Raises
    ------
    ConfigError
        If there is no rule, or a name is not known.
    BadFileError
        If an input is damaged and its policy is to fail.
    """
    plan = build_plan(pipeline)
    seed = pipeline.config.seed
    chosen = pl.DataFrame(schema={"id": pl.String, "text": pl.String, "hash": pl.UInt64})
    for part in _documents(plan.files):
        chosen = pl.concat([chosen, _hashed(part, seed)])
        if len(chosen) > 2 * sample + _BATCH:
            chosen = _smallest(chosen, sample)
    chosen = _smallest(chosen, sample)
    if rules is not None:
        views = Views(pipeline.config.annotate.views)
        found = _read_rules(rules, pipeline, views)
        return _test(chosen["text"], found, _reading(found, views, plan.tokenizer))
    found = list(dict.fromkeys(rule for step in plan.steps for rule in step.rules))
    if not found:
        name, message = "rules", "the pipeline has no rules; name profiles"
        raise ParameterError(name, message)
    # The pass of a run, less what no rule reads.
    return _test(chosen["text"], found, make_pass(replace(plan, minhash=None)))


def _read_rules(rules: Any, pipeline: Pipeline, views: Views) -> list[Rule]:
    reader = RuleReader(pipeline, [*signals.BASE_COLUMNS, *signals.columns()], views)
    found = reader.read(rules, ("rules",))
    if reader.problems:
        raise ConfigError(_WHERE, reader.problems)
    return found


def _test(texts: pl.Series, rules: Sequence[Rule], compute: Pass) -> LayoutTest:
    values = _values(texts, sorted({rule.column for rule in rules}), compute)
    fails = {
        layout: {rule: failing(rule, frame) for rule in rules} for layout, frame in values.items()
    }
    groups: dict[str | None, list[Rule]] = {}
    for rule in rules:
        groups.setdefault(rule.profile, []).append(rule)
    rows: list[tuple[Any, ...]] = []
    for profile, members in groups.items():
        together = {layout: _any(found, members) for layout, found in fails.items()}
        rows += [(profile, None, *_flips(together, layout), None) for layout in values]
        for rule in members:
            alone = {layout: found[rule] for layout, found in fails.items()}
            medians = {layout: frame[rule.column].median() for layout, frame in values.items()}
            rows += [(profile, rule.reason, *_flips(alone, n), medians[n]) for n in values]
    return LayoutTest(len(texts), pl.DataFrame(rows, schema=_SCHEMA, orient="row"))


def _flips(fails: dict[str, pl.Series], layout: str) -> tuple[str, int, int, int]:
    """Layout, who fails under it, who fails under it only, who fails as read only."""
    read, now = fails[AS_READ], fails[layout]
    return layout, int(now.sum()), int((now & ~read).sum()), int((read & ~now).sum())


def _any(fails: dict[Rule, pl.Series], rules: Sequence[Rule]) -> pl.Series:
    return pl.DataFrame([fails[rule].alias(str(i)) for i, rule in enumerate(rules)]).select(
        pl.any_horizontal(pl.all()).alias("fails")
    )["fails"]


def _values(texts: pl.Series, columns: list[str], compute: Pass) -> dict[str, pl.DataFrame]:
    """What the rules read, of every text in every layout."""
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in [AS_READ, *layout_names()]}
    for start in range(0, max(1, len(texts)), _BATCH):
        read = texts.slice(start, _BATCH).to_arrow()
        for name, found in parts.items():
            laid_out = read if name == AS_READ else pa.array(_core.edited(read, [PREFIX + name]))
            computed = pl.DataFrame(pl.from_arrow(pa.record_batch(compute.run(laid_out))))
            found.append(computed.select(pl.col(columns).cast(pl.Float64)))
    return {name: pl.concat(found) for name, found in parts.items()}


def _reading(rules: Sequence[Rule], views: Views, tokenizer: _core.Tokenizer) -> _core.Pass:
    """A pass that computes what the rules read."""
    families, chains, sized = set(), {}, set()
    for rule in rules:
        base, view = signals.split_view(rule.column)
        if view != signals.TEXT:
            chains[view] = views.edits(view)
        if base in signals.BASE_COLUMNS:
            sized.add(view)
        signal = signals.column(base)
        if signal is not None:
            families.add(signals.on_view(signal.family, view))
    return _core.Pass(
        views=list(chains.items()),
        sized=sorted(sized - {signals.TEXT}),
        families=sorted(families),
        tokenizer=tokenizer,
        base_columns=True,
    )


def _documents(files: Sequence[InputFile]) -> Iterator[pl.DataFrame]:
    """Id and text of every document, in frames."""
    for file in files:
        try:
            reader = open_reader(file, "")
            for unit in reader.units():
                for rows in reader.rows(unit):
                    yield pl.DataFrame({"id": pl.Series(rows.ids), "text": pl.Series(rows.texts)})
        except BadFileError:
            if file.config.on_bad_file == "fail":
                raise


def _hashed(documents: pl.DataFrame, seed: int) -> pl.DataFrame:
    documents = documents.select(pl.col("id", "text").cast(pl.String))
    hashes = pl.Series(pa.array(_core.hash_ids(documents["id"].to_arrow(), seed)))
    return documents.with_columns(hash=hashes)


def _smallest(documents: pl.DataFrame, n: int) -> pl.DataFrame:
    """The `n` documents with the smallest hashes; equal ones by id."""
    return documents.sort("hash", "id").head(n)
