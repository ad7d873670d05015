"""Scores of the parts of a document, against the model asked for each part."""

import re
from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import refinery as rf
from refinery import _core
from refinery.errors import ConfigError

WORDS = 60
MIN_WORDS = 40
"""What the sidecar of the model says."""


def pipeline_of(**score):
    scores = [{"name": "edu", "model": "builtin/textbook", "chunks": {"words": WORDS}, **score}]
    return rf.Pipeline.build(id="id", annotate={"scores": scores})


@pytest.fixture(scope="module")
def texts(corpus):
    long = sorted((row["text"] for row in corpus), key=len)[-25:]
    at_the_bound = [" ".join(f"w{i}" for i in range(n)) for n in (39, 40, 60, 61)]
    return ["", "few words", *at_the_bound, *long]


@pytest.fixture(scope="module")
def refined(texts):
    frame = pl.DataFrame({"id": [f"{i:02}" for i in range(len(texts))], "text": texts})
    return pipeline_of().run_frame(frame)


def summary(text, predict):
    """The four numbers, by splitting and asking again."""
    words = [word for word in re.split("[ \n\r\t\v\f\0]+", text) if word]
    if len(words) < MIN_WORDS:
        return [None] * 4
    n = -(-len(words) // WORDS)
    bounds = list(pairwise(i * len(words) // n for i in range(n + 1)))
    found = predict([" ".join(words[a:b]) for a, b in bounds])
    ranked, at = sorted(found), (n - 1) / 10
    above = ranked[min(int(at) + 1, n - 1)]
    mean = sum(f * (b - a) for f, (a, b) in zip(found, bounds, strict=True)) / len(words)
    return [mean, ranked[int(at)] + (above - ranked[int(at)]) * (at - int(at)), max(found), n]


def test_parts_are_scored_as_the_model_scores_them_alone(refined, texts):
    model = _core.Model(Path(rf.__file__).parent / "models" / "textbook.ftz")

    def predict(parts):
        return pa.record_batch(model.predict(pa.array(parts))).column("__label__hq").to_pylist()

    names = [f"edu_{part}" for part in ("mean", "p10", "max", "n_chunks")]
    found = refined.annotated.select(names).rows()
    for text, row in zip(texts, found, strict=True):
        assert list(row) == pytest.approx(summary(text, predict), abs=1e-12)
    assert max(row[3] or 0 for row in found) > 10


def test_a_score_is_never_null_but_that_of_parts_and_the_rank_are(refined):
    scores, ranks = refined.annotated, refined.decided["edu_quantile"]
    assert scores["edu"].null_count() == 0
    assert scores["edu_mean"].is_null().to_list()[:6] == [True, True, True, False, False, False]
    assert (ranks.is_null() == scores["edu_mean"].is_null()).all()
    ranked = scores.filter(ranks.is_not_null()).with_columns(rank=ranks.drop_nulls())
    below = ranked.filter(pl.col("edu") < ranked["edu"][-1])["n_tokens"].sum()
    expected = (below + ranked["n_tokens"][-1] / 2) / ranked["n_tokens"].sum()
    assert ranked["rank"][-1] == pytest.approx(expected)


def test_columns_of_parts_are_columns_like_others(texts):
    pipeline = pipeline_of(chunks={}).rules({"edu_n_chunks": {"min": 2}}).select("edu_mean", 0.5)
    frame = pl.DataFrame({"id": [f"{i:02}" for i in range(len(texts))], "text": texts})
    refined = pipeline.run_frame(frame)
    assert refined.kept.collect().height > 0
    assert refined.ledger["documents"]["dropped"]["edu_n_chunks:undefined"] == 3


def test_names_of_parts_must_be_free():
    taken = [{"name": "edu_max", "model": "builtin/textbook"}]
    taken.append({"name": "edu", "model": "builtin/textbook", "chunks": {"words": 0}})
    with pytest.raises(ConfigError, match="words: must be greater than or equal to 1"):
        rf.Pipeline.build(annotate={"scores": taken})
    taken[1]["chunks"] = {}
    pipeline = rf.Pipeline.build(annotate={"scores": taken})
    with pytest.raises(ConfigError, match="'edu_max' is already the name of a column"):
        pipeline.run_frame(pl.DataFrame({"text": ["a"]}))
