"""Twin of `c4`, `datatrove.c4` and `datatrove.c4_fineweb`, and of the text that C4 leaves."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from .punctuation import SENTENCE_ENDS

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
POLICY = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
FATES = ("kept", "long_word", "no_terminal_punct", "few_words", "javascript", "policy")


def signals(
    text: str,
    count_sentences: Callable[[str], int],
    *,
    terminal_punct: bool = True,
    reference: bool = False,
) -> dict[str, float | None]:
    """Every signal of the family; `count_sentences` is asked once for each kept line.

    `reference` are the rules of C4's own implementation, else they are datatrove's.
    """
    judged = list(judge_lines(text, terminal_punct=terminal_punct, reference=reference))
    lorem = [i for i, (_, _, breaks) in enumerate(judged) if "lorem_ipsum" in breaks]
    curly = [i for i, (_, _, breaks) in enumerate(judged) if "curly_bracket" in breaks]
    values: dict[str, float | None] = {"n_lines": len(judged)}
    for fate in FATES:
        name = "n_lines_kept" if fate == "kept" else f"n_lines_dropped_{fate}"
        values[name] = sum(found == fate for found, _, _ in judged)
    kept = [line for fate, line, _ in judged if fate == "kept"]
    values["n_sentences"] = sum(count_sentences(line) for line in kept)
    values["has_lorem_ipsum"] = int(bool(lorem))
    values["has_curly_bracket"] = int(bool(curly))
    values["has_lorem_ipsum_first"] = int(bool(lorem) and not (curly and curly[0] < lorem[0]))
    if reference:
        values["n_chars"] = len(text)
    return values


def edited_text(text: str, *, terminal_punct: bool = True, reference: bool = False) -> str:
    """The kept lines, without citations."""
    judged = judge_lines(text, terminal_punct=terminal_punct, reference=reference)
    return "\n".join(line for fate, line, _ in judged if fate == "kept").strip()


def judge_lines(
    text: str, *, terminal_punct: bool, reference: bool
) -> Iterator[tuple[str, str, set[str]]]:
    """Per line: what becomes of it, how it reads then, which document rules it breaks."""
    marks = (".", "?", "!", '"') if reference else (".", "?", "!", '"', "'")
    for raw in text.splitlines():
        words = raw.split()
        line = CITATION.sub("", raw.strip())
        lower = line.lower()
        breaks: set[str] = set()
        if any(len(word) > 1000 for word in words):
            yield "long_word", line, breaks
            continue
        if terminal_punct and (not line.endswith(marks) or line.endswith("...")):
            yield "no_terminal_punct", line, breaks
            continue
        if len(line.split()) < 5 if reference else len(words) < 3:
            yield "few_words", line, breaks
            continue
        if "lorem ipsum" in lower:
            breaks.add("lorem_ipsum")
        if "javascript" in lower:
            yield "javascript", line, breaks
            continue
        if "{" in line:
            breaks.add("curly_bracket")
        yield "policy" if any(p in lower for p in POLICY) else "kept", line, breaks


def count_sentences(tokens: list[str]) -> int:
    """Sentences of a line by its tokens, white space tokens among them, as the sentencizer does."""
    sentences, seen_end = 1, False
    for token in tokens:
        is_punctuation = all(unicodedata.category(c).startswith("P") for c in token)
        if token in SENTENCE_ENDS:
            seen_end = True
        elif seen_end and not is_punctuation:
            sentences, seen_end = sentences + 1, False
    return sentences
