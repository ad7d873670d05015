"""The paper's rules on real documents: our signals are the slow twin's, and shares are shares.

There is no original to ask: no code was released.
"""

import languages
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup

from refinery import _core
from twins.paper import gopher

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_signals_are_bit_equal_to_the_twin_and_shares_are_at_most_one():
    real = sample(3200, seed=51, most_chars=20_000)
    made = [*languages.texts(), *soup(1000, seed=52), *mutated(soup(300, seed=53), seed=54)]
    texts = [*made, *real, *mutated(real[::2], seed=55)]
    batch = _core.Pass(families=["paper.gopher"]).run(pa.array(texts, pa.string()))
    for row, text in zip(pa.record_batch(batch).to_pylist(), texts, strict=True):
        found = {name.removeprefix("paper.gopher."): value for name, value in row.items()}
        assert found == gopher.signals(text), repr(text[:200])
        assert all(v is None or v <= 1 for name, v in found.items() if "frac" in name)
