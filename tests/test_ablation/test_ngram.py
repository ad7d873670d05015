"""The n-gram model against its slow twin, and through a pipeline."""

import math
import random

import polars as pl
import pyarrow as pa
import pytest
from tests.conftest import ODD_TEXTS
from tests.twins.ngram_lm import NgramModel as Twin
from typer.testing import CliRunner

import refinery as rf
from refinery import _core
from refinery.ablation import ngram
from refinery.cli.app import app
from refinery.errors import ConfigError, DataError, ModelError, ParameterError
from refinery.scoring.train_lm import train_lm

PROSE = [
    "The cat sat on the mat and looked at the dog.",
    "The dog sat on the cat, which looked at the mat.",
    "A mat is what a cat sits on when the dog looks.",
]


@pytest.fixture(scope="module")
def tokenizer():
    return ngram.neutral_tokenizer(PROSE * 3, vocabulary=300)


@pytest.fixture(scope="module")
def saved(tmp_path_factory, tokenizer):
    path = tmp_path_factory.mktemp("lm") / "my.ngram"
    ngram.fit(PROSE, tokenizer=tokenizer, order=3).save(path)
    return path


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_nats_are_the_twins(order):
    draw = random.Random(order)
    # Skewed, so that counts of one, two, three and four occur and determine the discounts.
    weights = [2.0**-i for i in range(12)]
    documents = [draw.choices(range(12), weights, k=draw.randrange(80)) for _ in range(40)]
    texts = ["".join(chr(97 + symbol) for symbol in document) for document in documents]
    model = ngram.fit(texts[:30], order=order)
    found = pa.array(model.nats(_core.Tokenizer.bytes().encode(pa.array(texts)))).to_pylist()
    twin = Twin([[97 + symbol for symbol in d] for d in documents[:30]], order, 256)
    expected = [twin.nats([97 + symbol for symbol in d]) for d in documents]
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_bits_per_byte_count_the_bytes_of_the_text():
    found = ngram.bits_per_byte(
        ["abc"], {"same": ["abc", "abc"], "\u00e9": ["\u00e9t\u00e9"]}, order=1
    )
    # Unigrams of a, b, c with counts of 1 and the discount 0.5.
    seen, unseen = 0.5 / 3 + 0.5 / 256, 0.5 / 256
    assert found["same"] == pytest.approx(-math.log2(seen))
    assert found["\u00e9"] == pytest.approx(-math.log2(unseen))


def test_a_tokenizer_knows_every_text(tokenizer):
    texts = pa.array(ODD_TEXTS)
    lengths = [len(ids) for ids in pa.array(tokenizer.encode(texts)).to_pylist()]
    assert all((n > 0) == (text != "") for n, text in zip(lengths, ODD_TEXTS, strict=True))
    again = ngram.neutral_tokenizer(list(reversed(PROSE * 3)), vocabulary=300)
    assert again.fingerprint == tokenizer.fingerprint


def test_counting_stops_within_a_document(tokenizer):
    ids = tokenizer.encode(pa.array([*PROSE, "and never this"]))
    n = len(pa.array(ids)[0])

    def fingerprint(documents, **how):
        counts = _core.NgramCounts(tokenizer, order=3, memory=10**6)
        counts.add(documents, **how)
        return counts.model().fingerprint

    whole = fingerprint(ids, rows=pa.array([0], pa.uint64()))
    assert fingerprint(ids, max_tokens=n) == whole
    assert fingerprint(ids, max_tokens=n - 1) != whole


def test_what_cannot_be_is_refused(tokenizer):
    with pytest.raises(ParameterError, match="order: must be from 1 to 8, found 9"):
        ngram.fit(PROSE, order=9)
    with pytest.raises(ParameterError, match="allow more memory"):
        ngram.fit(PROSE, memory=1000)
    with pytest.raises(ParameterError, match="has no text"):
        ngram.bits_per_byte(PROSE, {"empty": [""]})
    with pytest.raises(ParameterError, match="above 256"):
        ngram.neutral_tokenizer(PROSE, vocabulary=256)
    counts = _core.NgramCounts(tokenizer, order=2, memory=10**6)
    counts.model()
    with pytest.raises(ParameterError, match="the model was made"):
        counts.model()


def test_a_model_scores_documents_of_a_pipeline(saved):
    model = _core.NgramModel.load(saved)
    texts = [*PROSE, "", "0x7f\u00e9"]
    frame = pl.DataFrame({"id": [str(i) for i in range(5)], "text": texts})
    pipeline = rf.Pipeline.build(id="id", scores={"ppl": str(saved)}).rules(
        {"ppl": {"below": 20.0}}
    )
    found = pipeline.run_frame(frame)
    scores = found.annotations.collect()["ppl"].to_list()
    assert scores == pa.array(model.perplexity(pa.array(texts))).to_pylist()
    assert found.decisions.collect()["dropped_by"].to_list() == [
        None, None, None, "ppl:undefined", "ppl:below",
    ]  # fmt: skip


def test_a_damaged_model_is_refused_with_its_place(saved, tmp_path):
    damaged = tmp_path / "damaged.ngram"
    damaged.write_bytes(saved.read_bytes()[:-1])
    with pytest.raises(ModelError, match="not a usable n-gram model"):
        _core.NgramModel.load(damaged)
    frame = pl.DataFrame({"text": ["a"]})
    with pytest.raises(ConfigError, match="not a usable n-gram model"):
        rf.Pipeline.build(scores={"ppl": str(damaged)}).run_frame(frame)


def test_a_trained_model_file_and_its_buckets(tmp_path):
    rows = [{"text": text} for text in PROSE * 100]
    pl.DataFrame(rows).write_ndjson(tmp_path / "a.jsonl")
    trained = train_lm(["*.jsonl"], tmp_path / "my.ngram", vocabulary=300, folder=tmp_path)
    assert 0 < 300 - trained.documents < 30
    head, middle = trained.buckets
    # Documents it did not see are copies of those it saw.
    assert 1 < head <= middle < 3
    assert 0 < trained.bits_per_byte < 1
    model = _core.NgramModel.load(trained.path)
    assert (model.order, model.n_ngrams) == (5, trained.ngrams)


def test_training_on_nothing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="matches no file"):
        train_lm(["none.jsonl"], tmp_path / "my.ngram", folder=tmp_path)
    with pytest.raises(ConfigError, match=r"ends in \.ngram"):
        train_lm(["none.jsonl"], tmp_path / "my.bin", folder=tmp_path)
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match="no document"):
        train_lm(["empty.jsonl"], tmp_path / "my.ngram", over_bytes=True, folder=tmp_path)


def test_the_command_prints_loss_and_buckets(tmp_path, monkeypatch):
    # Which documents are held out hangs on their ids, and those on the file's name from here.
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"body": PROSE * 60}).write_parquet("a.parquet")
    out = tmp_path / "my.ngram"
    given = ["train-lm", "a.parquet", "-o", "my.ngram", "--text", "body", "--bytes"]
    shown = CliRunner().invoke(app, given)
    assert shown.exit_code == 0, shown.output
    assert "Held-out documents: 0." in shown.output
    assert "head below" in shown.output
    assert _core.NgramModel.load(out).order == 6
