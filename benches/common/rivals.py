"""Environments of rivals: made once from a list of exact versions, which needs the network once."""

import subprocess
import venv
from pathlib import Path

from common.record import ROOT


def environment(requirements: Path) -> Path:
    """Give the Python of the environment of a list, made anew where the list has changed.

    It is in `target/rivals/`, under the name of the folder that the list is in.
    """
    folder = ROOT / "target" / "rivals" / requirements.resolve().parent.name
    python = folder / "bin" / "python"
    wanted = requirements.read_text(encoding="utf-8")
    finished = folder / "rivals.txt"
    if finished.exists() and finished.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "-q"]
    # The list is whole: what a rival asks for beyond it is not needed for what is measured.
    subprocess.run([*pip, "--no-deps", "-r", requirements], check=True)
    finished.write_text(wanted, encoding="utf-8")
    return python
