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
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from refinery.config import InputConfig
from refinery.config_file import CheckedFile, OneOrMany, Section
from refinery.training.config import RunConfig, as_run

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    input: OneOrMany[InputConfig] = Field(min_length=1)
    run: Annotated[RunConfig, BeforeValidator(as_run)] | None = None
    output: str = Field(description="The folder for the sample, the answers and the labelled set.")
    sample: SampleConfig = Field(default_factory=SampleConfig)
    rubric: str = Field(
        "educational", description="A rubric's name, or a path to one (YAML: name, scale, prompt)."
    )
    labellers: OneOrMany[LabellerConfig] = Field(min_length=1)
    seed: int = Field(17, ge=0, lt=2**63)


@dataclass(frozen=True)
class LabellingRecipe(CheckedFile[LabellingConfig]):
    """A checked labelling file and the document it came from."""

    model = LabellingConfig
    title = "labelling"

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

    def contradictions(self) -> Iterator[Problem]:
        """What no section can see alone."""
        config = self.config
        names = [labeller.name for labeller in config.labellers]
        for i, name in enumerate(names):
            if name in names[:i]:
                yield self.problem(("labellers", i, "name"), f"two labellers are called {name}")
        if config.sample.score is not None and config.run is None:
            message = f"{config.sample.score} is an annotation of a run: name it with run:"
            yield self.problem(("sample", "score"), message)


load_labelling = LabellingRecipe.load
parse_labelling = LabellingRecipe.parse
json_schema = LabellingRecipe.json_schema
