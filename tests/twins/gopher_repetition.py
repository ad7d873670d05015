"""Twin of `datatrove.gopher_repetition`."""

import re

from .share import repeated, share


def signals(text: str, words: list[str]) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    paragraphs = re.split(r"\n{2,}", text.strip())
    lines = re.split(r"\n+", text)
    values: dict[str, float | None] = {}
    for name, parts in (("para", paragraphs), ("line", lines)):
        count, chars = repeated(parts)
        values[f"dup_{name}_frac"] = share(count, len(parts))
        values[f"dup_{name}_char_frac"] = share(chars, len(text))
    for n in (2, 3, 4):
        top = top_chars(words, n)
        values[f"top_{n}gram_char_frac"] = None if top is None else share(top, len(text))
    for n in range(5, 11):
        values[f"dup_{n}gram_char_frac"] = share(repeated_chars(words, n), len(text))
    return values


def top_chars(words: list[str], n: int) -> int | None:
    """Length of the most frequent n-gram times its count; of ties the one seen first."""
    ngrams = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
    if not ngrams:
        return None
    counts: dict[str, int] = {}  # keeps the order of first occurrence
    for ngram in ngrams:
        counts[ngram] = counts.get(ngram, 0) + 1
    most = max(counts.values())
    first = next(ngram for ngram, count in counts.items() if count == most)
    return len(first) * most


def repeated_chars(words: list[str], n: int) -> int:
    """Characters of the joined n-grams that a scan finds again, jumping over each it finds."""
    seen, chars, i = set(), 0, 0
    while i + n <= len(words):
        ngram = "".join(words[i : i + n])
        if ngram in seen:
            chars += len(ngram)
            i += n
        else:
            seen.add(ngram)
            i += 1
    return chars
