"""The GPT proxy learns, repeats itself exactly, and looks at nothing that comes later."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

from refinery import _core  # noqa: E402
from refinery.ablation.gpt import GptConfig, GptProxy  # noqa: E402
from refinery.ablation.gpt.model import new_weights, token_nats  # noqa: E402
from refinery.ablation.gpt.train import Member, learning_rate, measure, train  # noqa: E402
from refinery.ablation.gpt.windows import measured_windows, pack  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    # What JAX and Optax say to each other is theirs.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SYMBOLS = 64
END = SYMBOLS
TINY = GptConfig(layers=2, width=64, heads=4, context=32, batch=16, learning_rate=6e-3)


def planted(n, seed, noise=0.1):
    """A sequence whose next symbol is a function of the last, but for some noise.

    Every symbol is as frequent as any other, so that a unigram model knows nothing.
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    symbols = [int(draw.integers(SYMBOLS))]
    while len(symbols) < n:
        follows = (5 * symbols[-1] + 3) % SYMBOLS
        symbols.append(int(draw.integers(SYMBOLS)) if draw.random() < noise else follows)
    return np.array(symbols, np.uint32)


def windows(documents, stride=24):
    starts = np.zeros(len(documents), np.uint64)
    return measured_windows(documents, starts, end=END, context=TINY.context, stride=stride)


def trained(tokens=40_000, seeds=(1,), config=TINY, documents=None):
    stream = pack([planted(500, seed) for seed in range(100)], END, tokens)
    documents = documents or [planted(700, 1000 + i) for i in range(3)]
    members = [Member(stream, seed) for seed in seeds]
    return train(config, SYMBOLS + 1, members, windows(documents), tokens=tokens)


@pytest.fixture(scope="module")
def done():
    return trained()


def test_it_begins_with_no_opinion_and_the_loss_falls(done):
    assert done.losses[0, 0] == pytest.approx(math.log(SYMBOLS + 1), rel=0.02)
    assert done.losses[-5:].mean() < 0.5 * done.losses[:5].mean()


def test_it_learns_a_planted_pattern_that_a_unigram_cannot(done):
    per_token = done.nats[0] / 700
    best = -(0.9 * math.log(0.9 + 0.1 / SYMBOLS) + 0.1 * math.log(0.1 / SYMBOLS))
    assert (per_token < 0.5 * math.log(SYMBOLS)).all()
    assert (per_token > 0.8 * best).all()


def test_twice_the_same_is_the_same_to_the_bit(done):
    again = trained()
    assert (again.nats == done.nats).all()
    assert (again.losses == done.losses).all()


def test_another_seed_is_another_model_of_about_the_same_loss(done):
    both = trained(seeds=(1, 2))
    assert both.nats[0] == pytest.approx(done.nats[0], rel=0.05)
    assert (both.nats[0] != both.nats[1]).all()
    assert both.nats[1] == pytest.approx(both.nats[0], rel=0.2)


@pytest.mark.parametrize("positions", ["rope", "learned"])
def test_a_token_depends_on_nothing_behind_it_and_on_where_it_stands(positions):
    config = TINY.model_copy(update={"positions": positions})
    weights = new_weights(config, SYMBOLS + 1, jax.random.key(0))
    weights = jax.tree.map(lambda w: 5 * w, weights)  # new weights hardly attend
    inputs = planted(32, 5).astype(np.int32)[None]
    targets = np.roll(inputs, -1)
    before = np.asarray(token_nats(config, weights, inputs, targets))
    changed = inputs.copy()
    changed[0, 20:] = 7
    after = np.asarray(token_nats(config, weights, changed, targets))
    assert after[0, :20] == pytest.approx(before[0, :20], abs=1e-4)
    assert abs(after[0, 20:] - before[0, 20:]).max() > 0.1
    swapped = inputs.copy()
    swapped[0, [3, 9]] = swapped[0, [9, 3]]
    assert (
        abs(np.asarray(token_nats(config, weights, swapped, targets)) - before)[0, 15:].max() > 1e-3
    )


def test_the_rate_is_that_of_optax_s_schedule():
    config = GptConfig(warmup=0.1, learning_rate=0.01)
    schedule = optax.warmup_cosine_decay_schedule(0.01 / 10, 0.01, 10, 100, 0.001)
    ours = [learning_rate(config, step, 100) for step in range(100)]
    assert ours == pytest.approx([float(schedule(step)) for step in range(100)], rel=1e-4)


def test_windows_change_nothing_for_documents_that_fit_into_one():
    weights = new_weights(TINY, SYMBOLS + 1, jax.random.key(0))
    weights = jax.tree.map(lambda w: w[None], weights)
    documents = [planted(n, n) for n in (1, 17, 32)]
    whole = measure(TINY, weights, windows(documents, stride=32))
    cut = measure(TINY, weights, windows(documents, stride=8))
    assert whole == pytest.approx(cut, rel=1e-4)
    assert whole.shape == (1, 3)


def test_weights_are_as_many_as_the_settings_say():
    weights = new_weights(TINY, 65, jax.random.key(0))
    gains = (2 * TINY.layers + 1) * TINY.width
    n = sum(leaf.size for leaf in jax.tree.leaves(weights))
    assert n == TINY.n_parameters + 65 * TINY.width + gains


@dataclass
class Corpus:
    tokenizer: object
    training: pa.Array
    measured: pa.Array
    starts: pa.Array


@dataclass
class Training:
    rows: np.ndarray
    tokens: int
    seed: int


def test_the_proxy_prefers_what_it_was_trained_on_and_repeats_what_is_short():
    tokenizer = _core.Tokenizer.bytes()
    words = ["the cat sat on the mat. ", "0x7f 0x3a 0x11; "]

    def encoded(texts):
        return pa.array(tokenizer.encode(pa.array(texts, pa.large_string())))

    corpus = Corpus(
        tokenizer,
        encoded([word * 40 for word in words]),
        encoded([words[0] * 5, words[1] * 5]),
        pa.array([0, 10], pa.uint64()),
    )
    proxy = GptProxy(TINY.model_copy(update={"batch": 8}))
    nats = {row: proxy.nats(corpus, Training(np.array([row]), 12_000, 1)) for row in (0, 1)}
    assert nats[0][0] < nats[1][0] / 3
    assert nats[1][1] < nats[0][1] / 3
    assert "rate 1.0" in proxy.fingerprint()
    assert proxy.name == "gpt 0.098M"
