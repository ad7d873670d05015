"""Every exception of refinery, and the exit code that each one means.

::

    RefineryError                  5  a caught bug, unless a subclass says otherwise
    ├── ConfigError                2  the pipeline file or the usage; nothing was read or written
    │   ├── ParameterError            a parameter outside its domain (also a ValueError)
    │   ├── UnknownNameError          a name that is in no list (also a KeyError's meaning)
    │   ├── ModelError                a model or tokenizer file that cannot be used
    │   └── PlanMismatchError         OUT holds the complete result of another plan
    ├── DataError                  3  the data, beyond what the policy allows
    │   ├── BadFileError              a damaged or mislabelled input file
    │   ├── SchemaError               a column of a type that cannot be used or carried
    │   ├── DuplicateIdError          two documents with one id
    │   ├── LeakError                 a training set that its format alone gives away
    │   ├── DamageError               `verify` found damage
    │   └── VoidAblationError         an ablation that cannot see quality
    ├── EnvironmentFault           4  disk, permission, lock: mend it and run again
    └── LedgerError                5  documents in and out do not balance: a bug

File errors of the system stay `OSError` and exit with 4.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class RefineryError(Exception):
    """Root of all errors that refinery raises on purpose."""

    exit_code = 5


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a pipeline file.

    `line` and `column` count from 1; 0 where the place is not known (a pipeline built in Python).
    """

    line: int
    column: int
    path: str
    message: str

    def render(self, file: str) -> str:
        """`file:line:column: key path: message`, as editors and terminals link it."""
        where = f"{file}:{self.line}:{self.column}" if self.line else file
        place = f"{where}: " if where else ""
        return place + (f"{self.path}: " if self.path else "") + self.message


class ConfigError(RefineryError):
    """A pipeline that cannot be run; carries all its problems at once."""

    exit_code = 2

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems)
        super().__init__("\n".join(p.render(file) for p in self.problems))


class ParameterError(ConfigError, ValueError):
    """A parameter outside its domain."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__("parameter", [Problem(0, 0, name, message)])


class UnknownNameError(ConfigError, ValueError):
    """A name that is in no list."""

    def __init__(self, kind: str, name: str, allowed: Iterable[str] = ()) -> None:
        self.kind = kind
        self.name = name
        message = f"no {kind} named {name!r}{nearest(name, allowed)}"
        super().__init__("", [Problem(0, 0, "", message)])


class ModelError(ConfigError):
    """A model or tokenizer file that is missing, damaged or of another kind."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(path, [Problem(0, 0, "", message)])


class PlanMismatchError(ConfigError):
    """The output folder holds the complete result of another plan."""

    def __init__(self, out: str, differences: list[str]) -> None:
        self.out = out
        self.differences = differences
        shown = "".join(f"\n  {d}" for d in differences)
        message = (
            "holds the complete result of another plan; choose another output.path, or pass "
            f"--replace (annotations are reused). What differs:{shown}"
        )
        super().__init__(out, [Problem(0, 0, "", message)])


class DataError(RefineryError):
    """Data beyond what the stated policy allows."""

    exit_code = 3


class BadFileError(DataError):
    """An input file that is damaged, or is not what its name says."""

    def __init__(self, path: str, reason: str, message: str) -> None:
        self.path = path
        self.reason = reason
        self.message = message
        super().__init__(f"{path}: {reason}: {message}")


class SchemaError(DataError):
    """A column that is missing or of a type that cannot be used."""

    def __init__(self, column: str, message: str, path: str | None = None) -> None:
        self.column = column
        self.message = message
        self.path = path
        super().__init__(f"{path + ': ' if path else ''}column {column!r}: {message}")


class DuplicateIdError(DataError):
    """Two documents with one id: no verdict could be told from another."""

    def __init__(self, document_id: str, places: list[str], others: int) -> None:
        self.document_id = document_id
        self.places = places
        more = f" ({others} more ids occur twice)" if others else ""
        super().__init__(f"duplicate id {document_id!r} at {' and '.join(places)}{more}")


class LeakError(DataError):
    """A training set whose classes length and punctuation alone tell apart."""

    def __init__(self, auc: float, allowed: float, features: list[tuple[str, float]]) -> None:
        self.auc = auc
        self.allowed = allowed
        self.features = features
        named = ", ".join(f"{name} {value:.2f}" for name, value in features[:6])
        super().__init__(
            f"length and punctuation alone tell positives from negatives: AUC {auc:.3f}, "
            f"allowed {allowed:.2f}; by feature: {named or 'none alone'}. Clean or alter the text "
            "of both classes alike, draw them from like formats, or set leak.on_leak: warn"
        )


class DamageError(DataError):
    """Files of a finished run that are missing, changed or not of it."""

    def __init__(self, out: str, findings: list[str]) -> None:
        self.out = out
        self.findings = findings
        super().__init__("\n".join(f"{out}: {f}" for f in findings))


class VoidAblationError(DataError):
    """An ablation whose gates did not hold: it says nothing about any filter."""

    def __init__(self, out: str, gates: list[str]) -> None:
        self.out = out
        self.gates = gates
        help_ = (
            "two random draws differ that much by chance in some one of fifteen: another `seed:`, or more seeds, tell"
            if gates == ["random = random"]
            else "more text of each work, more seeds or a larger pool may help"
        )
        super().__init__(
            f"{out}: void: {', '.join(gates)} did not hold, so this ablation cannot see quality; {help_}"
        )


class EnvironmentFault(RefineryError):  # noqa: N818 - EnvironmentError is Python's own name
    """The machine, not the data: mend it and run the same command again."""

    exit_code = 4


class LedgerError(RefineryError):
    """The ledger does not balance: documents were lost or counted twice, which is a bug."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest allowed name, or an empty string."""
    matches = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]}?" if matches else ""


def about_file(error: OSError, path: Path) -> OSError:
    """An error of the system that names its file: those of reads name none."""
    if error.filename is not None or error.errno is None:
        return error
    return OSError(error.errno, os.strerror(error.errno), str(path))


def said(error: OSError) -> str:
    """An error of the system as ours are told: where, then what."""
    if error.filename is None or error.errno is None:
        return str(error)
    return f"{error.filename}: {os.strerror(error.errno)}"


def reason_of(error: Exception) -> str:
    """Why a file could not be used, for a message that names its place itself."""
    if isinstance(error, ModelError):
        return error.message
    if isinstance(error, FileNotFoundError):
        return f"no such file: {error.filename}"
    return str(error)
