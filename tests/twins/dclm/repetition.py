"""Twin of `dclm.repetition`."""

from collections import Counter

from ..share import share


def signals(text: str, words: list[str]) -> dict[str, float | None]:
    """Every signal of the family; `words` are those of UAX 29 that begin with a letter or number."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    values: dict[str, float | None] = {}
    for name, parts in (("line", lines), ("para", paragraphs)):
        values[f"dup_{name}_frac"] = share(len(copies(parts)), len(parts))
    for name, parts in (("line", lines), ("para", paragraphs)):
        values[f"dup_{name}_char_frac"] = share(length(copies(parts)), length(parts))
    for n in (2, 3, 4):
        values[f"top_{n}gram_char_frac"] = of_words(top_chars(words, n), words, n)
    for n in range(5, 11):
        values[f"dup_{n}gram_char_frac"] = of_words(covered_chars(words, n), words, n)
    return values


def copies(parts: list[str]) -> list[str]:
    """Parts that occur more than once, each time."""
    return [part for part in parts if parts.count(part) > 1]


def length(parts: list[str]) -> int:
    """Characters of all parts."""
    return sum(len(part) for part in parts)


def ngrams(words: list[str], n: int) -> list[tuple[str, ...]]:
    """All n-grams in order."""
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def top_chars(words: list[str], n: int) -> int:
    """The greatest length of a most frequent n-gram times its count; 0 if none comes twice."""
    counts = Counter(ngrams(words, n))
    most = max(counts.values(), default=0)
    if most < 2:
        return 0
    return most * max(length(list(gram)) for gram, count in counts.items() if count == most)


def covered_chars(words: list[str], n: int) -> int:
    """Characters of the words at places that a repeated n-gram covers."""
    grams = ngrams(words, n)
    counts = Counter(grams)
    places = {i + k for i, gram in enumerate(grams) if counts[gram] > 1 for k in range(n)}
    return sum(len(words[place]) for place in places)


def of_words(chars: int, words: list[str], n: int) -> float | None:
    """The share of the characters of all words, None where there are fewer than n."""
    return None if len(words) < n else share(chars, length(words))
