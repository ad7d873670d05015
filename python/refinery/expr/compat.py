"""Which Polars works: asked once, when the first expression is made.

Importing this module with another version raises ImportError, which says what to install. The
bounds are those of `pyproject.toml`; `tests/compatibility/run.py` runs a suite over versions and prints
the table from which they come.
"""

from __future__ import annotations

import polars as pl

OLDEST = (1, 33)
BEFORE = (3,)


def check(version: str) -> None:
    """Raise ImportError unless a Polars of that version works."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not OLDEST <= numbers < BEFORE:
        bounds = f">={'.'.join(map(str, OLDEST))},<{BEFORE[0]}"
        message = (
            f"the Polars API of refinery needs polars{bounds}, found {version}; "
            f"run: pip install 'polars{bounds}'"
        )
        raise ImportError(message)


check(pl.__version__)
