"""Files that appear whole or not at all: write, fsync, rename, fsync of the folder.

So whoever sees a file sees all of it, after a power cut too.

>>> import tempfile
>>> target = Path(tempfile.mkdtemp()) / "a.txt"
>>> with writing_beside(target) as path:
...     _ = path.write_text("whole")
>>> [p.name for p in target.parent.iterdir()]
['a.txt']
"""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERIAL = itertools.count()


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Rename a file that was flushed, durably, within one file system."""
    source.replace(target)
    sync(target.parent)
    if source.parent != target.parent:
        sync(source.parent)


def place(source: Path, target: Path) -> None:
    """Flush a finished file and give it its place."""
    sync(source)
    source.replace(target)
    sync(target.parent)


@contextmanager
def making_in(folder: Path, suffix: str, *, prefix: str = "tmp-") -> Iterator[Path]:
    """A path in `folder` to write to, of which nothing remains unless it is moved."""
    temporary = folder / f"{prefix}{os.getpid()}-{next(_SERIAL)}{suffix}"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing_beside(target: Path) -> Iterator[Path]:
    """A hidden path beside `target` to write to, which becomes `target` when the block ends well."""
    with making_in(target.parent, target.suffix, prefix=f".{target.stem}-") as temporary:
        yield temporary
        place(temporary, target)
