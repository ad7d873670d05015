"""The output tree: where everything stands. How a file appears whole: `atomic`.

Files in the making live in `_refinery/staging/`; a run that was killed leaves them there for the
next run to remove or use.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.atomic import making_in, place
from refinery.errors import EnvironmentFault
from refinery.hashes import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = "_refinery"


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
        self.ablation = self.state / "ablation.json"
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

    @contextmanager
    def making(self, suffix: str) -> Iterator[Path]:
        """A path to write to, of which nothing remains unless it is moved."""
        with making_in(self.staging, suffix) as temporary:
            yield temporary

    @contextmanager
    def writing(self, target: Path) -> Iterator[Path]:
        """A path to write to, which becomes `target` when the block ends well."""
        with self.making(target.suffix) as temporary:
            yield temporary
            place(temporary, target)

    def write_json(self, target: Path, value: Any) -> None:
        """Write canonical, readable JSON atomically."""
        with self.writing(target) as path:
            path.write_text(
                json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )


def keep_sealed(temporary: Path, folder: Path, key: str) -> Path:
    """Move a finished file to `folder/<key>.<SHA-256 of its bytes><suffix>`.

    Such a file tells by itself whether it is whole, before any manifest speaks of it.
    """
    target = folder / f"{key}.{sha256_of(temporary)}{temporary.suffix}"
    place(temporary, target)
    return target


def sealed_key(path: Path) -> str:
    """The key in the name of a file that `keep_sealed` placed."""
    return path.stem.rpartition(".")[0]


def seal(path: Path) -> str:
    """The SHA-256 in the name of a file that `keep_sealed` placed."""
    return path.stem.rpartition(".")[2]


def is_whole(path: Path) -> bool:
    """Whether a file that `keep_sealed` placed still has the bytes that its name says."""
    return path.is_file() and not path.is_symlink() and seal(path) == sha256_of(path)


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
