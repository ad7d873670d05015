"""N-grams of words as tuples."""


def ngrams(words: list[str], n: int) -> list[tuple[str, ...]]:
    """Every n-gram, in order; none with fewer words than n."""
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def top(words: list[str], n: int) -> tuple[tuple[str, ...], int]:
    """The most frequent n-gram, of ties the one seen first, and its count."""
    counts: dict[tuple[str, ...], int] = {}  # keeps the order of first occurrence
    for ngram in ngrams(words, n):
        counts[ngram] = counts.get(ngram, 0) + 1
    return max(counts.items(), key=lambda item: item[1])


def covered(positions: list[int], n: int) -> set[int]:
    """The positions of all words of the n-grams at `positions`."""
    return {at + k for at in positions for k in range(n)}
