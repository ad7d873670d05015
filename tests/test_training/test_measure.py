"""Figures against values worked out by hand, and the calibration's map."""

import json
import math

import numpy as np
import pytest

from refinery.scoring.calibration import Calibration, cross_calibrated, fit_calibration
from refinery.training.measure import precision_at_yields, reliability


def test_precision_is_weighted_by_words():
    truth = [True, False, True, False]
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    found = precision_at_yields(truth, scores, [10, 30, 40, 20])
    # Half of 100 words: the first two (40), and not the third, whose middle lies at 60.
    assert found[0.5] == pytest.approx(10 / 40)
    # A quarter: the first (10) and the second, whose middle lies at 25.
    assert found[0.25] == pytest.approx(10 / 40)
    assert found[0.1] == found[0.05] == 1.0


def test_reliability_by_hand():
    found = reliability([True, False, True, True], np.array([0.05, 0.05, 0.95, 0.85]))
    assert found.brier == pytest.approx((0.95**2 + 0.05**2 + 0.05**2 + 0.15**2) / 4)
    assert found.ece == pytest.approx(2 / 4 * 0.45 + 1 / 4 * 0.05 + 1 / 4 * 0.15)
    assert found.bins[0] == {"probability": pytest.approx(0.05), "positive": 0.5, "examples": 2}
    assert len(found.bins) == 3


@pytest.mark.slow
@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_calibration_is_monotone_bounded_and_survives_json(method):
    draw = np.random.default_rng(1)
    true = draw.random(3000)
    truth = (draw.random(3000) < true).tolist()
    # A score that says too much: its logit is three times the true one.
    scores = (1 / (1 + np.exp(-3 * np.log(true / (1 - true))))).tolist()
    fitted = fit_calibration(scores, truth, method)
    again = Calibration(**json.loads(json.dumps(fitted.as_dict())))
    grid = [i / 100 for i in range(101)]
    said = again.apply(grid)
    assert said == fitted.apply(grid)
    assert said == sorted(said)
    assert 0 <= said[0] < 0.1
    assert 0.9 < said[-1] <= 1
    raw = reliability(truth, np.array(scores))
    judged = reliability(truth, np.array(cross_calibrated(scores, truth, method)))
    assert judged.ece < 0.04 < raw.ece
    assert judged.brier < raw.brier


def test_platt_of_a_known_curve():
    odds = math.exp(2 * math.log(0.2 / 0.8) + 1)
    fitted = Calibration("platt", slope=2.0, intercept=1.0)
    assert fitted.apply([0.2]) == pytest.approx([odds / (1 + odds)])


def test_isotonic_joins_its_corners_by_lines():
    fitted = Calibration("isotonic", scores=[0.2, 0.4], probabilities=[0.1, 0.5])
    assert fitted.apply([0.0, 0.2, 0.3, 0.4, 1.0]) == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.5])
