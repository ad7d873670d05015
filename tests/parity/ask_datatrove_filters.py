"""Run by datatrove's interpreter: what its filters say of each text, and what they count in.

In: one JSON string a line. Out: one JSON object a line with `words`; per filter `verdict`
(`[kept, reason]`, or `["error", type]` where the filter stops), and of FineWeb's in a row under
`fineweb`; for C4 also `sentences`, the
counts in the order in which the filter asked for them, and `text`, what it left.
"""

import json
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    c4_filters,
)
from datatrove.utils.text import split_into_sentences, split_into_words

FILTERS = {
    "datatrove/gopher_quality": GopherQualityFilter(),
    "datatrove/gopher_repetition": GopherRepetitionFilter(),
    "datatrove/c4": C4QualityFilter(),
    "datatrove/c4_fineweb": C4QualityFilter(filter_no_terminal_punct=False),
    "datatrove/fineweb_quality": FineWebQualityFilter(),
    "datatrove/fineweb_report": FineWebQualityFilter(char_duplicates_ratio=0.1),
}

# FineWeb's filters in its order: each reads what those before it left.
FINEWEB = ["gopher_repetition", "gopher_quality", "c4_fineweb", "fineweb_quality"]

asked = []
known = {}


def counting(text, language):
    """`split_into_sentences`, remembering how many it found, and what in this document.

    Both C4 filters ask for the sentences of the same lines.
    """
    if text not in known:
        known[text] = split_into_sentences(text, language)
    asked.append(len(known[text]))
    return known[text]


c4_filters.split_into_sentences = counting


def judge(name, document):
    """`[kept, reason]` of one filter, or the error it stopped with."""
    try:
        verdict = FILTERS[name].filter(document)
    except ZeroDivisionError as error:
        return ["error", type(error).__name__]
    return list(verdict) if isinstance(verdict, tuple) else [verdict, None]


def ask(name, text):
    """What one filter says of one text."""
    document = Document(text=text, id="0")
    asked.clear()
    answer = {"verdict": judge(name, document)}
    if "c4" in name and answer["verdict"][0] != "error":
        answer |= {"sentences": list(asked), "text": document.text}
    return answer


def ask_fineweb(text):
    """What the filters say one after the other."""
    document = Document(text=text, id="0")
    for name in FINEWEB:
        answer = judge(f"datatrove/{name}", document)
        if answer[0] is not True:
            return answer
    return [True, None]


for line in sys.stdin:
    text = json.loads(line)
    known.clear()
    answer = {name: ask(name, text) for name in FILTERS}
    answer["fineweb"] = {"verdict": ask_fineweb(text)}
    sys.stdout.write(json.dumps({"words": split_into_words(text), **answer}) + "\n")
