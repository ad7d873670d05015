"""An interpolated n-gram model by the book: n-grams are tuples in dictionaries.

Source: Chen and Goodman 1998, section 3 (modified Kneser-Ney), over a closed alphabet.
"""

import math
from collections import Counter, defaultdict

START = -1
FALLBACK = (0.5, 1.0, 1.5)


class NgramModel:
    """P(symbol | context) of documents, which are lists of symbols below `n_symbols`."""

    def __init__(self, documents, order, n_symbols):
        self.order, self.n_symbols = order, n_symbols
        occurrences, before = Counter(), defaultdict(set)
        for document in documents:
            symbols = [START, *document]
            for end in range(1, len(symbols)):
                for length in range(1, min(order, end + 1) + 1):
                    ngram = tuple(symbols[end - length + 1 : end + 1])
                    occurrences[ngram] += 1
                    before[ngram[1:]].add(ngram[0])
        self.counts = {
            ngram: n if len(ngram) == order or ngram[0] == START else len(before[ngram])
            for ngram, n in occurrences.items()
        }
        self.discounts = {n: self._discounts(n) for n in range(1, order + 1)}
        self.following = defaultdict(list)
        for ngram, n in self.counts.items():
            self.following[ngram[:-1]].append(n)

    def _discounts(self, length):
        n = Counter(count for ngram, count in self.counts.items() if len(ngram) == length)
        if not (n[1] and n[2] and n[3] and n[4]):
            return FALLBACK
        y = n[1] / (n[1] + 2 * n[2])
        found = (1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3])
        possible = all(0 <= d <= i for i, d in enumerate(found, 1))
        return found if possible else FALLBACK

    def _discount(self, length, count):
        return self.discounts[length][min(count, 3) - 1]

    def probability(self, context, symbol):
        """Of `symbol` after `context`, a tuple of at most `order` - 1 symbols."""
        shorter = self.probability(context[1:], symbol) if context else 1 / self.n_symbols
        followers = self.following.get(context)
        if not followers:
            return shorter
        length, total = len(context) + 1, sum(followers)
        count = self.counts.get((*context, symbol), 0)
        own = count - self._discount(length, count) if count else 0.0
        given = sum(self._discount(length, n) for n in followers)
        return own / total + given / total * shorter

    def nats(self, document):
        """Negative logarithm of the probability of a document."""
        symbols, total = [START, *document], 0.0
        for end in range(1, len(symbols)):
            context = tuple(symbols[max(0, end - self.order + 1) : end])
            total -= math.log(self.probability(context, symbols[end]))
        return total
