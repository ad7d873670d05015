"""What the bench of the toxicity score computes: thresholds by recall, shares of dialects."""

import importlib
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

QUALITY = Path(__file__).parents[2] / "benches" / "quality"


@pytest.fixture(scope="module")
def benches():
    sys.path.insert(0, str(QUALITY))
    yield [importlib.import_module(name) for name in ("toxicity_judged", "tweet_dialect")]
    sys.path.remove(str(QUALITY))


def judged(bench, truth, score):
    texts = pl.Series(["t"] * len(truth))
    return bench.Judged(texts, np.array(truth), np.array(score), np.zeros(len(truth)))


def test_a_threshold_gives_the_mean_recall_of_sets_that_count_alike(benches):
    bench, _ = benches
    small = judged(bench, [True, True, False], [0.9, 0.1, 0.5])
    large = judged(bench, [True] * 8, [0.8] * 4 + [0.2] * 4)
    sets = {"small": small, "large": large}
    assert bench.threshold(sets, 0.25) == 0.9  # half of the small set, none of the large one
    assert bench.threshold(sets, 0.5) == 0.8
    assert bench.threshold(sets, 0.75) == 0.2
    assert bench.threshold(sets, 1.0) == 0.1
    row = bench.slice_row("all", small, np.ones(3, bool), {"half": 0.5})
    assert (row["texts"], row["half"]) == (1, 1.0)


def test_shares_of_dialects_follow_the_words(benches, tmp_path):
    _, dialect = benches
    (tmp_path / "model_vocab.txt").write_text("1 here\n2 there\n3 both\n", encoding="utf-8")
    counts = "900 1 1 9\n9 1 1 900\n90 90 90 90\n"
    (tmp_path / "model_count_table.txt").write_text(counts, encoding="utf-8")
    texts = pl.Series(["Here here @there both", "there there there", "nowhere"])
    first, second, unknown = dialect.posteriors(texts, tmp_path)
    assert first.argmax() == dialect.AFRICAN_AMERICAN
    assert second.argmax() == dialect.WHITE
    assert first.sum() == pytest.approx(1)
    assert not unknown.any()
