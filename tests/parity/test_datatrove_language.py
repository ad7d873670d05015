"""datatrove's LanguageFilter against a score and a bound, with one small model in both."""

import oracle
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup

from refinery import _core
from test_scoring.test_language import BOUND, made_texts, model  # noqa: F401 - a fixture

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_a_language_has_the_original_verdict(model):  # noqa: F811 - the fixture
    real = sample(300, seed=1)
    texts = [*made_texts(2000, seed=3), *soup(300, seed=4), *real, *mutated(real, seed=5)]
    questions = [{"text": text, "model": str(model), "languages": ["en"]} for text in texts]
    original = oracle.answers("ask_datatrove_language.py", questions)
    predicted = pa.record_batch(_core.Model(model).predict(pa.array(texts)))
    for text, (is_kept, scores), score in zip(
        texts, original, predicted["__label__en"].to_pylist(), strict=True
    ):
        assert score == pytest.approx(scores["en"], abs=1e-6), repr(text[:200])
        assert (score > BOUND) == is_kept or abs(score - BOUND) <= 1e-6, repr(text[:200])
    assert {is_kept for is_kept, _ in original} == {True, False}
