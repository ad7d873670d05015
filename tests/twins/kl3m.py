"""Twin of `kl3m`."""

import math
import string
from collections import Counter
from collections.abc import Iterable

FORMAT_TOKENS = {395, 477, 1819, 2098, 12125, 19220, 25937, 67199, 126985, 126997, 127022, 127034}
NOSPACE_BIGRAMS = {35464, 67042, 108832}

# Weight, low and high by metric, in the order of the sum.
METRICS = {
    "ratio_whitespace": (1.0, 0.121212, 0.193813),
    "average_line_length": (1.0, 17.5, 245.0),
    "average_paragraph_length": (1.0, 35.0, 849.0),
    "ratio_alphanumeric": (1.0, 0.594595, 0.822884),
    "ratio_alpha_to_numeric": (0.1, 1.829268, 265.1),
    "ratio_non_ascii": (2.0, 0.0, 0.034483),
    "ratio_capital": (1.0, 0.008368, 0.224638),
    "ratio_punctuation": (1.0, 0.021601, 0.210867),
    "average_word_length": (1.5, 4.498695, 7.285714),
    "type_token_ratio": (1.5, 0.387879, 0.66055),
    "token_entropy": (0.5, 3.38158, 7.855401),
    "char_entropy": (0.5, 4.066784, 5.017473),
    "max_token_frequency_ratio": (1.0, 0.04028, 0.153846),
    "repetition_rate": (1.5, 0.33945, 0.612121),
    "ratio_format_tokens": (12.5, 0.0, 0.0),
    "ratio_nospace_bigrams": (3.0, 0.0, 0.0),
}


def signals(text: str, tokens: list[int], *, is_kl3m: bool) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    values = {**_of_characters(text), **_of_tokens(tokens)}
    if not is_kl3m:
        values |= {"ratio_format_tokens": None, "ratio_nospace_bigrams": None}
    score = sum(_penalty(values[name], *metric) for name, metric in METRICS.items())
    return {
        **{name: values[name] for name in METRICS},
        "score": score,
        "adjusted_score": score / max(1, len(tokens)),
    }


def _of_characters(text: str) -> dict[str, float | None]:
    n = len(text)
    letters = [c for c in text if c.isalpha()]
    n_digits = sum(c.isdigit() for c in text)
    words = text.split()
    n_paragraphs = text.count(".\n\n") + text.count(".\r\n") + 1
    return {
        "ratio_whitespace": _over(sum(c.isspace() for c in text), n),
        "average_line_length": n / (text.count("\n") + 1),
        "average_paragraph_length": n / n_paragraphs,
        "ratio_alphanumeric": _over(sum(c.isalnum() for c in text), n),
        "ratio_alpha_to_numeric": len(letters) / n_digits if n_digits else None,
        "ratio_non_ascii": _over(sum(ord(c) > 127 for c in text), n),
        "ratio_capital": _over(sum(c.isupper() for c in letters), len(letters)),
        "ratio_punctuation": _over(sum(c in string.punctuation for c in text), n),
        "average_word_length": _over(sum(len(w) for w in words), len(words)),
        "char_entropy": _entropy(text),
    }


def _of_tokens(tokens: list[int]) -> dict[str, float | None]:
    n = len(tokens)
    ttr = _over(len(set(tokens)), n)
    return {
        "type_token_ratio": ttr,
        "token_entropy": _entropy(tokens),
        "max_token_frequency_ratio": _over(max(Counter(tokens).values(), default=0), n),
        "repetition_rate": 1 - ttr if n else 0,
        "ratio_format_tokens": _over(sum(t in FORMAT_TOKENS for t in tokens), n),
        "ratio_nospace_bigrams": _over(sum(t in NOSPACE_BIGRAMS for t in tokens), n),
    }


def _penalty(value: float | None, weight: float, low: float, high: float) -> float:
    if value is None:
        return 0.0
    if low == high:
        return weight * abs(value - low) if abs(value - low) > 1e-8 else 0.0
    if value < low:
        return weight * (low - value) / (abs(low) + 1e-8)
    if value > high:
        return weight * (value - high) / (abs(high) + 1e-8)
    return 0.0


def _entropy(members: Iterable[str | int]) -> float:
    counts = Counter(members)
    shares = [n / counts.total() for n in counts.values()]
    return -sum(p * math.log2(p) for p in shares)


def _over(part: float, whole: int) -> float:
    return part / whole if whole else 0
