"""A YAML file against its model: any of refinery's files, all problems at once, each with its place.

Not here: what keys there are; each kind of file has its own module of models (`config` has the
pipeline's). One runnable example:

>>> class Settings(Section):
...     epochs: int = 5
>>> validated(parse("epoch: 3", "train.yaml"), Settings)
Traceback (most recent call last):
  ...
refinery.errors.ConfigError: train.yaml:1:1: epoch: no such key; did you mean epochs?
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from refinery.errors import ConfigError, Problem, nearest
from refinery.yaml_file import Document, Path, parse, parse_scalar, render_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

M = TypeVar("M", bound=BaseModel)

_SET = "--set"


class Section(BaseModel):
    """A mapping of a file: an unknown key is a problem, and nothing changes after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class CheckedFile(Generic[M]):
    """A checked file: its model, the document it came from, and the folder of its relative paths."""

    config: M
    document: Document
    folder: FilePath

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


def load_document(file: str | FilePath, overrides: Sequence[str] | None = None) -> Document:
    """A file's plain data, with `key.path=value` assignments applied.

    Raises
    ------
    ConfigError
        If it is no YAML file, or an assignment has no place.
    FileNotFoundError
        If there is no such file.
    """
    document = parse(_text_of(file), str(file))
    apply_overrides(document, overrides or [])
    return document


def validated(document: Document, model: type[M]) -> M:
    """The data as `model`.

    Raises
    ------
    ConfigError
        With every problem of the file, its lines and nearest valid names.
    """
    if not isinstance(document.data, dict):
        message = f"expected a mapping of keys, found {type(document.data).__name__}"
        raise ConfigError(document.file, [document.problem((), message)])
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems = [_problem(document, model, dict(e)) for e in error.errors(include_url=False)]
        raise ConfigError(document.file, _without_repeats(problems)) from None


def apply_overrides(document: Document, overrides: Iterable[str]) -> None:
    """Applies `key.path=value` assignments, in order; values are read as YAML.

    Raises
    ------
    ConfigError
        If an assignment is none, or its place does not exist.
    """
    for override in overrides:
        _apply_override(document, override)


def _text_of(file: str | FilePath) -> str:
    try:
        return FilePath(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start})"
        raise ConfigError(str(file), [Problem(0, 0, "", message)]) from None
    except IsADirectoryError:
        message = "is a folder, not a YAML file"
        raise ConfigError(str(file), [Problem(0, 0, "", message)]) from None


def _apply_override(document: Document, override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator or not key.strip():
        message = f"{override!r}: expected key.path=value"
        raise ConfigError(_SET, [Problem(0, 0, "", message)])
    names = key.strip().replace("]", "").replace("[", ".").split(".")
    parts: list[str | int] = [int(name) if name.isdigit() else name for name in names]
    target = document.data
    for i, part in enumerate(parts[:-1]):
        target = _descend(target, part, key, tuple(parts[: i + 1]))
    last = parts[-1]
    if isinstance(target, list) and isinstance(last, int) and last < len(target):
        target[last] = parse_scalar(value)
    elif isinstance(target, dict):
        target[str(last)] = parse_scalar(value)
    else:
        message = f"{key}: no place of that name"
        raise ConfigError(_SET, [Problem(0, 0, "", message)])


def _descend(target: Any, part: str | int, key: str, path: Path) -> Any:
    if isinstance(target, dict):
        # A section that the file leaves out exists with its defaults.
        if target.get(str(part)) is None:
            target[str(part)] = {}
        return target[str(part)]
    if isinstance(target, list) and isinstance(part, int) and part < len(target):
        return target[part]
    message = f"{key}: {render_path(path)} does not exist"
    raise ConfigError(_SET, [Problem(0, 0, "", message)])


def _problem(document: Document, model: type[BaseModel], error: dict[str, Any]) -> Problem:
    kind = error["type"]
    path = _document_path(document, error["loc"], is_missing=kind == "missing")
    if kind == "extra_forbidden":
        allowed = _allowed_keys(model, path[:-1])
        hint = nearest(str(path[-1]), allowed)
        return document.problem(path, f"no such key{hint or '; allowed: ' + ', '.join(allowed)}")
    if kind == "missing":
        return document.problem(path[:-1], f"{render_path(path)} is required")
    message = str(error["msg"]).removeprefix("Value error, ")
    if kind.startswith(("literal_error", "int_", "float_", "string_", "bool_", "greater", "less")):
        message = f"{message}, found {_shown(error.get('input'))}"
        expected = error.get("ctx", {}).get("expected", "")
        if kind == "literal_error" and isinstance(error.get("input"), str):
            message += nearest(error["input"], re.findall(r"'([^']*)'", expected))
    return document.problem(path, message)


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


def _allowed_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that `model` allows at `path`, in order; none where it is no model's place."""
    models = [model]
    for part in path:
        if isinstance(part, str):
            fields = [f for m in models for name, f in _keys(m) if name == part]
            if fields:  # else a name of the user's own, in a mapping of these models
                models = [m for f in fields for m in _models_in(f.annotation)]
    return list(dict.fromkeys(name for m in models for name, _ in _keys(m)))


def _keys(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _without_repeats(problems: list[Problem]) -> list[Problem]:
    """One problem per key: a failed union reports every member's complaint."""
    seen: dict[str, Problem] = {}
    for problem in problems:
        seen.setdefault(problem.path, problem)
    return list(seen.values())
