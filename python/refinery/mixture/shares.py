"""How often each source is read: from shares, epochs and caps to copies. Pure arithmetic.

A source's documents fall into groups, by which caps they come under. A cap thins its documents to
one factor in every source, so that it changes no source's share; what it takes away, the source's
other documents make up for.

>>> groups = [Group(0, 0, n_documents=10, tokens=800.0), Group(1, 0, n_documents=10, tokens=200.0)]
>>> solve([Wish(share=0.5), Wish(share=0.5)], groups, tokens=None, caps=[])
[0.25, 1.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDS = 200
"""Bisections of a cap's factor: past the precision of a float."""


@dataclass(frozen=True)
class Wish:
    """What the file says of one source; one of both at least."""

    share: float | None = None
    epochs: float | None = None


@dataclass(frozen=True)
class Group:
    """Documents of one source under the same caps; `caps` is a set of bits, one a cap.

    `n_documents` and `tokens` are those of one epoch, copies counted.
    """

    source: int
    caps: int
    n_documents: int
    tokens: float


def solve(
    wishes: Sequence[Wish], groups: Sequence[Group], *, tokens: float | None, caps: Sequence[float]
) -> list[float]:
    """Epochs of each group.

    Parameters
    ----------
    wishes
        One a source.
    groups
        Of all sources; a source without any makes nothing.
    tokens
        Of the whole mixture. Without it, and with shares only, it is the most that reads no
        source more than once.
    caps
        The largest share of the tokens under each cap.
    """
    factors = [1.0] * len(caps)
    # Thinning one cap's documents raises the share of another's; both only ever go down.
    for _ in range(_ROUNDS):
        before = list(factors)
        for cap, most in enumerate(caps):
            _lower(factors, cap, most, wishes, groups, tokens)
        if factors == before:
            break
    return _epochs(wishes, groups, tokens, factors)


def _lower(
    factors: list[float],
    cap: int,
    most: float,
    wishes: Sequence[Wish],
    groups: Sequence[Group],
    tokens: float | None,
) -> None:
    """Lowers the factor of a cap until its documents make `most` of the tokens, no further."""

    def share(factor: float) -> float:
        factors[cap] = factor
        epochs = _epochs(wishes, groups, tokens, factors)
        parts = [e * g.tokens for e, g in zip(epochs, groups, strict=True)]
        under = sum(p for p, g in zip(parts, groups, strict=True) if g.caps >> cap & 1)
        return under / (sum(parts) or 1.0)

    low, high = 0.0, factors[cap]
    if share(high) <= most * (1 + 1e-9):
        return
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) <= most else (low, middle)
    factors[cap] = low


def _epochs(
    wishes: Sequence[Wish], groups: Sequence[Group], tokens: float | None, factors: list[float]
) -> list[float]:
    thin = [_factor(group, factors) for group in groups]
    sizes = [0.0] * len(wishes)
    for group, factor in zip(groups, thin, strict=True):
        sizes[group.source] += factor * group.tokens
    total = _total(wishes, sizes, tokens)
    found = []
    for group, factor in zip(groups, thin, strict=True):
        wish, size = wishes[group.source], sizes[group.source]
        if wish.share is None:
            found.append(factor * (wish.epochs or 0.0))
        else:
            found.append(factor * wish.share * total / size if size else 0.0)
    # Whole epochs stay whole: what is left of rounding would be an epoch of no document.
    return [round(e, 12) for e in found]


def _factor(group: Group, factors: list[float]) -> float:
    product = 1.0
    for cap, factor in enumerate(factors):
        if group.caps >> cap & 1:
            product *= factor
    return product


def _total(wishes: Sequence[Wish], sizes: Sequence[float], tokens: float | None) -> float:
    """Tokens of the mixture, from whatever fixes them."""
    if tokens is not None:
        return tokens
    pairs = list(zip(wishes, sizes, strict=True))
    anchors = [(w.epochs * size, w.share) for w, size in pairs if w.epochs and w.share]
    if anchors:
        read, share = anchors[0]
        return read / share
    by_epochs = sum(w.epochs * size for w, size in pairs if w.epochs)
    if by_epochs:
        return by_epochs / (1 - sum(w.share or 0.0 for w in wishes))
    return min(size / w.share for w, size in pairs if w.share)
