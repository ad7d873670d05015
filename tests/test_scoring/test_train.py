"""Training: reproducible bytes, a sidecar that belongs to its model, clear refusals."""

import json
import random

import pyarrow as pa
import pytest

from refinery import _core
from refinery.errors import ModelError, ParameterError, RefineryError
from refinery.scoring import (
    Quantisation,
    TrainingSettings,
    format_auc,
    read_sidecar,
    sidecar_path,
    train_classifier,
)

SMALL = TrainingSettings(dim=8, bucket=2000, epoch=3, lr=1.0)


def examples(n=400):
    draw = random.Random(3)
    for i in range(n):
        label = "hq" if i % 2 else "lq"
        topic = "light plant cell energy water" if i % 2 else "buy cheap click offer now"
        other = [f"w{draw.randrange(500)}" for _ in range(20)]
        yield label, " ".join([*topic.split(), *other])


def train(path, rows=None, **options):
    options = {"name": "textbook", "positive_label": "hq", "settings": SMALL} | options
    return train_classifier(examples() if rows is None else rows, path, **options)


def score(path, texts):
    columns = pa.record_batch(_core.Model(path).predict(pa.array(texts)))
    return columns.column("__label__hq").to_pylist()


def test_model_tells_the_classes_apart(tmp_path):
    train(tmp_path / "m.bin")
    good, bad = score(tmp_path / "m.bin", ["light of the plant cell", "buy cheap offer now"])
    assert good > 0.6 > 0.4 > bad


def test_same_examples_in_any_order_give_the_same_bytes(tmp_path):
    first = train(tmp_path / "a.bin")
    second = train(tmp_path / "b.bin", rows=reversed(list(examples())))
    assert first == second
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()
    other = train(tmp_path / "c.bin", seed=18)
    assert other.sha256 != first.sha256


def test_sidecar_describes_the_model(tmp_path):
    path = tmp_path / "m.bin"
    written = train(path, min_words=30, description={"data": "made up"})
    assert read_sidecar(path) == written
    assert written.positive_label == "__label__hq"
    assert written.labels == _core.Model(path).labels
    assert written.labels[written.positive_index] == "__label__hq"
    assert written.min_words == 30
    assert written.training["examples"] == {"hq": 200, "lq": 200}
    assert written.training["settings"]["epoch"] == 3
    assert written.training["data"] == "made up"
    assert len(written.quantiles) == 101
    assert written.quantiles == sorted(written.quantiles)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.bin", "m.bin.json"]


def test_quantiles_are_those_of_the_pool(tmp_path):
    pool = ["light of the plant", "buy cheap", "w1 w2 w3"]
    sidecar = train(tmp_path / "m.bin", pool=pool)
    scores = sorted(score(tmp_path / "m.bin", pool))
    assert [sidecar.quantiles[i] for i in (0, 50, 100)] == scores


def test_quantised_model_is_smaller_and_still_tells_the_classes_apart(tmp_path):
    train(tmp_path / "m.bin")
    train(tmp_path / "m.ftz", quantisation=Quantisation(cutoff=600, retrain=True, qnorm=True))
    assert (tmp_path / "m.ftz").stat().st_size < (tmp_path / "m.bin").stat().st_size / 2
    good, bad = score(tmp_path / "m.ftz", ["light of the plant cell", "buy cheap offer now"])
    assert good > bad


def test_labels_and_newlines_in_texts_do_no_harm(tmp_path):
    rows = [(label, f"__label__evil {text}\n__label__{label} x") for label, text in examples()]
    sidecar = train(tmp_path / "m.bin", rows=rows)
    assert sorted(sidecar.labels) == ["__label__hq", "__label__lq"]


def test_texts_without_words_are_left_out(tmp_path):
    sidecar = train(tmp_path / "m.bin", rows=[*examples(), ("hq", " \n"), ("lq", "</s> x")])
    assert sidecar.training["examples"] == {"hq": 200, "lq": 200}


@pytest.mark.parametrize(
    ("file", "options", "message"),
    [
        ("m.bin", {"positive_label": "good"}, "no example is labelled 'good'"),
        ("m.bin", {"rows": [("hq", "one")]}, "all 1 have one label"),
        ("m.ftz", {}, "a dense model is called"),
        ("m.bin", {"quantisation": Quantisation()}, "a quantised model is called"),
    ],
)
def test_impossible_requests_are_refused_before_training(tmp_path, file, options, message):
    with pytest.raises(ParameterError, match=message):
        train(tmp_path / file, **options)
    assert list(tmp_path.iterdir()) == []


def test_failure_of_the_library_is_named_and_leaves_nothing(tmp_path):
    with pytest.raises(RefineryError, match=r"could not train m\.bin: .*NaN"):
        train(tmp_path / "m.bin", settings=TrainingSettings(dim=8, bucket=2000, lr=1e9))
    assert list(tmp_path.iterdir()) == []


def test_model_without_sidecar(tmp_path):
    assert read_sidecar(tmp_path / "m.bin") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "format_version is 2"),
        ({"text_prep": "lower-case"}, "'lower-case'"),
        ({"positive_label": "__label__x"}, "not among its labels"),
        ({"sha256": "0" * 64}, "its sha256 differs"),
        ({"min_words": "many"}, "wrong type: min_words"),
        ({"extra": 1}, "wrong type: extra"),
    ],
)
def test_damaged_sidecar_is_refused(tmp_path, change, message):
    path = tmp_path / "m.bin"
    train(path)
    found = json.loads(sidecar_path(path).read_text())
    sidecar_path(path).write_text(json.dumps(found | change))
    with pytest.raises(ModelError, match=message):
        read_sidecar(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_sidecar_that_is_no_object_is_refused(tmp_path, text):
    sidecar_path(tmp_path / "m.bin").write_text(text)
    with pytest.raises(ModelError):
        read_sidecar(tmp_path / "m.bin")


def test_format_auc_sees_length_and_punctuation_but_no_words():
    draw = random.Random(5)
    alike = [" ".join(draw.choices(["alpha", "beta", "gamma"], k=30)) for _ in range(200)]
    groups = [str(i % 20) for i in range(200)]
    assert 0.3 < format_auc(alike[:100], alike[100:], groups=groups) < 0.7
    marked = [text.replace(" ", "; ") for text in alike[100:]]
    assert format_auc(alike[:100], marked, groups=groups) > 0.95
