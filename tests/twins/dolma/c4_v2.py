"""Twin of `dolma.c4_v2`: as `c4_v1`, with javascript as any part of the text."""

from . import c4_v1


def signals(text: str) -> dict[str, float]:
    """Every signal of the family."""
    return c4_v1.signals(text) | {"has_javascript": "javascript" in text.lower()}


def edited_text(text: str) -> str:
    """What `dolma.c4_replication` leaves: lines that end in a mark and have 3 words or more."""
    *others, last = text.split("\n")
    lines = [*(line + "\n" for line in others), last]
    kept = (line for line in lines if line.strip()[-1:] in {*'.?!"'} and len(line.split()) >= 3)
    return "".join(kept)
