"""spaCy's blank English tokenizer as datatrove calls it, against our words and sentences.

Of a corpus (see `corpora.py`) at most a tenth is compared here: the words of all of it are compared
beside datatrove's filters, and so are the sentences of its lines.

Known difference, on purpose: the original deletes `IS_ALPHA` from every document but the first in
which it is a word.
"""

import random

import oracle
import pyarrow as pa
import pytest
from corpora import SHARE, Corpus
from record import Outcome

from refinery import _core

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(7200)]

# What some rule looks for, or looks like it.
CHARS = [
    *"aAzZbISs0195.,;:!?'\"()[]{}<>-_~+*/^=%#&@$|\\`…—–°’‘“”«»€£²³µ½éÉßПпд中あ한。、！？।؟",
    *"😀🎉👍🏽\u200d❤\ufe0f☃🈚㎏℃™©®\u0301\u0300\x00\x07\x7f\xad\u061c١٢ǅﬁ𝐀𠀀𑁇‼⁇﹒．｡ꓸ᙮·",
]
SPACES = [
    *(" ", "  ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85"),
    *("\xa0", "\u1680", "\u2009", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"),
    *("\u200b", "\ufeff", "\u180e", "\u2060"),
]
PIECES = [
    *("..", "...", "…", "……", "--", "---", "——", "'s", "’S", "n't", "'ll", "°C.", "a.", "A.B."),
    *("U.S.A.", "e.g.", "Ph.D.", "Mr.", "5km²", "10%", "3kg.", "5US$", "US$5", "+5", "1-2", "1--2"),
    *("a,b", "1,000", "a:b", "a=b", "a/b", "well-known", "5-a", "o'clock", "8-)", "10a.m.", "12am"),
    *("C++", "ALL.CAPS.", "lower.Upper", 'x."Y', "(a.)", "it's.", "don't've", "They'll've", ":-)"),
    *("><(((*>", "¯\\(ツ)/¯", "ಠ_ಠ", "and/or", "w/o", "cannot", "Im", "dont", "He's", "that’s"),
]
LINKS = [
    *("http://example.com/a?b=c#d", "www.foo.co.uk", "me@x.com", "user:pw@host.org:8080/x"),
    *("192.168.1.1/a,b", "8.8.8.8/a,b", "1.2.3.4:99999", "ftp://a.b", "a_b.com/a,b", "-a.com/a,b"),
    *(
        "ab://@x.com",
        "x@@y.com",
        "foo.Bar",
        "é.fr/a,b",
        "x.٣٤",
        "1.٣.4.5/a,b",
        "a.com:٣٣",
        "a..com",
    ),
    *("http://localhost", "https://x.io/...", "C:\\a.txt", "file.tar.gz", "a.b@c.d@e.fg/h@i.jk"),
]
POOLS = [CHARS, SPACES, PIECES, LINKS]


def soup(rng):
    """Odd pieces, with and without spaces between them."""
    pools = rng.choice([POOLS, [CHARS], [PIECES], [PIECES, LINKS], [CHARS, SPACES]])
    gap = rng.choice([0.0, 0.2, 0.5])
    pieces = (rng.choice(rng.choice(pools)) for _ in range(rng.randrange(1, 60)))
    return "".join(piece + " " * (rng.random() < gap) for piece in pieces)


def strewn(text, rng):
    """A part of a text with odd pieces dropped into it and characters lost."""
    start = rng.randrange(max(1, len(text) - 1000))
    kept = (c for c in text[start : start + 1000] if rng.random() > 0.02)
    return "".join(c + (rng.choice(rng.choice(POOLS)) if rng.random() < 0.05 else "") for c in kept)


def words_and_sentences(texts):
    """Ours, as `ask_spacy.py` answers."""
    column = pa.array(texts, pa.string())
    words = pa.array(_core.spacy_words(column)).to_pylist()
    counts = pa.array(_core.count_sentences(column)).to_pylist()
    return [list(pair) for pair in zip(words, counts, strict=True)]


def differences(texts):
    """Pairs of what the original and we make of a text, where they differ."""
    theirs = oracle.answers("ask_spacy.py", texts)
    assert len(theirs) == len(texts) > 0
    pairs = zip(theirs, words_and_sentences(texts), strict=True)
    return [first_difference(their, our) for their, our in pairs if their != our]


def first_difference(theirs, ours):
    """The words around the first that differ, or the two numbers of sentences."""
    (their_words, their_count), (our_words, our_count) = theirs, ours
    if their_words == our_words:
        return their_count, our_count
    pairs = zip(their_words, our_words, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(our_words))
    return their_words[max(0, at - 3) : at + 4], our_words[max(0, at - 3) : at + 4]


def test_random_texts_have_the_words_of_the_original():
    rng = random.Random(11)
    assert differences([soup(rng) for _ in range(5000)]) == []


def test_special_cases_in_any_company_have_the_words_of_the_original():
    rng = random.Random(12)
    frames = ["{}{}", "{} {}", "({}).{}", "x-{}{}", "“{}”,{}", "{}'s{}", "{}\n{}."]
    pairs = [(rng.choice(PIECES), rng.choice(PIECES)) for _ in range(500)]
    assert differences([frame.format(*pair) for pair in pairs for frame in frames]) == []


def test_a_corpus_has_the_words_and_sentences_of_the_original(record):
    record.compare(
        oracle="datatrove",
        script="ask_spacy.py",
        corpus=Corpus(min(SHARE, 0.1)),
        profiles={"datatrove words, sentences": lambda _, answer: Outcome(answer)},
        ours=lambda texts: [
            {"datatrove words, sentences": Outcome(found)} for found in words_and_sentences(texts)
        ],
        cause=lambda text, *_: "the original deletes IS_ALPHA" if "IS_ALPHA" in text else None,
    )


def test_a_strewn_corpus_has_the_words_of_the_original():
    rng = random.Random(13)
    texts = [strewn(text, rng) for _, text in Corpus(0.01)]
    assert differences(texts) == []
