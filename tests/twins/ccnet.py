"""CCNet by the book: normalisation a character at a time, n-grams in dictionaries.

Sources: facebookresearch/cc_net bda555b (`text_normalizer.py`, `dedup.py`, `perplexity.py`), and for
scores the definition of a back-off model, summed in single precision as KenLM sums.
"""

import hashlib
import struct
import unicodedata

REPLACEMENTS = {
    ",": "，、",
    ".": "。",
    '"': "„”“«»１」「《》",
    "'": "´’",
    ":": "∶：",
    "?": "？",
    "!": "！",
    "(": "（",
    ")": "）",
    ";": "；",
    "-": "–━►",
    " - ": "—",
    ". ": "．",
    "~": "～",
    "...": "…",
    "<": "〈",
    ">": "〉",
    "[": "【",
    "]": "】",
    "%": "％",
}
MARKS = {mark: ascii_ for ascii_, marks in REPLACEMENTS.items() for mark in marks}


def normalize(text, *, accent=True, case=True, numbers=True, punct="replace"):
    """`text_normalizer.normalize`; `punct` is `keep`, `replace` or `remove`."""
    text = text.strip()
    if case:
        text = text.lower()
    if accent:
        text = unicodedata.normalize("NFD", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    if numbers:
        text = "".join("0" if unicodedata.category(c) == "Nd" else c for c in text)
    if punct != "keep":
        text = "".join(MARKS[c] * (punct == "replace") if c in MARKS else c for c in text)
    return "".join(c for c in text if not (ord(c) < 32 or 127 <= ord(c) < 160))


def line_key(line):
    """First eight bytes of the SHA-1 of `normalize_for_dedup`, little-endian."""
    normal = normalize(line, accent=False, punct="remove")
    return int.from_bytes(hashlib.sha1(normal.encode()).digest()[:8], "little")  # noqa: S324 - the original's


def single(value):
    """The nearest single-precision number."""
    return struct.unpack("f", struct.pack("f", value))[0]


def read_arpa(text):
    """Each n-gram, as a tuple of words, with its logarithm and its back-off weight."""
    ngrams = {}
    n = 0
    for line in text.splitlines():
        if line.startswith("\\"):
            n = int(line[1 : line.index("-")]) if line.endswith("-grams:") else 0
        elif n and line.strip():
            fields = line.split()
            backoff = single(float(fields[n + 1])) if len(fields) > n + 1 else 0.0
            ngrams[tuple(fields[1 : n + 1])] = (single(float(fields[0])), backoff)
    ngrams.setdefault(("<unk>",), (-100.0, 0.0))
    return ngrams


def score_word(ngrams, context, word):
    """Logarithm of a word's probability: the longest n-gram there is, and what backing off costs."""
    known = word if (word,) in ngrams else "<unk>"
    for start in range(len(context) + 1):
        ngram = (*context[start:], known)
        if ngram in ngrams:
            total = ngrams[ngram][0]
            for shorter in range(start - 1, -1, -1):
                weight = ngrams.get(tuple(context[shorter:]), (0.0, 0.0))[1]
                total = single(total + weight)
            return known, total
    raise AssertionError(word)


def score_line(ngrams, words):
    """Logarithm of a line's probability with the marks of its beginning and end."""
    order = max(len(ngram) for ngram in ngrams)
    context, total = ["<s>"], 0.0
    for word in [*words, "</s>"]:
        known, value = score_word(ngrams, context[max(0, len(context) - order + 1) :], word)
        context.append(known)
        total = single(total + value)
    return total


def perplexity(lines):
    """Of (score, number of words) a line, rounded; None for no line."""
    if not lines:
        return None
    total = sum(score for score, _ in lines)
    length = sum(words + 1 for _, words in lines)
    return round(10.0 ** (-total / length), 1)
