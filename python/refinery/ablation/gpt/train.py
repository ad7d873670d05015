"""Training and measuring, of one model or of several of a size at once.

Several models (arms, seeds, learning rates) are one program: weights have a leading axis, over
which the step is mapped. Small models do not fill a GPU alone; on a CPU it gains nothing.

Deterministic: the same ids, settings and seed give the same numbers on one machine and version of
JAX. Another processor, or another number of models at once, may differ in the last digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from refinery.ablation.gpt.model import new_weights, token_nats
from refinery.ablation.gpt.windows import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from refinery.ablation.gpt.config import GptConfig
    from refinery.ablation.gpt.windows import Measured

_MEASURE_TOKENS = 2**14
"""Tokens measured at once: enough for a GPU, little enough for the logits of a large vocabulary."""
_BETAS = (0.9, 0.95)
_LAST_RATE = 0.1


@dataclass(frozen=True)
class Member:
    """One of the models that are trained together: its stream of ids, its seed and its rate.

    `rate` multiplies the learning rate of the settings.
    """

    stream: NDArray[np.int32]
    seed: int
    rate: float = 1.0


@dataclass(frozen=True)
class Trained:
    """What training gives: nats of each measured document, (members, documents), and its losses.

    `losses` are nats a token of every step's batch before its update, (steps, members).
    """

    nats: NDArray[np.float64]
    losses: NDArray[np.float32]


def n_steps(config: GptConfig, tokens: int) -> int:
    """Steps that read `tokens`, to the nearest step."""
    return max(1, round(tokens / (config.batch * config.context)))


def train(
    config: GptConfig,
    vocabulary: int,
    members: Sequence[Member],
    measured: Measured,
    *,
    tokens: int,
    between: Callable[[], None] = lambda: None,
) -> Trained:
    """Train each member on `tokens` of its stream, repeated as needed, and measure.

    Parameters
    ----------
    vocabulary
        Size of the embedding: one more than the largest id.
    measured
        What is measured, the same for all members.
    tokens
        Read by each member.
    between
        Called between steps; may raise to stop.

    Returns
    -------
    Trained
        Nats that are the mean of the last evaluations.
    """
    steps = n_steps(config, tokens)
    step, optimiser = _program(config)
    keys = jnp.stack([jax.random.key(member.seed) for member in members])
    weights = jax.vmap(partial(new_weights, config, vocabulary))(keys)
    state = jax.vmap(optimiser.init)(weights)
    rates = np.array([member.rate for member in members], np.float32)
    feeds = [
        batches(m.stream, context=config.context, batch=config.batch, steps=steps, seed=m.seed)
        for m in members
    ]
    evaluated = _evaluations(config, steps)
    losses, nats = [], []
    for i, ids in enumerate(zip(*feeds, strict=True), start=1):
        between()
        rate = rates * learning_rate(config, i - 1, steps)
        weights, state, loss = step(weights, state, rate, jnp.asarray(np.stack(ids)))
        losses.append(loss)
        if i in evaluated:
            nats.append(measure(config, weights, measured, between))
    return Trained(np.mean(nats, axis=0), np.asarray(jnp.stack(losses)))


def measure(
    config: GptConfig, weights: Any, measured: Measured, between: Callable[[], None] = lambda: None
) -> NDArray[np.float64]:
    """Nats of each measured document under each member, (members, documents).

    Sums of a window are float32, sums of windows float64, so that long documents lose nothing.
    """
    n_members = len(weights["gain"])
    found = np.zeros((n_members, measured.n_documents))
    size = max(1, _MEASURE_TOKENS // config.context)
    for start in range(0, len(measured.inputs), size):
        between()
        part = slice(start, start + size)
        padded = [
            _padded(a[part], size) for a in (measured.inputs, measured.targets, measured.counts)
        ]
        sums = np.asarray(_window_nats(config)(weights, *padded), np.float64)
        owners = measured.document[part]
        for member in range(n_members):
            np.add.at(found[member], owners, sums[member, : len(owners)])
    return found


def _evaluations(config: GptConfig, steps: int) -> set[int]:
    """After which steps is measured: the last, and some before it."""
    apart = max(1, round(config.evaluate_every * steps))
    return {max(1, steps - i * apart) for i in range(config.evaluations)}


def learning_rate(config: GptConfig, step: int, steps: int) -> np.float32:
    """The rate of a step (from 0): a line up to the highest, then a cosine down to a tenth of it."""
    warmup = round(config.warmup * steps)
    if step < warmup:
        share = (1 + (warmup - 1) * step / warmup) / warmup
    else:
        part = min(1.0, (step - warmup) / max(1, steps - warmup))
        share = _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * part)) / 2
    return np.float32(config.learning_rate * share)


@cache
def _program(config: GptConfig) -> tuple[Any, Any]:
    """The compiled step of all members, and the optimiser.

    The learning rate comes from outside, so that trainings of every length are one program: to compile
    it takes seconds.
    """
    optimiser = optax.chain(
        optax.clip_by_global_norm(config.clip),
        optax.scale_by_adam(b1=_BETAS[0], b2=_BETAS[1]),
        optax.add_decayed_weights(config.weight_decay, mask=_decayed),
    )

    def mean_nats(weights: Any, ids: Any) -> Any:
        return token_nats(config, weights, ids[:, :-1], ids[:, 1:]).mean()

    def one(weights: Any, state: Any, rate: Any, ids: Any) -> tuple[Any, Any, Any]:
        loss, gradient = jax.value_and_grad(mean_nats)(weights, ids)
        updates, state = optimiser.update(gradient, state, weights)
        updates = jax.tree.map(lambda u: -rate * u, updates)
        return optax.apply_updates(weights, updates), state, loss

    return jax.jit(jax.vmap(one), donate_argnums=(0, 1)), optimiser


def _decayed(weights: Any) -> Any:
    """Matrices are decayed, gains are not."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: "gain" not in str(path[-1].key), weights
    )


@cache
def _window_nats(config: GptConfig) -> Any:
    def one(weights: Any, inputs: Any, targets: Any, counts: Any) -> Any:
        return jnp.where(counts, token_nats(config, weights, inputs, targets), 0.0).sum(axis=1)

    return jax.jit(jax.vmap(one, in_axes=(0, None, None, None)))


def _padded(array: NDArray[Any], size: int) -> NDArray[Any]:
    """With rows of zeros up to `size`: one compiled program serves the last part too."""
    return np.concatenate([array, np.zeros((size - len(array), *array.shape[1:]), array.dtype)])
