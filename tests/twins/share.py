"""Division as the signals do it, and repeated parts."""


def share(part: float, whole: float) -> float | None:
    """`part / whole`, or None where there is no whole."""
    return part / whole if whole else None


def repeated(parts: list[str]) -> tuple[int, int]:
    """How many parts equal an earlier one, and their characters."""
    seen: set[str] = set()
    count, chars = 0, 0
    for part in parts:
        if part in seen:
            count, chars = count + 1, chars + len(part)
        seen.add(part)
    return count, chars
