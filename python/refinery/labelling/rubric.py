"""What a text is judged by: a prompt, a scale, and a version that is a hash of both.

A rubric is data: a YAML file with `name`, `scale` (least and greatest label) and `prompt`, in which
`{text}` stands for the text. The version changes when a word of it changes, and with it the key of
every cached answer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from refinery.config_file import Section, load_document, validated
from refinery.errors import ParameterError, nearest
from refinery.yaml_file import parse

if TYPE_CHECKING:
    from pathlib import Path

_GAP = "{text}"
# The last line and nothing else: a number elsewhere may be a part of the reason.
_LAST_LINE = re.compile(r"\s*\**\s*Score:\s*\**\s*(-?\d+)\s*\**\s*\.?\s*", re.IGNORECASE)


class _RubricFile(Section):
    """A rubric as it is written."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    scale: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(le=100)]] = (0, 5)
    prompt: str

    @field_validator("prompt")
    @classmethod
    def _has_a_gap(cls, value: str) -> str:
        if value.count(_GAP) != 1:
            msg = f"holds {_GAP} {value.count(_GAP)} times; once is where the text goes"
            raise ValueError(msg)
        return value


@dataclass(frozen=True)
class Rubric:
    """A prompt and its scale, both inclusive."""

    name: str
    least: int
    greatest: int
    prompt: str

    @property
    def version(self) -> str:
        """`name@hash`: equal only where every word of the prompt and the scale are."""
        said = f"{self.least} {self.greatest} {self.prompt}"
        return f"{self.name}@{hashlib.sha256(said.encode()).hexdigest()[:12]}"

    def prompt_for(self, text: str) -> str:
        """The prompt about one text."""
        return self.prompt.replace(_GAP, text)

    def parse(self, answer: str) -> int | None:
        """The label in an answer's last line, `Score: N`; None where it has none on the scale."""
        lines = answer.strip().splitlines()
        match = _LAST_LINE.fullmatch(lines[-1]) if lines else None
        if match is None or not self.least <= int(match[1]) <= self.greatest:
            return None
        return int(match[1])

    def allowed(self) -> str:
        """The scale in words."""
        return f"whole numbers from {self.least} to {self.greatest}"


def load_rubric(name: str, folder: Path) -> Rubric:
    """A rubric of this package by name, or of a file by path relative to `folder`.

    Raises
    ------
    ConfigError
        If there is none of that name, or the file is no rubric.
    """
    if name.endswith((".yaml", ".yml")):
        document = load_document(folder / name)
    else:
        shipped = {
            f.name.removesuffix(".yaml"): f
            for f in files("refinery.labelling").joinpath("rubrics").iterdir()
            if f.name.endswith(".yaml")
        }
        if name not in shipped:
            hint = nearest(name, shipped)
            message = f"no rubric named {name!r}{hint}; there are {', '.join(sorted(shipped))}, or a path to a .yaml"
            raise ParameterError(name="rubric", message=message)
        document = parse(shipped[name].read_text(encoding="utf-8"), f"{name}.yaml")
    found = validated(document, _RubricFile)
    return Rubric(found.name, *found.scale, found.prompt)
