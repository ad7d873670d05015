"""The one preparation of text, for training and for scoring.

A classifier that was trained on text prepared in one way and scores text prepared in another is
silently worse: peers join lines with a space, with nothing, or not at all. Ours is fixed here, has
a name that every model's sidecar carries, and is what the scoring kernel does by itself: a text
is cut into words at seven ASCII separators, all alike; its first ``</s>`` ends it; words that
start with ``__label__`` are no words. There is no lower-casing and no Unicode normalisation.

Training and scoring agree because `training_line` writes only what the kernel would read. Changing
anything here makes stored models wrong: give the preparation a new name.
"""

from __future__ import annotations

import hashlib
import re
from itertools import takewhile

# Part of every sidecar; a model of another preparation is refused.
TEXT_PREP = "fasttext-words-1"
LABEL_PREFIX = "__label__"
END_OF_LINE = "</s>"
# Every separator, a second line, a label inside, the end of a line, and what is no ASCII.
_PROBE = "One\r\ntwo\tthree\v\f\0four __label__x \u2028\u00a0 \u00c9t\u00e9 \u6f22\u5b57 __label__ </s> never"
_SEPARATORS = re.compile("[ \n\r\t\v\f\0]+")


def words(text: str) -> list[str]:
    r"""The words that a model sees in `text`, in order.

    Parameters
    ----------
    text : str
        Any text. Lone surrogates become question marks: no UTF-8 file can hold them.

    Examples
    --------
    >>> words("One\r\ntwo\u2028three  __label__x four </s> five")
    ['One', 'two\u2028three', 'four']
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    found = (word for word in _SEPARATORS.split(text) if word)
    until_end = takewhile(lambda word: word != END_OF_LINE, found)
    return [word for word in until_end if not word.startswith(LABEL_PREFIX)]


def prepare(text: str) -> str:
    r"""`text` as one line of words; scores are the same before and after.

    Examples
    --------
    >>> prepare("One\n\n  two")
    'One two'
    """
    return " ".join(words(text))


def text_prep_sha256() -> str:
    """A hash of what the preparation does: it changes when a prepared text would.

    The preparation of a fixed probe, so that a rename of a variable changes nothing and a changed
    separator does.
    """
    return hashlib.sha256(f"{TEXT_PREP} {prepare(_PROBE)}".encode()).hexdigest()


def training_line(label: str, text: str) -> str:
    """One line of a training file, without the newline.

    Parameters
    ----------
    label : str
        A label without its prefix; one word.
    text : str
        The text of the example.

    Raises
    ------
    ValueError
        Where the label is empty or would be read as more than one word.

    Examples
    --------
    >>> training_line("lq", "BUY NOW __label__hq")
    '__label__lq BUY NOW'
    """
    if words(label) != [label]:
        msg = f"a label is one word without {LABEL_PREFIX}, not {label!r}"
        raise ValueError(msg)
    return f"{LABEL_PREFIX}{label} {prepare(text)}"
