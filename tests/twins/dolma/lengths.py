"""Twin of `dolma.lengths`."""

import unicodedata

SPACES = {chr(c) for c in range(0x1C, 0x20)}


def signals(text: str) -> dict[str, float]:
    """Every signal of the family."""
    kinds = [kind(char) for char in text]
    starts = (now for now, before in zip(kinds, [None, *kinds], strict=False) if now != before)
    return {
        "n_chars_stripped": len(text.strip()),
        "n_parts_between_runs": sum(start is not None for start in starts) + 1,
    }


def kind(char: str) -> bool | None:
    """True of a character of a word, False of another one, None of white space.

    Alphabetic characters that are no letters, marks or numbers (circled letters) are left out: the
    tests that use this twin have none.
    """
    if char.isspace() and char not in SPACES:
        return None
    category = unicodedata.category(char)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc") or char in "\u200c\u200d"
