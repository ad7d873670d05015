r"""The pipeline file's model: what keys there are, of what type, with what defaults.

Not here: whether a signal, file or model of that name exists (`plan`), and anything that a phase
does with a value. One runnable example:

>>> pipeline = parse_pipeline("input: [{path: raw/*.parquet}]\noutput: {path: refined/}")
>>> pipeline.config.annotate.tokens.tokenizer
'cl100k_base'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from refinery.config_file import CheckedFile, OneOrMany
from refinery.config_file import Section as _Model
from refinery.gate_config import LicencesConfig, SourcesConfig
from refinery.select_config import SelectConfig

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def parse_size(value: Any) -> Any:
    """Bytes of `512MB` (10^6), `1GiB` (2^30) or a plain number of bytes.

    >>> parse_size("512MB"), parse_size("1.5 GiB"), parse_size(7)
    (512000000, 1610612736, 7)
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]*)\s*", value)
    if match is None or match[2].lower() not in _UNITS:
        msg = f"{value!r} is not a size; write a number of bytes or one such as 512MB or 2GiB"
        raise ValueError(msg)
    return int(float(match[1]) * _UNITS[match[2].lower()])


Size = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]


def _check_keep(value: Any) -> Any:
    if value in ("first", "longest") or (isinstance(value, dict) and list(value) == ["highest"]):
        return value
    msg = f"expected first, longest or {{highest: SCORE}}, found {value!r}"
    raise ValueError(msg)


# One message for all spellings, where a failed union would give one for each member.
Keep = Annotated[
    Literal["first", "longest"] | dict[Literal["highest"], str], BeforeValidator(_check_keep)
]


ORIGINAL_MINHASH = ("datatrove", "datatrove_sha1")
"""MinHash profiles with datatrove's numbers, for which its own choice of survivors is known."""


def _check_near_keep(value: Any) -> Any:
    if value == "datatrove":
        return value
    try:
        return _check_keep(value)
    except ValueError as error:
        raise ValueError(str(error).replace(" or ", ", datatrove or ")) from None


NearKeep = Annotated[
    Literal["first", "longest", "datatrove"] | dict[Literal["highest"], str],
    BeforeValidator(_check_near_keep),
]


class SourceValue(_Model):
    """One source name for a whole input."""

    value: str


class InputConfig(_Model):
    """Files of one shape."""

    path: str | list[str] = Field(
        description="A file, a folder, a glob, or a list of them; relative to this file."
    )
    format: Literal["auto", "parquet", "jsonl", "arrow", "csv"] = Field(
        "auto", description="auto goes by the file's name."
    )
    text: str = Field("text", description="Name of the text column.")
    id: str | None = Field(
        None, description="Name of the id column; without it ids are <source_file>#<row>."
    )
    source: str | SourceValue | None = Field(
        None, description="Name of the source column, or {value: name}."
    )
    url: str | None = Field(
        None, description="Name of the URL column, for annotate.url_filter; null is no URL."
    )
    on_bad_file: Literal["fail", "quarantine"] = Field(
        "fail", description="What a damaged file does to the run."
    )
    max_row_bytes: Size = Field(
        64 * 2**20, description="A longer record is quarantined as too_large."
    )


class TokensConfig(_Model):
    """How tokens are counted."""

    tokenizer: str = Field(
        "cl100k_base", description="An embedded tokenizer's name or a path to a tokenizer.json."
    )


def _dotted(value: Any) -> Any:
    return value.replace("/", ".") if isinstance(value, str) else value


# Profiles are written with slashes, columns with dots; a view's name ends columns.
ViewName = Annotated[
    str, BeforeValidator(_dotted), Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$")
]


class ChunksConfig(_Model):
    """How a score also reads the parts of a document."""

    words: int = Field(512, ge=1, le=10**9, description="Most words of a part.")


class ScoreConfig(_Model):
    """A model's number as a column: the probability of one label, or a perplexity."""

    name: str = Field(description="Name of the column.", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    model: str = Field(
        description="builtin/NAME, or a path to a fastText model (.bin, .ftz) or an n-gram language model (.ngram of refinery train-lm, .arpa, .arpa.gz, .arpa.zst)."
    )
    tokenizer: str | None = Field(
        None,
        description="Of an ARPA model: a SentencePiece .model or a tokenizer.json; without one, words stand between spaces.",
    )
    label: str | None = Field(None, description="The label whose probability is the score.")
    view: ViewName = Field("text", description="Which view of the documents the model reads.")
    chunks: ChunksConfig | None = Field(
        None,
        description="Adds NAME_mean, NAME_p10, NAME_max and NAME_n_chunks: scores of equal parts.",
    )


class MinHashConfig(_Model):
    """MinHash signatures of word n-grams."""

    ngram: int = Field(5, ge=1, le=100, description="Words per shingle.")
    bands: int = Field(14, ge=1, le=1000)
    rows_per_band: int = Field(8, ge=1, le=1000)
    profile: Literal["refinery", "datatrove", "datatrove_sha1"] = Field(
        "refinery",
        description="Whose words, hashes and numbers: our own, which are fast, or datatrove's.",
    )
    view: ViewName | None = Field(
        None, description="Which view of the documents is compared; default the one written."
    )


class BadWordsConfig(_Model):
    """A list of bad words, for datatrove/c4_badwords."""

    path: str = Field(
        description="A file of one entry a line, or a folder with a file for each language."
    )
    language: str = Field(
        "en", description="Name of the file in the folder; ja, th and zh are searched inside words."
    )


class UrlFilterConfig(_Model):
    """Block lists for URLs, for datatrove/url."""

    lists: str = Field(
        description="A folder with domains, urls, banned_words.txt, soft_banned_words.txt and banned_subwords.txt."
    )


class AnnotateConfig(_Model):
    """What is computed for every document, beside what the steps need."""

    views: dict[ViewName, list[str]] = Field(
        default_factory=dict,
        description="Views of the documents: names, and the edits or views that make each, in order.",
    )
    signals: list[str] = Field(
        default_factory=list, description="Families of signals, such as kl3m or kl3m@VIEW."
    )
    tokens: TokensConfig = Field(default_factory=TokensConfig)
    scores: list[ScoreConfig] = Field(default_factory=list)
    minhash: MinHashConfig | None = Field(None, description="Made by itself when a step needs it.")
    bad_words: BadWordsConfig | None = Field(None, description="The list of datatrove/c4_badwords.")
    url_filter: UrlFilterConfig | None = Field(None, description="The lists of datatrove/url.")


class Bounds(_Model):
    """What a signal's value must satisfy for a document to be kept."""

    min: float | None = Field(None, allow_inf_nan=False, description="Keeps values >= min.")
    max: float | None = Field(None, allow_inf_nan=False, description="Keeps values <= max.")
    above: float | None = Field(None, allow_inf_nan=False, description="Keeps values > above.")
    below: float | None = Field(None, allow_inf_nan=False, description="Keeps values < below.")
    undefined: Literal["drop", "keep"] | None = Field(
        None, description="What null does; drop unless the profile says keep."
    )

    @model_validator(mode="after")
    def _has_a_bound(self) -> Bounds:
        if self.min is None and self.max is None and self.above is None and self.below is None:
            msg = "no bound given; allowed: min, max, above, below"
            raise ValueError(msg)
        return self


RuleMapping = dict[str, Any]


class ExactDuplicatesConfig(_Model):
    """Documents of identical text; the best one stays."""

    keep: Keep = "first"
    view: ViewName | None = Field(
        None, description="Which view of the documents is compared; default the one written."
    )


class NearDuplicatesConfig(_Model):
    """Documents of similar text, by MinHash; the best of a cluster stays."""

    keep: NearKeep = Field(
        "first", description="datatrove: whom it keeps, which depends on the order of the input."
    )
    threshold: float = Field(
        0.7, ge=0.0, le=1.0, description="Least estimated Jaccard similarity of a pair."
    )
    verify: bool = Field(
        default=True,
        description="Check candidate pairs by their signatures; never with keep: datatrove.",
    )

    @model_validator(mode="before")
    @classmethod
    def _datatrove_verifies_nothing(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("keep") == "datatrove":
            return {"verify": False} | value
        return value

    @model_validator(mode="after")
    def _is_possible(self) -> NearDuplicatesConfig:
        if self.keep == "datatrove" and self.verify:
            msg = "keep: datatrove takes every pair that shares a band, as the original does; leave verify out"
            raise ValueError(msg)
        return self


class Step(_Model):
    """One step of the decision: exactly one of its keys."""

    rules: str | list[str | RuleMapping] | RuleMapping | None = None
    exact_duplicates: ExactDuplicatesConfig | None = None
    near_duplicates: NearDuplicatesConfig | None = None
    select: SelectConfig | None = None
    licences: LicencesConfig | None = None
    sources: SourcesConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, value: Any) -> Any:
        if isinstance(value, str) and value in ("exact_duplicates", "near_duplicates"):
            return {value: {}}
        if isinstance(value, dict):
            if len(value) != 1:
                msg = f"a step has exactly one key, found {len(value)}: {', '.join(map(str, value)) or 'none'}"
                raise ValueError(msg)
            # `- exact_duplicates:` with nothing behind it means its defaults.
            return {k: {} if v is None and k != "rules" else v for k, v in value.items()}
        return value

    @property
    def is_rules(self) -> bool:
        """Whether it looks at one document at a time."""
        return self.kind in ("rules", "licences", "sources")

    @property
    def kind(self) -> str:
        """Which of the keys it is."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)


class OutputConfig(_Model):
    """Where and how the kept documents are written."""

    path: str
    shard_bytes: Size = Field(512 * 10**6, description="UTF-8 bytes of text per shard; MB is 10^6.")
    format: Literal["parquet", "jsonl.zst"] = "parquet"
    columns: list[str] = Field(
        default_factory=list,
        description="Annotation columns to add: signals, families, scores, counts.",
    )
    view: ViewName = Field("text", description="Which view of the documents is written.")


class ResourcesConfig(_Model):
    """What the run may use; never changes a result."""

    memory: Size | None = Field(None, description="Upper bound; default half of the machine's.")
    threads: Annotated[int, Field(ge=1, le=4096)] | Literal["all"] = "all"


class Config(_Model):
    """A whole pipeline file."""

    version: Literal[1] = 1
    input: OneOrMany[InputConfig] = Field(min_length=1)
    annotate: AnnotateConfig = Field(default_factory=AnnotateConfig)
    decide: list[Step] = Field(default_factory=list)
    output: OutputConfig
    resources: ResourcesConfig = Field(default_factory=ResourcesConfig)
    seed: int = Field(0, ge=0, lt=2**63)


@dataclass(frozen=True)
class Pipeline(CheckedFile[Config]):
    """A checked pipeline and the document it came from."""

    model = Config
    title = "pipeline"


load_pipeline = Pipeline.load
parse_pipeline = Pipeline.parse
check = Pipeline.check
json_schema = Pipeline.json_schema
