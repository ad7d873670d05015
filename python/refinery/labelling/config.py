r"""The labelling file's model: what is sampled, by which rubric it is judged, and by whom.

>>> text = '''
... input: {path: raw/*.parquet, id: id, source: source}
... output: labels/
... labellers: [{name: anna, file: anna.csv}]
... '''
>>> parse_labelling(text).config.sample.documents
1000
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from refinery.config import InputConfig
from refinery.config_file import CheckedFile, Section, apply_overrides, load_document, validated
from refinery.errors import ConfigError
from refinery.training.config import RunConfig, as_run
from refinery.yaml_file import Document, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.errors import Problem


class SampleConfig(Section):
    """Which documents are labelled."""

    documents: int = Field(1000, ge=1, description="How many.")
    score: str | None = Field(
        None, description="A provisional score: an annotation of the run. Fifths of it are strata."
    )
    allocation: Literal["equal", "proportional"] = Field(
        "equal", description="The same number of every stratum, or of every share of documents."
    )
    min_words: int = Field(30, ge=0, description="Shorter documents are not sampled.")
    excerpt_chars: int = Field(
        4000, ge=100, description="Most characters that a labeller is shown, from the beginning."
    )


class PriceConfig(Section):
    """What an endpoint costs, in any currency."""

    input_per_million: float = Field(ge=0.0, description="A million tokens of prompts.")
    output_per_million: float = Field(ge=0.0, description="A million tokens of answers.")


class LabellerConfig(Section):
    """One labeller: a file that a person fills in, or an endpoint."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    file: str | None = Field(
        None, description="*.csv or *.jsonl; written with empty labels where it does not exist."
    )
    endpoint: str | None = Field(
        None,
        description="Base address of an OpenAI-compatible API, such as http://localhost:8000/v1.",
    )
    model: str | None = Field(None, description="The endpoint's name of the model.")
    api_key_env: str | None = Field(
        None,
        description="The environment variable that holds the key; the key stands nowhere else.",
    )
    requests_per_minute: float = Field(60.0, gt=0.0)
    concurrency: int = Field(4, ge=1, le=256, description="Requests under way at once.")
    timeout_seconds: float = Field(60.0, gt=0.0)
    retries: int = Field(
        5, ge=0, le=20, description="Of a request that fails with 429, 5xx or no answer."
    )
    reasks: int = Field(2, ge=0, le=10, description="Where an answer holds no score.")
    max_tokens: int = Field(300, ge=1, description="Of an answer.")
    price: PriceConfig | None = None
    budget: float | None = Field(
        None, gt=0.0, description="Asks no more than this costs, all runs together; needs price."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> LabellerConfig:
        if (self.file is None) == (self.endpoint is None):
            msg = "a labeller has either a file or an endpoint"
            raise ValueError(msg)
        if self.endpoint is not None and self.model is None:
            msg = "an endpoint needs a model"
            raise ValueError(msg)
        if self.endpoint is not None and urlsplit(self.endpoint).scheme not in ("http", "https"):
            msg = f"{self.endpoint!r} is no http or https address"
            raise ValueError(msg)
        if self.file is not None and not self.file.endswith((".csv", ".jsonl")):
            msg = f"{self.file!r}: a file to fill in is called *.csv or *.jsonl"
            raise ValueError(msg)
        if self.budget is not None and self.price is None:
            msg = "a budget needs price: input_per_million and output_per_million"
            raise ValueError(msg)
        return self


class LabellingConfig(Section):
    """A whole labelling file."""

    version: Literal[1] = 1
    input: list[InputConfig] = Field(min_length=1)
    run: Annotated[RunConfig, BeforeValidator(as_run)] | None = None
    output: str = Field(description="The folder for the sample, the answers and the labelled set.")
    sample: SampleConfig = Field(default_factory=SampleConfig)
    rubric: str = Field(
        "educational", description="A rubric's name, or a path to one (YAML: name, scale, prompt)."
    )
    labellers: list[LabellerConfig] = Field(min_length=1)
    seed: int = Field(17, ge=0, lt=2**63)

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        single = {k: [value[k]] for k in ("input", "labellers") if isinstance(value.get(k), dict)}
        return value | single


@dataclass(frozen=True)
class LabellingRecipe(CheckedFile[LabellingConfig]):
    """A checked labelling file and the document it came from."""

    @property
    def output(self) -> FilePath:
        """The folder of everything that is written."""
        return self.folder / self.config.output

    @property
    def sample_hash(self) -> str:
        """Names what determines the sample: not who labels it, nor by which rubric."""
        parts = self.config.model_dump(
            mode="json", by_alias=True, include={"input", "run", "sample", "seed"}
        )
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def load_labelling(file: str | FilePath, overrides: Sequence[str] | None = None) -> LabellingRecipe:
    """Read and check a labelling file; `overrides` are `key.path=value` assignments.

    Raises
    ------
    ConfigError
        With every problem of the file, its lines and nearest valid names.
    FileNotFoundError
        If there is no such file.
    """
    return _check(load_document(file, overrides), FilePath(file).resolve().parent)


def parse_labelling(
    text: str, *, folder: FilePath | None = None, overrides: Sequence[str] = ()
) -> LabellingRecipe:
    """Check a labelling file given as YAML text; relative paths are relative to `folder`."""
    document = parse(text, "label.yaml")
    apply_overrides(document, overrides)
    return _check(document, folder or FilePath.cwd())


def _check(document: Document, folder: FilePath) -> LabellingRecipe:
    recipe = LabellingRecipe(validated(document, LabellingConfig), document, folder)
    problems = list(_contradictions(recipe))
    if problems:
        raise ConfigError(document.file, problems)
    return recipe


def _contradictions(recipe: LabellingRecipe) -> Iterator[Problem]:
    config = recipe.config
    names = [labeller.name for labeller in config.labellers]
    for i, name in enumerate(names):
        if name in names[:i]:
            yield recipe.problem(("labellers", i, "name"), f"two labellers are called {name}")
    if config.sample.score is not None and config.run is None:
        message = f"{config.sample.score} is an annotation of a run: name it with run:"
        yield recipe.problem(("sample", "score"), message)


def json_schema() -> dict[str, Any]:
    """JSON schema of the labelling file, for editors."""
    schema = LabellingConfig.model_json_schema(by_alias=True)
    for key in ("input", "labellers"):
        items = schema["properties"][key]
        schema["properties"][key] = {"anyOf": [items["items"], items], "title": key.capitalize()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "refinery labelling",
    } | schema
