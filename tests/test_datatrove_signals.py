"""The signals of datatrove's filters are those of their slow twins, and the presets name them.

Texts here are of words that every splitter cuts at white space, so that the twins need no
tokenizer; `parity/test_datatrove_filters.py` has real text and the originals.
"""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery import _core, presets
from twins import c4, c4_paragraph, fineweb_quality, gopher_quality, gopher_repetition, pii

WORDS = st.sampled_from(
    [
        *(
            [
                "the",
                "of",
                "and",
                "to",
                "be",
                "that",
                "word",
                "cat",
                "tree",
                "house",
                "über",
                "naïve",
                "мир",
                "lorem",
                "ipsum",
                "javascript",
                "cookies",
                "use",
            ]
        ),
        *".?!#,…-•{",
    ]
)
GAPS = st.sampled_from([" "] * 8 + ["\n", "\n\n", "\n \n", "\r\n", "\u2028", "\x1c"])
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=120).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
REPEATING = st.tuples(
    st.lists(TEXTS, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=8)
).map(lambda made: "".join(made[0][i % len(made[0])] for i in made[1]))
PROFILES = sorted(name for name in presets.names() if name.startswith("datatrove/"))


def count_sentences(line):
    """Sentences of a line whose tokens stand between single spaces."""
    return c4.count_sentences([token for token in line.split(" ") if token])


TWINS = {
    "datatrove.gopher_quality": lambda text: gopher_quality.signals(text, text.split()),
    "datatrove.gopher_repetition": lambda text: gopher_repetition.signals(text, text.split()),
    "datatrove.c4": lambda text: c4.signals(text, count_sentences),
    "datatrove.c4_fineweb": lambda text: c4.signals(text, count_sentences, terminal_punct=False),
    "datatrove.c4_paragraph": c4_paragraph.signals,
    "datatrove.fineweb_quality": lambda text: fineweb_quality.signals(text, text.split()),
    "datatrove.pii": pii.signals,
}


def test_every_datatrove_family_has_a_twin_with_its_signals():
    found = {f["name"]: f for f in _core.families() if f["name"].startswith("datatrove.")}
    assert found.keys() == TWINS.keys()
    for name, family in found.items():
        assert [s["name"] for s in family["signals"]] == list(TWINS[name]("")), name


@pytest.mark.parametrize("family", TWINS)
@given(text=st.one_of(TEXTS, REPEATING))
def test_signals_are_bit_equal_to_the_twin(family, text):
    batch = _core.Pass(families=[family]).run(pa.array([text]))
    (found,) = pa.record_batch(batch).to_pylist()
    expected = TWINS[family](text)
    assert found == {f"{family}.{name}": value for name, value in expected.items()}


@pytest.mark.parametrize("name", PROFILES)
def test_preset_names_signals_of_its_family(name):
    preset = presets.load(name)
    families = [*_core.families(), *_core.list_families()]
    columns = {s["column"] for f in families if f["name"] == preset.family for s in f["signals"]}
    assert preset.name == name
    assert {rule.column for rule in preset.rules} <= columns
    assert all(rule.undefined in ("keep", "drop") for rule in preset.rules)


def test_there_are_nine_datatrove_profiles():
    assert len(PROFILES) == 9
