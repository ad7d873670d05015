"""What an arm keeps, of a pool whose good documents are known."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from refinery.ablation.arms import Arms
from refinery.ablation.config import parse_ablation
from refinery.ablation.pool import Pool
from refinery.rule_set import Rule

N = 400
FILE = "pool: {input: {path: x}, scores: []}\nfilter: n_chars\ndraw: 1\nfamilies: {}\noutput: {path: o}\narms: "
GATES = "random, random_again, oracle, inverse"


@pytest.fixture(scope="module")
def frame():
    """A score that rises with the number; each fourth document fails the rule."""
    numbers = np.arange(N)
    return pl.DataFrame(
        {
            "id": [f"d{i:03}" for i in numbers],
            "n_bytes": np.full(N, 10),
            "n_chars": numbers.astype(float),
            "n_words": np.where(numbers % 4 == 0, 10.0, 60.0),
            "topic": (numbers % 2).astype(float),
        }
    )


def kept(frame, arm, yield_):
    """Numbers of the documents that an arm keeps."""
    config = parse_ablation(f"{FILE}[{GATES}, {arm}]\n")
    chosen = config.arms[-1]
    pool = Pool(frame, None, {chosen.name: [Rule("n_words", "min", 50.0)]})
    corpus = SimpleNamespace(lengths=np.full(N, 7))
    selection = Arms(config, pool, corpus, None).select(chosen, yield_, 0)
    return sorted(selection.rows.tolist())


RULES = "rules: {n_words: {min: 50}}"


def test_rules_come_before_the_best_which_keep_their_yield_of_all_that_was_drawn(frame):
    passing = [i for i in range(N) if i % 4]
    assert kept(frame, f"{{kind: top, {RULES}}}", 0.25) == passing[-100:]
    assert kept(frame, "{kind: top}", 0.25) == list(range(300, 400))
    # Too few pass: all of them, and not what failed.
    assert kept(frame, f"{{kind: top, {RULES}}}", 0.9) == passing


@pytest.mark.parametrize("kind", ["sample", "shuffled", "rules", "length"])
def test_what_fails_the_rules_is_in_no_arm_that_has_them(frame, kind):
    found = kept(frame, f"{{kind: {kind}, {RULES}}}", 0.5)
    assert len(found) == 200
    assert all(i % 4 for i in found)
    if kind != "rules":
        assert any(i % 4 == 0 for i in kept(frame, f"{{kind: {kind}}}", 0.5))


def test_a_quota_after_rules_is_of_every_domain_as_it_was_drawn(frame):
    # Of even numbers a half fails, of odd ones none: each domain has its fifth all the same.
    found = kept(frame, f"{{kind: quota, column: topic, {RULES}}}", 0.2)
    assert [sum(i % 2 == side for i in found) for side in (0, 1)] == [40, 40]
    assert all(i % 4 for i in found)
