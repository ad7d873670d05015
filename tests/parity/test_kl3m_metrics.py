"""KL3M's sixteen metrics and two scores of real documents against the twin, given the same tokens.

The original decodes ids of its own tokenizer, which is not to be had everywhere; its arithmetic is
the twin's. Here both sides get the ids of one small tokenizer, the Python package's and ours.
"""

import pytest
from corpora import mutated, sample, soup

from test_kl3m import annotate, assert_same, expected, tokenizer  # noqa: F401 - a fixture

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_metrics_of_real_documents_are_those_of_the_twin(tokenizer):  # noqa: F811 - the fixture
    theirs, ours = tokenizer
    real = sample(2200, seed=41, most_chars=12_000)
    texts = [*real, *mutated(real[::10], seed=42), *soup(300, seed=43)]
    assert len(real) >= 2000 or not real
    for row, text in zip(annotate(texts, ours), texts, strict=True):
        assert_same(row, expected(text, theirs))
