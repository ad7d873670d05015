"""What a command costs: wall, CPU, memory, and how busy the rest of the machine was meanwhile.

What it is: one way of measuring for both sides, from outside the process, interpreter start
included. What it is not: a profiler. Linux only: memory and load are read from /proc.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
SAMPLE_SECONDS = 0.25
"""Memory is sampled this often; a peak shorter than that can be missed in `tree_rss_bytes`."""


@dataclass(frozen=True)
class Cost:
    """`tree_rss_bytes`: most memory of all its processes together, shared pages counted once each."""

    wall_s: float
    cpu_s: float
    largest_process_rss_bytes: int
    tree_rss_bytes: int
    foreign_cores: float
    returncode: int


def measure(command: list[str], *, log: Path, env: dict[str, str] | None = None) -> Cost:
    """Run a command to its end; stdout goes to `log`, stderr to `log` with `.err` added.

    CPU seconds are those of the process and of all descendants that were waited for. Modules are
    compiled once, as where a package is installed, whatever the environment says of that.
    """
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(log.parent / "compiled")}
    busy_before = busy_seconds()
    report, into = os.pipe()
    with log.open("wb") as out, log.with_name(log.name + ".err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-I", str(_LAUNCH), str(into), *map(str, command)],
            stdout=out,
            stderr=err,
            env={**os.environ, **compiled, **(env or {})},
            pass_fds=[into],
        )
        os.close(into)
        sampler = _Sampler(process.pid)
        sampler.start()
        with os.fdopen(report) as pipe:
            said = pipe.read()
        process.wait()
        sampler.stop()
    if not said:
        raise SystemExit(log.with_name(log.name + ".err").read_text(errors="replace"))
    found = json.loads(said)
    return Cost(
        wall_s=round(found["wall_s"], 3),
        cpu_s=round(found["cpu_s"], 3),
        largest_process_rss_bytes=found["rss_bytes"],
        tree_rss_bytes=max(sampler.peak, found["rss_bytes"]),
        foreign_cores=round(
            max(0.0, busy_seconds() - busy_before - found["cpu_s"]) / found["wall_s"], 2
        ),
        returncode=found["returncode"],
    )


def busy_seconds() -> float:
    """CPU seconds that all processes of this machine have used since it started."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    user, nice, system, _idle, _iowait, irq, softirq = map(int, first[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


class _Sampler(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(_proportional_bytes, _tree(self._pid)[1:])))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(root: int) -> list[int]:
    """Give `root` (the launcher) and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    tree = [root]
    for pid in tree:  # grows while it is read
        tree += children.get(pid, [])
    return tree


def _parent(process: Path) -> int | None:
    try:
        # The name, in brackets, may hold spaces and brackets itself.
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None  # ended since it was listed


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
