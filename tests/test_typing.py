"""User code passes the type checkers in their strictest mode, and the modules' examples run."""

import doctest
import importlib
import importlib.util
import json
import os
import pkgutil
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import refinery

ROOT = Path(__file__).parent.parent
USER_CODE = ROOT / "tests" / "typed" / "user_code.py"


def test_the_user_code_runs():
    runpy.run_path(str(USER_CODE))


@pytest.mark.slow
def test_the_user_code_passes_mypy_strict(tmp_path):
    pytest.importorskip("mypy")
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\n[mypy-pyarrow.*]\nignore_missing_imports = True\n")
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", config, USER_CODE],
        env=os.environ | {"MYPYPATH": str(ROOT / "python")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout


@pytest.mark.slow
def test_the_user_code_passes_pyright_strict(tmp_path):
    pytest.importorskip("basedpyright")
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps(
            {
                "include": [str(USER_CODE)], "typeCheckingMode": "strict",
                "extraPaths": [str(ROOT / "python")], "reportMissingTypeStubs": False,
                # pyarrow has no types: what comes of it is unknown to any checker.
                "reportUnknownMemberType": False, "reportUnknownVariableType": False,
                "reportUnknownParameterType": False, "reportUnknownArgumentType": False,
            }
        )
    )  # fmt: skip
    found = subprocess.run(
        [sys.executable, "-m", "basedpyright", "-p", tmp_path, "--pythonpath", sys.executable],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout


def modules():
    """Modules of the package whose docstrings hold examples, by a look at their text."""
    found = []
    for info in pkgutil.walk_packages(refinery.__path__, "refinery."):
        spec = importlib.util.find_spec(info.name)
        if (
            spec
            and spec.origin
            and spec.origin.endswith(".py")
            and ">>> " in Path(spec.origin).read_text(encoding="utf-8")
        ):
            found.append(info.name)
    return ["refinery", *found]


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_run(name):
    tried = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert tried.attempted > 0
    assert tried.failed == 0
