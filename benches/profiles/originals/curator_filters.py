"""Curator's side: the filters of its English configuration, as the stages of a pipeline.

Every document goes through the filters in order until one drops it. Where a filter stops with an
error, the document counts as dropped by it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "parity"))

from ask_curator_filters import FILTERS
from clock import serve


def judge(_profiles: list[str], texts: list[str]) -> list[str | None]:
    return [first_reason(text) for text in texts]


def first_reason(text: str) -> str | None:
    for one in FILTERS:
        try:
            if not one.keep_document(one.score_document(text)):
                return one.name
        except (ZeroDivisionError, ValueError):
            return one.name
    return None


serve(lambda texts: texts, judge)
