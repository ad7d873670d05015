"""What an expression asks for, as plain data: the part of a pipeline that says it.

Names, labels and bounds are resolved by the plan of a run, so an expression and a pipeline file
that say the same mean the same. A spec is hashable and picklable, because Polars copies expressions
and sends them to other processes; what it stands for is made where it is needed, once a process.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.config import check
from refinery.hashes import stamp
from refinery.plan import plan_frame
from refinery.yaml_file import Document

if TYPE_CHECKING:
    from collections.abc import Collection

    from refinery.config import Pipeline
    from refinery.plan import Plan

NO_FILES = {"input": [{"path": "frame"}], "output": {"path": "refined"}}
"""What a pipeline file must say and a frame has no use for."""

_lock = threading.Lock()
"""Polars calls from many threads; a model must not be loaded once by each."""


@dataclass(frozen=True)
class Spec:
    """Part of a pipeline as JSON, and the columns that the frame has already.

    `caller` is what error messages name. `files` are stamps of the models and tokenizers named, so
    that a file that changed is read again.
    """

    caller: str
    part: str
    columns: tuple[str, ...] = ()
    files: tuple[tuple[str, tuple[int, int]], ...] = ()

    @property
    def plan(self) -> Plan:
        """The resolved plan; made once a process."""
        with _lock:
            return _plan(self)


def make_spec(caller: str, part: dict[str, Any], columns: Collection[str] = ()) -> Spec:
    """The spec of a part of a pipeline (`annotate`, `decide`); checks nothing yet.

    Paths of models and tokenizers are made absolute: they are relative to the working directory of
    whoever writes the expression.
    """
    part = json.loads(json.dumps(part))
    annotate = part.get("annotate", {})
    files = []
    for entry, key in [
        *((score, "model") for score in annotate.get("scores", ())),
        *([(annotate["tokens"], "tokenizer")] if "tokens" in annotate else []),
    ]:
        name = entry.get(key)
        if isinstance(name, str) and is_path(name):
            path = Path(name).expanduser().resolve()
            entry[key] = str(path)
            if path.is_file():
                files.append((str(path), stamp(path)))
    return Spec(caller, json.dumps(part), tuple(sorted(columns)), tuple(files))


def is_path(name: str) -> bool:
    """Whether a model or tokenizer is a file of the user's and not one of ours."""
    return name.endswith((".json", ".bin", ".ftz")) or "/" in name.removeprefix("builtin/")


def pipeline_of(caller: str, part: dict[str, Any]) -> Pipeline:
    """A part of a pipeline, checked; paths are relative to the working directory."""
    return check(Document(caller, NO_FILES | part), Path.cwd())


@lru_cache(maxsize=128)
def _plan(spec: Spec) -> Plan:
    return plan_frame(pipeline_of(spec.caller, json.loads(spec.part)), spec.columns)
