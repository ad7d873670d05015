"""Twins of the edits `dclm.urls`, `dclm.newlines` and `dclm.lines`."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

LIST = Path(__file__).parents[3] / "rust/refinery-core/src/edit/dclm_tlds.txt"
NOUNS = (
    "likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|downvotes|downloads|views"
    "|followers"
)
COUNTER = re.compile(rf"\W*\d[\d.,]*[kmb]?\s+(?:{NOUNS})\W*")
NUMERIC = re.compile(
    r"\s{0,10}\b((https?|ftp)://)?([0-2]?[0-9]{1,2}\.){3}[0-2]?[0-9]{1,2}"
    r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"
)


@cache
def domains() -> list[str]:
    """The list of the original: names from right to left have an invisible mark behind them."""
    names = LIST.read_text(encoding="utf-8").split()
    return [name + "\u200e" * ("\u0590" <= name[0] <= "\u08ff") for name in names]


@cache
def patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a text must begin with for its named addresses to be deleted, and such an address."""
    names = "|".join(re.escape(name) for name in sorted(domains(), key=len, reverse=True))
    host = r"[-a-zA-Z0-9@:%._+~#=]{1,256}"
    path = r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"
    named = rf"\s{{0,10}}((https?|ftp)://)?{host}\.({names})\b{path}"
    return re.compile(names, re.IGNORECASE), re.compile(named)


def without_urls(text: str) -> str:
    """`dclm.urls`."""
    begins, named = patterns()
    if begins.match(text):
        text = named.sub("", text)
    return NUMERIC.sub("", text)


def at_most_two_newlines(text: str) -> str:
    """`dclm.newlines`."""
    return re.sub(r"\n\n\n+", "\n\n", text)


def line_steps(text: str) -> list[str]:
    """The text after each step of `dclm.lines`; empty from the step on that leaves nothing."""
    texts = []
    for step in STEPS:
        text = step(text) if text else ""
        texts.append(text)
    return texts


def dropping(is_dropped: Callable[[str], bool], *, strip: bool = True) -> Callable[[str], str]:
    """A step that drops lines; empty ones stay."""

    def step(text: str) -> str:
        kept = "\n".join(line for line in text.split("\n") if not line or not is_dropped(line))
        return kept.strip() if strip else kept

    return step


def cutting(pattern: str) -> Callable[[str], str]:
    """A step that cuts a pattern out of lines of ten words and fewer, and drops what is blank then."""
    found = re.compile(pattern, re.IGNORECASE)

    def step(text: str) -> str:
        lines = []
        for line in text.split("\n"):
            short = len(line.split()) <= 10
            cut = found.sub("", line) if short else line
            if not (line and short) or cut.strip():
                lines.append(cut)
        return "\n".join(lines).strip()

    return step


STEPS = [
    dropping(lambda line: sum(c.isupper() for c in line) / len(line) > 0.5),
    dropping(lambda line: sum(c.isdigit() for c in line) / len(line) > 0.999999),
    dropping(lambda line: COUNTER.fullmatch(line.lower()) is not None),
    dropping(lambda line: len(line.split()) < 2, strip=False),
    cutting(r"\s?items in cart"),
    cutting(r"\s?read more...$"),
    cutting(r"^sign-in\s?"),
]
