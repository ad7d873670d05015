r"""A YAML file against its model: any of refinery's files, all problems at once, each with its place.

Not here: what keys there are; each kind of file has its own module of models (`config` has the
pipeline's). One runnable example:

>>> class Settings(Section):
...     epochs: int = 5
>>> class SettingsFile(CheckedFile[Settings]):
...     model = Settings
>>> SettingsFile.parse("epochs: 7").config.epochs
7
>>> SettingsFile.parse("epoch: 3", file="train.yaml")
Traceback (most recent call last):
  ...
refinery.errors.ConfigError: train.yaml:1:1: epoch: no such key; did you mean epochs?
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from refinery.errors import ConfigError, Problem, nearest
from refinery.model_keys import allowed_keys
from refinery.overrides import apply_overrides
from refinery.yaml_file import Document, Path, parse, render_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Section(BaseModel):
    """A mapping of a file: an unknown key is a problem, and nothing changes after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _OrSingle:
    """Tells the JSON schema of a list that an entry may stand for a list of one."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        return {"anyOf": [schema["items"], schema]}


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


OneOrMany = Annotated[list[T], BeforeValidator(_as_list), _OrSingle()]
"""A list of sections, of which a single one may be written without its list."""


@dataclass(frozen=True)
class CheckedFile(Generic[M]):
    """A checked file: its model, the document it came from, and the folder of its relative paths."""

    model: ClassVar[type[BaseModel]]
    title: ClassVar[str] = "file"
    """What such a file is called."""

    config: M
    document: Document
    folder: FilePath

    @classmethod
    def load(cls, file: str | FilePath, overrides: Sequence[str] | None = None) -> Self:
        """Read and check a file.

        Parameters
        ----------
        file
            Path of a YAML file (UTF-8).
        overrides
            `key.path=value` assignments, applied before the check; values are read as YAML.

        Raises
        ------
        ConfigError
            With every problem of the file, its lines and nearest valid names.
        FileNotFoundError
            If there is no such file.
        """
        return cls.check(load_document(file), FilePath(file).resolve().parent, overrides)

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        file: str | None = None,
        folder: FilePath | None = None,
        overrides: Sequence[str] | None = None,
    ) -> Self:
        """Check a file given as YAML text; relative paths are relative to `folder`.

        Raises
        ------
        ConfigError
            As `load`; `file` is what it calls the text.
        """
        return cls.check(parse(text, file or cls.title), folder or FilePath.cwd(), overrides)

    @classmethod
    def check(
        cls, document: Document, folder: FilePath, overrides: Sequence[str] | None = None
    ) -> Self:
        """Check plain data against the model, and what no section can see alone."""
        found = cls(validated(document, cls.model, overrides), document, folder)  # type: ignore[arg-type]
        problems = list(found.contradictions())
        if problems:
            raise found.error(problems)
        return found

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON schema of the file, for editors."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **cls.model.model_json_schema(by_alias=True),
            "title": f"refinery {cls.title}",
        }

    def contradictions(self) -> Iterable[Problem]:
        """What no section can see alone."""
        return ()

    def error(self, problems: list[Problem]) -> ConfigError:
        """A ConfigError about the file."""
        return ConfigError(self.document.file, problems)

    def error_at(self, path: Path, message: str) -> ConfigError:
        """One problem as an error."""
        return self.error([self.problem(path, message)])

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path` of the file, with its line."""
        if len(path) > 1 and path[1] == 0 and isinstance(self.document.data.get(path[0]), dict):
            path = (path[0], *path[2:])  # a single entry is written without its list
        return self.document.problem(path, message)


def load_document(file: str | FilePath) -> Document:
    """A file's plain data.

    Raises
    ------
    ConfigError
        If it is no YAML file.
    FileNotFoundError
        If there is no such file.
    """
    return parse(_text_of(file), str(file))


def validated(document: Document, model: type[M], overrides: Sequence[str] | None = None) -> M:
    """The data as `model`, with `key.path=value` assignments applied.

    Raises
    ------
    ConfigError
        With every problem of the file, its lines and nearest valid names; or if an assignment has
        no place.
    """
    if not isinstance(document.data, dict):
        message = f"expected a mapping of keys, found {type(document.data).__name__}"
        raise ConfigError(document.file, [document.problem((), message)])
    apply_overrides(document, overrides or (), model)
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems = [_problem(document, model, dict(e)) for e in error.errors(include_url=False)]
        raise ConfigError(document.file, _without_repeats(problems)) from None


def _text_of(file: str | FilePath) -> str:
    try:
        return FilePath(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start})"
        raise ConfigError(str(file), [Problem(0, 0, "", message)]) from None
    except IsADirectoryError:
        message = "is a folder, not a YAML file"
        raise ConfigError(str(file), [Problem(0, 0, "", message)]) from None


def _problem(document: Document, model: type[BaseModel], error: dict[str, Any]) -> Problem:
    kind = error["type"]
    path = _document_path(document, error["loc"], is_missing=kind == "missing")
    if kind == "extra_forbidden":
        allowed = allowed_keys(model, path[:-1])
        hint = nearest(str(path[-1]), allowed)
        return document.problem(path, f"no such key{hint or '; allowed: ' + ', '.join(allowed)}")
    if kind == "missing":
        return document.problem(path[:-1], f"{render_path(path)} is required")
    if kind in ("list_type", "dict_type", "model_type"):
        return document.problem(path, _expected(model, path, kind, error.get("input")))
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must", 1)
    if kind.startswith(("literal_error", "int_", "float_", "string_", "bool_", "greater", "less")):
        message = f"{message}, found {_shown(error.get('input'))}"
        expected = error.get("ctx", {}).get("expected", "")
        if kind == "literal_error" and isinstance(error.get("input"), str):
            message += nearest(error["input"], re.findall(r"'([^']*)'", expected))
    return document.problem(path, message)


def _expected(model: type[BaseModel], path: Path, kind: str, found: Any) -> str:
    """What stands where a list or a mapping should; a mapping is told with its keys."""
    what = "a list" if kind == "list_type" else "a mapping"
    keys = allowed_keys(model, path)
    named = f" with keys such as {', '.join(keys[:4])}" if keys else ""
    return f"expected {what}{' of mappings' * (bool(keys) and kind == 'list_type')}{named}, found {_shown(found)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _document_path(document: Document, loc: tuple[str | int, ...], *, is_missing: bool) -> Path:
    """The part of pydantic's location that is in the file (it adds names of union members)."""
    path: list[str | int] = []
    value: Any = document.data
    for i, part in enumerate(loc):
        if isinstance(part, int) and isinstance(value, dict):
            continue  # a single item is written without its list
        is_item = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if is_item or (isinstance(value, dict) and part in value):
            value = value[part]
        elif i + 1 < len(loc) or not is_missing:
            continue
        path.append(part)
    return tuple(path)


def _without_repeats(problems: list[Problem]) -> list[Problem]:
    """One problem per key: a failed union reports every member's complaint."""
    seen: dict[str, Problem] = {}
    for problem in problems:
        seen.setdefault(problem.path, problem)
    return list(seen.values())
