"""The filters of `dclm_baseline_refinedweb.yaml` on the text alone, in its order, as predicates.

Not by way of signals and bounds: each filter says what it drops, in the terms of the original, so that
the presets are checked too. Left out are the filters on the address and on the language.
"""

from collections.abc import Callable

from .quality import BULLETS, ELLIPSES, STOP_WORDS, SYMBOLS
from .repetition import copies, covered_chars, length, ngrams, top_chars
from .text_edits import at_most_two_newlines, line_steps, without_urls
from .words import fasttext_words

MODIFIERS = [
    "uppercase_ratio_line_modifier",
    "numeric_ratio_line_modifier",
    "counter_line_modifier",
    "line_length_modifier",
    *["substring_line_modifier"] * 3,
]


def cleaned(text: str) -> str:
    """The text that the filters read."""
    return at_most_two_newlines(without_urls(text))


def quality_reason(text: str) -> str | None:
    """The first quality filter that drops a cleaned text."""
    n_words = len(fasttext_words(text))
    if not text:
        return "url_removal_modifier"
    if n_words < 50 or n_words > 100_000:
        return "page_length_filter"
    return split_reason(text, text.split())


def split_reason(text: str, words: list[str]) -> str | None:
    """The first filter on the words of `split()` and on lines."""
    if not words or not 3 <= sum(len(word) for word in words) / len(words) <= 10:
        return "word_length_filter"
    if sum(text.count(symbol) for symbol in SYMBOLS) / len(words) > 0.1:
        return "symbol_ratio_filter"
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if sum(line.startswith(BULLETS) for line in lines) > 0.9 * len(lines):
        return "bullet_count_filter"
    if sum(line.endswith(ELLIPSES) for line in lines) > 0.3 * len(lines):
        return "ellipsis_count_filter"
    if sum(not any(map(str.isalpha, word)) for word in words) / len(words) > 0.2:
        return "alphabetic_word_ratio_filter"
    if sum(word.lower() in STOP_WORDS for word in words) < 2:
        return "stop_word_filter"
    return None


def repetition_reason(text: str, words: list[str]) -> str | None:
    """The repetition filter if it drops a text with these UAX 29 words."""
    dropped = "massive_web_repetition_filters"
    for measure, bound in ((len, 0.3), (length, 0.2)):
        for separator in ("\n", "\n\n"):
            if parts_repeat(text, separator, measure, bound):
                return dropped
    bounds = {2: 0.2, 3: 0.18, 4: 0.16, 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}
    for n, bound in bounds.items():
        chars = top_chars if n < 5 else covered_chars
        if ngrams(words, n) and chars(words, n) / length(words) > bound:
            return dropped
    return None


def parts_repeat(
    text: str, separator: str, measure: Callable[[list[str]], int], bound: float
) -> bool:
    """Whether too much of the lines or paragraphs is copies; so it is where there is none."""
    parts = [part.strip() for part in text.split(separator) if part.strip()]
    if len(parts) == 1:
        return False
    return not parts or measure(copies(parts)) / measure(parts) > bound


def line_edits_reason(text: str) -> str | None:
    """The modifier that leaves nothing of a text, or the filter on the words they removed."""
    left = line_steps(text)
    for modifier, rest in zip(MODIFIERS, left, strict=True):
        if not rest:
            return modifier
    before, after = len(fasttext_words(text)), len(fasttext_words(left[-1]))
    if before == 0 or (before - after) / before > 0.05:
        return "word_removal_ratio_filter"
    return None


def reason(text: str, uax29_words: Callable[[str], list[str]]) -> str | None:
    """The first filter of the recipe that drops a raw text, None if it is kept."""
    text = cleaned(text)
    return (
        quality_reason(text)
        or repetition_reason(text, uax29_words(text))
        or line_edits_reason(text)
    )
