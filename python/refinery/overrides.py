"""`--set key.path=value`: keys of a file given new values before it is checked.

>>> from refinery.config import Config
>>> from refinery.yaml_file import parse
>>> document = parse("input: {path: raw}", "pipeline.yaml")
>>> apply_overrides(document, ["input[0].id=name", "seed=3"], Config)
>>> document.data
{'input': {'path': 'raw', 'id': 'name'}, 'seed': 3}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.errors import ConfigError, Problem
from refinery.model_keys import takes_list
from refinery.yaml_file import parse_scalar, render_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from refinery.yaml_file import Document, Path

_SET = "--set"


def apply_overrides(document: Document, overrides: Iterable[str], model: type[BaseModel]) -> None:
    """Apply `key.path=value` assignments, in order; values are read as YAML.

    An entry that is written without its list is the first of a list of one.

    Raises
    ------
    ConfigError
        If an assignment is none, or its place does not exist.
    """
    for override in overrides:
        key, separator, value = override.partition("=")
        if not separator or not key.strip():
            message = f"{override!r}: expected key.path=value"
            raise _refused(message)
        _assign(document.data, _parts(key), parse_scalar(value), model)


def _parts(key: str) -> Path:
    names = key.strip().replace("]", "").replace("[", ".").split(".")
    return tuple(int(name) if name.isdigit() else name for name in names)


def _assign(data: Any, parts: Path, value: Any, model: type[BaseModel]) -> None:
    path = _as_written(data, parts, model)
    target = data
    for i, part in enumerate(path[:-1]):
        target = _descend(target, part, path[: i + 1], model)
    last = path[-1]
    if isinstance(target, list) and isinstance(last, int) and last < len(target):
        target[last] = value
    elif isinstance(target, dict) and not _is_entry(path, model):
        target[str(last)] = value
    else:
        raise _no_place(path)


def _as_written(data: Any, parts: Path, model: type[BaseModel]) -> Path:
    """`parts` without the `[0]` of entries that the file writes without their list."""
    path: Path = ()
    for part in parts:
        if part == 0 and isinstance(data, dict) and takes_list(model, path):
            continue
        path = (*path, part)
        data = _child(data, part)
    return path


def _child(target: Any, part: str | int) -> Any:
    if isinstance(target, dict):
        return target.get(str(part))
    is_there = isinstance(target, list) and isinstance(part, int) and part < len(target)
    return target[part] if is_there else None


def _descend(target: Any, part: str | int, path: Path, model: type[BaseModel]) -> Any:
    if isinstance(target, dict) and not _is_entry(path, model):
        # A section that the file leaves out exists with its defaults.
        if target.get(str(part)) is None:
            target[str(part)] = {}
        return target[str(part)]
    found = _child(target, part) if isinstance(target, list) else None
    if found is None:
        raise _no_place(path)
    return found


def _is_entry(path: Path, model: type[BaseModel]) -> bool:
    """Whether the last part counts the entries of a list."""
    return isinstance(path[-1], int) and takes_list(model, path[:-1])


def _no_place(path: Path) -> ConfigError:
    return _refused(f"{render_path(path)} does not exist")


def _refused(message: str) -> ConfigError:
    return ConfigError(_SET, [Problem(0, 0, "", message)])
