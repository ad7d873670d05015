"""DCLM's recipe against our edits, signals and presets: same verdict, same first reason.

DCLM itself is no package, so the original is a twin of its filters that calls the libraries they call:
uniseg cuts words, fastText counts them, retrie makes the pattern of domains (the oracle `dclm`).

Known differences: characters that Unicode gained after the running Python's tables.
"""

import os
import random

import oracle
import polars as pl
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup
from languages import LANGUAGES
from verdicts import passes

from refinery import _core, presets
from twins.dclm import line_edits, quality, recipe, repetition, text_edits
from twins.refinedweb import line_edits as refinedweb

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(3600)]

PROFILES = ["dclm/quality", "dclm/repetition", "dclm/line_edits"]
FAMILIES = ["dclm.quality", "dclm.repetition", "dclm.line_edits"]
REASONS = {rule.reason for name in PROFILES for rule in presets.load(name).rules}
ADDRESSES = (
    *(
        " www.example.com/a?b=(c)",
        "http://",
        "https://",
        "ftp://",
        "me@x.org",
        "10.0.0.1",
        "1.2.3.4:80/x",
    ),
    *(
        "256.300.1.1",
        ".com",
        "e.g.",
        "a.b.co.uk",
        "x.рф",
        "x.测试/y",
        "a.भारतम्",
        "q.vermögensberater",
    ),
    *(
        "foo.Com",
        "foo.com_x",
        "foo.comé",
        "_1.2.3.4",
        "٣1.2.3.4",
        "x" * 255 + ".com",
        "…",
        " " * 12,
    ),
    *(
        "\n\n\n\n",
        "\u3000",
        "(see ",
        ") ",
        ", ",
        "3 likes\n",
        "SHOUT\n",
        "2024\n",
        "Sign-in\n",
        "Read more...\n",
    ),
    *(
        "items in cart ",
        "read more at\n",
        "1.2k Views\n",
        "ıtems ın cart\n",
        "Sıgn-in ",
        "5\u212a likes\n",
    ),
)


def in_languages(seed):
    """Sentences of other languages, alone, repeated and mixed."""
    rng = random.Random(seed)
    sentences = list(LANGUAGES.values())
    texts = [*sentences, *(sentence * 8 for sentence in sentences)]
    for _ in range(150):
        chosen = rng.choices(sentences, k=rng.randrange(2, 20))
        gap = rng.choice((" ", "\n", "\n\n", ""))
        texts.append(gap.join(s[: rng.randrange(1, len(s) + 1)] for s in chosen))
    return texts


def with_addresses(texts, seed):
    """A part of each text, beginning with a word of its own or a domain, strewn with addresses."""
    rng = random.Random(seed)
    strewn = []
    for text in texts:
        words = text[: rng.randrange(200, 6000)].split(" ")
        for _ in range(rng.randrange(1, 8)):
            words.insert(rng.randrange(len(words) + 1), rng.choice(ADDRESSES))
        strewn.append(rng.choice(("", "", "In ", "THE ", "Zq ")) + " ".join(words))
    return strewn


def crafted():
    """One text for each reason that a corpus rarely has."""
    prose = "the cat of the house sat on a mat and slept there all day long " * 5
    lines = "".join(
        f"this is line number {i} of the story about {chr(97 + i)} cat\n" for i in range(20)
    )
    words = " ".join(f"word{chr(97 + i)}{chr(97 + j)}" for i in range(4) for j in range(15))
    return [
        prose,
        lines,
        words,
        words + " the of",
        f"{words} the of {'# ' * 12}",
        words.upper() + " THE OF",
        words.replace(" ", "\n- ") + " the\n- of",
        words.replace(" word", "...\nword") + " the of",
        f"{words} the of {'12 ' * 20}",
        f"{words} the of\nword\nCAPS AND MORE CAPS\n12 likes",
        "\n".join(words.split()) + "\nthe\nof",
        "\n".join(f"{i} likes" for i in range(50)) + "\nthe of",
        "\n".join("1" * (i + 3) for i in range(60)) + "\nthe\nof",
        "\n".join(f"Sign-in read more{i:3}" for i in range(30)),
        "in http://a.com",
        "",
        "3 likes\n\n4 views",
        "2024\n\n7",
        "SHOUT",
        "Read more...\nsign-in items in cart",
        "word",
        "1.2.3.4",
    ]


@pytest.fixture(scope="module")
def texts():
    size = int(os.environ.get("REFINERY_PARITY_DOCUMENTS", "3200"))
    # uniseg takes ten microseconds a character.
    real = sample(size, seed=31, most_chars=int(os.environ.get("REFINERY_PARITY_CHARS", "4000")))
    return [
        "",
        " \n",
        *crafted(),
        *real,
        *mutated(real[::2], seed=32),
        *with_addresses(real[::3], seed=33),
        *soup(1500, seed=34),
        *with_addresses(soup(700, seed=35), seed=36),
        *in_languages(seed=37),
    ]


@pytest.fixture(scope="module")
def original(texts):
    return ask("ask_dclm.py", texts)


def ask(script, questions):
    """What a script answers, run by the interpreter with DCLM's libraries."""
    return oracle.answers(script, questions, "dclm")


@pytest.fixture(scope="module")
def cleaned(texts):
    return edited(texts, ["dclm.urls", "dclm.newlines"])


@pytest.fixture(scope="module")
def ours(cleaned):
    """The signals of every cleaned text: one dict of all columns a text."""
    return signals(cleaned, FAMILIES)


def signals(texts, families):
    batch = _core.Pass(families=families).run(pa.array(texts, pa.string()))
    return pl.DataFrame(batch).to_dicts()


def edited(texts, edits):
    return pa.array(_core.edited(pa.array(texts, pa.string()), edits)).to_pylist()


def of_family(row, family):
    prefix = family + "."
    return {name.removeprefix(prefix): v for name, v in row.items() if name.startswith(prefix)}


def first_reason(row, profiles=PROFILES):
    """The original's name of the first rule that fails, in the order of the recipe."""
    for name in profiles:
        for rule in presets.load(name).rules:
            if not passes(row[rule.column], rule):
                return rule.reason
    return None


def test_texts_are_cleaned_as_in_the_original(original, cleaned, texts):
    wrong = [
        (text[:200], answer["cleaned"][:200], found[:200])
        for text, answer, found in zip(texts, original, cleaned, strict=True)
        if answer["cleaned"] != found
    ]
    assert not wrong, f"{len(wrong)} of {len(texts)} differ, the first: {wrong[:3]}"
    assert sum(text != found for text, found in zip(texts, cleaned, strict=True)) > 500


def test_words_are_those_of_uniseg(original, cleaned):
    found = pa.array(_core.uax29_words(pa.array(cleaned, pa.string()))).to_pylist()
    seen = 0
    for text, answer, words in zip(cleaned, original, found, strict=True):
        expected = [part for part in answer["parts"] if part[0].isalnum()]
        assert words == expected, repr(text[:200])
        seen += len(words)
    assert seen > 10_000


def test_every_character_is_cut_as_by_uniseg():
    """Each between letters, digits, quotes, letters of other scripts, and beside what extends it."""
    frames = (
        "a{0}b",
        "1{0}2",
        "a'{0}'א",
        'א"{0}',
        "カ{0}_",
        "a\u0308{0}\u200d{0}",
        "{0}{0} ",
        "🇩{0}🇪",
    )
    code_points = [*range(0x20000), *range(0xE0000, 0xE0200)]
    chars = [chr(c) for c in code_points if not 0xD800 <= c < 0xE000]
    pieces = ["\n".join(frame.format(c) for frame in frames) for c in chars]
    texts = ["\n".join(pieces[i : i + 500]) for i in range(0, len(pieces), 500)]
    found = pa.array(_core.uax29_words(pa.array(texts, pa.string()))).to_pylist()
    for text, answer, words in zip(texts, ask("ask_uniseg.py", texts), found, strict=True):
        # Letters that Python's own tables do not know are none to the original.
        known = [w for w in words if w[0].isalnum()]
        assert known == [part for part in answer if part[0].isalnum()], repr(text[:100])


def test_words_are_counted_as_by_fasttext(original, ours):
    for answer, row in zip(original, ours, strict=True):
        assert row["dclm.quality.n_words"] == answer["n_words"]


def test_the_recipe_gives_the_original_verdict_and_reason(original, ours, texts):
    wrong, seen = [], set()
    for text, answer, row in zip(texts, original, ours, strict=True):
        seen.add(answer["reason"])
        if answer["reason"] != first_reason(row):
            wrong.append((answer["reason"], first_reason(row), text[:200]))
    assert not wrong, f"{len(wrong)} of {len(texts)} differ, the first: {wrong[:3]}"
    # Lines of numbers only are too few words with letters, phrases only too much repetition.
    unreached = {
        "numeric_ratio_line_modifier",
        "counter_line_modifier",
        "substring_line_modifier",
    }
    assert seen == {None, *REASONS} - unreached


def test_each_profile_alone_gives_the_original_verdict_and_reason(original, ours, cleaned):
    twins = {
        "dclm/quality": lambda text, _: recipe.quality_reason(text),
        "dclm/repetition": recipe.repetition_reason,
        "dclm/line_edits": lambda text, _: recipe.line_edits_reason(text),
    }
    seen = set()
    for text, answer, row in zip(cleaned, original, ours, strict=True):
        words = [part for part in answer["parts"] if part[0].isalnum()]
        for name, twin in twins.items():
            if name == "dclm/repetition" and len(text) > 20_000:
                continue
            expected = twin(text, words)
            assert first_reason(row, [name]) == expected, (name, text[:200])
            seen.add(expected)
    assert seen == {None, *REASONS}


@pytest.mark.parametrize("family", FAMILIES)
def test_signals_are_bit_equal_to_the_twin(family, original, cleaned, ours):
    twins = {
        "dclm.quality": lambda text, _: quality.signals(text),
        "dclm.repetition": repetition.signals,
        "dclm.line_edits": lambda text, _: line_edits.signals(text),
    }
    for text, answer, row in zip(cleaned, original, ours, strict=True):
        if family == "dclm.repetition" and len(text) > 20_000:
            continue  # the twin counts copies of lines in quadratic time
        words = [part for part in answer["parts"] if part[0].isalnum()]
        assert of_family(row, family) == twins[family](text, words), repr(text[:200])


def test_line_edits_leave_what_the_twin_leaves(cleaned):
    for text, found in zip(cleaned, edited(cleaned, ["dclm.lines"]), strict=True):
        assert found == text_edits.line_steps(text)[-1], repr(text[:200])


def test_refinedweb_counts_and_leaves_what_the_twin_does(texts):
    rows = signals(texts, ["refinedweb.line_edits"])
    left = edited(texts, ["refinedweb.lines"])
    for text, row, found in zip(texts, rows, left, strict=True):
        assert of_family(row, "refinedweb.line_edits") == refinedweb.signals(text)
        assert found == refinedweb.edited_text(text), repr(text[:200])
