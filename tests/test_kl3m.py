"""KL3M's metrics, plain counts and tokenizer files against their twins, through the extension."""

import pyarrow as pa
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from refinery import _core
from twins import counts, kl3m

PROSE = "The agency shall publish each rule, and any person may comment on it within 30 days. "

ODD = [
    "",
    " ",
    "\n\n",
    "a",
    "Ends.\r\nHere.\n\nNot here.\nNor here.",
    "no digits at all",
    "12 34",
    "\0\x1c\x1d",
    "e\u0301 ǅ Ⅷ Ⓐ ² ½ 三",
    "שלום עולם، مرحبا",
    "👩‍👩‍👧‍👦 ok\u3000\u2028x",
    PROSE * 50,
    "x" * 1_000_000,
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A small byte-level tokenizer: that of the Python package, and ours from its file."""
    theirs = tokenizers.Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    theirs.train_from_iterator([PROSE], trainer)
    theirs.enable_truncation(4)
    theirs.enable_padding(length=16)
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    theirs.save(str(path))
    theirs.no_truncation()
    theirs.no_padding()
    return theirs, _core.Tokenizer.from_file(path)


def annotate(texts, tokenizer):
    run = _core.Pass(families=["counts", "kl3m"], tokenizer=tokenizer)
    return pa.record_batch(run.run(pa.array(texts, pa.string()))).to_pylist()


def expected(text, tokenizer):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    metrics = kl3m.signals(text, ids, is_kl3m=False)
    columns = {f"kl3m.{name}": value for name, value in metrics.items()}
    return {"n_tokens": len(ids), **counts.signals(text), **columns}


def assert_same(row, twin):
    assert len(row) == 1 + 2 + 18
    assert {k for k, v in row.items() if v is None} == {k for k, v in twin.items() if v is None}
    numbers = {column: value for column, value in twin.items() if value is not None}
    assert {column: row[column] for column in numbers} == pytest.approx(numbers, abs=1e-9, rel=1e-9)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts_have_the_values_of_the_twin(text, tokenizer):
    theirs, ours = tokenizer
    (row,) = annotate([text], ours)
    assert_same(row, expected(text, theirs))


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"])), max_size=20))
def test_random_texts_have_the_values_of_the_twin(texts, tokenizer):
    theirs, ours = tokenizer
    for row, text in zip(annotate(texts, ours), texts, strict=True):
        assert_same(row, expected(text, theirs))


def test_the_fewer_line_breaks_the_higher_the_score():
    paragraphs = [f"({i}) {PROSE * 3}".strip() for i in range(100)]
    texts = [separator.join(paragraphs) for separator in ("\n\n", "\n", " ")]
    rows = annotate(texts, _core.Tokenizer.embedded("cl100k_base"))
    spaced, wrapped, flat = (row["kl3m.score"] for row in rows)
    assert spaced < 10
    assert wrapped > spaced + 20
    assert flat > wrapped + 50


def test_null_text_gives_null_values():
    rows = annotate([None, "a"], _core.Tokenizer.embedded("cl100k_base"))
    assert set(rows[0].values()) == {None}
    assert rows[1]["n_tokens"] == 1
