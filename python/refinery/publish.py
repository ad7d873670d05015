"""One complete result in an output folder: how it is begun, found again, and put in its place.

Every command that fills an output tree does it by these steps. Nothing is ever done because a
marker says so: a result is found again by the hash of its plan and of each of its files.
"""

from __future__ import annotations

import contextlib
import errno
import platform
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from refinery import _core
from refinery import manifest as manifests
from refinery.atomic import move, sync
from refinery.errors import ConfigError, EnvironmentFault, PlanMismatchError, Problem
from refinery.hashes import digest
from refinery.tree import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from refinery.engine import Progress
    from refinery.tree import OutputTree

T = TypeVar("T")

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Result:
    """A complete result: where it stands, its manifest, and whether anything had to be done.

    `seconds` is how long each phase took.
    """

    out: Path
    manifest: dict[str, Any]
    is_unchanged: bool
    seconds: dict[str, float]


class Phases:
    """How long the phases of one command took."""

    def __init__(self) -> None:
        self._started = time.time()
        self.seconds: dict[str, float] = {}

    def timed(self, phase: str, work: Callable[[], T]) -> T:
        """What `work` returns; its time counts as that of `phase`, however it ends."""
        begun = time.monotonic()
        try:
            return work()
        finally:
            self.seconds[phase] = time.monotonic() - begun

    def result(self, tree: OutputTree, manifest: dict[str, Any], *, is_unchanged: bool) -> Result:
        """The result that stands in the tree now."""
        return Result(tree.root, manifest, is_unchanged, self.seconds)

    def log(self, tree: OutputTree, threads: int) -> None:
        """Write `run.json`: all that differs between equal results."""
        log = {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "seconds": {phase: round(s, 3) for phase, s in self.seconds.items()},
            "threads": threads,
            "host": platform.node(),
            "python": platform.python_version(),
            "refinery": _core.__version__,
        }
        tree.write_json(tree.run_log, manifests.sealed(log))


@contextmanager
def held(tree: OutputTree) -> Iterator[None]:
    """The folder for one result: made, locked, without what a killed process left.

    Raises
    ------
    EnvironmentFault
        If another process holds it; for a full disk, and for a file that went away meanwhile.
    """
    with _faults_named(tree.root):
        tree.create()
        with tree.lock():
            tree.remove_leftovers()
            yield


@contextmanager
def _faults_named(root: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        # The plan saw it, so the user named it well: it went away since.
        message = f"{error.filename}: vanished during the run"
        raise EnvironmentFault(message) from error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        free = shutil.disk_usage(_existing(root)).free
        message = (
            f"{root}: no space left ({free:,} bytes free); make room and run the same command again"
        )
        raise EnvironmentFault(message) from error


def _existing(path: Path) -> Path:
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())


def refuse_foreign(tree: OutputTree) -> None:
    """An output folder holds one result and nothing else, so that nobody's files are overwritten."""
    if tree.root.is_symlink() or (tree.root.exists() and not tree.root.is_dir()):
        message = "is not a folder; the output needs a folder of its own"
        raise ConfigError(str(tree.root), [Problem(0, 0, "", message)])
    if not tree.root.exists():
        return
    has_state = tree.state.is_dir()
    known = {STATE, manifests.REPORT}
    foreign = [
        path.name
        for path in sorted(tree.root.iterdir())
        if not (path.name in known and has_state)
        and not (has_state and manifests.OURS.fullmatch(path.name))
    ]
    if foreign:
        shown = ", ".join(foreign[:5]) + (
            f" and {len(foreign) - 5} more" if len(foreign) > 5 else ""
        )
        message = f"holds files that no run of refinery made ({shown}); the output needs a folder of its own"
        raise ConfigError(str(tree.root), [Problem(0, 0, "", message)])


def earlier_result(
    tree: OutputTree, plan: dict[str, Any], *, replace_other: bool
) -> dict[str, Any] | None:
    """The manifest of this plan's result where it was complete once; None where there is none.

    Raises
    ------
    PlanMismatchError
        If the folder holds another plan's and `replace_other` is not set.
    """
    before = manifests.read_manifest(tree)
    if before is None or before["plan_hash"] == digest(plan):
        return before
    if not replace_other:
        raise PlanMismatchError(str(tree.root), differences(before["plan"], plan))
    return None


def is_whole(tree: OutputTree, manifest: dict[str, Any], progress: Progress) -> bool:
    """Whether a result that was complete still is; what is damaged is removed, to be made again."""
    damage = manifests.find_damage(tree, manifest)
    if not damage:
        tree.clear_staging()
        return True
    for name, finding in damage.items():
        progress.note(f"{name} {finding}; it is made again")
        with contextlib.suppress(FileNotFoundError):
            (tree.root / name).unlink()
    return False


def place_shards(tree: OutputTree, staged: Iterable[Path]) -> None:
    """Shards to their final places, unless they stand there: the old manifest goes first."""
    tree.manifest.unlink(missing_ok=True)
    sync(tree.state)
    shards = list(staged)
    wanted = {shard.name for shard in shards}
    for path in tree.root.iterdir():
        if manifests.OURS.fullmatch(path.name) and path.name not in wanted:
            path.unlink()
    for shard in shards:
        if shard.exists():
            move(shard, tree.root / shard.name)


def place_manifest(tree: OutputTree, manifest: dict[str, Any]) -> None:
    """The new manifest, which comes last: from here on the result is complete."""
    tree.write_json(tree.manifest, manifest)
    tree.clear_staging()


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """What differs between two plans, a line each."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in [*before, *(k for k in after if k not in before)]:
            where = f"{path}.{key}" if path else str(key)
            found += differences(before.get(key), after.get(key), where)
        return found
    if path == "inputs":
        return _input_differences(before, after)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            d
            for i, (b, a) in enumerate(zip(before, after, strict=True))
            for d in differences(b, a, f"{path}[{i}]")
        ]
    if before == after:
        return []
    return [f"{path}: {_short(before)} became {_short(after)}"]


def _input_differences(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """By file name, since one file more would move all the others' places."""
    old, new = ({entry["file"]: entry for entry in entries} for entries in (before, after))
    found = [f"inputs: {name} was removed" for name in old if name not in new]
    found += [f"inputs: {name} was added" for name in new if name not in old]
    for name in (name for name in old if name in new):
        found += differences(old[name], new[name], f"inputs: {name}")
    return found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
