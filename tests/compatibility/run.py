"""Runs the smoke suite in an environment of each Polars version and prints the table.

Usage: python tests/compatibility/run.py FOLDER VERSION...

FOLDER keeps the environments (`polars-VERSION`), made with pip where they are not there. The built
extension is of the stable ABI, so the same file serves all. Exits with 1 if a version inside the
bounds of `refinery.expr.compat` fails or gives other values, or one outside is not refused.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARIES = [
    "pyarrow>=17,<27",
    "pydantic>=2.9,<3",
    "ruamel.yaml>=0.18.6,<0.20",
    "rich>=13.9,<16",
    "typer>=0.26,<0.30",
]


def interpreter(folder, version):
    """Python of the environment of a version."""
    home = folder / f"polars-{version}"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, f"polars=={version}", *LIBRARIES], check=True)
    return python


def smoke(python):
    """What the suite found in an environment."""
    done = subprocess.run(
        [python, "-W", "ignore", ROOT / "tests" / "compatibility" / "smoke.py"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "python")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return {"results": {"start": (done.stderr.strip().splitlines() or ["killed"])[-1]}}
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("versions", nargs="+")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests" / "compatibility"))
    from smoke import CHECKS

    found = {v: smoke(interpreter(options.folder, v)) for v in options.versions}
    newest = max(options.versions, key=lambda v: [int(part) for part in v.split(".")])
    expected = found[newest]["results"]
    is_bad = False
    print("| Polars | Python | works | what does not |\n|---|---|---|---|")
    for version, report in found.items():
        results = report["results"]
        wrong = [
            n for n in CHECKS if results.get(n) != expected.get(n) or ":" in str(results.get(n))
        ]
        is_refused = any("needs polars" in str(r) for r in results.values())
        told = "refused at the first use, with what to install" if is_refused else "; ".join(
            f"{name}: {results.get(name)}" for name in wrong
        )  # fmt: skip
        print(
            f"| {version} | {report.get('python', '')} | {len(CHECKS) - len(wrong)} of {len(CHECKS)} | {told} |"
        )
        is_bad |= bool(wrong) and not is_refused
    sys.exit(is_bad)


if __name__ == "__main__":
    main()
