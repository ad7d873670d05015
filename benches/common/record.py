"""A committed result: where, when, of which commit, with which versions, what came out.

What it is: the facts of this machine and checkout, and the file
`benches/records/<machine>/<date>.json`, one for all sections of a commit and a day. What it is not:
a measurement.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "benches" / "records"
VERSION = 2
"""Of the format. Version 1, without a number, held one section and stands in older files."""


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
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":!benches/records")
    return {"commit": _git("rev-parse", "HEAD"), "dirty": bool(changed)}


def versions(*names: str) -> dict[str, str | None]:
    """Give versions of this Python, of refinery, and of packages beside it."""
    return installed(Path(sys.executable), ["corpus-refinery", "polars", "pyarrow", *names])


def installed(python: Path, names: list[str]) -> dict[str, str | None]:
    """Give versions of a Python and of packages installed in it; None for one that is not."""
    # Asked of that Python, because what counts is what is installed there, not here.
    code = (
        "import importlib.metadata as m, json, platform, sys\n"
        "found = {str(d.metadata['Name']).lower(): d.version for d in m.distributions()}\n"
        "versions = {name: found.get(name) for name in sys.argv[1:]}\n"
        "print(json.dumps({'python': platform.python_version(), **versions}))"
    )
    command = [str(python), "-c", code, *names]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def add(sections: dict[str, Any], *, records: Path = RECORDS) -> Path:
    """Put sections into today's record of this machine and commit; give its path.

    A section that is there already is replaced, unless the new one says only why it was left out.
    A record of another commit stays as it is: the new one gets a number.
    """
    facts = {"version": VERSION, "machine": machine(), **checkout()}
    folder = records / machine_slug(facts["machine"])
    folder.mkdir(parents=True, exist_ok=True)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    names = [f"{day}.json", *(f"{day}-{number}.json" for number in range(2, 1000))]
    path = next(folder / name for name in names if _is_free(folder / name, facts))
    before = json.loads(path.read_text(encoding="utf-8"))["sections"] if path.exists() else {}
    result = {**facts, "sections": merge(before, sections)}
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def merge(before: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Give the sections of both; a measured one outweighs one that was left out."""
    kept = {name: new[name] for name in new if name not in before or "left_out" not in new[name]}
    return {**before, **kept}


def latest(name: str, *, records: Path = RECORDS) -> list[dict[str, Any]]:
    """Every committed section of a name, the newest first, of any machine."""
    files = sorted(records.glob("*/*.json"), key=_day_and_number, reverse=True)
    read = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    found = (record.get("sections", {}).get(name) for record in read)
    return [section for section in found if section and "left_out" not in section]


def _day_and_number(file: Path) -> tuple[str, int]:
    return file.stem[:10], int(file.stem[11:] or 1)


def _is_free(path: Path, facts: dict[str, Any]) -> bool:
    if not path.exists():
        return True
    there = json.loads(path.read_text(encoding="utf-8"))
    return all(there.get(key) == value for key, value in facts.items())


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
