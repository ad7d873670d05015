"""Runs a script of this folder with the interpreter of an original.

The originals pin dependencies of their own, so each lives in an environment beside ours. Its
interpreter is named by `REFINERY_ORACLE_<NAME>`, or is `.oracles/<name>/bin/python` in the checkout;
that of datatrove also by `REFINERY_ORACLE_PYTHON`.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def python(oracle: str = "datatrove") -> str:
    """The interpreter of an original, or a skip that says how to get one."""
    variable = f"REFINERY_ORACLE_{oracle.upper()}"
    standard = os.environ.get("REFINERY_ORACLE_PYTHON") if oracle == "datatrove" else None
    named = os.environ.get(variable) or standard
    found = Path(named or ROOT / ".oracles" / oracle / "bin" / "python")
    if not found.exists():
        pytest.skip(f"no interpreter with {oracle} at {found}: set {variable}")
    return str(found)


def answers(script: str, questions: list[Any], oracle: str = "datatrove") -> list[Any]:
    """What `script` answers: one line of JSON in, one out, in order."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(
        [python(oracle), str(HERE / script)],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(questions)
    return found
