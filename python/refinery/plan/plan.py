"""What a run needs to know: the values, and the parts of them that results are named by."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery import _core
from refinery import signal_table as signals
from refinery.minhasher import make_minhasher

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.config import MinHashConfig, Pipeline, Step
    from refinery.io.inputs import InputFile
    from refinery.plan.scores import ScorePlan
    from refinery.rule_set import Rule
    from refinery.yaml_file import Path as KeyPath

ANNOTATIONS_VERSION = 1
"""Raised when a word rule, hash, text preparation or stored layout changes: old files are not read."""
DECISIONS_VERSION = 2
SHARDS_VERSION = 1


@dataclass(frozen=True)
class StepPlan:
    """A step with its rules resolved; `name` is what ledger and funnel call it.

    `view` is what exact duplicates are compared by.
    """

    name: str
    config: Step
    rules: tuple[Rule, ...] = ()
    view: str = signals.TEXT

    @property
    def ranks_all(self) -> bool:
        """Whether it sorts the corpus: every selection but the best of one score."""
        select = self.config.select
        return select is not None and (
            select.rule != "top" or select.is_combined or select.quota is not None or select.diverse
        )

    @property
    def repeats(self) -> bool:
        """Whether it says how often each document shall stand in the corpus."""
        return self.config.select is not None and self.config.select.rule == "curve"

    @property
    def reads_signatures(self) -> bool:
        """Whether it compares documents by MinHash."""
        select = self.config.select
        return self.config.near_duplicates is not None or (select is not None and select.diverse)


@dataclass(frozen=True)
class Plan:
    """Everything a run needs to know, checked."""

    pipeline: Pipeline
    files: tuple[InputFile, ...]
    views: dict[str, tuple[str, ...]]
    """The views that something reads, and the edits of each."""
    families: tuple[signals.Family, ...]
    tokenizer: _core.Tokenizer = field(repr=False)
    tokenizer_name: str
    scores: tuple[ScorePlan, ...]
    minhash: MinHashConfig | None
    steps: tuple[StepPlan, ...]
    bad_words: _core.BadWords | None = field(repr=False)
    url_filter: _core.UrlFilter | None = field(repr=False)
    output_columns: tuple[str, ...]
    sized: tuple[str, ...]
    """The views whose lengths are columns."""
    out: Path
    sample: float | None = None
    labels: dict[str, KeyPath] = field(default_factory=dict)
    """Columns of names of the input that steps read, and the key that names each."""

    @property
    def columns(self) -> list[str]:
        """Every annotation column that rules, selections and outputs may name, in file order."""
        sizes = [
            signals.on_view(c, view)
            for view in (signals.TEXT, *self.sized)
            for c in signals.BASE_COLUMNS
        ]
        computed = [s.column for f in self.families if f.lists is None for s in f.signals]
        listed = [s.column for f in self.families if f.lists is not None for s in f.signals]
        return [*sizes, *computed, *(c for s in self.scores for c in s.columns), *listed]

    @property
    def written(self) -> str:
        """The view that is written."""
        return self.pipeline.config.output.view

    @property
    def repeats(self) -> bool:
        """Whether kept documents have a number of copies."""
        return any(step.repeats for step in self.steps)

    @property
    def hashed(self) -> list[str]:
        """The views whose content hash is a column, beside the text's."""
        compared = {s.view for s in self.steps if s.config.exact_duplicates is not None}
        return sorted(compared - {signals.TEXT})

    @property
    def threads(self) -> int:
        """Threads to use."""
        threads = self.pipeline.config.resources.threads
        return len(os.sched_getaffinity(0)) if threads == "all" else threads

    def annotate_part(self) -> dict[str, Any]:
        """What determines the annotations of a unit, beside the unit itself."""
        return {
            "version": ANNOTATIONS_VERSION,
            "views": {name: list(edits) for name, edits in self.views.items()},
            "sized": list(self.sized),
            "hashed": self.hashed,
            "families": [_signals_of(family) for family in self.families],
            "tokenizer": self.tokenizer.fingerprint,
            "scores": [
                [s.name, s.model.fingerprint, s.label, s.view, *([s.chunks] if s.chunks else [])]
                for s in self.scores
            ],
            "minhash": self.minhash
            and self.minhash.model_dump() | {"scheme": make_minhasher(self.minhash).scheme},
            "lists": {
                family.key: lists.fingerprint
                for family in self.families
                if (lists := self.lists_of(family)) is not None
            },
            "sample": [self.sample, self.pipeline.config.seed] if self.sample else None,
        }

    def place_of(self, i: int, key: str) -> KeyPath:
        """Where input `i`, or the step that reads a label, names a column: see `labels_by_key`."""
        return self.labels.get(key.removeprefix("labels."), ("input", i, key))

    def lists_of(self, family: signals.Family) -> _core.BadWords | _core.UrlFilter | None:
        """The lists that a family is computed with, or None for one without."""
        if family.lists is None:
            return None
        return self.url_filter if family.lists == signals.URL_LISTS else self.bad_words

    def decide_part(self) -> dict[str, Any]:
        """What determines the decisions, beside the annotations."""
        steps = []
        for step in self.steps:
            rules = [r.key for r in step.rules]
            shown = step.config.model_dump(by_alias=True, exclude_none=True)
            shown = {"rules": rules} if rules else shown | {"view": step.view}
            if step.config.select is not None and step.config.select.is_random:
                shown |= {"seed": self.pipeline.config.seed}
            steps.append({"name": step.name, **shown})
        # A selection counts what is written, so the written view belongs here too.
        return {"version": DECISIONS_VERSION, "steps": steps, "written": self.written}

    def write_part(self) -> dict[str, Any]:
        """What determines the shards, beside the decisions and the inputs."""
        output = self.pipeline.config.output
        return {
            "version": SHARDS_VERSION,
            "format": output.format,
            "shard_bytes": output.shard_bytes,
            "columns": list(self.output_columns),
            "view": self.written,
            "edits": list(self.views.get(self.written, ())),
        }

    def inputs_part(self, hashes: dict[str, str]) -> list[dict[str, Any]]:
        """What is read, and how: one entry a file, with its hash."""
        described = []
        for file in self.files:
            how = file.config.model_dump(exclude={"path", "format"})
            described.append(
                {
                    "file": file.source_file,
                    "sha256": hashes[file.source_file],
                    "format": file.format,
                    **how,
                }
            )
        return described

    def describe(self, hashes: dict[str, str]) -> dict[str, Any]:
        """The whole plan as plain data: what `plan_hash` is the hash of."""
        return {
            "inputs": self.inputs_part(hashes),
            "annotate": self.annotate_part(),
            "decide": self.decide_part(),
            "write": self.write_part(),
        }


def _signals_of(family: signals.Family) -> Any:
    """What names a family's columns: its key, or with it those that are wanted."""
    whole = signals.family(family.key)
    if whole is None or len(whole.signals) == len(family.signals):
        return family.key
    return [family.key, *(s.name for s in family.signals)]
