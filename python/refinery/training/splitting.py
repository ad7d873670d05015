"""Which works are held out: both classes get their share, and no work is on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.training.examples import NEGATIVE, POSITIVE, Chunk, draw_key

if TYPE_CHECKING:
    from collections.abc import Sequence

# Above this share of a class's chunks a work is too large to be held out.
_LARGEST = 0.4


class OneWorkError(ValueError):
    """A class that comes from one work: nothing of it can be held out."""

    def __init__(self, label: str, work: str) -> None:
        self.label = label
        self.work = work
        super().__init__(f"all chunks of {label} are of one work, {work}")


@dataclass(frozen=True)
class Split:
    """Chunks to train on and chunks to judge by, of different works."""

    trained: list[Chunk]
    held_out: list[Chunk]


def split_works(chunks: Sequence[Chunk], share: float, seed: int) -> Split:
    """Hold out works, drawn by a hash of their names, until each class has its share.

    Parameters
    ----------
    chunks : sequence of Chunk
        Both classes.
    share : float
        Least share of each class's chunks to hold out, 0 to 1. A work above two fifths of a class
        is held out only where nothing else can be.
    seed : int
        Decides the draw.

    Raises
    ------
    OneWorkError
        If a class has one work.
    """
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for chunk in chunks:
        sizes[chunk.work][chunk.label] += 1
        totals[chunk.label] += 1
    held: set[str] = set()
    ordered = sorted(sizes, key=lambda work: draw_key(seed, "held out", work))
    for label in (POSITIVE, NEGATIVE):
        _hold_out(label, ordered, sizes, totals, share, held)
    return Split(
        [chunk for chunk in chunks if chunk.work not in held],
        [chunk for chunk in chunks if chunk.work in held],
    )


def _hold_out(
    label: str,
    ordered: Sequence[str],
    sizes: dict[str, Counter[str]],
    totals: Counter[str],
    share: float,
    held: set[str],
) -> None:
    """Adds works to `held` until `label` has its share."""
    works = [work for work in ordered if sizes[work][label]]
    if len(works) < 2:
        raise OneWorkError(label, works[0] if works else "none")
    done = sum(sizes[work][label] for work in held)

    def largest_share(work: str) -> float:
        return max(sizes[work][other] / totals[other] for other in totals)

    small = [work for work in works if largest_share(work) <= _LARGEST]
    # Where every work is large, the smallest is the only one.
    for work in small or [min(works, key=largest_share)]:
        if done >= share * totals[label]:
            return
        if work not in held:
            held.add(work)
            done += sizes[work][label]
