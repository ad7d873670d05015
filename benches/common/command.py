"""What the sections have in common as commands: their options, and where they put what they find."""

import argparse
import json
from pathlib import Path
from typing import Any

from common.record import ROOT, add

WORK = ROOT / "target" / "bench"
TEXTBOOK = ROOT / "python" / "refinery" / "models" / "textbook.ftz"
"""The classifier that comes with the package: `builtin/textbook`."""


def parser(description: str, *, megabytes: float, repeats: int = 5) -> argparse.ArgumentParser:
    """Give a parser with the options of every section."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    option = made.add_argument
    option("--data", type=Path, help="folder of Parquet with `text` (default: demo corpus)")
    option("--data-name", help="what the record calls it (default: the folder's name)")
    option("--megabytes", type=float, default=megabytes, help="about how much text, 10^6 bytes")
    option("--repeats", type=int, default=repeats)
    option("--work", type=Path, default=WORK, help="folder for what is made on the way")
    option("--json", type=Path, help="write the section here instead of into today's record")
    option("--no-record", dest="record", action="store_false", help="print only")
    return made


def name_of_data(options: argparse.Namespace) -> str:
    """What a record calls the corpus."""
    return options.data_name or (options.data.resolve().name if options.data else "demo")


def deliver(name: str, section: dict[str, Any], options: argparse.Namespace) -> None:
    """Hand a section over: into the file that was asked for, or into today's record."""
    if options.json:
        options.json.write_text(json.dumps({name: section}), encoding="utf-8")
    elif options.record:
        print(f"record: {add({name: section}).relative_to(ROOT)}")
