"""What every proxy model answers: train on some documents, tell the loss on the measured ones.

Tokens are those of one neutral tokenizer for all arms. A proxy is deterministic for a training and
names all that determines its answers, so that an answer is found again by content.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from refinery import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from refinery.ablation.config import NgramConfig


@dataclass(frozen=True)
class Corpus:
    """Token ids of everything, once for all arms.

    `training` and `measured` are LargeList of UInt32; of measured document i the tokens from
    `starts[i]` on (UInt64) count, `measured_bytes[i]` UTF-8 bytes of raw text.
    """

    tokenizer: _core.Tokenizer
    training: pa.Array
    measured: pa.Array
    starts: pa.Array
    measured_bytes: NDArray[np.int64]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each training document."""
        return np.asarray(np.diff(self.training.offsets), dtype=np.int64)


@dataclass(frozen=True)
class Training:
    """Documents in the order of training, and how many of their tokens are read.

    More tokens than there are mean that documents are read again, for as many epochs as it takes.
    """

    rows: NDArray[np.int64]
    tokens: int
    seed: int


class Proxy(Protocol):
    """A small model that stands for a large one."""

    name: str
    sees_repetition: bool
    """Whether a second epoch changes the model: only then can compute be held fixed."""

    def fingerprint(self) -> str:
        """Names all that determines an answer beside the corpus and the training."""

    def nats(self, corpus: Corpus, training: Training) -> NDArray[np.float64]:
        """Loss of each measured document in nats, after training."""


class NgramProxy:
    """The interpolated n-gram model of `ngram`."""

    name = "ngram"
    sees_repetition = False

    def __init__(self, config: NgramConfig, *, between: Callable[[], None] = lambda: None) -> None:
        self._config = config
        self._between = between

    def fingerprint(self) -> str:
        """As `Proxy`."""
        return f"ngram order {self._config.order}, modified Kneser-Ney 1"

    def nats(self, corpus: Corpus, training: Training) -> NDArray[np.float64]:
        """As `Proxy`."""
        counts = _core.NgramCounts(
            corpus.tokenizer, order=self._config.order, memory=self._config.memory
        )
        rows = pa.array(training.rows, pa.uint64())
        counts.add(corpus.training, rows=rows, max_tokens=training.tokens)
        self._between()
        model = counts.model()
        self._between()
        found = model.nats(corpus.measured, corpus.starts)
        return np.asarray(pa.array(found), dtype=np.float64)
