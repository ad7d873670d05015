"""Our inference gives the numbers of the reference library, label by label, to 1e-6."""

import importlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refinery import _core
from refinery.scoring.train import run_library

fasttext = pytest.importorskip("fasttext")

TOLERANCE = 1e-6
MODULES = [
    "argparse",
    "ast",
    "asyncio",
    "bisect",
    "calendar",
    "cmath",
    "collections",
    "csv",
    "ctypes",
    "datetime",
    "decimal",
    "difflib",
    "doctest",
    "email",
    "fractions",
    "functools",
    "gettext",
    "hashlib",
    "heapq",
    "http",
    "inspect",
    "itertools",
    "json",
    "logging",
    "math",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "random",
    "re",
    "shutil",
    "socket",
    "sqlite3",
    "statistics",
    "string",
    "subprocess",
    "tarfile",
    "tempfile",
    "textwrap",
    "threading",
    "tokenize",
    "traceback",
    "types",
    "unittest",
    "urllib",
    "warnings",
    "weakref",
    "zipfile",
]
ODD_TEXTS = {
    "empty": "",
    "only spaces": " \t  ",
    "newlines": "\n\n\r\n",
    "one word": "return",
    "no known word": "qqqqzz xkcdxkcd",
    "no final newline": "Return the value",
    "CRLF": "Return\r\nthe value\r\n",
    "NUL": "Return\0the\0",
    "vertical tab and form feed": "Return\x0bthe\x0cvalue",
    "U+0085": "Return\x85the value",
    "U+2028": "Return\u2028the value",
    "no-break space": "Return\u00a0the value",
    "combining marks": "re\u0301turn the\u0308 value",
    "right-to-left": "\u202ethe value \u05e2\u05d1\u05e8\u05d9\u05ea",
    "emoji": "\U0001f600 the \U0001f468\u200d\U0001f469\u200d\U0001f467 value",
    "CJK": "日本語のテキスト 中文",
    "Latin-1 letters": "\xff\xfe the \xe9t\xe9",
    "end of line inside": "Return the </s> value of the list",
    "end of line first": "</s> Return the value",
    "label inside": "Return __label__1 the __label__nobody value",
    "only a label": "__label__2",
    "part of a label": "__label_ the __label__",
    "one word of a megabyte": "x" * 1_000_000,
    "a megabyte": "the value of a list " * 50_000,
}
BIGRAMS = {"wordNgrams": 2, "dim": 20}
CHARACTERS = {"minn": 2, "maxn": 4, "dim": 9}
EVERYTHING = {"wordNgrams": 3, "minn": 1, "maxn": 3, "dim": 16}
TRAINED = {
    f"{loss}-{name}": {"loss": loss, **settings}
    for loss in ("softmax", "hs", "ova", "ns")
    for name, settings in {
        "unigrams": {"dim": 8},
        "bigrams": BIGRAMS,
        "characters": CHARACTERS,
        "everything": EVERYTHING,
    }.items()
}
QUANTISED = {
    "plain": {},
    "qnorm": {"qnorm": True},
    "cutoff": {"cutoff": 900},
    "cutoff-qnorm": {"cutoff": 900, "qnorm": True},
    "retrained": {"cutoff": 900, "retrain": True, "epoch": 1},
    "width-1": {"dsub": 1},
    "width-3": {"dsub": 3, "qnorm": True},
    "width-4": {"dsub": 4},
}


@pytest.fixture(scope="module")
def documents():
    """Docstrings of Python's own library with the number of a label, the module's."""
    found = {}
    for number, name in enumerate(MODULES):
        for value in vars(importlib.import_module(name)).values():
            text = getattr(value, "__doc__", None)
            if isinstance(text, str) and len(text) > 100:
                found.setdefault(text, number % 7)
    assert len(found) > 500
    return found


@pytest.fixture(scope="module")
def lines(documents):
    return [f"__label__{label} {' '.join(text.split())}" for text, label in documents.items()]


@pytest.fixture(scope="module")
def trained(lines, tmp_path_factory):
    """Trains on first use, gives the path of the model file."""
    folder = tmp_path_factory.mktemp("models")

    def train(name, how=None):
        path = folder / (f"{name}-{how}.ftz" if how else f"{name}.bin")
        if not path.exists():
            settings = {"lr": 0.2, "epoch": 2, "bucket": 1000, "minCount": 4} | TRAINED[name]
            run_library(lines, path, settings, QUANTISED[how] if how else None)
        return path

    return train


def our_probabilities(path, texts):
    """One row of probabilities a text, and the labels."""
    model = _core.Model(path)
    columns = pa.record_batch(model.predict(pa.array(texts, pa.large_string()))).columns
    return list(zip(*(column.to_pylist() for column in columns), strict=True)), model.labels


def assert_same(path, texts):
    reference = fasttext.load_model(str(path))
    ours, labels = our_probabilities(path, texts)
    assert len(ours) == len(texts) > 0
    assert sorted(labels) == sorted(reference.labels)
    worst = 0.0
    for text, row in zip(texts, ours, strict=True):
        found, probabilities = reference.predict(text.replace("\n", " "), k=-1)
        # Hierarchical softmax leaves out what it reaches with less than 1e-5; ours says 0.
        expected = dict(zip(found, probabilities.tolist(), strict=True))
        for label, value in zip(labels, row, strict=True):
            worst = max(worst, abs(value - expected.get(label, 0.0)))
    assert worst <= TOLERANCE


@pytest.mark.parametrize("name", TRAINED)
def test_dense_models_on_odd_and_real_texts(name, trained, documents):
    assert_same(trained(name), [*ODD_TEXTS.values(), *list(documents)[::5]])


@pytest.mark.parametrize("how", QUANTISED)
@pytest.mark.parametrize("name", ["softmax-everything", "softmax-bigrams", "hs-bigrams"])
def test_quantised_models_on_odd_and_real_texts(name, how, trained, documents):
    assert_same(trained(name, how), [*ODD_TEXTS.values(), *list(documents)[::5]])


@pytest.mark.parametrize("loss", ["softmax", "hs"])
@pytest.mark.parametrize("how", ["plain", "qnorm"])
def test_quantised_output(how, loss, lines, documents, tmp_path):
    # The output can be quantised only with 256 labels or more.
    many = [f"__label__{i % 300} {line.split(' ', 1)[1]}" for i, line in enumerate(lines)]
    settings = {"bucket": 1000, "minCount": 4, "wordNgrams": 2, "dim": 6, "epoch": 2, "loss": loss}
    path = tmp_path / "model.ftz"
    run_library(many, path, settings, {"qout": True} | QUANTISED[how])
    assert_same(path, [*list(ODD_TEXTS.values())[:20], *list(documents)[::50]])


def test_text_without_known_words_gets_a_score_where_the_reference_gives_none(tmp_path):
    # "</s>" occurs once a line; a threshold above that drops it, words of every line stay.
    lines = [f"__label__{i % 2} again w{i % 60} again v{i % 7}" for i in range(400)]
    path = tmp_path / "model.bin"
    run_library(lines, path, {"minCount": 500, "dim": 4, "bucket": 0}, None)
    found, _ = fasttext.load_model(str(path)).predict("unknown", k=-1)
    assert len(found) == 0
    ours, _ = our_probabilities(path, ["unknown", ""])
    assert ours[0] == ours[1] == pytest.approx((0.50001, 0.50001), abs=1e-6)
    assert_same(path, ["again", "again again unknown"])


def test_same_bytes_in_any_batch_and_order(trained, documents):
    texts = list(documents)[:400]
    path = trained("softmax-everything")
    whole, _ = our_probabilities(path, texts)
    single = [our_probabilities(path, [text])[0][0] for text in texts[:50]]
    backwards, _ = our_probabilities(path, texts[::-1])
    assert whole[:50] == single
    assert whole == backwards[::-1]


def test_null_text_has_null_scores(trained):
    ours, labels = our_probabilities(trained("softmax-unigrams"), ["Return", None])
    assert ours[1] == (None,) * len(labels)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["softmax-bigrams", "hs-characters", "ova-everything", "ns-bigrams"]
)
def test_ten_thousand_documents(name, trained, shared_data):
    parts = sorted((shared_data / "raw").glob("*.parquet"))
    texts = []
    for part in parts:
        texts += pq.read_table(part, columns=["text"])["text"].to_pylist()[:1250]
    assert len(texts) == 10_000
    assert_same(trained(name), texts)
