"""A committed result: where, when, of which commit, with which versions, what came out.

What it is: the facts of this machine and checkout, and the file
`benches/records/<machine>/<date>.json`. What it is not: a measurement.
"""

import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "benches" / "records"


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory, system."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
    }


def machine_slug(facts: dict[str, Any]) -> str:
    """Name of the machine's folder: its processor and core count, nothing that names its owner."""
    words = re.sub(r"\((r|tm)\)|cpu|processor|@.*", " ", str(facts["cpu"]).lower())
    return re.sub(r"[^a-z0-9]+", "-", f"{words} {facts['cores']}-cores").strip("-")


def checkout() -> dict[str, Any]:
    """Commit of this checkout, and whether tracked files differ from it."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def write(result: dict[str, Any]) -> Path:
    """Write a record of today; a second one of the same day gets a number."""
    folder = RECORDS / machine_slug(result["machine"])
    folder.mkdir(parents=True, exist_ok=True)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    names = [f"{day}.json", *(f"{day}-{number}.json" for number in range(2, 1000))]
    path = next(folder / name for name in names if not (folder / name).exists())
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def _field(file: str, name: str) -> str | None:
    try:
        lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), None)
