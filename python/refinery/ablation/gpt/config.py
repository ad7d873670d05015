"""Settings of the GPT proxy and its named sizes.

>>> SIZES["cpu"].n_parameters
786432
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from refinery.config_file import Section

LEARNING_RATES = (1.0, 1 / 3, 1 / 10)
"""Arms are compared at three rates: one rate can prefer a filter that another does not."""


class GptConfig(Section):
    """A transformer and its training. All arms of a comparison have the same."""

    layers: int = Field(4, ge=1, le=100)
    width: int = Field(128, ge=8, le=8192)
    heads: int = Field(4, ge=1, le=128)
    context: int = Field(128, ge=8, le=65_536, description="Tokens that a window holds.")
    batch: int = Field(16, ge=1, description="Windows a step.")
    # 0.001, 0.003, 0.006: 2.71, 2.68, 2.77 bits per byte after 0.2 M tokens of Python's documentation.
    learning_rate: float = Field(
        3e-3, gt=0, description="The highest, after warm-up; a cosine falls to a tenth of it."
    )
    warmup: float = Field(0.05, ge=0, lt=1, description="Share of the steps.")
    weight_decay: float = Field(0.1, ge=0, description="Of matrices, not of gains.")
    clip: float = Field(1.0, gt=0, description="Largest norm of a gradient.")
    positions: Literal["rope", "learned"] = "rope"
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="Of activations; weights, loss and optimiser are float32."
    )
    stride: float = Field(
        0.75,
        gt=0,
        le=1,
        description="Of evaluation windows, as a share of the context: the rest of a window is context only.",
    )
    evaluations: int = Field(
        3, ge=1, le=20, description="At the end of training, whose mean is the result."
    )
    evaluate_every: float = Field(
        0.05, gt=0, le=0.5, description="Share of the steps between two of them."
    )

    @model_validator(mode="after")
    def _divides(self) -> GptConfig:
        if self.width % self.heads or (self.positions == "rope" and self.width // self.heads % 2):
            msg = f"width {self.width} must be a multiple of heads {self.heads}, of an even one with rope"
            raise ValueError(msg)
        return self

    @property
    def n_parameters(self) -> int:
        """Parameters of the layers' matrices; embeddings, which are tied, come on top."""
        return 12 * self.layers * self.width**2

    def flops_per_token(self, vocabulary: int) -> float:
        """Forward and backward pass of one token, attention left out (6 x parameters)."""
        return 6.0 * (self.n_parameters + vocabulary * self.width)


def _gpu(layers: int, width: int, heads: int, batch: int, learning_rate: float) -> GptConfig:
    return GptConfig(
        layers=layers, width=width, heads=heads, batch=batch, learning_rate=learning_rate,
        context=512, precision="bfloat16",
    )  # fmt: skip


SIZES = {
    "cpu": GptConfig(),
    "2M": _gpu(10, 128, 4, 32, 3e-3),
    "8M": _gpu(10, 256, 4, 32, 2e-3),
    "25M": _gpu(8, 512, 8, 64, 1e-3),
}
"""By parameters without embeddings: 0.8 M for two cores, 2, 8 and 25 M for one GPU."""
SCALES = {
    "cpu": tuple(("cpu", rate) for rate in LEARNING_RATES),
    "gpu": (*(("2M", rate) for rate in LEARNING_RATES), ("8M", 1.0), ("25M", 1.0)),
}
"""Sizes and rates of each scale: the smallest at every rate; an order is claimed only where it holds
at two sizes."""
