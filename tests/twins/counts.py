"""Twin of `counts`."""


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family."""
    return {"n_words": len(text.split()), "n_lines": len(text.splitlines())}
