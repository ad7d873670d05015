"""Twin of `dolma.c4_v1`."""

from pathlib import Path

LIST = "rust/refinery-core/src/signal/dolma/naughty_words_en.txt"
NAUGHTY = (Path(__file__).parents[3] / LIST).read_text(encoding="utf-8").splitlines()


def signals(text: str) -> dict[str, float]:
    """Every signal of the family."""
    lines = [line.strip() for line in text.split("\n")]
    lower = text.lower()
    words = set(lower.split())
    naughty = (entry in (lower if " " in entry else words) for entry in NAUGHTY)
    return {
        "n_lines": len(lines),
        "n_lines_no_end_punct": sum(line[-1:] not in {".", "?", "!", '"'} for line in lines),
        "n_lines_few_words": sum(len(line.split()) < 3 for line in lines),
        "has_naughty_word": any(naughty),
        "has_javascript": "javascript" in words,
        "has_lorem_ipsum": "lorem ipsum" in lower,
        "has_curly_brace": "{" in text,
    }
