"""A quick start of the process: no collection of garbage that is none, no library that nobody uses.

Not here: what a command imports for itself, inside the command.
"""

from __future__ import annotations

import atexit
import gc
import importlib.metadata
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_COLLECT_AFTER = 100_000
"""Containers made since the last collection; Python's own 700 means 0.1 s of collecting while modules
are imported, none of which can go."""


def collect_less() -> None:
    """Let the collector of cyclic garbage run for what a run makes, not for what imports leave.

    Nor at the end: there Python would look once more through all that ends with the process, 0.15 s.
    """
    gc.set_threshold(_COLLECT_AFTER, 50, 50)
    atexit.register(gc.freeze)


def load_no_plugins() -> None:
    """Let pydantic look for no plugins, which reads the metadata of every installed package.

    Our models are of files, and no plugin is for those.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


def keep_freed_memory() -> None:
    """Let Arrow's allocator keep what is freed for the next batch, where it is mimalloc.

    By itself it gives pages back ten milliseconds after they were freed, and the next batch comes
    later than that: each touched all of its memory anew, 4 to 8 % of a run's processor time, for a
    peak that is 3 to 8 % lower. It reads this when pyarrow is loaded; a user's own setting stays.
    """
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "-1")


def import_pyarrow() -> None:
    """Import pyarrow without NumPy and pandas, which it loads where they are installed.

    They are optional to it, a run uses nothing of them, and they cost 0.3 CPU-seconds and 60 MB. For
    a process that is a run and nothing else: it has none of pyarrow's conversions to the two. Nothing
    happens where pyarrow is there already, or is a version that needs NumPy.
    """
    needed = importlib.metadata.requires("pyarrow") or []
    if "pyarrow" in sys.modules or any(name.startswith("numpy") for name in needed):
        return
    with hidden({"numpy", "pandas"} - sys.modules.keys()):
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet  # each looks for NumPy by itself

        pyarrow.scalar("")  # with the first value it looks for pandas


@contextmanager
def hidden(names: Collection[str]) -> Iterator[None]:
    """As if these packages were not installed."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Absent:
    """A finder of modules that says of some packages that they are not there."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, _path: Any = None, _target: Any = None) -> None:
        if fullname.partition(".")[0] in self._names:
            message = f"No module named {fullname!r}"
            raise ModuleNotFoundError(message, name=fullname)
