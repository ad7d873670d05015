"""The preparation of text: what a model sees in training is what it sees in scoring."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery import _core
from refinery.scoring import prepare, training_line, words
from refinery.scoring.train import run_library


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n\v\f\0 ", []),
        ("one two", ["one", "two"]),
        ("one\ntwo\r\nthree\0four\vfive\fsix", ["one", "two", "three", "four", "five", "six"]),
        ("one\x85two\u2028three\u00a0four", ["one\x85two\u2028three\u00a0four"]),
        ("one </s> two", ["one"]),
        ("one</s> two", ["one</s>", "two"]),
        ("__label__x one __label__ two", ["one", "two"]),
        ("a\ud800b", ["a?b"]),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("label", ["", "two words", "__label__x", "</s>", "a\nb"])
def test_label_that_would_not_be_one_word_is_refused(label):
    with pytest.raises(ValueError, match="a label is one word"):
        training_line(label, "text")


def test_training_line_has_one_label_and_no_line_break():
    line = training_line("hq", "One\n__label__lq\r\ntwo </s> three")
    assert line == "__label__hq One two"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.bin"
    vocabulary = [f"word{i}" for i in range(300)] + ["one", "two", "naïve", "日本", "\u2028"]
    texts = (" ".join(vocabulary[(7 * i + j) % 305] for j in range(9)) for i in range(300))
    lines = [training_line("hq" if i % 2 else "lq", text) for i, text in enumerate(texts)]
    run_library(lines, path, {"dim": 8, "wordNgrams": 2, "bucket": 500, "minn": 2, "maxn": 3}, None)
    return _core.Model(path)


PIECES = [
    "one",
    "two",
    "naïve",
    "日本",
    "</s>",
    "__label__hq",
    "\n",
    "\0",
    "\u2028",
    "\x85",
    " ",
    "\t",
    "🙂",
]


@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]))))
def test_prepared_text_has_the_score_of_the_text(model, pieces):
    for text in ("".join(pieces), " ".join(pieces)):
        scores = pa.record_batch(model.predict(pa.array([text, prepare(text)], pa.string())))
        first, second = scores.to_pylist()
        assert first == second
