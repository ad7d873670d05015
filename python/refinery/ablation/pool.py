"""The pool that every arm draws from: annotated by the engine, less what is measured.

One normal run annotates everything once: signals of all rules, scores, and what all arms share, such as
removing duplicates. Then arms are decisions over its annotations. A sample of what that run keeps,
chosen by a hash of the ids, is the pool; works of the evaluation, documents that hold their
text, and a part that only measures coverage are taken out of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery import _core
from refinery import signal_table as signals
from refinery.ablation.decontaminate import contaminated
from refinery.ablation.works import SCHEMA, Works, hashed
from refinery.api import Run
from refinery.config import check
from refinery.errors import ConfigError, DataError, UnknownNameError
from refinery.plan import build_plan
from refinery.rule_set import RuleReader
from refinery.runner import execute
from refinery.views import Views
from refinery.yaml_file import Document

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.ablation.config import AblationConfig
    from refinery.config import Pipeline
    from refinery.engine import Progress
    from refinery.rule_set import Rule

_PER_ROW = ("id", "n_bytes")
# Of the ids, beside the file's seed: which documents are the pool, and which of them measure it.
_SAMPLE, _HELD_OUT, _PARTS = 1, 2, 3


@dataclass(frozen=True)
class Pool:
    """Documents that arms draw from.

    `rules` are those of each arm that has any, by its name. `frame` has a row a document: `id`, `text`, `n_bytes`, and a column for every score, signal and
    rule that an arm asks for. `works` are all works of the evaluation, coverage included;
    `counts` say how many documents were left out, and why.
    """

    frame: pl.DataFrame
    works: Works
    rules: dict[str, list[Rule]]
    counts: dict[str, Any] = field(default_factory=dict)


class PoolMaker:
    """Makes the pool of one ablation."""

    def __init__(self, config: AblationConfig, folder: Path, out: Path) -> None:
        self._config = config
        self._folder = folder
        self._out = out
        self._rules: dict[str, list[Rule]] = {}

    @property
    def run_folder(self) -> Path:
        """Output folder of the run that annotates."""
        shared = self._config.output.pool
        return self._out / "pool" if shared is None else self._folder / shared

    def check(self) -> None:
        """Raise for anything that the run would refuse before it reads a document.

        Raises
        ------
        ConfigError
            For unknown names of rules, scores, files and models.
        """
        build_plan(self._pipeline())

    def make(self, works: Works, progress: Progress, pool: _core.ThreadPool) -> Pool:
        """Annotate, sample, hold out, decontaminate.

        Raises
        ------
        DataError
            If too little is left to draw from.
        """
        execute(self._pipeline(), replace_other=True, progress=progress)
        run = Run(self.run_folder)
        counts: dict[str, Any] = {"kept_of_input": run.ledger["documents"]["kept"]}
        chosen = self._sampled(run, works, counts)
        works, chosen = self._with_coverage(works, chosen)
        frame = self._decontaminated(works, chosen, counts, pool)
        counts |= {"documents": len(frame), "bytes": int(frame["n_bytes"].sum())}
        if len(frame) < 100:
            message = f"{self._out}: only {len(frame)} documents are left to draw from"
            raise DataError(message)
        return Pool(frame, works, self._rules, counts)

    def _pipeline(self) -> Pipeline:
        """The run that annotates, with the families of signals that arms ask for."""
        config = self._config
        data: dict[str, Any] = {
            "version": 1,
            "input": [entry.model_dump(exclude_none=True) for entry in config.pool.input],
            "annotate": {"scores": [s.model_dump(exclude_none=True) for s in config.pool.scores]},
            "decide": config.pool.decide,
            "output": {"path": str(self.run_folder)},
            "resources": config.resources.model_dump(),
            "seed": config.seed,
        }
        pipeline = check(Document("pool", data), self._folder)
        families = self._families(pipeline)
        data["annotate"]["signals"] = families
        return check(Document("pool", data), self._folder)

    def _families(self, pipeline: Pipeline) -> list[str]:
        """Of the rules and columns of all arms; remembers the rules."""
        plan = build_plan(pipeline)
        scores = [score.name for score in plan.scores]
        reader = RuleReader(
            pipeline,
            [*signals.BASE_COLUMNS, *signals.columns(), *scores],
            Views(pipeline.config.annotate.views),
        )
        needed = set()
        for i, arm in enumerate(self._config.arms):
            if arm.rules is not None:
                self._rules[arm.name] = reader.read(arm.rules, ("arms", i, "rules"))
        if reader.problems:
            msg = "arms"
            raise ConfigError(msg, reader.problems)
        columns = [rule.column for rules in self._rules.values() for rule in rules]
        columns += [signals.canonical(arm.by) for arm in self._config.arms if arm.by]
        for column in {*columns, signals.canonical(self._config.filter)} - set(scores):
            base, view = signals.split_view(column)
            signal = signals.column(base)
            if signal is not None:
                needed.add(signals.on_view(signal.family, view))
            elif base not in signals.BASE_COLUMNS:
                kind = "score or signal of the pool"
                raise UnknownNameError(kind, column, [*scores, *signals.columns()])
        return sorted(needed)

    def _sampled(self, run: Run, works: Works, counts: dict[str, Any]) -> pl.DataFrame:
        """Ids of the pool in the order of their hashes, held-out works and what is too much left out."""
        kept = run.decisions.filter("kept").select("id").join(
            run.annotations.select(_PER_ROW), on="id", how="inner"
        ).collect()  # fmt: skip
        free = kept.filter(~pl.col("id").is_in(list(works.held_out)))
        counts["held_out_works"] = len(kept) - len(free)
        ordered = hashed(free, self._config.seed + _SAMPLE).sort("hash", "id").drop("hash")
        if self._config.pool.bytes is None:
            return ordered
        return ordered.filter(pl.col("n_bytes").cum_sum() <= self._config.pool.bytes)

    def _with_coverage(self, works: Works, chosen: pl.DataFrame) -> tuple[Works, pl.DataFrame]:
        """Works with the family `pool`: parts of the pool, which leaves it."""
        settings = self._config.pool
        ordered = hashed(chosen, self._config.seed + _HELD_OUT).sort("hash", "id")
        is_out = pl.col("n_bytes").cum_sum() <= settings.held_out
        out = hashed(ordered.filter(is_out).drop("hash"), self._config.seed + _PARTS)
        part = (pl.col("hash") % settings.held_out_works + 1).cast(pl.String).str.zfill(2)
        texts = self._texts(out["id"])
        documents = out.with_columns(work="pool " + part).join(texts, on="id").select(
            family=pl.lit("pool"), work="work", id="id", context=pl.lit(""), text="text"
        )  # fmt: skip
        # A join keeps no order, and the order of documents names results.
        coverage = documents.select(list(SCHEMA)).sort("work", "id")
        measured = pl.concat([works.measured, coverage])
        rest = ordered.filter(~is_out).drop("hash")
        return Works(measured, works.targets, works.held_out), rest

    def _decontaminated(
        self, works: Works, chosen: pl.DataFrame, counts: dict[str, Any], pool: _core.ThreadPool
    ) -> pl.DataFrame:
        columns = list(dict.fromkeys([*self._columns(), *_PER_ROW]))
        annotations = Run(self.run_folder).annotations.select(columns)
        frame = (
            chosen.select("id").lazy().join(annotations, on="id", how="left")
            .join(self._texts(chosen["id"]).lazy(), on="id", how="left").sort("id").collect()
        )  # fmt: skip
        found = contaminated(frame["text"], measured_texts(works), pool)
        counts["contaminated"] = {
            "shared_13_words": int(found["ngram"].sum()),
            "near_duplicates": int(found["similar"].sum()),
            "documents": int((found["ngram"] | found["similar"]).sum()),
        }
        return frame.filter(~(found["ngram"] | found["similar"]))

    def _columns(self) -> list[str]:
        asked = [arm.by for arm in self._config.arms if arm.by] + [self._config.filter]
        columns = [signals.canonical(name) for name in asked]
        columns += [rule.column for rules in self._rules.values() for rule in rules]
        domains = [a.column for a in self._config.arms if a.column]
        return list(dict.fromkeys([*columns, *domains]))

    def _texts(self, ids: pl.Series) -> pl.DataFrame:
        """Texts by id."""
        first = self._config.pool.input[0]
        kept = Run(self.run_folder).kept
        id_column = first.id or "id"
        wanted = ids.to_frame("id").lazy()
        texts = kept.select(id=pl.col(id_column).cast(pl.String), text=first.text)
        return wanted.join(texts, on="id", how="inner").collect()


def measured_texts(works: Works) -> pl.Series:
    """What is measured, with what stands before it."""
    return works.measured.select(text=pl.concat_str("context", "text"))["text"]


def thread_pool(threads: int | str) -> _core.ThreadPool:
    """A pool of as many threads as `resources.threads` says."""
    return _core.ThreadPool(os.cpu_count() or 1 if threads == "all" else int(threads))
