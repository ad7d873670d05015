"""Twin of `datatrove.c4_paragraph`."""


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family; None is null."""
    lengths = sorted((len(line) for line in text.split("\n")), reverse=True)
    return {
        "n_paragraphs": len(lengths),
        "third_longest_paragraph_chars": lengths[2] if len(lengths) >= 3 else None,
    }
