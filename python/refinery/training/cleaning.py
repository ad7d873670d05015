r"""What `clean` removes from a document before it is cut: markup, headings, what is not running text.

A class whose documents carry markup is told by its markup. These are plain functions from text to
text; none of them is applied when a document is scored.

>>> clean("none", "# A heading")
'# A heading'
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from refinery.training.config import Cleaning


def prose(text: str) -> str:
    """The paragraphs that are sentences: no headings, lists, front matter, tables, or markup."""
    text = re.sub(r"\{[{%].*?[}%]\}|<[^>]{1,200}>|&#?\w{1,8};", " ", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+|[*_`#|]+", " ", text)
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n".join(p for p in paragraphs if _is_prose(p))


_LATEX_DISPLAY = re.compile(
    r"\\begin\{(align|equation|multline|tabular|prooftree|oltableau|tikzpicture|figure|array|gather)\*?\}.*?"
    r"\\end\{\1\*?\}|\\\[.*?\\\]",
    re.DOTALL,
)


def lines_of_prose(text: str) -> str:
    """Like `prose`, where every line is a paragraph."""
    return prose(text.replace("\n", "\n\n"))


def latex_prose(text: str) -> str:
    """The sentences of a LaTeX source, a letter for each formula."""
    text = re.sub(r"(?m)%.*$", "", text)
    text = re.sub(_LATEX_DISPLAY, " ", text)
    text = re.sub(r"\$[^$]*\$", "x", text)
    text = re.sub(r"!!\^?a?\^?\{([^}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:emph|textbf|textit)\{([^}]*)\}", r"\1", text)
    text = re.sub(r"\\\w+\*?(?:\[[^\]]*\])?(?:\{[^}]*\})*|[{}~]", " ", text)
    return prose(text)


def mail_body(text: str) -> str:
    """A message without its header, which would give the source away."""
    return text.partition("\n\n")[2]


def mail_prose(text: str) -> str:
    """The sentences of a message, without quoted lines."""
    return prose(re.sub(r"(?m)^[>|].*$", "", mail_body(text)))


def _is_prose(paragraph: str) -> bool:
    found = paragraph.split()
    ends = paragraph.rstrip("\"')\u201d\u2019").endswith((".", "?", "!"))
    capitals = sum(w[0].isupper() for w in found)
    return len(found) >= 20 and ends and capitals < len(found) / 3


_BY_NAME: dict[str, Callable[[str], str]] = {
    "none": str,
    "prose": prose,
    "lines_of_prose": lines_of_prose,
    "latex_prose": latex_prose,
    "mail_body": mail_body,
    "mail_prose": mail_prose,
}


def clean(name: Cleaning, text: str) -> str:
    """A text without what the cleaning of that name removes."""
    return _BY_NAME[name](text)
