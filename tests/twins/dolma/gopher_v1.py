"""Twin of `dolma.gopher_v1`."""

from collections import Counter
from collections.abc import Callable
from statistics import median

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
Ngrams = list[tuple[str, ...]]


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    return signals_of(text, text.split("\n"))


def signals_of(text: str, lines: list[str]) -> dict[str, float | None]:
    """Every signal of a text with the given lines."""
    words = text.split()
    chars = sum(map(len, words))
    copies = copied(lines)
    values: dict[str, float | None] = {
        "n_words": len(words),
        "median_word_length": float(median(map(len, words))) if words else 0.0,
        "frac_words_with_symbol": share(words, lambda word: "#" in word or "…" in word),
        "frac_words_with_alpha": share(words, lambda word: any(map(str.isalpha, word))),
        "n_stop_words": sum(word in STOP_WORDS for word in words),
        "frac_lines_starting_bullet": share(lines, lambda line: line.startswith(("*", "-"))),
        "frac_lines_ending_ellipsis": share(lines, lambda line: line.endswith("…")),
        "dup_line_frac": len(copies) / len(lines),
        "dup_line_char_frac": sum(map(len, copies)) / max(chars, 1),
    }
    for n in range(2, 11):
        ngrams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        name = f"{'top' if n < 5 else 'dup'}_{n}gram_char_frac"
        of = top if n < 5 else duplicates
        values[name] = of(ngrams, chars) if ngrams else None
    return values


def share(items: list[str], has: Callable[[str], bool]) -> float:
    """The share of items that have something; 0 of none."""
    return sum(map(has, items)) / max(len(items), 1)


def copied(items: list) -> list:
    """All occurrences of what occurs more than once."""
    counts = Counter(items)
    return [item for item in items if counts[item] > 1]


def length(ngrams: Ngrams) -> int:
    """Characters of all words of all n-grams."""
    return sum(len(word) for ngram in ngrams for word in ngram)


def top(ngrams: Ngrams, chars: int) -> float:
    """Characters of all occurrences of the most frequent n-gram; of ties the one seen first."""
    counts = Counter(ngrams)
    most = max(counts.values())
    first = next(ngram for ngram in ngrams if counts[ngram] == most)
    return most * length([first]) / max(chars, 1)


def duplicates(ngrams: Ngrams, _chars: int) -> float:
    """Characters of n-grams that occur more than once, over those of all n-grams."""
    return length(copied(ngrams)) / max(length(ngrams), 1)
