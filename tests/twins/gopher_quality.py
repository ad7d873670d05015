"""Twin of `datatrove.gopher_quality`."""

from .punctuation import SYMBOLS
from .share import share

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}


def signals(text: str, words: list[str]) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    core = [word for word in words if not set(word) <= SYMBOLS]
    with_alpha = [word for word in words if any(c.isalpha() for c in word)]
    lines = text.splitlines()
    bullets = [line for line in lines if line.lstrip().startswith(("•", "-"))]
    ellipses = [line for line in lines if line.rstrip().endswith(("...", "…"))]
    return {
        "n_core_words": len(core),
        "mean_core_word_length": share(sum(len(word) for word in core), len(core)),
        "hash_to_word_ratio": share(text.count("#"), len(words)),
        "ellipsis_to_word_ratio": share(text.count("...") + text.count("…"), len(words)),
        "frac_lines_starting_bullet": share(len(bullets), len(lines)),
        "frac_lines_ending_ellipsis": share(len(ellipses), len(lines)),
        "frac_words_with_alpha": share(len(with_alpha), len(words)),
        "n_distinct_stop_words": len(STOP_WORDS & set(words)),
    }
