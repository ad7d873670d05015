"""CCNet's perplexity against KenLM and SentencePiece: same pieces, same scores, same perplexity.

KenLM reads the very ARPA files, SentencePiece the very models that it trained here; CCNet itself is
not on the package index, so its own lines around the two are those of the script.

The oracle `kenlm` holds `kenlm==0.3.0` and `sentencepiece==0.2.0`. Other versions of
SentencePiece cut ties otherwise: 0.2.3 did so in 82 of 462 documents with a vocabulary of 3000.

Known differences, all on purpose: see `DIFFERENT`.
"""

import gzip

import oracle
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup
from languages import LANGUAGES

from arpa import estimate, render
from refinery import _core
from refinery.errors import ModelError
from twins import ccnet

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]

LINES = [line for text in LANGUAGES.values() for line in text.splitlines() if line]
ODD = (
    "", " ", "\n", "a", "\u3000", "\u2581", "\u2581\u2581 a", "a\u2581b", "\xa0x\xa0", "\u200b",
    "\ufeffa", "e\u0301", "ﬁﬂ ½ ㎏ Ⅷ", "\x00a\x7fb\x85c", "İSTANBUL ΣΑΣ", "\u1100\u1161\u11a8",
    "<unk> <s> </s>", "a  b   c", "😀👩\u200d👩\u200d👧", "\U000e0001 \ue000", "x" * 3000, "\t a \r\n",
    "ＡＢＣ　１２３", "…", "— –", "\u2028a\u2029b\x1cc",
)  # fmt: skip


def ask(questions):
    """What the original answers."""
    return oracle.answers("ask_kenlm.py", questions, "kenlm")


@pytest.fixture(scope="module")
def texts():
    found = [*sample(2000, 5), *soup(300, 6)]
    languages = [line * n for line in LINES for n in (1, 3)]
    return [*found, *mutated(found[:300], 7), *languages, *ODD]


@pytest.fixture(scope="module")
def models(texts, tmp_path_factory):
    """SentencePiece models by name, with their files."""
    folder = tmp_path_factory.mktemp("pieces")
    lines = [ccnet.normalize(text)[:1500] for text in texts[:2000:4]]
    lines += [ccnet.normalize(line) for line in LINES] * 20
    options = {
        "nfkc": {"vocab_size": 4000, "character_coverage": 0.999},
        "identity": {"vocab_size": 2000, "normalization_rule_name": "identity"},
        "keeps_spaces": {"vocab_size": 2000, "remove_extra_whitespaces": False},
        "bare": {"vocab_size": 2000, "add_dummy_prefix": False, "character_coverage": 0.99},
    }
    common = {"model_type": "unigram", "hard_vocab_limit": False, "max_sentence_length": 20000}
    paths = {name: str(folder / f"{name}.model") for name in options}
    ask(
        [{"train": lines, "model": paths[n], "options": common | options[n]} for n in options],
    )
    return paths


def write(folder, text, name="model.arpa"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def unigrams_only(tmp_path_factory):
    sections = [["-1 <unk>", "-99 <s>", "-1 </s>"], ["-1 <s> </s>"]]
    return write(tmp_path_factory.mktemp("lm"), render(sections))


@pytest.mark.parametrize("name", ["nfkc", "identity", "keeps_spaces", "bare"])
def test_pieces_are_those_of_sentencepiece(name, models, texts, unigrams_only):
    normal = [ccnet.normalize(text) for text in texts]
    given = [*texts, *normal]
    model = _core.PerplexityModel(unigrams_only, models[name])
    found = pa.array(model.pieces(pa.array(given))).to_pylist()
    expected = ask([{"model": models[name], "text": t} for t in given])
    differing = [i for i in range(len(given)) if found[i] != expected[i]]
    assert differing == []
    assert sum(len(pieces) for pieces in found) > 100_000


@pytest.mark.parametrize("order", [2, 3, 5, 6])
def test_scores_are_those_of_kenlm(order, texts, tmp_path):
    lines = [ccnet.normalize(line) for text in texts[:2000:3] for line in text.split("\n")[:20]]
    words = [line.split() for line in lines]
    text = estimate(words[::2], order, pruned=0.1)
    path = write(tmp_path, text)
    with gzip.open(tmp_path / "model.arpa.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    # KenLM's Python module hands words over as C strings, cut at a NUL; normalised text has none.
    asked = [*lines, *(text for text in texts[::7] if "\0" not in text)]
    expected = ask([{"arpa": path, "line": line} for line in asked])
    for file in (path, tmp_path / "model.arpa.gz"):
        model = _core.PerplexityModel(file)
        assert model.order == order
        found = pa.array(model.score(pa.array(asked))).to_pylist()
        assert found == expected
    assert len(asked) > 5000


@pytest.mark.parametrize("name", ["nfkc", "identity"])
def test_perplexity_is_that_of_ccnet(name, models, texts, tmp_path, unigrams_only):
    normal = [ccnet.normalize(text) for text in texts]
    cut = _core.PerplexityModel(unigrams_only, models[name])
    pieces = pa.array(cut.pieces(pa.array([n[:3000] for n in normal[::3]]))).to_pylist()
    path = write(tmp_path, estimate(pieces, 5, pruned=0.05))
    model = _core.PerplexityModel(path, models[name])
    (found,) = pa.record_batch(model.run(pa.array(texts))).columns
    expected = ask([{"arpa": path, "model": models[name], "normal": t} for t in normal])
    assert found.to_pylist() == expected
    assert None in expected
    assert len({v for v in expected if v is not None}) > 1000


def test_weights_of_the_unknown_word_are_those_of_kenlm(tmp_path):
    sections = [["-1\t<unk>\t-0.5", "-99\t<s>\t-0.3", "-1.5\t</s>", "-1\ta\t-0.2"]]
    sections.append(["-0.5\t<s> a", "-0.25\ta <unk>", "-0.125\t<unk> <unk>"])
    path = write(tmp_path, render(sections))
    asked = ["", "a", "x", "a x", "x a", "a x x a", "x y z"]
    found = pa.array(_core.PerplexityModel(path).score(pa.array(asked))).to_pylist()
    assert found == ask([{"arpa": path, "line": t} for t in asked])


FINE = [["-1 <unk>", "-99 <s> -0.3", "-1.5 </s>", "-1 a -0.2"], ["-0.5 <s> a"]]
REFUSED = {
    "probability above one": [[*FINE[0], "0.5 b"], FINE[1]],
    "word that is no unigram": [FINE[0], ["-0.5 <s> b"]],
    "context that is no n-gram": [FINE[0], ["-0.5 <s> a"], ["-0.1 a a a"]],
    "no beginning": [[FINE[0][0], *FINE[0][2:]], ["-0.5 a a"]],
    "no end": [[*FINE[0][:2], FINE[0][3]], FINE[1]],
    "backoff at the highest order": [FINE[0], ["-0.5 <s> a -0.1"]],
    "text for a number": [FINE[0], ["x <s> a"]],
}
# KenLM takes these: an n-gram that is listed twice counts as whichever it finds.
DIFFERENT = {
    "twice": [FINE[0], ["-0.5 <s> a", "-0.7 <s> a"]],
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_kenlm_refuses_is_refused(case, tmp_path):
    # KenLM wants tabs around the words.
    sections = [[tabbed(row, n) for row in rows] for n, rows in enumerate(REFUSED[case], 1)]
    path = write(tmp_path, render(sections))
    (error,) = ask([{"arpa": path}])
    assert error is not None
    with pytest.raises(ModelError):
        _core.PerplexityModel(path)


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_kenlm_takes_and_is_refused_here(case, tmp_path):
    sections = [[tabbed(row, n) for row in rows] for n, rows in enumerate(DIFFERENT[case], 1)]
    path = write(tmp_path, render(sections))
    assert ask([{"arpa": path}]) == [None]
    with pytest.raises(ModelError):
        _core.PerplexityModel(path)


def tabbed(row, n):
    fields = row.split(" ")
    return "\t".join([fields[0], " ".join(fields[1 : n + 1]), *fields[n + 1 :]])
