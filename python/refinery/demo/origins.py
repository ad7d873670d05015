"""Where the text lies on this machine: installed distributions, the standard library, crates, docs.

What it is: a list of candidate files, each with the kind of text it is taken for. What it is not: a
reader; no candidate is opened here (only metadata and crate manifests are, for their licences).

A Python file is two candidates: its docstrings, and the file itself as code.
"""

import importlib.metadata
import os
import platform
import re
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from refinery.demo.documents import Candidate, Skips

CODE_SUFFIXES: Final = frozenset({".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".js", ".rs"})
TEXT_SUFFIXES: Final = frozenset({".txt", ".rst", ".md", ".html"})
TEST_FOLDERS: Final = frozenset({"test", "tests", "testing", "idle_test"})
NOT_STDLIB: Final = frozenset({"site-packages", "dist-packages", "__pycache__"})
LONGEST_LICENCE_NAME: Final = 80
"""Old metadata holds whole licence texts in the field for the licence's name; those are no names."""

# By name first: a LICENSE.md is a licence before it is a text file.
_BY_NAME: Final = (
    ("licence", re.compile(r"(licen[cs]e|copying|copyright|notice)", re.IGNORECASE)),
    ("changelog", re.compile(r"(change(s|log)|news|history|release)", re.IGNORECASE)),
    ("readme", re.compile(r"read_?me", re.IGNORECASE)),
)


def all_candidates(skips: Skips) -> list[Candidate]:
    """Find every candidate on this machine, in no promised order."""
    return [
        *installed_distributions(skips),
        *standard_library(skips),
        *cargo_crates(skips),
        *system_documentation(skips),
    ]


def kinds_of(path: PurePosixPath) -> tuple[str, ...]:
    """Say what a file is taken for, by its path alone; empty when it is no text of interest."""
    if path.name in {"METADATA", "PKG-INFO"}:
        return ("readme",)
    if path.suffix == ".py":
        return ("docstring", "source-code")
    if path.suffix in CODE_SUFFIXES:
        return ("source-code",)
    if path.suffix not in TEXT_SUFFIXES and path.suffix:
        return ()
    if any("license" in part for part in path.parts[:-1]):
        return ("licence",)
    for kind, pattern in _BY_NAME:
        if pattern.match(path.name):
            return (kind,)
    if path.suffix not in TEXT_SUFFIXES or path.name in {"top_level.txt", "entry_points.txt"}:
        return ()
    return ("test-data",) if TEST_FOLDERS.intersection(path.parts) else ("package-text",)


def installed_distributions(skips: Skips) -> Iterator[Candidate]:
    """Give the files that installed distributions list as theirs."""
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name is None or name.lower() in seen:
            continue  # the first on the path is the one that is imported
        seen.add(name.lower())
        owner = f"{name}-{distribution.version}"
        if distribution.files is None:
            skips.add("no_file_list", owner)
            continue
        licence = distribution_licence(distribution.metadata)
        for file in distribution.files:
            for kind in kinds_of(file):
                path = Path(str(distribution.locate_file(file)))
                yield Candidate(kind, owner, f"{owner}/{file.as_posix()}", path, licence)


def distribution_licence(metadata: "importlib.metadata.PackageMetadata") -> str | None:
    """Read a licence's name: the expression, else the short old field, else the classifier."""
    for field in ("License-Expression", "License"):
        value = str(metadata[field] or "").strip() if field in metadata else ""
        if (
            value
            and value != "UNKNOWN"
            and "\n" not in value
            and len(value) <= LONGEST_LICENCE_NAME
        ):
            return value
    names = [
        str(line).rsplit(" :: ", 1)[-1]
        for line in metadata.get_all("Classifier") or []
        if str(line).startswith("License :: ")
    ]
    return " OR ".join(names) or None


def standard_library(skips: Skips) -> Iterator[Candidate]:
    """Give the files of Python's own library, installed packages left out."""
    root = Path(sysconfig.get_path("stdlib"))
    owner = f"python-{platform.python_version()}"
    for file in walk(root, skips, owner=owner, leave_out=NOT_STDLIB):
        inner = PurePosixPath(file.relative_to(root).as_posix())
        kinds = kinds_of(inner)
        if inner.parts[:2] == ("pydoc_data", "topics.py"):
            kinds = ("reference-topic",)
        for kind in kinds:
            yield Candidate(kind, owner, f"{owner}/{inner}", file, "PSF-2.0")


def cargo_crates(skips: Skips) -> Iterator[Candidate]:
    """Give the READMEs, changelogs and licences of the Rust crates that cargo has unpacked."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    for manifest in sorted(home.glob("registry/src/*/*/Cargo.toml")):
        crate = manifest.parent
        owner = f"crate-{crate.name}"
        licence = _crate_licence(manifest)
        for file in _files_in(crate, skips, owner):
            for kind in kinds_of(PurePosixPath(file.name)):
                if kind in {"readme", "changelog", "licence"}:
                    yield Candidate(kind, owner, f"{owner}/{file.name}", file, licence)


def _crate_licence(manifest: Path) -> str | None:
    try:
        package = tomllib.loads(manifest.read_text(encoding="utf-8")).get("package", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # costs a label, no text
    licence = package.get("license") if isinstance(package, dict) else None
    return licence if isinstance(licence, str) else None


def system_documentation(skips: Skips, share: Path = Path("/usr/share")) -> Iterator[Candidate]:
    """Give the system's copyright files, changelogs, READMEs, licences and manual pages."""
    for folder in ("common-licenses", "doc", "man"):
        for file in walk(share / folder, skips, owner="system"):
            inner = PurePosixPath(file.relative_to(share).as_posix())
            kind = _system_kind(inner)
            if kind is not None:
                yield Candidate(kind, "system", f"system/{inner}", file, None)


def _system_kind(inner: PurePosixPath) -> str | None:
    folder = inner.parts[0]
    if folder == "common-licenses":
        return "licence"
    if folder == "man":
        return "man-page"
    # doc/ also holds examples and scripts: only what its name says is text is taken.
    kinds = kinds_of(inner.with_suffix("") if inner.suffix == ".gz" else inner)
    if not kinds and inner.name.lower().startswith("changelog"):
        return "changelog"  # changelog.Debian
    return kinds[0] if kinds and kinds[0] in {"licence", "changelog", "readme"} else None


def walk(
    root: Path, skips: Skips, *, owner: str, leave_out: frozenset[str] = frozenset()
) -> Iterator[Path]:
    """Give the regular files under `root` in name order; links are counted, never followed.

    A link would bring the same file twice, or, when it points upwards, without end.
    """
    for folder, subfolders, _ in os.walk(
        root, onerror=lambda error: _unlisted(error, skips, owner)
    ):
        # Edited in place: that is how `os.walk` is told where not to go.
        subfolders[:] = sorted(name for name in subfolders if name not in leave_out)
        yield from _files_in(Path(folder), skips, owner)


def _unlisted(error: OSError, skips: Skips, owner: str) -> None:
    # A folder that is not there is a machine without it; one that cannot be listed is a loss.
    if not isinstance(error, FileNotFoundError):
        skips.add("unreadable", f"{owner}/{error.filename}")


def _files_in(folder: Path, skips: Skips, owner: str) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_symlink():
            skips.add("symlink", f"{owner}/{entry.name}")
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
