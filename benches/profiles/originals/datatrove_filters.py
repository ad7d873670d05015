"""datatrove's side: its filters, with its tokenizer, as a pipeline runs them.

Every document goes through the filters in order until one drops it, each on the text as it was
read (C4's edit of it does not reach the filters after C4, because refinery judges without views
here). The words of the last texts are remembered by datatrove, and each run is a process of its own:
so a filter alone cuts the words of every document, and several in a row cut them once.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clock import serve
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

FILTERS = {
    "datatrove/gopher_quality": GopherQualityFilter(),
    "datatrove/gopher_repetition": GopherRepetitionFilter(),
    "datatrove/c4": C4QualityFilter(),
    "datatrove/c4_fineweb": C4QualityFilter(filter_no_terminal_punct=False),
    "datatrove/fineweb_quality": FineWebQualityFilter(),
}


def judge(profiles: list[str], texts: list[str]) -> list[str | None]:
    filters = [FILTERS[profile].filter for profile in profiles]
    return [first_reason(filters, text) for text in texts]


def first_reason(filters: list, text: str) -> str | None:
    for one in filters:
        verdict = one(Document(text=text, id=""))
        if verdict is not True:
            return verdict[1] if isinstance(verdict, tuple) else "dropped"
    return None


serve(lambda texts: texts, judge)
