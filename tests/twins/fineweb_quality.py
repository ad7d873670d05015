"""Twin of `datatrove.fineweb_quality`."""

from .punctuation import TERMINAL
from .share import repeated, share


def signals(text: str, words: list[str]) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    lines = [line for line in text.split("\n") if line.strip()]
    punctuated = [line for line in lines if line[-1] in TERMINAL]
    short = [line for line in lines if len(line) <= 30]
    return {
        "n_nonblank_lines": len(lines),
        "frac_lines_ending_punct": share(len(punctuated), len(lines)),
        "frac_short_lines": share(len(short), len(lines)),
        "dup_line_char_frac": share(repeated(lines)[1], len(text) - text.count("\n")),
        "newline_to_word_ratio": share(text.count("\n"), len(words)),
    }
