"""Twin of `dolma.gopher_v2`: as `gopher_v1`, with lines between runs of newlines."""

import re

from .gopher_v1 import signals_of


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    return signals_of(text, re.split(r"\n+", text))
