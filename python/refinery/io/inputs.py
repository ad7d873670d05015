"""Which files a pipeline reads: paths, globs and folders, resolved, ordered and named.

A file's name in all results is its path relative to the pipeline file, with forward slashes, so
that results do not depend on the machine or the working directory. Files go by that name's order.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.errors import about_file, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refinery.config import InputConfig, Pipeline
    from refinery.errors import Problem

FORMATS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
    ".tsv": "csv",
}
_COMPRESSED = (".gz", ".zst")
_HASH_BYTES = 2**18


@dataclass(frozen=True)
class InputFile:
    """One file to read."""

    path: Path
    source_file: str
    format: str
    size: int
    config: InputConfig
    labels: tuple[str, ...] = ()
    """Further columns of names that steps read, which annotations carry."""

    def sha256(self, between: Callable[[], None]) -> str:
        """SHA-256 of the file's bytes: what names the results that depend on it.

        `between` is called between parts of a large file, so that a stop need not wait for its end.
        """
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_HASH_BYTES))
        try:
            with self.path.open("rb", buffering=0) as file:
                while n_bytes := file.readinto(buffer):
                    digest.update(buffer[:n_bytes])
                    between()
        except OSError as error:
            raise about_file(error, self.path) from None
        return digest.hexdigest()


def hash_files(files: Sequence[InputFile], threads: int, between: Callable[[], None]) -> list[str]:
    """SHA-256 of each file, in order; `between` as in `InputFile.sha256`."""
    with ThreadPoolExecutor(threads) as executor:
        return list(executor.map(lambda file: file.sha256(between), files))


def format_of(name: str) -> str | None:
    """Format by file name, compression endings aside; None where it is not known."""
    stem = name.lower()
    for ending in _COMPRESSED:
        stem = stem.removesuffix(ending)
    return FORMATS.get(os.path.splitext(stem)[1])  # noqa: PTH122 - a name, not a path


def find(pipeline: Pipeline) -> tuple[list[InputFile], list[Problem]]:
    """Every input file in order, and what is wrong with the inputs as configured.

    Raises
    ------
    OSError
        If a matched file cannot be looked at.
    """
    return find_files(
        pipeline.config.input,
        pipeline.folder,
        lambda i, message: pipeline.problem(("input", i, "path"), message),
    )


def find_files(
    inputs: Sequence[InputConfig], folder: Path, problem: Callable[[int, str], Problem]
) -> tuple[list[InputFile], list[Problem]]:
    """Every file of `inputs` in order, and what is wrong with them; `problem` places a message.

    Raises
    ------
    OSError
        If a matched file cannot be looked at.
    """
    files: dict[str, InputFile] = {}
    problems = []
    for i, config in enumerate(inputs):
        for pattern in [config.path] if isinstance(config.path, str) else config.path:
            matches = sorted(matching_files(folder, pattern))
            if not matches:
                hint = _nearest_file(folder, pattern)
                message = f"{pattern!r} matches no file{hint} (looked from {folder})"
                problems.append(problem(i, message))
            for match in matches:
                source_file = Path(os.path.relpath(match, folder)).as_posix()
                known = format_of(match.name) if config.format == "auto" else config.format
                if known is None:
                    message = (
                        f"{source_file}: no format is known by that name; allowed endings: "
                        f"{', '.join(FORMATS)}, text formats also with .gz or .zst; or set format:"
                    )
                    problems.append(problem(i, message))
                    continue
                if source_file in files and files[source_file].config is not config:
                    message = f"{source_file} is matched by two inputs"
                    problems.append(problem(i, message))
                    continue
                size = _size(match)
                files[source_file] = InputFile(match, source_file, known, size, config)
    return [files[name] for name in sorted(files)], problems


def matching_files(folder: Path, pattern: str) -> list[Path]:
    """The files that a path, folder or glob names; of a folder those of a known format."""
    path = folder / pattern
    if path.is_dir():
        # Whatever is no folder: a pipe or a broken link is an error, not silence.
        return [
            p
            for p in path.rglob("*")
            if not p.is_dir() and _is_visible(p, path) and format_of(p.name)
        ]
    if path.exists():
        return [path]
    names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - may be absolute
    found = [folder / name for name in names]
    # A folder among the matches is no file, unless its name says that it holds data.
    return [match for match in found if not match.is_dir() or format_of(match.name)]


def _nearest_file(folder: Path, pattern: str) -> str:
    """The file or folder beside it that a name which is no glob may have meant."""
    path = folder / pattern
    if glob.has_magic(pattern) or path.exists() or not path.parent.is_dir():
        return ""
    # Alike in more than the ending, which most files of a folder share.
    alike = [p.name for p in path.parent.iterdir() if nearest(path.stem, [p.stem])]
    return nearest(path.name, sorted(alike))


def _is_visible(path: Path, root: Path) -> bool:
    """Hidden files and `_refinery` state are no data, as for every tool that reads folders."""
    return not any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _size(path: Path) -> int:
    info = path.stat()
    if stat.S_ISDIR(info.st_mode):
        raise OSError(21, "is a folder; give its files as a pattern of their own", str(path))
    if not stat.S_ISREG(info.st_mode):
        # A FIFO or a device would block for ever or never end.
        message = "is not a regular file"
        raise OSError(22, message, str(path))
    return info.st_size
