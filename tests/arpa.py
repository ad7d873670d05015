"""Makes a small ARPA model by counting: for tests only, its numbers are no good elsewhere."""

import math
import random
from collections import Counter, defaultdict

DISCOUNT = 0.6


def estimate(lines, order, *, seed=0, pruned=0.0):
    """The text of an ARPA file of n-grams up to `order` words, over lists of words.

    Absolute discounting. `pruned` is the share of n-grams that are left out although longer ones
    end in them: real models that were pruned by entropy have such holes.
    """
    counts = [Counter() for _ in range(order)]
    for words in lines:
        marked = ["<s>", *words, "</s>"]
        for n in range(1, order + 1):
            counts[n - 1].update(zip(*(marked[i:] for i in range(n)), strict=False))
    rng = random.Random(seed)
    contexts = {ngram[:-1] for n in range(1, order) for ngram in counts[n]}
    for n in range(1, order - 1):
        for ngram in sorted(counts[n]):
            if ngram not in contexts and rng.random() < pruned:
                del counts[n][ngram]
    after = [defaultdict(list) for _ in range(order)]
    for n in range(1, order):
        for ngram in counts[n]:
            after[n][ngram[:-1]].append(counts[n][ngram])
    total = sum(counts[0].values())
    sections = []
    for n in range(order):
        rows = []
        for ngram in sorted(counts[n]):
            seen = counts[n][ngram]
            base = sum(after[n][ngram[:-1]]) if n else total
            log10 = (
                -99.0 if ngram == ("<s>",) else math.log10((seen - DISCOUNT * (seen > 0)) / base)
            )
            backoff = ""
            if n + 1 < order and ngram in after[n + 1]:
                following = after[n + 1][ngram]
                left = DISCOUNT * len(following) / sum(following)
                backoff = f"\t{math.log10(left) + rng.random() / 9:.7g}"
            rows.append(f"{log10:.7g}\t{' '.join(ngram)}{backoff}")
        sections.append(rows)
    sections[0].insert(0, f"{math.log10(DISCOUNT * len(counts[0]) / total):.7g}\t<unk>")
    return render(sections)


def render(sections):
    """The text of an ARPA file with those lines, a list for each order."""
    head = "".join(f"ngram {n}={len(rows)}\n" for n, rows in enumerate(sections, 1))
    body = "".join(
        f"\n\\{n}-grams:\n" + "".join(f"{row}\n" for row in rows)
        for n, rows in enumerate(sections, 1)
    )
    return f"\\data\\\n{head}{body}\n\\end\\\n"
