"""Makes `pl.col("text").refinery`, `df.refinery` and `lf.refinery` exist, and imports nothing for it.

Users write `import polars as pl, refinery as rf`, in either order. Where Polars is loaded, the
namespaces are registered at once; else when it is, by a hook on its import. Importing refinery
therefore never imports Polars, and what the namespaces need is imported when one is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

NAME = "refinery"
_HOMES = {
    "expr": ("refinery.expr.namespace", "ExprNamespace"),
    "dataframe": ("refinery.expr.frames", "DataFrameNamespace"),
    "lazyframe": ("refinery.expr.frames", "LazyFrameNamespace"),
}


class _Deferred:
    """Stands for a class that is imported when it is called or looked into."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self.__doc__ = f"`{module}.{name}`, imported at its first use."

    def _load(self) -> Any:
        return getattr(import_module(self._module), self._name)

    def __call__(self, value: Any) -> Any:
        return self._load()(value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._load(), name)

    def __dir__(self) -> list[str]:
        return dir(self._load())


def register() -> None:
    """Register the namespaces, now or when Polars is imported."""
    polars = sys.modules.get("polars")
    if polars is not None and hasattr(polars, "LazyFrame"):
        _register(polars)
    elif not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())


def _register(polars: ModuleType) -> None:
    if hasattr(polars.Expr, NAME):
        return  # this package was loaded before and is loaded again
    for kind, (module, name) in _HOMES.items():
        getattr(polars.api, f"register_{kind}_namespace")(NAME)(_Deferred(module, name))


class _AfterImport(MetaPathFinder):
    """Finds Polars as the others do, and registers when it has been loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != "polars":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                _register(module)

            # The loader stays the same object: resources and pickles ask for it.
            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
