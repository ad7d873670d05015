"""The transformer: pre-norm, rotary or learned positions, tied embeddings, no biases.

Layers are stacked along the first axis of each weight, so that one traced layer serves all.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from refinery.ablation.gpt.config import GptConfig

Weights = dict[str, Any]

_INITIAL = 0.02
"""Standard deviation of new weights (GPT-2); what writes into the residual gets less with depth."""
_ROPE_BASE = 10_000.0
_EPSILON = 1e-6


def new_weights(config: GptConfig, vocabulary: int, key: Any) -> Weights:
    """Weights before training, float32."""
    layers, width = config.layers, config.width
    keys = iter(jax.random.split(key, 8))

    def normal(*shape: int, scale: float = 1.0) -> Any:
        return scale * _INITIAL * jax.random.normal(next(keys), shape, jnp.float32)

    into_residual = 1 / math.sqrt(2 * layers)
    weights = {
        "embedding": normal(vocabulary, width),
        "gain": jnp.ones(width),
        "layers": {
            "attention_gain": jnp.ones((layers, width)),
            "qkv": normal(layers, width, 3 * width),
            "attention_out": normal(layers, width, width, scale=into_residual),
            "mlp_gain": jnp.ones((layers, width)),
            "mlp_in": normal(layers, width, 4 * width),
            "mlp_out": normal(layers, 4 * width, width, scale=into_residual),
        },
    }
    if config.positions == "learned":
        weights["positions"] = normal(config.context, width)
    return weights


def token_nats(config: GptConfig, weights: Weights, inputs: Any, targets: Any) -> Any:
    """Loss of every target in nats; `inputs` and `targets` are (windows, context)."""
    hidden = _hidden(config, weights, inputs)
    kind = hidden.dtype
    logits = jnp.einsum("bcw,vw->bcv", hidden, weights["embedding"].astype(kind))
    logits = logits.astype(jnp.float32)
    chosen = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return jax.nn.logsumexp(logits, axis=-1) - chosen


def _hidden(config: GptConfig, weights: Weights, inputs: Any) -> Any:
    kind = jnp.dtype(config.precision)
    hidden = weights["embedding"][inputs].astype(kind)
    context = inputs.shape[1]
    if config.positions == "learned":
        hidden = hidden + weights["positions"][:context].astype(kind)
    angles = _angles(context, config.width // config.heads)

    def layer(hidden: Any, w: Weights) -> tuple[Any, None]:
        w = {name: value.astype(kind) for name, value in w.items()}
        normed = _normed(hidden, w["attention_gain"])
        hidden = hidden + _attention(config, normed @ w["qkv"], angles) @ w["attention_out"]
        normed = _normed(hidden, w["mlp_gain"])
        return hidden + jax.nn.gelu(normed @ w["mlp_in"]) @ w["mlp_out"], None

    # Unrolled: a loop's backward pass took half as long again on a CPU, and longer to compile.
    hidden, _ = jax.lax.scan(layer, hidden, weights["layers"], unroll=True)
    return _normed(hidden, weights["gain"].astype(kind))


def _attention(config: GptConfig, qkv: Any, angles: Any) -> Any:
    """Causal attention of all heads; scores and softmax are float32."""
    n, context, _ = qkv.shape
    size = config.width // config.heads
    q, k, v = jnp.moveaxis(qkv.reshape(n, context, 3, config.heads, size), 2, 0)
    if config.positions == "rope":
        q, k = _rotated(q, angles), _rotated(k, angles)
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k).astype(jnp.float32) / math.sqrt(size)
    causal = jnp.tril(jnp.ones((context, context), bool))
    shares = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf), axis=-1).astype(qkv.dtype)
    return jnp.einsum("bhqk,bkhd->bqhd", shares, v).reshape(n, context, config.width)


def _angles(context: int, size: int) -> Any:
    frequencies = _ROPE_BASE ** (-jnp.arange(0, size, 2) / size)
    return jnp.arange(context)[:, None] * frequencies


def _rotated(x: Any, angles: Any) -> Any:
    """Pairs of channels turned by an angle that grows with the position (RoFormer)."""
    first, second = jnp.split(x, 2, axis=-1)
    cos, sin = (f(angles)[None, :, None, :].astype(x.dtype) for f in (jnp.cos, jnp.sin))
    return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def _normed(x: Any, gain: Any) -> Any:
    """Root mean square normalisation, in float32."""
    wide = x.astype(jnp.float32)
    scale = jax.lax.rsqrt(jnp.mean(wide * wide, axis=-1, keepdims=True) + _EPSILON)
    return (wide * scale).astype(x.dtype) * gain
