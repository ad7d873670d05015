"""Twin of the layouts, but for `layout.sentences`: what only white space tells."""

import textwrap


def paragraphs(text: str) -> list[str]:
    """Paragraphs of one line each: runs of lines, or lines where none is blank."""
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    if "" not in lines:
        return lines
    runs: list[list[str]] = [[]]
    for line in lines:
        if line:
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    return [" ".join(run) for run in runs if run]


def wrapped(paragraph: str) -> str:
    """A paragraph in lines of 80 characters."""
    return textwrap.fill(paragraph, 80, break_long_words=False, break_on_hyphens=False)


LAYOUTS = {
    "blank_lines": lambda text: "\n\n".join(paragraphs(text)),
    "newlines": lambda text: "\n".join(paragraphs(text)),
    "one_line": lambda text: " ".join(paragraphs(text)),
    "wrapped": lambda text: "\n\n".join(wrapped(p) for p in paragraphs(text)),
}
