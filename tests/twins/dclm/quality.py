"""Twin of `dclm.quality`."""

from ..share import share
from .words import fasttext_words

SYMBOLS = ("#", "...", ". . .", "…")
BULLETS = ("●", "•", "*", "-")
ELLIPSES = ("...", ". . .", "…")
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    words = text.split()
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    without_alpha = [word for word in words if not any(c.isalpha() for c in word)]
    return {
        "n_chars": len(text),
        "n_words": len(fasttext_words(text)),
        "mean_word_length": share(sum(len(word) for word in words), len(words)),
        "symbol_to_word_ratio": share(sum(text.count(s) for s in SYMBOLS), len(words)),
        "frac_lines_starting_bullet": share(
            sum(line.startswith(BULLETS) for line in lines), len(lines)
        ),
        "frac_lines_ending_ellipsis": share(
            sum(line.endswith(ELLIPSES) for line in lines), len(lines)
        ),
        "frac_words_without_alpha": share(len(without_alpha), len(words)),
        "n_stop_words": sum(word.lower() in STOP_WORDS for word in words),
    }
