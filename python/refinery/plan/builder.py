"""Makes the plan of a pipeline: resolves every name of the file, and reports all that are none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from refinery import _core
from refinery import signal_table as signals
from refinery.config import MinHashConfig
from refinery.errors import (
    ConfigError,
    ModelError,
    ParameterError,
    Problem,
    nearest,
    reason_of,
)
from refinery.io import inputs
from refinery.io.readers import header_problems
from refinery.plan.needs import Needs
from refinery.plan.plan import Plan
from refinery.plan.scores import ScoreReader
from refinery.plan.select import check_curves
from refinery.plan.steps import StepReader
from refinery.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from refinery.config import Pipeline
    from refinery.io.inputs import InputFile
    from refinery.plan.plan import StepPlan
    from refinery.yaml_file import Path as KeyPath

_Lists = TypeVar("_Lists")

_LISTS_ARE_NAMED = {
    "bad_words": "name a file or folder with annotate.bad_words: {path: PATH, language: en} (in a query: rf.bad_words)",
    "url_filter": "name a folder with annotate.url_filter: {lists: FOLDER}, and the column with input[].url (in a query: rf.url_filter)",
}


def build_plan(pipeline: Pipeline, *, sample: float | None = None) -> Plan:
    """Resolve every name of `pipeline`.

    Raises
    ------
    ConfigError
        With all problems at once; nothing was read but file names, headers and models.
    """
    builder = _PlanBuilder(pipeline)
    plan = builder.build(sample)
    # Headers are opened only when all that can be told without them is right.
    problems = builder.problems or _missing_columns(plan)
    if problems:
        raise ConfigError(pipeline.document.file, problems)
    return plan


def _missing_columns(plan: Plan) -> list[Problem]:
    """What the files' headers say about the columns that the pipeline names."""
    with ThreadPoolExecutor(plan.threads) as executor:
        return [
            problem
            for found in executor.map(partial(_file_problems, plan), plan.files)
            for problem in found
        ]


def _file_problems(plan: Plan, file: InputFile) -> list[Problem]:
    configs = plan.pipeline.config.input
    i = next(i for i, config in enumerate(configs) if config is file.config)
    return [
        plan.pipeline.problem(plan.place_of(i, p.path), f"{file.source_file}: {p.message}")
        for p in header_problems(file)
    ]


def plan_frame(pipeline: Pipeline, columns: Collection[str] = ()) -> Plan:
    """The plan of a pipeline over a frame: no file is looked for.

    `columns` are columns of the frame that rules and selections may name like scores; where one is
    named like a signal, it is read instead of computed.

    Raises
    ------
    ConfigError
        With all problems at once.
    """
    builder = _PlanBuilder(pipeline, frame_columns=columns)
    plan = builder.build(None)
    if builder.problems:
        raise ConfigError(pipeline.document.file, builder.problems)
    return plan


class _PlanBuilder:
    """`frame_columns` are those of a frame; None where the pipeline names files."""

    def __init__(self, pipeline: Pipeline, frame_columns: Collection[str] | None = None) -> None:
        self.pipeline = pipeline
        self.config = pipeline.config
        self.problems: list[Problem] = []
        self._has_files = frame_columns is None
        self._needs = Needs(self.config.annotate, frame_columns or (), self._problem)

    def build(self, sample: float | None) -> Plan:
        needs = self._needs
        tokenizer = self._tokenizer()
        needs.check_views()
        needs.want_view(self.config.output.view, ("output", "view"), is_sized=True)
        fingerprint = tokenizer.fingerprint if tokenizer is not None else None
        scores = ScoreReader(self.pipeline, needs, fingerprint, self._problem).read()
        for i, name in enumerate(self.config.annotate.signals):
            needs.want_family(name, ("annotate", "signals", i))
        score_columns = [column for score in scores for column in score.columns]
        step_reader = StepReader(self.pipeline, needs, score_columns, self._problem)
        steps = step_reader.read()
        self.problems += step_reader.problems
        check_curves(self.config, self._problem)
        output_columns = self._output_columns(score_columns)
        minhash = self._minhash(steps)
        bad_words, url_filter = self._lists()
        files = self._files(tuple(step_reader.labels)) if self._has_files else []
        return Plan(
            pipeline=self.pipeline,
            files=tuple(files),
            views=needs.resolved_views(),
            families=needs.families(),
            tokenizer=tokenizer,  # type: ignore[arg-type] # a plan with problems is not used
            tokenizer_name=self.config.annotate.tokens.tokenizer,
            scores=tuple(scores),
            minhash=minhash,
            steps=tuple(steps),
            bad_words=bad_words,
            url_filter=url_filter,
            output_columns=tuple(output_columns),
            sized=needs.sized_views(),
            out=self._out(files, sample),
            sample=sample,
            labels=step_reader.labels,
        )

    def _problem(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.pipeline.problem(path, message))

    def _tokenizer(self) -> _core.Tokenizer | None:
        name = self.config.annotate.tokens.tokenizer
        try:
            return load_tokenizer(name, self.pipeline.folder)
        except (ModelError, OSError) as error:
            self._problem(("annotate", "tokens", "tokenizer"), reason_of(error))
        return None

    def _minhash(self, steps: list[StepPlan]) -> MinHashConfig | None:
        """The signatures to make: those asked for, or the default where a step compares by them."""
        minhash = self.config.annotate.minhash
        if minhash is None and any(step.reads_signatures for step in steps):
            minhash = MinHashConfig()
        if minhash is None:
            return None
        view = minhash.view or self.config.output.view
        self._needs.want_view(view, ("annotate", "minhash", "view"))
        return minhash.model_copy(update={"view": view})

    def _files(self, labels: tuple[str, ...]) -> list[InputFile]:
        files, problems = inputs.find(self.pipeline)
        self.problems += problems
        return [replace(file, labels=labels) for file in files]

    def _lists(self) -> tuple[_core.BadWords | None, _core.UrlFilter | None]:
        """The lists that the pipeline names; those that a family lacks are a problem."""
        config = self.config.annotate
        for family in signals.families().values():
            if family.lists is None:
                continue
            is_wanted = self._needs.has_family(family.name)
            if getattr(config, family.lists) is None and is_wanted:
                where = ("annotate", family.lists)
                self._problem(where, f"{family.name} needs lists: {_LISTS_ARE_NAMED[family.lists]}")
            elif getattr(config, family.lists) is not None and not is_wanted:
                self._needs.add_family(family.name)
        if config.url_filter is not None:
            for i, file in enumerate(self.config.input):
                if file.url is None:
                    message = "annotate.url_filter needs a URL: name its column with url:"
                    self._problem(("input", i), message)
        words, urls = config.bad_words, config.url_filter
        folder = self.pipeline.folder
        bad_words = url_filter = None
        if words is not None:
            bad_words = self._load(partial(_core.BadWords, folder / words.path, words.language))
        if urls is not None:
            url_filter = self._load(partial(_core.UrlFilter, folder / urls.lists))
        return bad_words, url_filter

    def _load(self, load: Callable[[], _Lists]) -> _Lists | None:
        try:
            return load()
        except ParameterError as wrong:
            self._problem(("annotate", *wrong.name.split(".")), wrong.message)
        except OSError as error:
            self._problem(("annotate",), reason_of(error))
        return None

    def _output_columns(self, scores: list[str]) -> list[str]:
        known = [*signals.BASE_COLUMNS, *signals.columns(), *scores]
        chosen: list[str] = []
        for i, name in enumerate(self.config.output.columns):
            found = signals.family(name)
            if found is not None:
                chosen += [s.column for s in found.signals]
            elif signals.split_view(name)[0] in known:
                self._needs.want_column(name, ("output", "columns", i), known=known)
                chosen.append(signals.canonical(name))
            else:
                hint = nearest(name, [*known, *signals.families()])
                self._problem(("output", "columns", i), f"no such annotation column {name!r}{hint}")
        self._needs.want(chosen, ("output", "columns"))
        return list(dict.fromkeys(chosen))

    def _out(self, files: list[InputFile], sample: float | None) -> Path:
        out = self.pipeline.folder / self.config.output.path
        if sample is not None:
            out = out.with_name(out.name + "-sample")
        resolved = out.resolve()
        for file in files:
            path = file.path.resolve()
            if resolved == path or resolved in path.parents:
                message = (
                    f"holds the input {file.source_file}; the output needs a folder of its own"
                )
                self._problem(("output", "path"), message)
                break
        for i, config in enumerate(self.config.input):
            for pattern in [config.path] if isinstance(config.path, str) else config.path:
                folder = (self.pipeline.folder / pattern).resolve()
                if folder.is_dir() and folder in resolved.parents:
                    message = f"lies inside the input folder of input[{i}]: a second run would read its own output"
                    self._problem(("output", "path"), message)
        return out
