"""Twin of `curator.heuristics`."""

import re
import unicodedata
from collections.abc import Sequence

from ..ngrams import covered, ngrams, top
from ..share import repeated, share

PLAIN = re.compile(r"[a-zA-Z0-9\n?!,.]")
URL = re.compile(r"https?://(?:[A-Za-z0-9$\-_@.&+/:=?#~!*(),]|%[0-9A-Fa-f]{2})+")
END_MARKS = (".", "?", "!", '"', "'")
ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»")
LINE_ELLIPSES = (*ELLIPSES, "read more", "read more..")
BULLETS = tuple("•‣\u2043⁌⁍∙○●◘◦⦾⦿")
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
# The original has five whole notices of a site builder besides; the parity test gives its list.
BOILERPLATE = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
)


def signals(text: str, boilerplate_phrases: Sequence[str] = BOILERPLATE) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    words = text.split()
    urls = URL.findall(text)
    lines = [line for line in text.split("\n") if line.strip()]
    paragraphs = text.split("\n\n")
    return {
        "frac_chars_not_plain": share(len(text) - len(PLAIN.findall(text)), len(text)),
        "frac_words_symbol": share(sum(map(is_symbol, words)), len(words)),
        "frac_chars_digit": share(sum(c in "0123456789" for c in text), len(text)),
        "frac_chars_url": share(sum(map(len, urls)), len(text)),
        "frac_chars_white_space": share(sum(c in "\t\n\r\b " for c in text), len(text)),
        "frac_chars_bracket": share(sum(c in "(){}[]⟨⟩" for c in text), len(text)),
        "frac_paras_boilerplate": boilerplate(paragraphs, boilerplate_phrases),
        "frac_lines_unique": share(len(set(lines)), len(lines)),
        "frac_paras_unique": share(len(set(paragraphs)), len(paragraphs)),
        "frac_line_chars_unique": unique_chars(lines),
        "frac_para_chars_unique": unique_chars(paragraphs),
        "n_words": len(words),
        "frac_lines_without_end_mark": share(
            sum(not line.strip().endswith(END_MARKS) for line in lines), len(lines)
        ),
        "frac_words_with_alpha": share(
            sum(any(map(is_alphabetic, word)) for word in words), len(words)
        ),
        "n_stop_words": sum(word in STOP_WORDS for word in words),
        "mean_word_length": share(sum(map(len, words)), len(words)),
        "max_word_length": max(map(len, words), default=None),
        "frac_lines_ending_ellipsis": share(
            sum(line.strip().lower().endswith(LINE_ELLIPSES) for line in lines), len(lines)
        ),
        **{f"top_{n}gram_char_frac": deleted(text, words, n) for n in (2, 3, 4)},
        **{f"dup_{n}gram_char_frac": copied(text, words, n) for n in range(5, 11)},
        "frac_lines_starting_bullet": share(
            sum(line.strip().startswith(BULLETS) for line in lines), len(lines)
        ),
        "has_pornographic_url": int(any("porn" in url for url in urls)),
    }


def is_symbol(word: str) -> bool:
    """Whether a word is an ellipsis or mostly runs of `#`."""
    return word in ELLIPSES or len(re.findall("#+", word)) / len(word) > 0.5


def is_alphabetic(char: str) -> bool:
    """Unicode's property Alphabetic, which Python does not have, as far as these tests go: letters,
    letter numbers, circled letters, and marks that are vowel signs."""
    category = unicodedata.category(char)
    name = unicodedata.name(char, "")
    return category[0] == "L" or category == "Nl" or "VOWEL SIGN" in name


def boilerplate(paragraphs: list[str], phrases: Sequence[str]) -> float | None:
    """Paragraphs with a phrase over all; 1 where any has `lorem ipsum`."""
    lower = [paragraph.strip().lower() for paragraph in paragraphs]
    if any("lorem ipsum" in paragraph for paragraph in lower):
        return 1.0
    with_phrase = sum(any(phrase in para for phrase in phrases) for para in lower)
    return share(with_phrase, len(lower))


def unique_chars(parts: list[str]) -> float | None:
    """Characters of the different parts over those of all."""
    chars = sum(map(len, parts))
    return share(chars - repeated(parts)[1], chars)


def deleted(text: str, words: list[str], n: int) -> float | None:
    """What goes of the text when the most frequent n-gram is deleted from it."""
    if len(words) < n:
        return None
    ngram = " ".join(top(words, n)[0])
    return share(len(text) - len(text.replace(ngram, "")), len(text))


def copied(text: str, words: list[str], n: int) -> float | None:
    """What second and later copies of n-grams cover, gaps between their words included."""
    if len(words) < n:
        return None
    seen: set[tuple[str, ...]] = set()
    copies = []
    for at, ngram in enumerate(ngrams(words, n)):
        if ngram in seen:
            copies.append(at)
        seen.add(ngram)
    gaps = {at + k for at in copies for k in range(n - 1)}
    chars = sum(len(words[at]) for at in covered(copies, n))
    return share(chars + len(gaps), len(text))
