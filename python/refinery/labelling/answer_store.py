"""Every answer that was paid for, kept: a file of JSON lines that only grows.

A line is one question: its key (a hash of the rubric's version, the model and the text), what the
endpoint said word for word, the label in it, and the tokens that it counted. A process that is
killed leaves at most half a line, which the next one cuts off; the question is then asked again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING

from refinery.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True)
class Stored:
    """One question and what came back.

    `label` is None where no answer held one; `answers` has them all, word for word, the last being
    the one that counts. Tokens are sums over all of them, null where the endpoint counts none.
    """

    key: str
    rubric: str
    model: str
    label: int | None
    answers: list[str]
    input_tokens: int | None = None
    output_tokens: int | None = None


def question_key(rubric: str, model: str, text: str) -> str:
    """Names a question: the same words to the same model about the same text."""
    parts = "\0".join((rubric, model, text)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(parts).hexdigest()


class AnswerStore:
    """The file of answers, open for one process.

    Raises
    ------
    EnvironmentFault
        If another process has it open: both would ask the same.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file: IO[bytes] = path.open("a+b")
        self._lock = threading.Lock()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            message = f"{path}: another refinery label is writing answers here"
            raise EnvironmentFault(message) from None
        try:
            self._stored = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> AnswerStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def get(self, key: str) -> Stored | None:
        """What came back of a question that was asked before."""
        return self._stored.get(key)

    def all(self) -> list[Stored]:
        """Everything that was ever asked."""
        return list(self._stored.values())

    def add(self, stored: Stored) -> None:
        """Keep an answer; it is on the disk when this returns."""
        line = json.dumps(asdict(stored), ensure_ascii=False) + "\n"
        with self._lock:
            self._stored[stored.key] = stored
            self._file.write(line.encode("utf-8", "backslashreplace"))
            self._file.flush()
            os.fsync(self._file.fileno())

    def _read(self) -> dict[str, Stored]:
        self._file.seek(0)
        found, whole = {}, 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break  # half a line, of a process that was killed
            whole += len(line)
            try:
                stored = Stored(**json.loads(line))
            except (ValueError, TypeError) as error:
                message = f"{self._path}: damaged at byte {whole - len(line)}: {error}"
                raise EnvironmentFault(message) from None
            found[stored.key] = stored
        self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)
        return found
