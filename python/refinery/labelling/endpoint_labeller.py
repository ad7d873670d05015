"""A model, by an OpenAI-compatible endpoint: asked once about each text, within a budget.

Every answer is kept before the next question is asked (`answer_store`), so that a run that is
interrupted, stopped by its budget or killed goes on where it was, and a text is never asked about
twice under the same rubric by the same model.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from refinery.labelling.answer_store import AnswerStore, Stored, question_key
from refinery.labelling.chat_client import (
    ChatClient,
    RefusedError,
    Reply,
    StoppedError,
    UnreachableError,
)
from refinery.labelling.labeller import Answer, Failure, Outcome, Sampled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from refinery.labelling.config import LabellerConfig, PriceConfig
    from refinery.labelling.rubric import Rubric

# For endpoints that count no tokens, and for a question that is still under way.
_CHARS_PER_TOKEN = 4
# So many documents in a row without any answer: the endpoint is down, not busy.
_GIVE_UP_AFTER = 3
_NOTE_EVERY = 100


class BudgetSpentError(Exception):
    """The next question could cost more than is left."""


@dataclass
class _Bill:
    """What was spent and what is promised to questions under way; used from many threads."""

    price: PriceConfig | None
    budget: float | None
    spent: float = 0.0
    promised: float = 0.0
    uncounted: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        if self.price is None:
            return 0.0
        price = self.price
        total = input_tokens * price.input_per_million + output_tokens * price.output_per_million
        return total / 1e6

    def promise(self, most: float) -> None:
        """Set aside what a question may cost; raises where that is more than is left."""
        with self.lock:
            if self.budget is not None and self.spent + self.promised + most > self.budget:
                raise BudgetSpentError
            self.promised += most

    def settle(self, most: float, cost: float) -> None:
        with self.lock:
            self.promised -= most
            self.spent += cost


@dataclass
class EndpointLabeller:
    """A model behind an endpoint.

    Attributes
    ----------
    config : LabellerConfig
        The endpoint, limits, prices and budget.
    rubric : Rubric
        The prompt and its scale.
    store : Path
        The file of answers.
    """

    config: LabellerConfig
    rubric: Rubric
    store: Path

    @property
    def name(self) -> str:
        """What the labelled set calls it."""
        return self.config.name

    def label(self, documents: Sequence[Sampled], note: Callable[[str], object]) -> Outcome:
        """Labels every document that has no answer yet, several at once.

        Raises
        ------
        ConfigError
            If the key, the model or the address is wrong.
        KeyboardInterrupt
            If interrupted; answers under way are waited for and kept.
        """
        with AnswerStore(self.store) as store:
            return _Asking(self, store, note).all(documents)


class _Asking:
    """One run of an endpoint labeller."""

    def __init__(
        self, labeller: EndpointLabeller, store: AnswerStore, note: Callable[[str], object]
    ) -> None:
        self._config, self._rubric = labeller.config, labeller.rubric
        self._store, self._note = store, note
        self._client = ChatClient(labeller.config)
        self._bill = _Bill(labeller.config.price, labeller.config.budget)
        self._before = self._cost_of(store.all())
        self._bill.spent = self._before
        self._asked = 0
        self._unreachable: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._stopped: str | None = None

    def all(self, documents: Sequence[Sampled]) -> Outcome:
        keys = {d.id: self._key(d) for d in documents}
        # Two documents of one text are one question.
        open_keys = {keys[d.id]: d for d in documents if self._store.get(keys[d.id]) is None}
        cached = len(documents) - sum(keys[d.id] in open_keys for d in documents)
        if open_keys:
            self._ask_all(list(open_keys.values()))
        return self._outcome(documents, keys, cached)

    def _key(self, document: Sampled) -> str:
        return question_key(self._rubric.version, str(self._config.model), document.text)

    def _ask_all(self, documents: list[Sampled]) -> None:
        """Keeps as many questions under way as allowed; stops for a budget or a dead endpoint."""
        left, failed_in_a_row = iter(documents), 0
        running: dict[Future[None], Sampled] = {}
        pool = ThreadPoolExecutor(self._config.concurrency, thread_name_prefix="refinery-label")
        try:
            while True:
                while self._stopped is None and len(running) < self._config.concurrency:
                    document = next(left, None)
                    if document is None:
                        break
                    running[pool.submit(self._ask, document)] = document
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    document = running.pop(future)
                    answered = self._collect(future, document)
                    failed_in_a_row = 0 if answered else failed_in_a_row + 1
                if failed_in_a_row >= _GIVE_UP_AFTER and len(self._unreachable) >= _GIVE_UP_AFTER:
                    self._stopped = "the endpoint does not answer"
        finally:
            # What is under way was paid for: it is waited for, but nothing new is begun.
            self._client.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _collect(self, future: Future[None], document: Sampled) -> bool:
        """Whether the endpoint answered; anything but what is expected goes on to the caller."""
        try:
            future.result()
        except BudgetSpentError:
            self._stopped = f"the budget of {self._config.budget:g} is spent"
        except UnreachableError as error:
            self._unreachable[document.id] = str(error)
            return False
        except RefusedError as error:
            self._refused[document.id] = str(error)
        self._asked += 1
        if self._asked % _NOTE_EVERY == 0:
            self._note(f"{self._config.name}: {self._asked} asked{self._cost_so_far()}")
        return True

    def _ask(self, document: Sampled) -> None:
        """Asks about one document until an answer holds a score, and keeps what came back."""
        prompt = self._rubric.prompt_for(document.text)
        messages = [{"role": "user", "content": prompt}]
        replies: list[Reply] = []
        label = None
        try:
            while label is None and len(replies) <= self._config.reasks:
                replies.append(self._within_budget(messages))
                label = self._rubric.parse(replies[-1].text)
                messages += [
                    {"role": "assistant", "content": replies[-1].text},
                    {"role": "user", "content": self._correction()},
                ]
        except BudgetSpentError:
            self._keep(document, replies, None, is_partial=True)
            raise
        except StoppedError:
            self._keep(document, replies, None, is_partial=True)
            return
        self._keep(document, replies, label)

    def _keep(
        self,
        document: Sampled,
        replies: list[Reply],
        label: int | None,
        *,
        is_partial: bool = False,
    ) -> None:
        if not replies:
            return
        # Replies of a question that was not finished count as cost; it is asked again.
        key = self._key(document) + (f" unfinished {len(replies)}" if is_partial else "")
        self._store.add(
            Stored(
                key,
                self._rubric.version,
                str(self._config.model),
                label,
                [reply.text for reply in replies],
                _total([reply.input_tokens for reply in replies]),
                _total([reply.output_tokens for reply in replies]),
            )
        )

    def _within_budget(self, messages: list[dict[str, str]]) -> Reply:
        estimate = sum(len(message["content"]) for message in messages) // _CHARS_PER_TOKEN
        most = self._bill.cost(estimate, self._config.max_tokens)
        self._bill.promise(most)
        cost = 0.0
        try:
            reply = self._client.ask(messages)
            if reply.input_tokens is None or reply.output_tokens is None:
                self._bill.uncounted += 1
                cost = self._bill.cost(estimate, len(reply.text) // _CHARS_PER_TOKEN)
            else:
                cost = self._bill.cost(reply.input_tokens, reply.output_tokens)
        finally:
            self._bill.settle(most, cost)
        return reply

    def _correction(self) -> str:
        least, greatest = self._rubric.least, self._rubric.greatest
        return (
            "Your answer does not end with the line that was asked for. Answer again; the last line "
            f"must be exactly 'Score: N', with N a whole number from {least} to {greatest}."
        )

    def _outcome(self, documents: Sequence[Sampled], keys: dict[str, str], cached: int) -> Outcome:
        outcome = Outcome(stopped=self._stopped)
        for document in documents:
            stored = self._store.get(keys[document.id])
            if stored is not None and stored.label is not None:
                outcome.answers.append(Answer(document.id, stored.label, stored.answers[-1]))
            elif stored is not None:
                last = " ".join(stored.answers[-1].split())[-120:]
                message = f"no score in {len(stored.answers)} answers; the last ends: {last!r}"
                outcome.failures.append(Failure(document.id, "malformed", message))
            elif document.id in self._refused:
                outcome.failures.append(Failure(document.id, "refused", self._refused[document.id]))
            elif document.id in self._unreachable:
                message = self._unreachable[document.id]
                outcome.failures.append(Failure(document.id, "unreachable", message))
            else:
                outcome.waiting += 1
        outcome.notes.append(
            f"{self._config.name}: {self._asked} asked in {self._client.requests} requests, "
            f"{cached} answered before{self._cost_so_far()}"
        )
        if self._unreachable and outcome.stopped is None:
            outcome.stopped = f"{len(self._unreachable)} documents got no answer"
        return outcome

    def _cost_so_far(self) -> str:
        if self._config.price is None:
            return ""
        spent, before = self._bill.spent, self._before
        estimated = (
            f", {self._bill.uncounted} replies estimated: the endpoint counts no tokens"
            if self._bill.uncounted
            else ""
        )
        budget = f" of {self._config.budget:g}" if self._config.budget is not None else ""
        return f"; cost {spent - before:.4f}, in all {spent:.4f}{budget}{estimated}"

    def _cost_of(self, stored: Sequence[Stored]) -> float:
        mine = [s for s in stored if s.model == self._config.model]
        return sum(
            self._bill.cost(
                s.input_tokens or 0,
                s.output_tokens
                if s.output_tokens is not None
                else sum(map(len, s.answers)) // _CHARS_PER_TOKEN,
            )
            for s in mine
        )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
