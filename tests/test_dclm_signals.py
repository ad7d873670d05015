"""The families and edits of DCLM and RefinedWeb are their slow twins, and the presets name them.

Texts here are of words that white space separates, so that the twins need no tokenizer;
`parity/test_dclm_recipe.py` has real text and the libraries of the original.
"""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery import _core, presets
from twins.dclm import line_edits, quality, repetition, text_edits
from twins.dclm.words import plain_words
from twins.refinedweb import line_edits as refinedweb

WORDS = st.sampled_from(
    [
        *(
            "the",
            "The",
            "of",
            "AND",
            "to",
            "word",
            "cat",
            "tree",
            "über",
            "ÄÖÜ",
            "мир",
            "CAPS",
            "A",
        ),
        *("3", "42", "2024", "1.5K", "٣", "½", "likes", "Views", "followers", "no", "I", "in"),
        *(
            "items",
            "cart",
            "Items",
            "Cart",
            "read",
            "Read",
            "more",
            "more...",
            "more>>>",
            "Sign-in",
        ),
        *(".", "...", "…", "#", "●", "•", "*", "-", ",", "(", "\u0131tems", "1\u00a0views"),
        *(
            "foo.com",
            "www.a-b.co.uk/x?y",
            "me@x.org",
            "http://1.2.3.4/a",
            "10.0.0.1",
            "e.g.",
            "x.Com",
        ),
    ]
)
GAPS = st.sampled_from(
    [" "] * 10 + ["\n"] * 3 + ["\n\n", "\n\n\n\n", "\n \n", "\r\n", "\u00a0", "\t"]
)
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=80).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
REPEATING = st.tuples(
    st.lists(TEXTS, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=8)
).map(lambda made: "".join(made[0][i % len(made[0])] for i in made[1]))
# Every one of these is one part of UAX 29, or begins with no letter and no number.
PLAIN = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "cc", "über", "don't", "3.5", "x_1", "e", "…", "#", "-"]),
        st.sampled_from([" "] * 8 + ["\n", "\n\n", "\n\n\n", "\n \n"]),
    ),
    max_size=60,
).map(lambda pairs: "".join(word + gap for word, gap in pairs))
MIXED = st.one_of(TEXTS, REPEATING)
PROFILES = [name for name in presets.names() if name.startswith(("dclm/", "refinedweb/"))]

FAMILIES = {
    "dclm.quality": (quality.signals, MIXED),
    "dclm.repetition": (
        lambda text: repetition.signals(text, plain_words(text)),
        st.one_of(PLAIN, st.tuples(PLAIN, st.integers(1, 4)).map(lambda p: p[0] * p[1])),
    ),
    "dclm.line_edits": (line_edits.signals, MIXED),
    "refinedweb.line_edits": (refinedweb.signals, MIXED),
}
EDITS = {
    "dclm.urls": text_edits.without_urls,
    "dclm.newlines": text_edits.at_most_two_newlines,
    "dclm.lines": lambda text: text_edits.line_steps(text)[-1],
    "refinedweb.lines": refinedweb.edited_text,
}

SEPARATORS = " \t\n\x0b\x0c\r\x1c\x1f\u00a0\u0085\u2028\x00"
ADDRESS_SOUP = st.lists(
    st.sampled_from(
        [
            *"aix19@:%._-+~#=()?&/ \n\t.é、\u00a0",
            *(
                ".com",
                "com",
                "http://",
                "ftp://",
                "www.",
                ".1",
                "255.",
                "10.0.0.1",
                "рф",
                "测试",
                ".中国",
            ),
        ]
    ),
    max_size=24,
).map("".join)


def found(family, text):
    batch = _core.Pass(families=[family]).run(pa.array([text], pa.string()))
    (row,) = pa.record_batch(batch).to_pylist()
    return {name.removeprefix(family + "."): value for name, value in row.items()}


def edited(edits, text):
    (out,) = pa.array(_core.edited_texts(pa.array([text], pa.string()), edits)).to_pylist()
    return out


def test_every_family_has_a_twin_with_its_signals():
    prefixes = ("dclm.", "refinedweb.")
    families = {f["name"]: f for f in _core.families() if f["name"].startswith(prefixes)}
    assert FAMILIES.keys() <= families.keys()
    for name, (twin, _) in FAMILIES.items():
        assert [s["name"] for s in families[name]["signals"]] == list(twin("")), name


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_signals_are_bit_equal_to_the_twin(family, data):
    twin, texts = FAMILIES[family]
    text = data.draw(texts)
    assert found(family, text) == twin(text)


@pytest.mark.parametrize("edit", EDITS)
@given(text=MIXED)
def test_an_edit_leaves_what_the_twin_leaves(edit, text):
    assert edited([edit], text) == EDITS[edit](text)


@given(text=st.tuples(st.sampled_from(["", "in", "In "]), ADDRESS_SOUP).map("".join))
def test_addresses_in_soup_go_as_in_the_twin(text):
    assert edited(["dclm.urls"], text) == text_edits.without_urls(text)


@given(text=st.text(st.sampled_from(f"aé1(\u0308{SEPARATORS}"), max_size=20))
def test_words_of_fasttext_are_counted_as_in_the_twin(text):
    assert found("dclm.quality", text) == quality.signals(text)


def test_edits_chain_in_order():
    text = "In foo.com\n\n\n\nword\nmore words"
    assert edited(["dclm.urls", "dclm.newlines", "dclm.lines"], text) == "more words"
    assert edited([], text) == text


def test_an_unknown_edit_is_named():
    with pytest.raises(ValueError, match=r"dclm\.url"):
        _core.edited_texts(pa.array(["a"]), ["dclm.url"])


def test_five_lines_one_of_them_twice():
    """The example in which datatrove counts 0.2 and keeps; here both copies count and it drops."""
    text = "one line\nsecond line\nthird line\nfourth line\none line"
    assert found("dclm.repetition", text)["dup_line_frac"] == 0.4
    assert found("datatrove.gopher_repetition", text)["dup_line_frac"] == 0.2


@pytest.mark.parametrize("name", PROFILES)
def test_preset_names_signals_of_its_family(name):
    preset = presets.load(name)
    columns = {
        s["column"] for f in _core.families() if f["name"] == preset.family for s in f["signals"]
    }
    assert preset.name == name
    assert {rule.column for rule in preset.rules} <= columns


def test_the_profiles_are_there():
    expected = {
        f"{project}/{part}"
        for project in ("dclm", "refinedweb")
        for part in ("quality", "repetition", "line_edits")
    }
    assert expected <= set(PROFILES)
