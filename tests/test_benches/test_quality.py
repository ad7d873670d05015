"""Shares of kinds and shifts of form that the quality benches report."""

import sys

import polars as pl
import pytest
from tests.conftest import ROOT

FOLDER = str(ROOT / "benches" / "quality")


@pytest.fixture
def benches(monkeypatch):
    """The bench's own modules, which are scripts beside each other."""
    monkeypatch.syspath_prepend(FOLDER)
    import form
    import kinds

    yield kinds, form
    for name in ("form", "kinds"):
        sys.modules.pop(name, None)


def test_a_yield_is_a_share_of_all_tokens_and_what_fails_the_rules_is_never_kept(benches):
    kinds, _ = benches
    documents = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "kind": ["textbook", "log", "lang-de", "lang-fr"],
            "n_tokens": [10, 10, 10, 10],
        }
    )
    score = pl.Series([0.9, 0.8, 0.7, None])
    passing = pl.Series([True, False, True, True])
    alone = {row["kind"]: row["0.5"] for row in kinds.shares(documents, score, None).to_dicts()}
    assert alone == {"textbook": 1.0, "log": 1.0, "lang-*": 0.0}
    ruled = {row["kind"]: row["0.5"] for row in kinds.shares(documents, score, passing).to_dicts()}
    assert ruled == {"textbook": 1.0, "log": 0.0, "lang-*": 0.5}


def test_headings_go_and_sentences_stay(benches):
    _, form = benches
    text = "# One\nA sentence that ends.\n== Two\nTitle Without Stop\nMore, and it ends too!\nName\n-----\nLast one."
    assert form.changed(pl.Series([text]))["headings stripped"].to_list() == [
        "A sentence that ends.\nMore, and it ends too!\nLast one."
    ]


def test_a_shift_is_counted_in_points_of_the_corpus(benches):
    _, form = benches
    corpus = pl.Series([float(i) for i in range(100)])
    texts = pl.Series(["AB", "ABCD"])
    moved = form.shifts(
        texts, corpus, lambda t: t.str.count_matches("[A-Z]").cast(pl.Float64) * 10.0
    )
    # 2 and 4 capitals score 20 and 40, none scores 0; of the first half 10 and 20 are left.
    assert moved["lower case"] == {"median": 30.0, "mean": 30.0, "median signed": -30.0}
    assert moved["first half"]["median"] == 15.0
    assert moved["lines joined"]["median"] == 0.0
