"""Twin of `refinedweb.line_edits` and of the edit `refinedweb.lines`."""

import re

from ..dclm.text_edits import COUNTER
from ..share import share

PHRASES = [r"^sign-in\s?", r"\s?read more...$", r"\s?items in cart"]


def edited(line: str) -> str | None:
    """What is left of a line, None if it goes."""
    if not line:
        return line
    upper = sum(c.isupper() for c in line) / len(line) > 0.5
    digits = sum(c.isdigit() for c in line) / len(line) > 0.999999
    words = len(line.split())
    if upper or digits or COUNTER.fullmatch(line.lower()) or words < 2:
        return None
    if words > 10:
        return line
    rest = line
    for phrase in PHRASES:
        rest = re.sub(phrase, "", rest, flags=re.IGNORECASE)
    return rest if rest.strip() else None


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    lines = text.split("\n")
    flagged = [line for line in lines if edited(line) != line]
    return {
        "n_lines_kept": sum(edited(line) is not None for line in lines),
        "frac_words_in_flagged_lines": share(
            sum(len(line.split()) for line in flagged), len(text.split())
        ),
    }


def edited_text(text: str) -> str:
    """The lines that are left."""
    left = [edited(line) for line in text.split("\n")]
    return "\n".join(line for line in left if line is not None)
