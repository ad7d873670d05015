"""Asks an original: runs a script of this folder with the interpreter of its environment.

The originals pin dependencies of their own, so each lives in an environment beside ours:
`.oracles/<name>/`, made by `make oracles` (`oracles.py`) from `oracles/<name>.txt`. An interpreter
that is there already is named by `REFINERY_ORACLE_<NAME>`, such as `REFINERY_ORACLE_DATATROVE`. A
test whose original is not there is skipped, by name.

A script reads one line of JSON a question and writes one line of JSON an answer, in order.
"""

import collections
import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import IO, Any

import pytest
from oracles import HERE, interpreter, variable

AHEAD = 32
"""Questions that may wait at one process: they bound the memory, whatever the corpus."""


def python(oracle: str = "datatrove") -> str:
    """The interpreter of an original, or a skip that says how to get one."""
    found = interpreter(oracle)
    if not found.exists():
        pytest.skip(f"no oracle {oracle} at {found}: run make oracles, or set {variable(oracle)}")
    return str(found)


def answers(script: str, questions: Iterable[Any], oracle: str = "datatrove") -> list[Any]:
    """What `script` answers to each question, in order."""
    return list(stream(script, questions, oracle))


def stream(
    script: str, questions: Iterable[Any], oracle: str = "datatrove", processes: int | None = None
) -> Iterator[Any]:
    """`answers`, as they come: a corpus of any size passes through bounded memory.

    Questions are dealt out to `processes` in turn (`REFINERY_PARITY_PROCESSES`, or 2).
    """
    n = processes or int(os.environ.get("REFINERY_PARITY_PROCESSES", "2"))
    command = [python(oracle), str(HERE / script)]
    workers: list[_Worker] = []
    waiting: collections.deque[_Worker] = collections.deque()
    try:
        for i, question in enumerate(questions):
            if len(waiting) == n * AHEAD:
                yield waiting.popleft().answer()
            if i < n:
                workers.append(_Worker(command))
            workers[i % n].ask(question)
            waiting.append(workers[i % n])
        while waiting:
            yield waiting.popleft().answer()
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """A process, and the threads that keep its pipes moving."""

    def __init__(self, command: list[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._questions: queue.Queue[Any] = queue.Queue()
        self._answers: queue.Queue[bytes] = queue.Queue()
        pipes = (self._process.stdin, self._process.stdout)
        works = (self._write, self._read)
        self._threads = [
            threading.Thread(target=work, args=(pipe,), daemon=True)
            for work, pipe in zip(works, pipes, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, question: Any) -> None:
        self._questions.put((question,))

    def answer(self) -> Any:
        line = self._answers.get()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            errors = self._errors.read().decode(errors="replace")[-4000:]
            message = f"{self._process.args} ended with {self._process.returncode}: {errors}"
            raise RuntimeError(message)
        return json.loads(line)

    def stop(self) -> None:
        self._questions.put(None)
        self._process.kill()  # all that was waited for has been read
        for thread in self._threads:
            thread.join(timeout=30)
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _write(self, pipe: IO[bytes]) -> None:
        try:
            with pipe:
                while (question := self._questions.get()) is not None:
                    pipe.write(json.dumps(question[0]).encode() + b"\n")
                    pipe.flush()
        except (BrokenPipeError, ValueError):
            return  # it ended: whoever waits for its answer says so

    def _read(self, pipe: IO[bytes]) -> None:
        try:
            for line in pipe:
                self._answers.put(line)
        finally:
            self._answers.put(b"")
