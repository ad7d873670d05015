"""Signals of Curator, of Gopher's paper and of C4's reference are those of their slow twins.

`parity/` has real text and the originals.
"""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery import _core, presets
from twins import c4
from twins.curator import heuristics
from twins.paper import gopher

WORDS = st.sampled_from(
    [
        *("the", "of", "and", "To", "with", "cat", "tree", "houses", "über", "мир", "日本", "1999"),
        *("lorem", "ipsum", "javascript", "cookies", "use", "privacy", "policy", "READ", "more"),
        *("#", "##", "#a#", "...", "…", "[...]", "(...)", "-»", "•", "-", "*", "[1]", "(x)", "{"),
        *("http://a.b/c?d=%20e", "https://porn.x", "http://", "⟨y⟩", "\u212a", "\x08", "\u093e"),
        *".?!'\"",
    ]
)
GAPS = st.sampled_from([" "] * 8 + ["\n", "\n\n", "\n\n\n", "\n \n", "\r\n", "\u2028", "\t"])
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=120).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
REPEATING = st.tuples(
    st.lists(TEXTS, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=8)
).map(lambda made: "".join(made[0][i % len(made[0])] for i in made[1]))


def count_sentences(line):
    """Sentences of a line whose tokens stand between white space."""
    return c4.count_sentences(line.split())


TWINS = {
    "curator.heuristics": heuristics.signals,
    "paper.gopher": gopher.signals,
    "c4": lambda text: c4.signals(text, count_sentences, reference=True),
}
PROFILES = ["curator/heuristic_en", "curator/heuristic_non_en", "paper/gopher", "c4"]


@pytest.mark.parametrize("family", TWINS)
def test_the_twin_has_the_signals_of_the_family(family):
    (found,) = (f for f in _core.families() if f["name"] == family)
    assert [s["name"] for s in found["signals"]] == list(TWINS[family](""))


@pytest.mark.parametrize("family", TWINS)
@given(text=st.one_of(TEXTS, REPEATING))
def test_signals_are_bit_equal_to_the_twin(family, text):
    (found,) = pa.record_batch(_core.Pass(families=[family]).run(pa.array([text]))).to_pylist()
    expected = TWINS[family](text)
    if family == "c4":
        # The words here are not all such that spaCy cuts them at white space only.
        del expected["n_sentences"], found["c4.n_sentences"]
    assert found == {f"{family}.{name}": value for name, value in expected.items()}


@given(text=st.one_of(TEXTS, REPEATING))
def test_the_edit_leaves_what_the_twin_leaves(text):
    edited = pa.array(_core.edited(pa.array([text]), ["c4"])).to_pylist()
    assert edited == [c4.edited_text(text, reference=True)]


@pytest.mark.parametrize("name", PROFILES)
def test_the_preset_bounds_the_signals_of_its_family(name):
    preset = presets.load(name)
    columns = {f"{preset.family}.{signal}" for signal in TWINS[preset.family]("")}
    assert {rule.column for rule in preset.rules} <= columns


def test_the_english_cascade_has_three_filters_that_the_other_lacks():
    english, other = (
        [(r.reason, r.side, r.bound) for r in presets.load(f"curator/heuristic_{name}").rules]
        for name in ("en", "non_en")
    )
    left_out = {"alpha_numeric", "words_without_alphabets", "common_english_words"}
    assert other == [rule for rule in english if rule[0] not in left_out]
    assert len(english) - len(other) == 3


def test_sentences_of_plain_lines_are_counted():
    text = "One two three four five. Six!\nseven eight nine ten eleven?\ntoo short.\n"
    (found,) = pa.record_batch(_core.Pass(families=["c4"]).run(pa.array([text]))).to_pylist()
    assert found["c4.n_sentences"] == 3
