"""Twin of `paper.gopher`."""

import re

from ..ngrams import covered, ngrams, top
from ..share import repeated, share

BULLETS = tuple("•‣\u2043⁌⁍∙○●◘◦⦾⦿-*")
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    words = text.split()
    chars = sum(map(len, words))
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    paragraphs = [part.strip() for part in re.split("\n\n+", text.strip()) if part.strip()]
    bullets = sum(line.startswith(BULLETS) for line in lines)
    ellipses = sum(line.endswith(("...", "…")) for line in lines)
    return {
        "n_words": len(words),
        "mean_word_length": share(chars, len(words)),
        "hash_to_word_ratio": share(text.count("#"), len(words)),
        "ellipsis_to_word_ratio": share(text.count("...") + text.count("…"), len(words)),
        "frac_lines_starting_bullet": share(bullets, len(lines)),
        "frac_lines_ending_ellipsis": share(ellipses, len(lines)),
        "frac_words_with_alpha": share(
            sum(any(c.isalpha() for c in word) for word in words), len(words)
        ),
        # ASCII only: a Kelvin sign is no k here.
        "n_distinct_stop_words": len(STOP_WORDS & {w.lower() for w in words if w.isascii()}),
        "dup_line_frac": share(repeated(lines)[0], len(lines)),
        "dup_para_frac": share(repeated(paragraphs)[0], len(paragraphs)),
        "dup_line_char_frac": share(repeated(lines)[1], sum(map(len, lines))),
        "dup_para_char_frac": share(repeated(paragraphs)[1], sum(map(len, paragraphs))),
        **{f"top_{n}gram_char_frac": share(most_frequent(words, n), chars) for n in (2, 3, 4)},
        **{f"dup_{n}gram_char_frac": share(copied(words, n), chars) for n in range(5, 11)},
    }


def most_frequent(words: list[str], n: int) -> int:
    """Characters of the words that the most frequent n-gram covers; 0 where it occurs once."""
    if len(words) < n:
        return 0
    ngram, count = top(words, n)
    if count == 1:
        return 0
    found = [at for at, other in enumerate(ngrams(words, n)) if other == ngram]
    return sum(len(words[at]) for at in covered(found, n))


def copied(words: list[str], n: int) -> int:
    """Characters of the words that copies after the first of n-grams cover."""
    found = ngrams(words, n)
    first: dict[tuple[str, ...], int] = {}
    for at, ngram in enumerate(found):
        first.setdefault(ngram, at)
    copies = [at for at, ngram in enumerate(found) if first[ngram] < at]
    return sum(len(words[at]) for at in covered(copies, n))
