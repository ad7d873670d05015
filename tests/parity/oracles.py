"""The environments of the originals, one each: `.oracles/<name>/`, from `oracles/<name>.txt`.

    python tests/parity/oracles.py [NAME...]     # all of them without a name

What stands is left alone while its requirements are the same. An original that cannot be installed
here (no network, no compiler) is reported and leaves the others as they are. To add one: commit its
`oracles/<name>.txt` with all exact versions, as `pip freeze` prints them: nothing else is installed,
so what an original only lists and never imports for us can be left out.

Not here: pytest; the environments are made by any Python that has `venv`.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = ROOT / ".oracles"


def names() -> list[str]:
    """Every original that has requirements."""
    return sorted(path.stem for path in (HERE / "oracles").glob("*.txt"))


def interpreter(name: str) -> Path:
    """The interpreter of an original: what `REFINERY_ORACLE_<NAME>` names, or the one made here."""
    # The name that was used when datatrove was the only one.
    before = os.environ.get("REFINERY_ORACLE_PYTHON") if name == "datatrove" else None
    return Path(os.environ.get(variable(name)) or before or _made(name))


def variable(name: str) -> str:
    """The environment variable that names an interpreter with the original."""
    return f"REFINERY_ORACLE_{name.upper()}"


def _made(name: str) -> Path:
    return FOLDER / name / "bin" / "python"


def requirements(name: str) -> Path:
    """The exact versions of an original."""
    return HERE / "oracles" / f"{name}.txt"


def make(name: str) -> None:
    """Make the environment of an original, unless it stands."""
    wanted = requirements(name).read_text(encoding="utf-8")
    finished = FOLDER / name / "requirements.txt"
    if finished.exists() and finished.read_text(encoding="utf-8") == wanted:
        return
    sys.stderr.write(f"making .oracles/{name}\n")
    venv.create(FOLDER / name, with_pip=True, clear=True)
    install = [
        str(_made(name)),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--disable-pip-version-check",
    ]
    subprocess.run([*install, "-r", str(requirements(name))], check=True)
    finished.write_text(wanted, encoding="utf-8")


def main() -> int:
    """Make what is asked for; 1 if something could not be made."""
    chosen = sys.argv[1:] or names()
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        sys.stderr.write(f"no oracle {', '.join(unknown)}; there are: {', '.join(names())}\n")
        return 2
    failed = []
    for name in chosen:
        try:
            make(name)
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"could not make .oracles/{name}: {error}\n")
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
