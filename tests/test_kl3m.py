"""KL3M's metrics, plain counts and tokenizer files against their twins, through the extension."""

import pyarrow as pa
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from refinery import _core, presets
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


@settings(max_examples=200)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"])), max_size=20))
def test_random_texts_have_the_values_of_the_twin(texts, tokenizer):
    theirs, ours = tokenizer
    for row, text in zip(annotate(texts, ours), texts, strict=True):
        assert_same(row, expected(text, theirs))


SUBJECTS = "agency board commission department office court council director inspector clerk"
ACTS = (
    "publish each rule in the register",
    "hold a hearing on the request",
    "send a copy of the order",
    "keep a record of every payment",
    "name the officers who answer for it",
    "review the permit",
    "report to the committee in writing",
    "set a fee that covers the cost",
    "close the account",
)
TERMS = (
    "any person may comment on it within {} days",
    "the decision stands unless it is appealed within {} days",
    "no fee is due for the first {} pages of such a document",
    "the period of {} months begins on the date of the notice",
    "copies are open to the public in room {} of the main building",
    "a violation is punished by a fine of {} dollars for each day",
    "the rule does not apply to holdings of fewer than {} acres",
)
REASONS = (
    "Where the facts are in dispute, both sides are heard, and the transcript is part of the file.",
    "An exception may be made for good cause, but it must be asked for before the term ends.",
    "Nothing in this part limits what another statute requires; the stricter one is followed.",
    "Funds that remain at the close of the year return to the treasury, less what was begun.",
)


def statute():
    """A hundred paragraphs of a statute nobody passed, about 47 kB."""
    subjects = SUBJECTS.split(" ")
    paragraphs = []
    for i in range(100):
        subject, other = subjects[i % 10], subjects[(i * 7 + 3) % 10]
        act, next_act = ACTS[i % 9], ACTS[(i * 5 + 2) % 9]
        terms = [TERMS[(i * 3 + k) % 7].format(10 + (i * (k + 2)) % 90) for k in range(2)]
        paragraphs.append(
            f"({i + 1}) The {subject} shall {act}, and {terms[0]}. When the {other} so directs, it "
            f"shall also {next_act}; {terms[1]}. {REASONS[i % 4]} {REASONS[(i // 4 + i + 1) % 4]} "
            f"Approved in the {i + 1}. session of the year."
        )
    return paragraphs


def test_the_same_paragraphs_score_worse_the_fewer_line_breaks_they_have():
    """Of another text of this size, with another tokenizer, it was 2.7, 58.9 and 250.5."""
    paragraphs = statute()
    texts = [separator.join(paragraphs) for separator in ("\n\n", "\n", "")]
    assert 45_000 < len(texts[0]) < 50_000
    rows = annotate(texts, _core.Tokenizer.embedded("cl100k_base"))
    blank_line, newline, nothing = (row["kl3m.score"] for row in rows)
    assert blank_line < 5
    assert 45 < newline < 70
    assert 235 < nothing < 265
    adjusted = [row["kl3m.adjusted_score"] for row in rows]
    assert adjusted == [row["kl3m.score"] / row["n_tokens"] for row in rows]
    assert [value <= 0.003 for value in adjusted] == [True, False, False]


def test_both_presets_bound_what_they_are_named_after():
    rules = {name: presets.load(name).rules for name in ("kl3m", "kl3m/adjusted")}
    found = {name: [(r.column, r.side, r.bound) for r in rules[name]] for name in rules}
    assert found == {
        "kl3m": [("kl3m.score", "max", 10.0)],
        "kl3m/adjusted": [("kl3m.adjusted_score", "max", 0.003)],
    }


def test_null_text_gives_null_values():
    rows = annotate([None, "a"], _core.Tokenizer.embedded("cl100k_base"))
    assert set(rows[0].values()) == {None}
    assert rows[1]["n_tokens"] == 1
