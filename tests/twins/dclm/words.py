"""Twins of DCLM's word rules that need no library; UAX 29 is in the parity tests."""

import re

FASTTEXT_SPACES = re.compile("[ \n\r\t\x0b\x0c\x00]+")


def fasttext_words(text: str) -> list[str]:
    """Words as fastText reads them, those that begin with a letter or a number."""
    return [part for part in FASTTEXT_SPACES.split(text) if part and part[0].isalnum()]


def plain_words(text: str) -> list[str]:
    """UAX 29 words of a text in which white space separates them."""
    return [part for part in text.split() if part[0].isalnum()]
