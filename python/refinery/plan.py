"""From a checked pipeline to a plan: files, columns, models, hashes. Reads no document.

The plan resolves every name that the pipeline file mentions (signals, profiles, models, files,
columns), reporting all that cannot be resolved at once, and derives the keys by which results are
reused: a result is named by the hash of what determines it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from refinery import _core
from refinery import signal_table as signals
from refinery.config import ORIGINAL_MINHASH, MinHashConfig
from refinery.errors import (
    BadFileError,
    ConfigError,
    ModelError,
    ParameterError,
    Problem,
    UnknownNameError,
    nearest,
)
from refinery.io import inputs
from refinery.io.readers import open_reader
from refinery.plan_select import check_curves, check_selection
from refinery.rule_set import Rule, RuleReader, gate_rules
from refinery.scoring.reference import FAMILY as RANGES
from refinery.scoring.reference import SUFFIXES as RANGES_SUFFIXES
from refinery.scoring.reference import Reference, read_reference
from refinery.scoring.sidecar import read_sidecar
from refinery.views import ViewError, Views

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from refinery.config import Pipeline, ScoreConfig, Step
    from refinery.io.inputs import InputFile
    from refinery.yaml_file import Path as KeyPath

ANNOTATIONS_VERSION = 1
"""Raised when a word rule, hash, text preparation or stored layout changes: old files are not read."""
DECISIONS_VERSION = 2
SHARDS_VERSION = 1

_SOURCE = "source"
_PLACES = ("id", "row", "source_file", "content_hash", "minhash")
"""Columns of annotation files beside numbers and names."""
CHUNK_MIN_WORDS = 30
"""Below this a linear classifier's score of a part is noise; a model's sidecar may say another."""
PERPLEXITY = "perplexity"
"""What stands for the label where a score is a language model's."""
NGRAM_SUFFIX = ".ngram"
"""Of the models that `refinery train-lm` writes."""
LanguageModel = _core.PerplexityModel | _core.NgramModel
POSITIVE_LABELS = (
    *(
        "hq",
        "high",
        "high_quality",
        "textbook",
        "positive",
        "pos",
        "good",
        "keep",
        "quality",
        "edu",
    ),
    *("educational", "yes", "true", "1"),
)
"""Label names that mean "worth keeping" when the pipeline names no label."""
NEGATIVE_LABELS = (
    *(
        "cc",
        "lq",
        "low",
        "low_quality",
        "negative",
        "neg",
        "bad",
        "drop",
        "other",
        "junk",
        "random",
    ),
    *("raw", "web", "spam", "no", "false", "0"),
)
"""Label names whose opposite, in a model of two labels, is worth keeping (DCLM's model has `cc`)."""


def digest(value: Any) -> str:
    """SHA-256 of a plain value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def make_minhasher(config: MinHashConfig) -> _core.MinHasher:
    """The signatures that `config` asks for; one object for equal ones."""
    return _minhasher(config.ngram, config.bands, config.rows_per_band, config.profile)


@functools.cache
def _minhasher(ngram: int, bands: int, rows_per_band: int, profile: str) -> _core.MinHasher:
    return _core.MinHasher(ngram=ngram, bands=bands, rows_per_band=rows_per_band, profile=profile)


@dataclass(frozen=True)
class ScorePlan:
    """A score: its column, its model and the file of it, and the label it is the probability of.

    The label of a language model's score is `perplexity`, that of a reference's `kl3m`.
    """

    name: str
    path: Path
    label: str
    label_index: int
    view: str
    model: _core.Model | LanguageModel | Reference = field(compare=False, repr=False)
    chunks: tuple[int, int] | None = None
    """Most words of a part, fewest of a document whose parts are scored."""

    @property
    def columns(self) -> list[str]:
        """Its columns: the score, and what its parts tell, or the terms that it is the sum of."""
        if isinstance(self.model, Reference):
            return self.model.columns(self.name)
        parts = _core.CHUNK_COLUMNS if self.chunks is not None else ()
        return [self.name, *(f"{self.name}_{part}" for part in parts)]

    @property
    def hashed_by(self) -> str:
        """Which hash its model's fingerprint is."""
        return "sha256" if isinstance(self.model, Reference) else "xxh3_128"

    @property
    def ranked_columns(self) -> list[str]:
        """Columns that its quantile is made of."""
        return self.columns[: 2 if self.chunks is not None else 1]

    @property
    def is_perplexity(self) -> bool:
        """Whether it is a language model's, not a classifier's."""
        return isinstance(self.model, LanguageModel)

    @property
    def n_bytes(self) -> int:
        """Memory of the model, all threads together; a reference is a page of numbers."""
        return 0 if isinstance(self.model, Reference) else self.model.n_bytes


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
    try:
        open_reader(file, "")
    except BadFileError:
        return []  # what a damaged file does is for the run and its policy to say
    except ConfigError as error:
        i = next(i for i, config in enumerate(plan.pipeline.config.input) if config is file.config)
        return [
            plan.pipeline.problem(plan.place_of(i, p.path), f"{file.source_file}: {p.message}")
            for p in error.problems
        ]
    return []


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


@lru_cache(maxsize=4)
def _load_model(path: Path, _stamp: tuple[int, int]) -> _core.Model:
    """A model, loaded once for the many expressions of a notebook that name it."""
    return _core.Model(path)


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change of a file: what tells that it must be read again."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _signals_of(family: signals.Family) -> Any:
    """What names a family's columns: its key, or with it those that are wanted."""
    whole = signals.family(family.key)
    if whole is None or len(whole.signals) == len(family.signals):
        return family.key
    return [family.key, *(s.name for s in family.signals)]


class _PlanBuilder:
    def __init__(self, pipeline: Pipeline, frame_columns: Collection[str] | None = None) -> None:
        self.pipeline = pipeline
        self._frame_columns = frame_columns
        self.config = pipeline.config
        self.problems: list[Problem] = []
        self.views = Views(self.config.annotate.views)
        self._families: set[tuple[str, str]] = set()
        """Families that something reads, each with the view it reads."""
        self._whole: set[tuple[str, str]] = set()
        """Those of which every signal is wanted."""
        self._asked: set[str] = set()
        """Columns of the signals that are wanted alone."""
        self._sized: set[str] = set()
        self._read: set[str] = set()
        """Views that something reads."""
        self._labels: dict[str, KeyPath] = {}
        self._fingerprint: str | None = None

    def build(self, sample: float | None) -> Plan:
        tokenizer = self._tokenizer()
        self._fingerprint = tokenizer.fingerprint if tokenizer is not None else None
        self._check_views()
        self._want_view(self.config.output.view, ("output", "view"), is_sized=True)
        scores = self._scores()
        for i, name in enumerate(self.config.annotate.signals):
            self._want_family(i, name)
        score_columns = [column for score in scores for column in score.columns]
        steps = self._steps(score_columns)
        check_curves(self.config, self._problem)
        output_columns = self._output_columns(score_columns)
        needs_minhash = any(step.reads_signatures for step in steps)
        minhash = self.config.annotate.minhash
        if minhash is None and needs_minhash:
            minhash = MinHashConfig()
        if minhash is not None:
            view = minhash.view or self.config.output.view
            self._want_view(view, ("annotate", "minhash", "view"))
            minhash = minhash.model_copy(update={"view": view})
        bad_words, url_filter = self._lists()
        files: list[InputFile] = []
        if self._frame_columns is None:
            files, problems = inputs.find(self.pipeline)
            self.problems += problems
            files = [replace(file, labels=tuple(self._labels)) for file in files]
        return Plan(
            pipeline=self.pipeline,
            files=tuple(files),
            views=self._resolved_views(),
            families=self._wanted_families(),
            tokenizer=tokenizer,
            tokenizer_name=self.config.annotate.tokens.tokenizer,
            scores=tuple(scores),
            minhash=minhash,
            steps=tuple(steps),
            bad_words=bad_words,
            url_filter=url_filter,
            output_columns=tuple(output_columns),
            sized=tuple(sorted(self._sized - {signals.TEXT})),
            out=self._out(files, sample),
            sample=sample,
            labels=self._labels,
        )

    def _problem(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.pipeline.problem(path, message))

    def _check_views(self) -> None:
        others = Views()
        for name in self.config.annotate.views:
            if name in others:
                message = f"{name!r} is already the name of an edit or of a profile's view"
                self._problem(("annotate", "views", name), message)
                continue
            try:
                self.views.edits(name)
            except ViewError as error:
                self._problem(("annotate", "views", name), str(error))

    def _want_view(self, name: str, where: KeyPath, *, is_sized: bool = False) -> None:
        if name not in self.views:
            hint = nearest(name, self.views.names) or f"; there are: {', '.join(self.views.names)}"
            self._problem(where, f"no such view {name!r}{hint}")
            return
        self._read.add(name)
        if is_sized:
            self._sized.add(name)

    def _resolved_views(self) -> dict[str, tuple[str, ...]]:
        resolved = {}
        for name in sorted(self._read - {signals.TEXT}):
            with suppress(ViewError):  # reported by _check_views
                resolved[name] = self.views.edits(name)
        return resolved

    def _wanted_families(self) -> tuple[signals.Family, ...]:
        """In the order of the text's families, then of each view's by name."""
        order = list(signals.families())
        wanted = sorted(
            self._families, key=lambda f: (f[1] != signals.TEXT, f[1], order.index(f[0]))
        )
        return tuple(found for name, view in wanted if (found := self._wanted_family(name, view)))

    def _wanted_family(self, name: str, view: str) -> signals.Family | None:
        """The family with the signals that something reads: all, where lists compute it."""
        found = signals.family(signals.on_view(name, view))
        if found is None or found.lists is not None or (name, view) in self._whole:
            return found
        return replace(found, signals=tuple(s for s in found.signals if s.column in self._asked))

    def _tokenizer(self) -> Any:
        name = self.config.annotate.tokens.tokenizer
        where = ("annotate", "tokens", "tokenizer")
        try:
            if name.endswith(".json"):
                return _core.Tokenizer.from_file(self.pipeline.folder / name)
            return _core.Tokenizer.embedded(name)
        except UnknownNameError:
            allowed = _core.EMBEDDED_TOKENIZERS
            hint = nearest(name, allowed) or f"; embedded are {', '.join(allowed)}"
            self._problem(where, f"no tokenizer {name!r}{hint}; or give a path to a tokenizer.json")
        except (ModelError, OSError) as error:
            self._problem(where, _reason(error))
        return None

    def _scores(self) -> list[ScorePlan]:
        scores: list[ScorePlan] = []
        taken = {
            *signals.columns(),
            *signals.BASE_COLUMNS,
            *_PLACES,
            _SOURCE,
        }
        for i, config in enumerate(self.config.annotate.scores):
            where: KeyPath = ("annotate", "scores", i)
            self._want_view(config.view, (*where, "view"))
            path = self._model_path(config.model, (*where, "model"))
            score = self._score(config, path, where) if path is not None else None
            for name in score.columns if score is not None else [config.name]:
                if name in taken:
                    self._problem((*where, "name"), f"{name!r} is already the name of a column")
                taken.add(name)
            if score is not None:
                scores.append(score)
        return scores

    def _score(self, config: ScoreConfig, path: Path, where: KeyPath) -> ScorePlan | None:
        """A score by the kind of its model, which the file's name tells; None where it is a problem."""
        # CCNet's own models are called .arpa.bin: the reader says what to do about them.
        if ".arpa" in path.suffixes or path.suffix == NGRAM_SUFFIX:
            model = self._language_model(config, path, where)
            if model is None:
                return None
            return ScorePlan(config.name, path, PERPLEXITY, 0, config.view, model)
        if path.suffix in RANGES_SUFFIXES:
            ranges = self._reference(config, path, where)
            if ranges is None:
                return None
            return ScorePlan(config.name, path, RANGES, 0, config.view, ranges)
        if config.tokenizer is not None:
            message = "a fastText model has no tokenizer; language models end in .ngram, .arpa, .arpa.gz or .arpa.zst"
            self._problem((*where, "tokenizer"), message)
        try:
            classifier = _load_model(path, stamp(path))
        except (ModelError, OSError) as error:
            self._problem((*where, "model"), f"{config.model}: {_reason(error)}")
            return None
        try:
            label = self._label(config.name, config.label, classifier, path, where)
        except ModelError as error:
            self._problem((*where, "model"), str(error))
            return None
        if label is None:
            return None
        index = classifier.labels.index(label)
        chunks = (config.chunks.words, _min_words(path)) if config.chunks else None
        return ScorePlan(config.name, path, label, index, config.view, classifier, chunks)

    def _reference(self, config: ScoreConfig, path: Path, where: KeyPath) -> Reference | None:
        """The ranges of a trusted corpus, which must have been learned with the plan's tokenizer."""
        self._refuse(config, ("label", "tokenizer", "chunks"), "a file of ranges", where)
        try:
            found = read_reference(path)
        except ConfigError as error:
            self.problems += [
                self.pipeline.problem((*where, "model"), p.render(config.model))
                for p in error.problems
            ]
            return None
        except OSError as error:
            self._problem((*where, "model"), _reason(error))
            return None
        if self._fingerprint not in (None, found.tokenizer_fingerprint):
            message = (
                f"{config.model} was learned with the tokenizer {found.tokenizer}; set "
                f"annotate.tokens.tokenizer to that, found {self.config.annotate.tokens.tokenizer}"
            )
            self._problem((*where, "model"), message)
        self._families.add((RANGES, config.view))
        self._whole.add((RANGES, config.view))  # the score is made of all its columns
        return found

    def _refuse(self, config: ScoreConfig, keys: Iterable[str], what: str, where: KeyPath) -> None:
        for key in keys:
            if getattr(config, key) is not None:
                self._problem((*where, key), f"{what} has no {key}")

    def _language_model(
        self, config: ScoreConfig, path: Path, where: KeyPath
    ) -> LanguageModel | None:
        self._refuse(config, ("chunks",), "a language model", where)
        if config.label is not None:
            message = "a language model has no labels: its score is the perplexity"
            self._problem((*where, "label"), message)
        is_ngram = path.suffix == NGRAM_SUFFIX
        if is_ngram and config.tokenizer is not None:
            message = "an .ngram model holds its own tokenizer"
            self._problem((*where, "tokenizer"), message)
        tokenizer = self.pipeline.folder / config.tokenizer if config.tokenizer else None
        try:
            if is_ngram:
                return _core.NgramModel.load(path)
            return _core.PerplexityModel(path, tokenizer)
        except (ModelError, BadFileError, OSError) as error:
            self._problem((*where, "model"), f"{config.model}: {_reason(error)}")
        return None

    def _model_path(self, name: str, where: KeyPath) -> Path | None:
        if not name.startswith("builtin/"):
            return self.pipeline.folder / name
        folder = Path(__file__).parent / "models"
        builtin = sorted(p.stem for p in folder.iterdir() if p.suffix in (".bin", ".ftz"))
        wanted = name.removeprefix("builtin/")
        if wanted not in builtin:
            shown = [f"builtin/{b}" for b in builtin]
            self._problem(
                where,
                f"no model {name!r}{nearest(name, shown) or '; there are: ' + ', '.join(shown)}",
            )
            return None
        return next(
            p for p in folder.iterdir() if p.stem == wanted and p.suffix in (".bin", ".ftz")
        )

    def _label(
        self, name: str, given: str | None, model: Any, path: Path, where: KeyPath
    ) -> str | None:
        labels = {label.removeprefix("__label__"): label for label in model.labels}
        if given is not None:
            found = labels.get(given.removeprefix("__label__"))
            if found is None:
                hint = nearest(given, labels) or f"; its labels: {', '.join(labels)}"
                self._problem((*where, "label"), f"{given!r} is no label of the model{hint}")
            return found
        found = _positive_label(name, labels, path)
        if found is None:
            message = f"which label is the score? Set label: to one of {', '.join(labels)}"
            self._problem(where, message)
        return found

    def _want_family(self, i: int, name: str) -> None:
        found = signals.family(name)
        if found is None:
            allowed = [f.replace(".", "/") for f in signals.families()]
            hint = nearest(name.partition("@")[0], allowed) or f"; there are: {', '.join(allowed)}"
            self._problem(("annotate", "signals", i), f"no such family of signals {name!r}{hint}")
            return
        if found.view != signals.TEXT and not signals.has_views(found.name):
            self._problem(("annotate", "signals", i), signals.no_views(found.name))
            return
        self._families.add((found.name, found.view))
        self._whole.add((found.name, found.view))
        self._want_view(found.view, ("annotate", "signals", i))

    def _lists(self) -> tuple[_core.BadWords | None, _core.UrlFilter | None]:
        """The lists that the pipeline names; those that a family lacks are a problem."""
        config = self.config.annotate
        for family in signals.families().values():
            if family.lists is None:
                continue
            is_wanted = any(name == family.name for name, _ in self._families)
            if getattr(config, family.lists) is None and is_wanted:
                where = ("annotate", family.lists)
                self._problem(where, f"{family.name} needs lists: {_LISTS_ARE_NAMED[family.lists]}")
            elif getattr(config, family.lists) is not None and not is_wanted:
                self._families.add((family.name, signals.TEXT))
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
            self._problem(("annotate",), _reason(error))
        return None

    def _steps(self, scores: list[str]) -> list[StepPlan]:
        columns = [*signals.BASE_COLUMNS, *signals.columns(), *scores, *(self._frame_columns or ())]
        reader = RuleReader(self.pipeline, columns, self.views)
        steps = []
        for i, config in enumerate(self.config.decide):
            where: KeyPath = ("decide", i, config.kind)
            rules: list[Rule] = []
            view = signals.TEXT
            if config.rules is not None:
                rules = reader.read(config.rules, where)
                self._want((r.column for r in rules), where)
                # Another bound of a published profile shall not mean to read the text again.
                self._want_whole(r.column for r in rules if r.profile is not None)
            elif config.select is not None:
                check_selection(
                    config.select,
                    where,
                    check_column=partial(self._check_column, columns=columns),
                    want_label=partial(self._want_label, numbers=columns),
                )
            elif config.licences is not None or config.sources is not None:
                rules = self._gate(config, columns, where)
            else:
                keep = (config.exact_duplicates or config.near_duplicates).keep  # type: ignore[union-attr]
                if isinstance(keep, dict):
                    self._check_column(
                        keep["highest"], (*where, "keep", "highest"), columns=columns
                    )
                elif keep == "datatrove":
                    self._check_original((*where, "keep"))
            if config.exact_duplicates is not None:
                view = config.exact_duplicates.view or self.config.output.view
                self._want_view(view, (*where, "view"))
            steps.append(StepPlan(_step_name(i, config), config, tuple(rules), view))
        self.problems += reader.problems
        return steps

    def _check_original(self, where: KeyPath) -> None:
        profile = (self.config.annotate.minhash or MinHashConfig()).profile
        if profile not in ORIGINAL_MINHASH:
            allowed = " or ".join(ORIGINAL_MINHASH)
            self._problem(
                where,
                f"datatrove chooses by its own signatures: set annotate.minhash.profile to {allowed},"
                f" found {profile}",
            )

    def _gate(self, config: Step, columns: list[str], where: KeyPath) -> list[Rule]:
        """The rules of a gate over the licences or the sources."""
        if config.licences is not None:
            self._want_label(config.licences.column, (*where, "column"), numbers=columns)
            return gate_rules(config.licences, config.licences.column)
        self._want_label(_SOURCE, where, numbers=columns)
        return gate_rules(config.sources, _SOURCE) if config.sources is not None else []

    def _want_label(self, name: str, where: KeyPath, *, numbers: list[str]) -> None:
        """Note a column of names that a step reads: the source, or one of the input's own."""
        if name in (self._frame_columns or ()):
            return
        if name == _SOURCE:
            if all(config.source is None for config in self.config.input):
                self._problem(where, "no input says what its source is: set input[].source")
        elif self._frame_columns:
            hint = nearest(name, self._frame_columns)
            self._problem(where, f"no such column of the frame {name!r}{hint}")
        elif name in numbers:
            self._problem(
                where, f"{name} is a number, not a name; a quota cuts it with edges: [...]"
            )
        elif name in _PLACES:
            self._problem(where, f"{name!r} is a column of the annotations already")
        else:
            self._labels.setdefault(name, where)

    def _check_column(self, name: str, where: KeyPath, *, columns: list[str]) -> None:
        base, view = signals.split_view(name)
        if base not in columns:
            hint = nearest(name, columns)
            self._problem(
                where, f"no such score or signal {name!r}{hint} (refinery explain lists all)"
            )
        elif view != signals.TEXT and not signals.has_views(base):
            self._problem(where, signals.no_views(base))
        else:
            self._want([signals.on_view(base, view)], where)

    def _want(self, columns: Iterable[str], where: KeyPath) -> None:
        """Note what `columns` need: a family on a view, or the lengths of a view."""
        for name in columns:
            if name in (self._frame_columns or ()):
                continue
            base, view = signals.split_view(name)
            self._want_view(view, where, is_sized=base in signals.BASE_COLUMNS)
            signal = signals.column(base)
            if signal is not None:
                self._families.add((signal.family, view))
                self._asked.add(signals.on_view(signal.column, view))

    def _want_whole(self, columns: Iterable[str]) -> None:
        """Note that the families of `columns` are wanted with all their signals."""
        found = (signals.column(name) for name in columns)
        self._whole |= {(signal.family, signal.view) for signal in found if signal is not None}

    def _output_columns(self, scores: list[str]) -> list[str]:
        known = [*signals.BASE_COLUMNS, *signals.columns(), *scores]
        chosen: list[str] = []
        for i, name in enumerate(self.config.output.columns):
            found = signals.family(name)
            if found is not None:
                chosen += [s.column for s in found.signals]
            elif signals.split_view(name)[0] in known:
                self._check_column(name, ("output", "columns", i), columns=known)
                chosen.append(signals.canonical(name))
            else:
                hint = nearest(name, [*known, *signals.families()])
                self._problem(("output", "columns", i), f"no such annotation column {name!r}{hint}")
        self._want(chosen, ("output", "columns"))
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


_Lists = TypeVar("_Lists")

_LISTS_ARE_NAMED = {
    "bad_words": "name a file or folder with annotate.bad_words: {path: PATH, language: en} (in a query: rf.bad_words)",
    "url_filter": "name a folder with annotate.url_filter: {lists: FOLDER}, and the column with input[].url (in a query: rf.url_filter)",
}


def _step_name(i: int, config: Step) -> str:
    if isinstance(config.rules, str):
        return f"{i + 1}. {config.rules}"
    if isinstance(config.rules, dict):
        return f"{i + 1}. rules: {', '.join(config.rules)}"
    if isinstance(config.rules, list):
        shown = [r if isinstance(r, str) else ", ".join(r) for r in config.rules]
        return f"{i + 1}. {' + '.join(shown)}"
    return f"{i + 1}. {config.kind}"


def _positive_label(name: str, labels: dict[str, str], path: Path) -> str | None:
    """The label that means quality: the sidecar's, the score's own name, or a known name."""
    sidecar = read_sidecar(path)
    if sidecar is not None:
        return sidecar.positive_label
    lower = {plain.lower(): label for plain, label in labels.items()}
    if name.lower() in lower:
        return lower[name.lower()]
    positive_labels = [label for plain, label in lower.items() if plain in POSITIVE_LABELS]
    if len(positive_labels) == 1:
        return positive_labels[0]
    negative_labels = [label for plain, label in lower.items() if plain in NEGATIVE_LABELS]
    if len(labels) == 2 and len(negative_labels) == 1:
        return next(label for label in lower.values() if label != negative_labels[0])
    return None


def _min_words(path: Path) -> int:
    """Words from which on a model's parts mean anything: its sidecar's, or `CHUNK_MIN_WORDS`."""
    sidecar = read_sidecar(path)
    return sidecar.min_words if sidecar is not None else CHUNK_MIN_WORDS


def _reason(error: Exception) -> str:
    if isinstance(error, ModelError):
        return error.message
    if isinstance(error, FileNotFoundError):
        return f"no such file: {error.filename}"
    return str(error)
