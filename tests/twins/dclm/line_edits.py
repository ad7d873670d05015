"""Twin of `dclm.line_edits`."""

from .text_edits import line_steps
from .words import fasttext_words

NAMES = (
    "uppercase",
    "digits",
    "counters",
    "short_lines",
    "items_in_cart",
    "read_more",
    "sign_in",
)


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    left = line_steps(text)
    values: dict[str, float | None] = {
        f"n_lines_after_{name}": len(text.split("\n")) if text else 0
        for name, text in zip(NAMES, left, strict=True)
    }
    before, after = len(fasttext_words(text)), len(fasttext_words(left[-1]))
    values["frac_words_removed"] = (before - after) / before if before else None
    return values
