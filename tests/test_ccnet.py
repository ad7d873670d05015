"""CCNet's normalisation, pieces, scores and buckets: twins, `tokenizers`, and a pipeline."""

import json
import unicodedata

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace

import refinery as rf
from arpa import estimate
from refinery import _core, presets
from refinery.decide.rules import failing
from refinery.errors import ConfigError, ModelError
from refinery.rule_set import Rule
from twins import ccnet

# Characters that Python's Unicode knows: ours is newer.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cn", "Co"])
TEXTS = st.one_of(
    st.text(CHARACTERS),
    st.text(st.sampled_from("aAéÉİıΣσß e\u0301\u0323\u1ab0가ᄀ１1٣１“—．～ΑΆ\n\t\x7f\x85\xa0")),
)
OPTIONS = st.fixed_dictionaries(
    {
        "accent": st.booleans(),
        "case": st.booleans(),
        "numbers": st.booleans(),
        "punct": st.sampled_from(["keep", "replace", "remove"]),
    }
)


def normalize(texts, **options):
    return pa.array(_core.ccnet_normalize(pa.array(texts, pa.string()), **options)).to_pylist()


@given(text=TEXTS, options=OPTIONS)
def test_normalisation_is_that_of_the_twin(text, options):
    assert normalize([text], **options) == [ccnet.normalize(text, **options)]


def test_every_character_is_normalised_as_by_the_twin():
    every = [chr(i) for i in range(0x110000) if unicodedata.category(chr(i)) not in ("Cs", "Cn")]
    for options in ({}, {"accent": False, "punct": "remove"}, {"case": False, "numbers": False}):
        texts = [f"x{c}y" for c in every]
        found = normalize(texts, **options)
        expected = [ccnet.normalize(text, **options) for text in texts]
        differing = [c for c, a, b in zip(every, found, expected, strict=True) if a != b]
        # A mark that Unicode 15 and later no longer call nonspacing.
        differing = [c for c in differing if c != "\U0001171e"]
        assert len(every) > 100_000
        assert differing == []


@given(line=TEXTS)
def test_line_keys_are_those_of_the_twin(line):
    found = pa.array(_core.ccnet_line_keys(pa.array([line, None]))).to_pylist()
    assert found == [ccnet.line_key(line), None]


WORDS = ["one", "two", "three", "é", "0", "."]
LINES = st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=12)
CORPUS = [[WORDS[(i * j + j * j) % 6] for j in range(i % 9)] for i in range(200)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ccnet")


def language_model(folder, lines, order, tokenizer=None):
    path = folder / f"{order}.arpa"
    path.write_text(estimate(lines, order, pruned=0.2), encoding="utf-8")
    return _core.PerplexityModel(path, tokenizer), ccnet.read_arpa(path.read_text("utf-8"))


@pytest.fixture(scope="module", params=[2, 3, 5])
def model_and_twin(request, folder):
    return language_model(folder, CORPUS, request.param)


@given(words=LINES)
def test_scores_are_those_of_the_twin(model_and_twin, words):
    model, twin = model_and_twin
    found = pa.array(model.score(pa.array([" ".join(words)]))).to_pylist()
    # The twin's sums differ in the last bits where an n-gram was pruned.
    assert found == pytest.approx([ccnet.score_line(twin, words)], rel=1e-6)


@given(lines=st.lists(LINES, max_size=6))
def test_perplexity_without_pieces_is_that_of_the_twin(model_and_twin, lines):
    model, twin = model_and_twin
    text = "\n".join(" ".join(words) for words in lines)
    normal = [ccnet.normalize(line).split() for line in text.split("\n")] if text else []
    expected = ccnet.perplexity([(ccnet.score_line(twin, line), len(line)) for line in normal])
    (found,) = pa.record_batch(model.run(pa.array([text]))).column(0).to_pylist()
    assert found == (expected if expected is None else pytest.approx(expected, abs=0.11))


PIECES = [("<unk>", 0.0), ("▁", -3.25), ("▁the", -2.5), ("▁t", -4.0), ("he", -3.5), ("e", -4.125)]
PIECES += [("h", -5.5), ("t", -4.75), ("é", -6.0), ("▁é", -7.5), ("日", -8.25), ("th", -5.0)]


def varint(value):
    return bytes([value % 128 | 128]) + varint(value // 128) if value > 127 else bytes([value])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def sentencepiece_model(pieces):
    """A model with no rules of normalisation, in SentencePiece's own format."""
    import struct

    body = b""
    for i, (text, score) in enumerate(pieces):
        kind = b"\x18\x02" if i == 0 else b""
        body += field(1, field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + kind)
    return body


@pytest.fixture(scope="module")
def tokenizers_of_one_vocabulary(folder):
    ours = folder / "small.model"
    ours.write_bytes(sentencepiece_model(PIECES))
    theirs = Tokenizer(Unigram(PIECES, unk_id=0, byte_fallback=False))
    theirs.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always", split=False)
    path = folder / "small.json"
    theirs.save(str(path))
    return ours, path, theirs


@given(words=st.lists(st.text(st.sampled_from("theé日x"), min_size=1, max_size=8), min_size=1))
def test_both_kinds_of_tokenizer_find_the_same_pieces(folder, tokenizers_of_one_vocabulary, words):
    ours, path, theirs = tokenizers_of_one_vocabulary
    text = " ".join(words)
    arpa = folder / "fixed.arpa"
    if not arpa.exists():
        arpa.write_text(estimate([["▁the", "e"], ["▁", "é"]], 2), encoding="utf-8")
    texts = pa.array([text])
    found = [
        pa.array(_core.PerplexityModel(arpa, file).pieces(texts)).to_pylist()[0]
        for file in (ours, path)
    ]
    assert found[0] == found[1] == theirs.encode(text).tokens
    values = [
        pa.record_batch(_core.PerplexityModel(arpa, file).run(texts)).column(0).to_pylist()
        for file in (ours, path)
    ]
    assert values[0] == values[1]


def test_nulls_and_threads(model_and_twin):
    model, _ = model_and_twin
    texts = pa.array(["one two", None, "", "three " * 50] * 20)
    alone = pa.record_batch(model.run(texts)).column(0)
    assert alone.null_count == 40
    assert pa.record_batch(model.run(texts, _core.ThreadPool(2))).column(0) == alone
    assert model.n_bytes > 100


def test_a_tokenizer_that_is_none_is_refused(folder, tmp_path):
    language_model(folder, CORPUS, 2)
    bad = tmp_path / "bad.model"
    bad.write_bytes(b"\x0a\x05abc")
    with pytest.raises(ModelError, match="damaged at byte 0"):
        _core.PerplexityModel(folder / "2.arpa", bad)


def write_pipeline(folder, decide, scores):
    text = "one two three " * 30
    rows = {"id": ["good", "short", "odd"], "text": [text, "one two", "x y z " * 60]}
    pl.DataFrame(rows).write_parquet(folder / "in.parquet")
    path = folder / "p.yaml"
    path.write_text(
        json.dumps(
            {
                "version": 1,
                "input": [{"path": "in.parquet", "text": "text", "id": "id"}],
                "annotate": {"scores": scores},
                "decide": decide,
                "output": {"path": "out"},
            }
        )
    )
    return path


SCORE = {"name": "perplexity", "model": "en.arpa"}


def test_a_bucket_is_a_rule_of_a_pipeline(tmp_path):
    lines = [["one", "two", "three"] * 30] * 4
    (tmp_path / "en.arpa").write_text(estimate(lines, 3), encoding="utf-8")
    decide = [{"rules": {"ccnet/head": {"perplexity": {"below": 50}}}}]
    run = rf.run(write_pipeline(tmp_path, decide, [SCORE]))
    decisions = run.decisions.collect().sort("id")
    assert dict(decisions.select("id", "reasons").iter_rows()) == {
        "good": [],
        "short": ["n_chars:min", "perplexity:below"],
        "odd": ["perplexity:below"],
    }
    values = dict(run.annotations.select("id", "perplexity").collect().iter_rows())
    (found,) = (
        pa.record_batch(
            _core.PerplexityModel(tmp_path / "en.arpa").run(pa.array(["one two three " * 30]))
        )
        .column(0)
        .to_pylist()
    )
    assert values["good"] == found < 50 < values["odd"]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "reads the score 'perplexity'"),
        ([{**SCORE, "label": "x"}], "a language model has no labels"),
        ([{**SCORE, "model": "none.arpa"}], "no such file"),
        ([{**SCORE, "model": "en.arpa.bin"}], "this is a binary file, perhaps of KenLM"),
        ([{**SCORE, "model": "x.bin", "tokenizer": "t.json"}], "a fastText model has no tokenizer"),
    ],
)
def test_a_score_that_cannot_be_made_is_refused(tmp_path, scores, message):
    (tmp_path / "en.arpa").write_text(estimate(CORPUS, 2), encoding="utf-8")
    (tmp_path / "en.arpa.bin").write_bytes(
        b"mmap lm http://kheafield.com/code format version 5\n\0"
    )
    path = write_pipeline(tmp_path, [{"rules": "ccnet/head"}], scores)
    with pytest.raises(ConfigError, match=message):
        rf.run(path)


def test_every_perplexity_is_in_one_bucket_of_english():
    """The cutoffs of English are 340 and 520: below the first head, below the second middle."""

    def keeps(name, perplexity):
        values = pl.DataFrame({"perplexity": [perplexity]})
        rules = presets.load(f"ccnet/{name}").rules
        assert (rules[0].column, rules[0].side, rules[0].bound) == ("n_chars", "min", 300)
        tests = [Rule(r.column, r.side, r.bound) for r in rules[1:]]
        return not any(failing(rule, values)[0] for rule in tests)

    names = ["head", "middle", "tail", "head_middle"]
    for perplexity, kept in {
        1.0: {"head", "head_middle"},
        339.9: {"head", "head_middle"},
        340.0: {"middle", "head_middle"},
        519.9: {"middle", "head_middle"},
        520.0: {"tail"},
        1e9: {"tail"},
    }.items():
        assert {name for name in names if keeps(name, perplexity)} == kept
