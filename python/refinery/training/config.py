r"""The training file's model: where examples come from, how they are cut, split, trained and judged.

Not here: whether a file or column exists (`documents`), and what a value does. The shortest useful
file names a pool, positives and a model to write:

>>> text = "input: {path: raw/*.parquet}\npositives: [{path: books/}]\noutput: book.bin"
>>> recipe = parse_recipe(text)
>>> recipe.config.fasttext.word_ngrams, recipe.config.chunks.words
(2, (100, 400))
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from refinery.config import InputConfig, SourceValue
from refinery.config_file import CheckedFile, OneOrMany, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.errors import Problem


class Condition(Section):
    """What a column's value must be; all that is given must hold, and null meets nothing."""

    any_of: list[str | float] | None = Field(None, description="One of these values.")
    matches: str | None = Field(None, description="A regular expression found in it.")
    excludes: str | None = Field(None, description="A regular expression not found in it.")
    min: float | None = Field(None, description="At least this number.")
    max: float | None = Field(None, description="At most this number.")


def _as_condition(value: Any) -> Any:
    if isinstance(value, str | int | float):
        return {"any_of": [value]}
    return {"any_of": value} if isinstance(value, list) else value


Where = dict[str, Annotated[Condition, BeforeValidator(_as_condition)]]

Cleaning = Literal["none", "prose", "lines_of_prose", "latex_prose", "mail_body", "mail_prose"]
MadeUp = Literal["log", "terms", "menu", "listing", "changelog", "chat"]


# What is made here, and so as much of it as is asked for.
_MADE = ("grammar", "made_up", "damaged")


class PartConfig(Section):
    """A part of one class's examples. Without path, labels, grammar, made_up or damaged: of the pool."""

    path: str | list[str] | None = Field(
        None, description="Files, as in a pipeline; .txt and .md files are one document each."
    )
    text: str = Field("text", description="Name of the text column of these files.")
    id: str | None = Field(None, description="Name of their id column.")
    source: str | SourceValue | None = Field(None, description="Their source, as in a pipeline.")
    labels: str | None = Field(
        None, description="A labelled set (Parquet or JSONL: id or text, label); see min and max."
    )
    label: str = Field("label", description="Name of the column of its labels.")
    min: float | None = Field(None, description="Labelled at least this, on average.")
    max: float | None = Field(None, description="Labelled at most this, on average.")
    grammar: str | None = Field(
        None, description="A YAML file of rules that sentences are made by; see chunks and rule."
    )
    rule: str | None = Field(None, description="The rule of the grammar that a sentence is.")
    made_up: MadeUp | None = Field(None, description="Text made by a small grammar, of this kind.")
    damaged: bool = Field(
        default=False, description="Damaged copies of positive chunks: shuffled, repeated."
    )
    where: Where = Field(
        default_factory=dict,
        description="Columns and what they must be: a value, a list, or {matches:, excludes:, min:, max:}.",
    )
    holds: Condition | None = Field(
        None, description="What a chunk must be, once cut: {matches:, excludes:}."
    )
    whole: bool = Field(
        default=False, description="Each document is one chunk: its beginning, if it is longer."
    )
    work: str | None = Field(
        None, description="Column that says what a work is, for this part, instead of split.by."
    )
    weight: int = Field(1, ge=1, le=100, description="How often training sees each chunk.")
    chunks: int | None = Field(None, ge=1, description="Most chunks; needed for text made here.")
    per_document: int | None = Field(None, ge=1, description="Most chunks of one document.")
    per_source: int | None = Field(
        None, ge=1, description="Most chunks of one source, or file where there is no source."
    )
    clean: Cleaning = Field("none", description="What is removed before cutting.")

    @model_validator(mode="after")
    def _has_one_origin(self) -> PartConfig:
        given = self._given()
        if len(given) > 1:
            msg = f"{' and '.join(given)} exclude each other"
            raise ValueError(msg)
        if given and given[0] in _MADE and self.chunks is None:
            msg = f"{given[0]} needs chunks: how many to make"
            raise ValueError(msg)
        if (given == ["grammar"]) != (self.rule is not None):
            msg = "grammar and rule belong together"
            raise ValueError(msg)
        if (given == ["labels"]) != (self.min is not None or self.max is not None):
            msg = "labels and its bounds (min, max) belong together"
            raise ValueError(msg)
        return self

    @property
    def kind(self) -> str:
        """`path`, `labels`, `grammar`, `made_up`, `damaged`, or `pool`."""
        return next(iter(self._given()), "pool")

    def _given(self) -> list[str]:
        names = ("path", "labels", "grammar", "made_up")
        given = [name for name in names if getattr(self, name) is not None]
        return [*given, "damaged"] if self.damaged else given

    def as_input(self) -> InputConfig:
        """Its files, as a pipeline names them."""
        return InputConfig(
            path=self.path or [], text=self.text, id=self.id, source=self.source, format="auto"
        )


class RunConfig(Section):
    """A finished run over the pool: what it says of a document can be asked for."""

    path: str = Field(description="The run's output folder.")
    keep: Literal["alive", "kept", "all"] = Field(
        "alive",
        description="alive: what passed rules and duplicates, selected or not; kept: what was written.",
    )


def as_run(value: Any) -> Any:
    """A run may be written as its folder alone."""
    return {"path": value} if isinstance(value, str) else value


class ChunksConfig(Section):
    """How documents become examples: pieces whose lengths both classes share."""

    words: tuple[Annotated[int, Field(ge=5)], Annotated[int, Field(le=10_000)]] = Field(
        (100, 400), description="Shortest and longest chunk; lengths are drawn log-uniformly."
    )
    per_class: int = Field(20_000, ge=50, description="Most chunks of a class.")
    per_document: int = Field(10, ge=1, description="Most chunks of one document.")
    match: bool | Literal["format"] = Field(
        default=True,
        description="Equal numbers of both classes in each of eight ranges of length; `format`: in each "
        "of ten ranges of how much lengths and marks alone, as the leak check sees them, look positive.",
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> ChunksConfig:
        if self.words[0] > self.words[1]:
            msg = f"words: the shortest ({self.words[0]}) is longer than the longest ({self.words[1]})"
            raise ValueError(msg)
        return self


Share = Annotated[float, Field(ge=0.0, le=1.0)]


class AlterConfig(Section):
    """Format taken from a share of the chunks of both classes, so that it says less."""

    lower_case: Share = 0.0
    upper_case: Share = 0.0
    no_punctuation: Share = 0.0
    no_digits: Share = 0.0
    no_marks: Annotated[
        Share, Field(description="Words without a letter or a digit, such as `--` and `|`.")
    ] = 0.0
    addresses: Literal["keep", "remove"] = Field(
        "remove", description="E-mail and web addresses, which give sources away."
    )


class SplitConfig(Section):
    """Which works are held out. A work is never on both sides."""

    by: str | None = Field(
        None,
        description="What a work is: document, source, or a column; source where the inputs name one.",
    )
    held_out: float = Field(0.1, gt=0.0, lt=0.9, description="Share of each class's chunks.")


class FastTextConfig(Section):
    """The library's settings; the defaults are those of published quality classifiers."""

    dim: int = Field(100, ge=1, le=1000, description="16 loses little and is faster.")
    word_ngrams: int = Field(2, ge=1, le=5)
    lr: float = Field(0.1, gt=0.0)
    epoch: int | None = Field(
        None, ge=1, description="Default 5; 3 from 100,000 examples, 25 below 10,000."
    )
    min_count: int | None = Field(None, ge=1, description="Default 1; 3 from 50,000 examples.")
    bucket: int = Field(2_000_000, ge=1)
    minn: int = Field(0, ge=0)
    maxn: int = Field(0, ge=0)
    loss: Literal["softmax", "hs", "ova", "ns"] = "softmax"


class QuantiseConfig(Section):
    """How to make the model small; the output is then called *.ftz."""

    cutoff: int = Field(0, ge=0, description="Words and n-grams kept; 0 keeps all.")
    retrain: bool = False
    qnorm: bool = False
    dsub: int = Field(2, ge=1)


class LeakConfig(Section):
    """The check that length and punctuation alone do not tell the classes apart."""

    max_auc: float = Field(0.65, ge=0.5, le=1.0)
    on_leak: Literal["warn", "fail"] = "warn"


class CalibrateConfig(Section):
    """Labelled documents of the pool, for reading a score as a probability."""

    labels: str = Field(description="A labelled set (Parquet or JSONL).")
    label: str = Field("label", description="Name of the column of its labels.")
    min: float = Field(description="The least label that counts as positive.")
    method: Literal["auto", "isotonic", "platt"] = Field(
        "auto", description="auto: isotonic from 1,000 labels, Platt below."
    )


class SelfConfig(Section):
    """How `refinery train --self` uses unlabelled text of the pool."""

    unlabelled: int = Field(20_000, ge=100, description="Chunks of the pool per round.")
    rounds: int = Field(1, ge=1, le=10)
    models: int = Field(5, ge=2, le=25, description="Bagged models that vote.")
    bag: float = Field(0.8, gt=0.0, lt=1.0, description="Share of the examples each one sees.")
    confident: float = Field(0.8, gt=0.5, lt=1.0, description="From here a vote is confident.")
    neighbours: int = Field(10, ge=1, le=200)
    trust: float = Field(
        0.6, ge=0.0, le=1.0, description="Least share of neighbours with the same label."
    )
    drift: float = Field(
        0.2, gt=0.0, description="Most relative change of the positive share in a round."
    )


Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class ClassesConfig(Section):
    """What the model file calls the classes; the score is the probability of the first."""

    positive: Label = "hq"
    negative: Label = "lq"


class TrainingConfig(Section):
    """A whole training file."""

    version: Literal[1] = 1
    name: str = Field("quality", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Of the score.")
    output: str = Field(description="The model to write: *.bin, or *.ftz with quantise.")
    input: OneOrMany[InputConfig] = Field(
        default_factory=list, description="The pool, as in a pipeline file."
    )
    run: Annotated[RunConfig, BeforeValidator(as_run)] | None = None
    positives: OneOrMany[PartConfig] = Field(min_length=1)
    negatives: OneOrMany[PartConfig] = Field(default_factory=lambda: [PartConfig()], min_length=1)
    classes: ClassesConfig = Field(default_factory=ClassesConfig)
    chunks: ChunksConfig = Field(default_factory=ChunksConfig)
    alter: AlterConfig = Field(default_factory=AlterConfig)
    split: SplitConfig = Field(default_factory=SplitConfig)
    fasttext: FastTextConfig = Field(default_factory=FastTextConfig)
    quantise: QuantiseConfig | None = None
    drop_negatives: float = Field(
        0.0,
        ge=0.0,
        lt=0.5,
        description="Share of the negatives, the best-scored, left out of a second training.",
    )
    leak: LeakConfig = Field(default_factory=LeakConfig)
    calibrate: CalibrateConfig | None = None
    min_words: int = Field(30, ge=0, description="Below, a document's score is noise.")
    self_: SelfConfig = Field(default_factory=SelfConfig, alias="self")
    seed: int = Field(17, ge=0, lt=2**63)


@dataclass(frozen=True)
class Recipe(CheckedFile[TrainingConfig]):
    """A checked training file and the document it came from."""

    model = TrainingConfig
    title = "training"

    @property
    def output(self) -> FilePath:
        """The model to write."""
        return self.folder / self.config.output

    @property
    def hash(self) -> str:
        """Names what determines the examples and the model: all but where it is written.

        Without defaults, so that a key that this file does not use changes nothing when it is new.
        """
        settings = self.config.model_dump(
            mode="json", by_alias=True, exclude={"output"}, exclude_defaults=True
        )
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def contradictions(self) -> Iterator[Problem]:
        """What no section can see alone."""
        config = self.config
        suffix = ".ftz" if config.quantise is not None else ".bin"
        if FilePath(config.output).suffix != suffix:
            kind = "quantised" if config.quantise is not None else "dense"
            yield self.problem(("output",), f"{config.output}: a {kind} model is called *{suffix}")
        if not config.input:
            for side in ("positives", "negatives"):
                for i, part in enumerate(getattr(config, side)):
                    if part.kind == "pool":
                        message = "is of the pool, which input: would name"
                        yield self.problem((side, i), message)
            if config.run is not None:
                yield self.problem(("run",), "is a run over the pool, which input: would name")
        for i, part in enumerate(config.positives):
            if part.kind in ("made_up", "damaged"):
                yield self.problem(("positives", i), f"{part.kind} text is for negatives only")


load_recipe = Recipe.load
parse_recipe = Recipe.parse
json_schema = Recipe.json_schema
