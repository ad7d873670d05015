"""Runs of a pipeline that are killed, stopped or finished, each in a fork of one fresh process.

Started by the tests as a program of its own: a fork costs milliseconds where a new interpreter
costs a second, and is safe only where no thread pool has run yet, so this process itself never
runs a pipeline. Reads one JSON list of steps from standard input, writes a JSON list of exit codes.

Each step: `{"do": "run" | "kill_at" | "signal", ...}`; see the functions.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from refinery.annotation import Annotator
from refinery.cli import main

CALLS = ("replace", "unlink", "fsync", "mkdir")


def run(folder, arguments=()):
    """Run to the end, as the command line does."""
    sys.argv = ["refinery", "run", f"{folder}/pipeline.yaml", "--quiet", *arguments]
    main()


def kill_at(folder, call, k, side, arguments=()):
    """SIGKILL just before or after the k-th `os.<call>` (from 1)."""
    original, count = getattr(os, call), 0

    def counting(*args, **kwargs):
        nonlocal count
        count += 1
        if count == k and side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return original(*args, **kwargs)
        finally:
            if count == k:
                os.kill(os.getpid(), signal.SIGKILL)

    setattr(os, call, counting)
    run(folder, arguments)


def count_calls(folder, report, arguments=()):
    """Run to the end and write to `report` how often each call was made."""
    counts = dict.fromkeys(CALLS, 0)

    def counted(call):
        original = getattr(os, call)

        def counting(*args, **kwargs):
            counts[call] += 1
            return original(*args, **kwargs)

        return counting

    for call in CALLS:
        setattr(os, call, counted(call))
    try:
        run(folder, arguments)
    finally:
        Path(report).write_text(json.dumps(counts))


def slow_run(folder, seconds, arguments=()):
    """A run whose every unit takes that much longer, so that there is something to interrupt."""
    original = Annotator.__call__

    def slower(self, task):
        time.sleep(seconds)
        return original(self, task)

    Annotator.__call__ = slower
    run(folder, arguments)


def in_fork(function, *, stop_after=None, once_there=None, signum=signal.SIGKILL, **options):
    """Exit code of `function` in a fork, which gets `signum` after `stop_after` seconds.

    The seconds count from when the path `once_there` exists: a busy machine starts a run late.
    """
    pid = os.fork()
    if pid == 0:
        try:
            function(**options)
        except SystemExit as exit_:
            sys.stderr.flush()
            os._exit(exit_.code or 0)
        os._exit(0)
    begun = time.monotonic()
    if stop_after is not None:
        if once_there is not None:
            wait_while(pid, lambda: not Path(once_there).exists())
            begun = time.monotonic()
        wait_while(pid, lambda: time.monotonic() - begun < stop_after)
        os.kill(pid, signum)
        begun = time.monotonic()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - begun


def wait_while(pid, condition):
    """Return when `condition` no longer holds, or the child has ended."""
    while condition() and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.002)


def cli(arguments, cwd, out, err):
    """The command line with `arguments`; what it prints goes to the files `out` and `err`."""
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.chdir(cwd)
    sys.argv = ["refinery", *arguments]
    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


ACTIONS = {
    "cli": cli,
    "run": run,
    "kill_at": kill_at,
    "slow_run": slow_run,
    "count_calls": count_calls,
}


def serve():
    for line in sys.stdin:
        step = json.loads(line)
        answer = in_fork(ACTIONS[step.pop("do")], **step)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
