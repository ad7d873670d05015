"""Which keys a model of a file has at a place of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from refinery.yaml_file import Path


def allowed_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that `model` allows at `path`, in order; none where it is no model's place."""
    return list(dict.fromkeys(name for m in _models_at(model, path) for name, _ in _keys(m)))


def takes_list(model: type[BaseModel], path: Path) -> bool:
    """Whether the value at `path` may be a list."""
    if not path or not isinstance(path[-1], str):
        return False
    fields = [f for m in _models_at(model, path[:-1]) for n, f in _keys(m) if n == path[-1]]
    return any(_is_list(field.annotation) for field in fields)


def _models_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    models = [model]
    for part in path:
        if isinstance(part, str):
            fields = [f for m in models for name, f in _keys(m) if name == part]
            if fields:  # else a name of the user's own, in a mapping of these models
                models = [m for f in fields for m in _models_in(f.annotation)]
    return models


def _keys(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (dict, tuple):
        return False
    return origin is list or any(_is_list(argument) for argument in get_args(annotation))
