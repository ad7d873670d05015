"""The signals of Dolma's taggers are those of their slow twins, and the presets bound them.

`parity/test_dolma_taggers.py` has real text and the originals.
"""

import importlib
import math

import pyarrow as pa
import pytest
import tokenizers
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers

from refinery import _core, presets
from refinery.explain import explain_text
from twins.dolma import c4_v1, c4_v2, tokenizer_repetitions_v2r2

TAGGERS = [
    "gopher_v1",
    "gopher_v2",
    "c4_v1",
    "c4_v2",
    "lengths",
    "not_alphanum_paragraph_v1",
]
WORDS = st.one_of(
    st.sampled_from(
        [
            *(
                "the",
                "of",
                "be",
                "cat",
                "über",
                "мир",
                "日本",
                "12",
                "#",
                "#a",
                "a…",
                "…",
                "a.",
                "b?",
            ),
            *(
                "-",
                "*",
                "•",
                "JavaScript",
                "javascript:",
                "Lorem Ipsum",
                "lorem",
                "{",
                "don't",
                "x_1",
            ),
            *("e\u0301", "\u200d", "½", "😀", "☃", "$+=", "“", "\u212a", "İ", "a" * 40),
        ]
    ),
    st.sampled_from(c4_v1.NAUGHTY),
)
GAPS = st.sampled_from([" "] * 8 + ["\n", "\n", "\n\n", "\r\n", "\u2028", "\x1c", "\u3000", ""])
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=80).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
REPEATING = st.tuples(
    st.lists(TEXTS, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=8)
).map(lambda made: "".join(made[0][i % len(made[0])] for i in made[1]))
PROFILES = sorted(name for name in presets.names() if name.startswith("dolma/"))


def signals(family, text, tokenizer=None):
    """The signals of one text, by their names within the family."""
    batch = _core.Pass(families=[family], tokenizer=tokenizer).run(pa.array([text], pa.string()))
    (row,) = pa.record_batch(batch).to_pylist()
    return {name.removeprefix(family + "."): value for name, value in row.items()}


def first_failure(name, text):
    """The reason of the first rule of a profile that drops the text, None where it is kept."""
    rule = explain_text(name, text).first_failure
    return rule.original_reason if rule else None


def words(n, start=0):
    """`n` different words of four letters, none of them a stop word."""
    return ["".join(chr(97 + i // 26**k % 26) for k in range(4)) for i in range(start, start + n)]


def prose(n, start=0):
    """A text of `n` different words with enough stop words."""
    return " ".join([*words(n - 2, start), "the", "of"])


@pytest.mark.parametrize("tagger", TAGGERS)
@given(text=st.one_of(TEXTS, REPEATING))
def test_signals_are_bit_equal_to_the_twin(tagger, text):
    twin = importlib.import_module(f"twins.dolma.{tagger}")
    assert signals(f"dolma.{tagger}", text) == twin.signals(text)


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    """A tokenizer to which every byte is a token: theirs, and ours from its file."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {letter: i for i, letter in enumerate(alphabet)}
    theirs = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=[]))
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    theirs.save(str(path))
    return theirs, _core.Tokenizer.from_file(path)


UNITS = st.text(alphabet="ab ", min_size=1, max_size=14)
PERIODIC = st.lists(st.tuples(UNITS, st.integers(1, 6)), max_size=6).map(
    lambda parts: "".join(unit * times for unit, times in parts)
)


@given(text=PERIODIC)
def test_repetitions_are_those_of_the_twin(letters, text):
    theirs, ours = letters
    ids = theirs.encode(text, add_special_tokens=False).ids
    found = signals("dolma.tokenizer_repetitions_v2r2", text, ours)
    assert found == {"n_tokens": len(ids), **tokenizer_repetitions_v2r2.signals(ids)}


def test_five_lines_one_of_them_twice_are_dropped_for_both_copies():
    lines = [prose(22, i * 20) for i in (0, 1, 2, 1, 3)]
    found = signals("dolma.gopher_v1", "\n".join(lines))
    assert found["dup_line_frac"] == 2 / 5
    assert (
        first_failure("dolma/gopher_v1", "\n".join(lines))
        == "gopher_v1__fraction_of_duplicate_lines"
    )


EDGE_CASES = {
    "49 words drop": (prose(49), "gopher_v1", "word_count"),
    "50 words pass": (prose(50), "gopher_v1", None),
    "no text drops for its words": ("", "gopher_v1", "word_count"),
    "the median is below 3": ("be to " * 40 + prose(20), "gopher_v1", "median_word_length"),
    "one long word moves a mean, not the median": (prose(60) + " " + "x" * 900, "gopher_v1", None),
    "a symbol in more than a tenth of the words": (
        prose(60) + " #a b… #c d… #e f… #g",
        "gopher_v1",
        "symbol_to_word_ratio",
    ),
    "three full stops are no symbol": ("... ".join(words(60)) + " the of", "gopher_v1", None),
    "one stop word twice": (" ".join([*words(60), "the", "the"]), "gopher_v1", None),
    "stop words by case": (" ".join([*words(60), "The", "Of"]), "gopher_v1", "required_word_count"),
    "bullets after white space are none": (
        "\n".join(f" - {prose(8, i * 9)}" for i in range(9)),
        "gopher_v1",
        None,
    ),
    "lines of bullets": (
        "\n".join(f"* {prose(8, i * 9)}" for i in range(9)),
        "gopher_v1",
        "fraction_of_lines_starting_with_bullet_point",
    ),
    "empty lines are equal for v1": (
        "\n\n".join(prose(12, i * 10) for i in range(9)),
        "gopher_v1",
        "fraction_of_duplicate_lines",
    ),
    "runs of newlines cut once for v2": (
        "\n\n".join(prose(12, i * 10) for i in range(9)),
        "gopher_v2",
        None,
    ),
    "newlines at both ends of a perfect line": (
        f"\n{prose(60)}\n",
        "gopher_v2",
        "fraction_of_duplicate_lines",
    ),
    "a perfect line": (prose(60), "gopher_v2", None),
}


@pytest.mark.parametrize("case", EDGE_CASES)
def test_edge_case_has_the_stated_reason(case):
    text, name, attribute = EDGE_CASES[case]
    expected = attribute and f"{name}__{attribute}"
    assert first_failure(f"dolma/{name}", text) == expected


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_most_frequent_2gram_drops_only_where_the_mix_is_repaired(version):
    """The shipped mix asks for `most_common_2gram`, which the tagger writes as `2grams`."""
    text = " ".join(f"aaaaaaaa bbbbbbbb {word} the" for word in words(60))
    assert signals(f"dolma.gopher_{version}", text)["top_2gram_char_frac"] == 16 / 23
    assert first_failure(f"dolma/gopher_{version}", text) is None
    reason = f"gopher_{version}__fraction_of_characters_in_most_common_2grams"
    assert first_failure(f"dolma/gopher_{version}_repaired", text) == reason


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_repaired_mix_has_three_rules_more(version):
    shipped = presets.load(f"dolma/gopher_{version}").rules
    repaired = presets.load(f"dolma/gopher_{version}_repaired").rules
    more = [rule for rule in repaired if rule not in shipped]
    assert [rule for rule in repaired if rule in shipped] == list(shipped)
    assert [rule.column[-19:] for rule in more] == [f"top_{n}gram_char_frac" for n in (2, 3, 4)]


# What the shipped mixes state, in their order.
PUBLISHED = [50, 100000, 3, 10, 0.1, 0.8, 2, 0.9, 0.3, 0.3, 0.3]
TOP, DUPLICATE = [0.2, 0.18, 0.16], [0.15, 0.14, 0.13, 0.12, 0.11, 0.1]


@pytest.mark.parametrize("name", [name for name in PROFILES if "gopher" in name])
def test_bounds_are_the_last_numbers_that_are_written_as_the_published_ones(name):
    rules = presets.load(name).rules
    published = [*PUBLISHED, *(TOP if "repaired" in name else []), *DUPLICATE]
    assert len(rules) == len(published)
    for rule, bound in zip(rules, published, strict=True):
        if isinstance(bound, int):
            assert rule.bound == bound
            continue
        beyond = math.nextafter(rule.bound, math.inf if rule.side == "max" else -math.inf)
        assert round(rule.bound, 5) == bound
        assert round(beyond, 5) != bound


def test_a_share_over_word_characters_may_exceed_1():
    """Lines count with their white space, the whole does not; of white space alone it is 1."""
    assert signals("dolma.gopher_v1", "a b c\na b c")["dup_line_char_frac"] == 10 / 6
    assert signals("dolma.gopher_v1", "   \n   ")["dup_line_char_frac"] == 6.0


def test_javascript_is_a_word_to_the_first_tagger_and_a_part_to_the_second():
    text = "Use javascript: now."
    assert first_failure("dolma/c4_v1", text) is None
    assert first_failure("dolma/c4_v2", text) == "c4_v2__has_javascript"


def test_bad_words_drop_only_in_the_replication_of_c4():
    text = f"Some words and {c4_v1.NAUGHTY[0]} among them."
    assert first_failure("dolma/c4_v2", text) is None
    assert first_failure("dolma/c4_replication", text) == "c4_v2__has_naughty_word"


@given(text=st.one_of(TEXTS, REPEATING))
@example(text="  A b c. \r\n\nno mark\nD e.\nF g h!")
def test_the_edit_leaves_what_its_twin_leaves(text):
    edited = _core.edited(pa.array([text], pa.string()), ["dolma.c4_replication"])
    assert pa.array(edited).to_pylist() == [c4_v2.edited_text(text)]


def test_the_replication_of_c4_writes_what_its_edit_leaves():
    assert presets.load("dolma/c4_replication").writes == "dolma.c4_replication"


def test_more_than_a_hundred_times_is_too_often(letters):
    """The mix says `>= 100`, but its JSONPath finds the 100.0 that was written not equal to 100."""
    _, tokenizer = letters
    rule = presets.load("dolma/tokenizer_repetitions_v2r2").rules[0]
    assert (rule.side, rule.bound) == ("max", 100)
    found = signals(rule.column.rpartition(".")[0], "z" + "ab" * 100 + "z", tokenizer)
    assert found["max_repeats"] == 100


def test_there_are_eight_profiles():
    assert len(PROFILES) == 8
