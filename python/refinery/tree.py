"""The output tree: where everything stands, and how files appear in it.

A file appears by `write, fsync, rename, fsync of the folder`, so whoever sees it sees all of it,
after a power cut too. Files in the making live in `_refinery/staging/`; a run that was killed
leaves them there for the next run to remove or use.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = "_refinery"
_SERIAL = itertools.count()


class OutputTree:
    """Paths of one output folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / STATE
        self.annotations = self.state / "annotations"
        self.decisions = self.state / "decisions"
        self.quarantine = self.state / "quarantine"
        self.staging = self.state / "staging"
        self.unused = self.state / "unused"
        self.manifest = self.state / "manifest.json"
        self.run_log = self.state / "run.json"

    def create(self) -> None:
        """Make the folders; a symbolic link in their place is refused, not followed."""
        for folder in (
            self.root,
            self.state,
            self.annotations,
            self.decisions,
            self.quarantine,
            self.staging,
            self.unused,
        ):
            if folder.is_symlink() and folder is not self.root:
                message = f"{folder}: is a symbolic link; the output tree does not follow links"
                raise EnvironmentFault(message)
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the tree for one run; the system lets go when the process ends, however it ends."""
        path = self.state / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "unknown process"
                message = f"{self.root}: another run is at work on this output ({holder})"
                raise EnvironmentFault(message) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"pid {os.getpid()}".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def remove_leftovers(self) -> None:
        """Remove half-written files of runs that were killed; call only while holding the lock."""
        for leftover in self.staging.glob("tmp-*"):
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()

    @contextmanager
    def writing(self, target: Path) -> Iterator[Path]:
        """A path to write to, which becomes `target` when the block ends well."""
        temporary = self.staging / f"tmp-{os.getpid()}-{next(_SERIAL)}{target.suffix}"
        try:
            yield temporary
            sync(temporary)
            temporary.replace(target)
            sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def write_json(self, target: Path, value: Any) -> None:
        """Write canonical, readable JSON atomically."""
        with self.writing(target) as path:
            path.write_text(
                json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Rename, durably, within one file system."""
    source.replace(target)
    sync(target.parent)
    if source.parent != target.parent:
        sync(source.parent)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> Any | None:
    """The JSON value in `path`; None where there is no file, or no whole JSON value in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
