"""C4's own `clean_page` against our signals, preset and edit.

Known difference: sentences. The original asks NLTK's trained Punkt model, ours is spaCy's
sentencizer, so a page of one or two kept lines may have fewer than three for one and not for the
other. All else is equal: which lines stay, how they read, and which page is dropped for what.
"""

import languages
import oracle
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup
from test_datatrove_filters import verdict

from refinery import _core
from twins import c4

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]

PREFIX = "c4."
LINE = "The quick foxes have jumped here"
FATES = {
    "passed": "n_lines_kept",
    "filtered:too_long_word": "n_lines_dropped_long_word",
    "filtered:no_endmark": "n_lines_dropped_no_terminal_punct",
    "filtered:too_short": "n_lines_dropped_few_words",
    "filtered:javascript": "n_lines_dropped_javascript",
    "filtered:policy": "n_lines_dropped_policy",
}

# Text, reason; None is kept. Each was run in the original.
EDGE_CASES = {
    "three lines": (f"{LINE}.\n" * 3, None),
    "two lines": (f"{LINE}.\n" * 2, "too_few_sentences"),
    "one line of three sentences": (f"{LINE}. {LINE}! {LINE}?", None),
    "a single quote ends no line": (f"{LINE}.'\n" * 3, "too_few_sentences"),
    "a double quote does": (f'{LINE}."\n' * 3, None),
    "four words": ("Foxes have jumped here.\n" * 3, "too_few_sentences"),
    "a citation is no word": ("[1] Foxes have jumped here.\n" * 3, "too_few_sentences"),
    "bracket": (f"{LINE}.\n" * 3 + f"{LINE} {{.", "squigglybracket"),
    "bracket in a line that mentions javascript": (
        f"{LINE}.\n" * 3 + f"{LINE} javascript {{.",
        None,
    ),
    "lorem ipsum": (f"{LINE}.\n" * 3 + f"{LINE} Lorem Ipsum.", "loremipsum"),
    "190 000 characters": (f"{LINE}.\n" * 3 + "x" * (190_000 - 102), None),
    "one more": (f"{LINE}.\n" * 3 + "x" * (190_001 - 102), "too_long"),
}


@pytest.fixture(scope="module")
def texts():
    edge = [text for text, _ in EDGE_CASES.values()]
    real = sample(3200, seed=31, most_chars=250_000)
    return [
        *edge,
        *languages.texts(),
        *soup(1500, seed=32),
        *real,
        *mutated([text[:60_000] for text in real[::2]], seed=33),
        *mutated(soup(500, seed=34), seed=35),
    ]


@pytest.fixture(scope="module")
def original(texts):
    return oracle.answers("ask_c4_reference.py", texts, "tfds")


@pytest.fixture(scope="module")
def ours(texts):
    rows = pa.record_batch(
        _core.Pass(families=["c4"]).run(pa.array(texts, pa.string()))
    ).to_pylist()
    return [{name.removeprefix(PREFIX): value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("case", EDGE_CASES)
def test_edge_case_has_the_stated_reason(case, texts, original, ours):
    text, reason = EDGE_CASES[case]
    at = texts.index(text)
    assert original[at]["verdict"] == [reason is None, reason]
    assert verdict("c4", ours[at]) == [reason is None, reason]


def test_lines_meet_the_same_fate(texts, original, ours):
    checked = 0
    for text, answer, signals in zip(texts, original, ours, strict=True):
        if answer["verdict"][1] in (None, "too_few_sentences"):
            lines = {name: answer["lines"].get(fate, 0) for fate, name in FATES.items()}
            assert {name: signals[name] for name in lines} == lines, repr(text[:200])
            checked += 1
    assert checked > 1000


def test_the_preset_gives_the_original_verdict_and_reason_but_for_sentences(texts, original, ours):
    seen, apart = {}, 0
    for text, answer, signals in zip(texts, original, ours, strict=True):
        kept, reason = answer["verdict"]
        seen[reason] = seen.get(reason, 0) + 1
        if verdict("c4", signals) != [kept, reason]:
            assert {reason, verdict("c4", signals)[1]} == {None, "too_few_sentences"}, repr(
                text[:200]
            )
            assert signals["n_lines_kept"] < 3
            apart += 1
    assert {None, "too_long", "loremipsum", "squigglybracket", "too_few_sentences"} <= seen.keys()
    assert apart <= 0.005 * len(texts)


def test_the_edit_and_the_twin_leave_the_original_text(texts, original):
    left = pa.array(_core.edited(pa.array(texts, pa.string()), ["c4"])).to_pylist()
    kept = 0
    for text, answer, edited in zip(texts, original, left, strict=True):
        if answer["verdict"][0]:
            assert edited == answer["text"]
            kept += 1
        assert edited == c4.edited_text(text, reference=True)
    assert kept > 100


def test_the_twin_counts_as_ours(texts, ours):
    for text, signals in zip(texts, ours, strict=True):
        twin = c4.signals(text, lambda _: 0, reference=True)
        del twin["n_sentences"]
        assert {name: signals[name] for name in twin} == twin, repr(text[:200])
