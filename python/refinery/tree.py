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
        self.lock_file = self.state / "lock"

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
        descriptor = os.open(
            self.lock_file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644
        )
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
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def remove_leftovers(self) -> None:
        """Remove half-written files of runs that were killed; call only while holding the lock."""
        for leftover in self.staging.glob("tmp-*"):
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()

    def clear_staging(self) -> None:
        """Remove what waits there; call only when a complete run needs none of it."""
        for path in self.staging.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def shelve(self, path: Path, name: str) -> None:
        """Put an intact file aside for a plan that needs it again; its hash goes into its name."""
        move(path, self.unused / f"{name}.{sha256_of(path)}{path.suffix}")

    def unshelve(self, name: str, target: Path) -> bool:
        """Bring back what was shelved as `name`, unless it was damaged meanwhile."""
        for path in self.unused.glob(f"{name}.*{target.suffix}"):
            if is_shelved_whole(path):
                move(path, target)
                return True
            path.unlink()
        return False

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


def is_shelved_whole(path: Path) -> bool:
    """Whether a shelved file has the hash that its name says."""
    return (
        path.is_file() and not path.is_symlink() and path.stem.rpartition(".")[2] == sha256_of(path)
    )


def read_json(path: Path) -> Any | None:
    """The JSON value in `path`; None where there is no file, or no whole JSON value in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def clean(root: Path) -> tuple[int, int]:
    """Remove what the finished run in `root` does not need; returns files and bytes removed.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    EnvironmentFault
        If a run is at work in it.
    """
    tree = OutputTree(root)
    if not tree.state.is_dir():
        raise FileNotFoundError(2, "no run of refinery", str(root))
    with tree.lock():
        unneeded = [path for path in tree.unused.glob("*") if path.is_file()]
        n_bytes = sum(path.stat().st_size for path in unneeded)
        for path in unneeded:
            path.unlink()
        tree.remove_leftovers()
    return len(unneeded), n_bytes
