r"""The mixture file's model: sources, their shares and epochs, caps, and what is written.

>>> mixture = parse_mixture(
...     "sources: [{name: web, path: web/, epochs: 1}]\noutput: {path: mixed/}"
... )
>>> mixture.config.output.format
'parquet'
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from refinery.config import InputConfig, ResourcesConfig, Size, TokensConfig
from refinery.config_file import CheckedFile, Section
from refinery.errors import ParameterError, Problem
from refinery.scaling.units import parse_amount, parse_share


def _share(value: Any) -> Any:
    return _told(parse_share, "share", value)


def _amount(value: Any) -> Any:
    return _told(parse_amount, "tokens", value)


def _told(parser: Any, name: str, value: Any) -> Any:
    """The parser's value; its complaint as pydantic takes complaints."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return parser(name, value)
    except ParameterError as error:
        raise ValueError(error.message) from None


Share = Annotated[float, BeforeValidator(_share), Field(gt=0.0, le=1.0)]
Tokens = Annotated[float, BeforeValidator(_amount), Field(gt=0.0)]
Value = str | int | float | bool


class SourceConfig(Section):
    """One source: its files, and how much of the mixture it makes."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", description="As it is reported.")
    path: str | list[str] = Field(
        description="The output folder of a finished run, or Parquet and Arrow files: a file, a folder, a glob, or a list of them."
    )
    text: str = Field("text", description="Name of the text column.")
    id: str | None = Field(
        None, description="Name of the id column; without it ids are <source_file>#<row>."
    )
    share: Share | None = Field(
        None, description="Share of the mixture's tokens, such as 0.3 or 30%."
    )
    epochs: float | None = Field(
        None, gt=0.0, le=1000.0, description="How often each document is read, such as 2.5."
    )
    where: dict[str, Value | list[Value]] = Field(
        default_factory=dict,
        description="Only documents whose columns have these values, such as {domain: law}.",
    )
    copies: str | None = Field(
        "copies",
        description="A column that says how often a document stands in one epoch, used where a file has it; null ignores it.",
    )

    def as_input(self) -> InputConfig:
        """The source as an input of a pipeline."""
        return InputConfig(path=self.path, text=self.text, id=self.id)


class CapConfig(Section):
    """The most that documents with a value may make of the mixture."""

    column: str = Field(description="Such as synthetic; a file without it has no such document.")
    value: Value = Field(default=True, description="The value that is capped.")
    max_share: Share = Field(description="Of the mixture's tokens.")


class MixtureOutputConfig(Section):
    """Where and how the mixture is written."""

    path: str
    format: Literal["parquet", "megatron", "numpy"] = Field(
        "parquet",
        description="parquet: documents; megatron: token ids as .bin and .idx; numpy: token ids as one flat .bin.",
    )
    shard_bytes: Size = Field(512 * 10**6, description="UTF-8 bytes of text per shard; MB is 10^6.")
    end_of_document: str | None = Field(
        None, description="The token behind each document, such as <|endoftext|>; of token formats."
    )
    columns: list[str] = Field(
        default_factory=list, description="Columns of the sources to carry, of parquet."
    )


class MixtureConfig(Section):
    """A whole mixture file."""

    version: Literal[1] = 1
    sources: list[SourceConfig] = Field(min_length=1)
    tokens: Tokens | None = Field(
        None, description="Tokens of the mixture, such as 10B; goes with shares."
    )
    caps: list[CapConfig] = Field(default_factory=list, max_length=8)
    tokenizer: str = Field(
        TokensConfig().tokenizer,
        description="An embedded tokenizer's name or a path to a tokenizer.json.",
    )
    output: MixtureOutputConfig
    resources: ResourcesConfig = Field(default_factory=ResourcesConfig)
    seed: int = Field(0, ge=0, lt=2**63)


@dataclass(frozen=True)
class Mixture(CheckedFile[MixtureConfig]):
    """A checked mixture file and where it came from."""

    model = MixtureConfig
    title = "mixture"

    @property
    def threads(self) -> int:
        """Threads to use."""
        threads = self.config.resources.threads
        return len(os.sched_getaffinity(0)) if threads == "all" else threads

    def contradictions(self) -> list[Problem]:
        """What no section can see alone."""
        return [*_source_problems(self), *_total_problems(self), *_output_problems(self)]


def _source_problems(mixture: Mixture) -> list[Problem]:
    found = []
    first: dict[str, int] = {}
    for i, source in enumerate(mixture.config.sources):
        if source.share is None and source.epochs is None:
            found.append(
                mixture.problem(("sources", i), f"{source.name}: give share, epochs or both")
            )
        if source.name in first:
            message = f"{source.name!r} names sources[{first[source.name]}] already"
            found.append(mixture.problem(("sources", i, "name"), message))
        first.setdefault(source.name, i)
    return found


def _total_problems(mixture: Mixture) -> list[Problem]:
    """What fixes the total must fix it once."""
    config = mixture.config
    shares = [s.share for s in config.sources if s.share is not None]
    by_epochs = [s.name for s in config.sources if s.share is None and s.epochs is not None]
    anchors = [s.name for s in config.sources if s.share is not None and s.epochs is not None]
    total = sum(shares)
    found = []
    if shares and not by_epochs and abs(total - 1) > 1e-6:
        message = f"the shares add up to {total:g}; without a source that has epochs only, they must add up to 1"
        found.append(mixture.problem(("sources",), message))
    if shares and by_epochs and total >= 1:
        message = f"the shares add up to {total:g}, which leaves nothing for {', '.join(by_epochs)}"
        found.append(mixture.problem(("sources",), message))
    fixed = [
        *([f"epochs without a share ({', '.join(by_epochs)})"] if by_epochs else []),
        *(f"share and epochs of {name}" for name in anchors),
        *(["tokens"] if config.tokens is not None else []),
    ]
    if len(fixed) > 1:
        message = f"the number of tokens is given more than once: by {' and by '.join(fixed)}"
        found.append(mixture.problem(("tokens",) if config.tokens else ("sources",), message))
    return found


def _output_problems(mixture: Mixture) -> list[Problem]:
    output = mixture.config.output
    if output.format == "parquet":
        if output.end_of_document is None:
            return []
        message = "is a token; format: parquet holds text (megatron and numpy hold tokens)"
        return [mixture.problem(("output", "end_of_document"), message)]
    found = []
    if output.end_of_document is None:
        message = (
            f"format: {output.format} needs the token behind each document: output.end_of_document, "
            "such as <|endoftext|>"
        )
        found.append(mixture.problem(("output",), message))
    if output.columns:
        message = f"format: {output.format} holds tokens, no columns"
        found.append(mixture.problem(("output", "columns"), message))
    return found


load_mixture = Mixture.load
parse_mixture = Mixture.parse
json_schema = Mixture.json_schema
