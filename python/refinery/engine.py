"""Runs independent tasks on threads: bounded, ordered, interruptible.

The kernels release the GIL and use a pool of their own, so these threads only read, hand over and
write; nothing here happens once per document.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

T = TypeVar("T")
R = TypeVar("R")

_POLL_SECONDS = 0.2
"""How long a signal may wait until the main thread looks."""


class Interrupted(RefineryError):  # noqa: N818 - what happened, not a fault
    """A signal asked the run to stop; what was finished stays and is reused."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        self.exit_code = 128 + signum
        super().__init__(
            f"interrupted by {signal.Signals(signum).name}; run the same command to go on"
        )


class Progress(Protocol):
    """What a run tells while it works. All methods may be called from any thread."""

    def phase(self, name: str, total: int) -> None:
        """A phase begins; `total` is its size in bytes to be worked through."""

    def advance(self, weight: int, *, documents: int = 0, text_bytes: int = 0) -> None:
        """`weight` of the phase's total is done: that many documents and bytes of text."""

    def note(self, message: str) -> None:
        """Something a person should know."""


class Silent:
    """Progress that tells nothing."""

    def phase(self, name: str, total: int) -> None: ...

    def advance(self, weight: int, *, documents: int = 0, text_bytes: int = 0) -> None: ...

    def note(self, message: str) -> None: ...


class Stop:
    """Whether the run should stop, and why; asked between batches."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.signum: int | None = None

    def set(self, signum: int | None = None) -> None:
        """Ask every task to stop."""
        self.signum = signum
        self._event.set()

    def check(self) -> None:
        """Raise if a stop was asked for."""
        if self._event.is_set():
            raise Interrupted(self.signum or signal.SIGINT)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask for a graceful stop; a second one ends the process at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may handle signals; whoever runs us in another decides
            return

        def handle(signum: int, _frame: FrameType | None) -> None:
            if self._event.is_set():
                os._exit(128 + signum)
            self.set(signum)

        before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)


WAITING = 4
"""Threads beside those that work, for tasks that wait for the disk: it serves several as fast as one."""


def run_tasks(
    function: Callable[[T], R], tasks: Iterable[T], *, threads: int, waiting: int = 0, stop: Stop
) -> list[R]:
    """Results of `function` for every task, in the tasks' order.

    At most two tasks a thread are in memory at once, so `tasks` may be a generator that decodes;
    and `waiting` more, if the function bounds its own work and some of its threads only wait.
    The first error stops the rest and is raised when all threads are idle.
    """
    results: list[tuple[int, R]] = []
    pending: dict[Future[R], int] = {}
    with ThreadPoolExecutor(threads + waiting, thread_name_prefix="refinery") as executor:
        try:
            for i, task in enumerate(tasks):
                stop.check()
                pending[executor.submit(function, task)] = i
                while len(pending) >= 2 * threads + waiting:
                    _collect(pending, results, stop)
            while pending:
                _collect(pending, results, stop)
        except BaseException:
            for future in pending:
                future.cancel()
            stop.set(stop.signum)
            raise
    return [result for _, result in sorted(results, key=lambda pair: pair[0])]


def _collect(pending: dict[Future[R], int], results: list[tuple[int, R]], stop: Stop) -> None:
    done, _ = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
    results += [(pending.pop(future), future.result()) for future in done]
    stop.check()
