"""What a labeller is: documents in, answers out; and the words for what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Sampled:
    """One document of the sample: `text` is what a labeller is shown.

    `weight` is how many documents of the corpus it stands for.
    """

    id: str
    text: str
    source: str | None
    weight: float


@dataclass(frozen=True)
class Answer:
    """One labeller's label for one document, and what it said word for word."""

    id: str
    label: int
    raw: str


@dataclass(frozen=True)
class Failure:
    """A document that was asked about in vain, and why.

    `kind` is `malformed` (no score in the answer, however often asked), `refused` (the endpoint
    will not take this document) or `unreachable` (the endpoint did not answer; asked again by the
    next run).
    """

    id: str
    kind: str
    message: str


@dataclass
class Outcome:
    """What a labeller gave.

    Attributes
    ----------
    answers : list of Answer
        In the order of the sample.
    failures : list of Failure
        Asked in vain.
    waiting : int
        Not labelled yet: a person has not come to them, or the budget was spent.
    notes : list of str
        What a reader should know: cost, requests, where the file to fill in is.
    stopped : str or None
        Why it stopped before the end, if it did; running again goes on.
    """

    answers: list[Answer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    waiting: int = 0
    notes: list[str] = field(default_factory=list)
    stopped: str | None = None


class Labeller(Protocol):
    """Who labels: implement this to plug in one of your own."""

    @property
    def name(self) -> str:
        """What the labelled set calls it."""

    def label(self, documents: Sequence[Sampled], note: Callable[[str], object]) -> Outcome:
        """Label what can be labelled now; keeps answers itself, so that nothing is asked twice."""
