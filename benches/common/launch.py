"""Starts a command from a small process, and says what it cost.

    python launch.py DESCRIPTOR COMMAND...

Linux counts the memory of whoever starts a program as the beginning of that program's own peak: a
bench that holds a corpus would measure itself. So this stands between, and writes what it measured
to the descriptor as JSON.
"""

import json
import os
import sys
import time


def main() -> None:
    report, command = int(sys.argv[1]), sys.argv[2:]
    started = time.perf_counter()
    close = [(os.POSIX_SPAWN_CLOSE, report)]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=close)
    _, status, usage = os.wait4(pid, 0)
    found = {
        "wall_s": time.perf_counter() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_bytes": usage.ru_maxrss * 1024,
        "returncode": os.waitstatus_to_exitcode(status),
    }
    os.write(report, json.dumps(found).encode())


if __name__ == "__main__":
    main()
