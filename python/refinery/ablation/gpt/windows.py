"""Token ids to windows: of a training stream, and of documents that are measured. NumPy only.

Training packs documents into one stream, an end token behind each, and cuts it into windows; a
window may hold parts of several documents and attends to all of them. Measuring takes each document
alone, behind an end token, in overlapping windows: a token is scored once, with at least
`context - stride` tokens before it (or all that its document has).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def pack(documents: Iterable[NDArray[np.uint32]], end: int, tokens: int) -> NDArray[np.int32]:
    """Documents as one stream that begins with and has behind each document the end token.

    At most `tokens` targets: the stream is one longer, or shorter where there are too few.
    """
    parts = [np.array([end], np.int32)]
    n = 0
    for document in documents:
        parts.append(np.append(document.astype(np.int32), np.int32(end)))
        n += len(document) + 1
        if n >= tokens:
            break
    return np.concatenate(parts)[: tokens + 1]


def batches(
    stream: NDArray[np.int32], *, context: int, batch: int, steps: int, seed: int
) -> Iterable[NDArray[np.int32]]:
    """`steps` batches of windows, each `context + 1` ids: inputs, and targets one further.

    Every epoch takes all windows, in an order of its own that is a function of seed and epoch. A
    stream shorter than a window is repeated to fill one.
    """
    if len(stream) <= context:
        stream = np.resize(stream, context + 1)
    n_windows = (len(stream) - 1) // context
    order: NDArray[np.int64] = np.zeros(0, np.int64)
    epoch = 0
    for _ in range(steps):
        while len(order) < batch:
            draw = np.random.Generator(np.random.PCG64([seed, epoch]))
            order = np.append(order, draw.permutation(n_windows))
            epoch += 1
        chosen, order = order[:batch], order[batch:]
        yield stream[chosen[:, None] * context + np.arange(context + 1)]


@dataclass(frozen=True)
class Measured:
    """Windows of measured documents: ids, which targets count, and whose they are."""

    inputs: NDArray[np.int32]
    targets: NDArray[np.int32]
    counts: NDArray[np.bool_]
    document: NDArray[np.int64]
    n_documents: int


def measured_windows(
    documents: Sequence[NDArray[np.uint32]],
    starts: NDArray[np.uint64],
    *,
    end: int,
    context: int,
    stride: int,
) -> Measured:
    """Windows that score every token of document i from `starts[i]` on exactly once."""
    windows = [
        (i, first, scored)
        for i, document in enumerate(documents)
        for first, scored in _cuts(len(document), context, stride)
    ]
    inputs = np.full((len(windows), context), end, np.int32)
    targets = np.full((len(windows), context), end, np.int32)
    counts = np.zeros((len(windows), context), np.bool_)
    for row, (i, first, scored) in enumerate(windows):
        ids = documents[i][first : first + context]
        before = end if first == 0 else documents[i][first - 1]
        inputs[row, : len(ids)] = [before, *ids[:-1]]
        targets[row, : len(ids)] = ids
        counts[row, : len(ids)] = np.arange(first, first + len(ids)) >= max(scored, int(starts[i]))
    owners = np.array([i for i, _, _ in windows], np.int64)
    wanted = counts.any(axis=1)  # a window of context alone scores nothing
    return Measured(inputs[wanted], targets[wanted], counts[wanted], owners[wanted], len(documents))


def _cuts(n: int, context: int, stride: int) -> Iterable[tuple[int, int]]:
    """First token of each window, and from which token on it scores."""
    scored = 0
    first = 0
    while scored < n:
        yield first, scored
        scored = first + context
        first += stride
