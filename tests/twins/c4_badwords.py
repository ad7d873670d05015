"""Twin of `datatrove.c4_badwords`: a regular expression an entry."""

import re

ALLOWED = {"sm", "グロ", "女の子", "性"}


def signals(text: str, entries: list[str], language: str = "en") -> dict[str, float | None]:
    """Every signal of the family; `entries` are the lines of the list."""
    lower = text.lower()
    words = {entry.strip() for entry in entries} - ALLOWED - {""}
    matches = 0
    for word in words:
        pattern = f"(?={re.escape(word)})"
        if language not in ("ja", "th", "zh"):
            pattern = rf"(?<!\w){pattern}(?={re.escape(word)}(?!\w))"
        matches += len(re.findall(pattern, lower))
    return {"n_matches": matches}
