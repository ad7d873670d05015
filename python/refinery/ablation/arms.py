"""What each arm keeps: decisions over the pool's annotations.

An arm is an order of preference over the documents that a seed draws from; it takes them from the
first on until it has its share of their tokens. All arms of one seed draw from the same documents,
so they are paired. Randomness is a hash of (seed, what for, document id).
"""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from refinery import _core
from refinery import signal_table as signals
from refinery.ablation.decontaminate import shares_ngram
from refinery.ablation.importance import log_weights
from refinery.ablation.pool import measured_texts
from refinery.ablation.topics import topics
from refinery.ablation.works import read_documents
from refinery.api import Run
from refinery.decide.rules import failure
from refinery.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from refinery.ablation.config import AblationConfig, ArmConfig
    from refinery.ablation.pool import Pool
    from refinery.ablation.proxy import Corpus

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

LENGTH_BINS = 10
"""Of the length-matched draw: deciles of the pool."""
_PERPLEXITY_BYTES = 4 * 10**6
_PERPLEXITY_ORDER = 3


@dataclass(frozen=True)
class Selection:
    """What an arm keeps in one draw: rows of the corpus in the order of training.

    `drawn_tokens`, `drawn_bytes` and `drawn_documents` are what it was chosen from.
    """

    rows: Rows
    tokens: int
    text_bytes: int
    drawn_tokens: int
    drawn_bytes: int
    drawn_documents: int


class Arms:
    """All arms over one pool; `corpus.training` is the pool, then the oracle's documents."""

    def __init__(self, config: AblationConfig, pool: Pool, corpus: Corpus, folder: Path) -> None:
        self._config = config
        self._pool = pool
        self._corpus = corpus
        self._folder = folder
        self._draw = config.draw
        self._ids = pool.frame["id"].to_arrow()
        self._n = len(pool.frame)
        self._bytes = pool.frame["n_bytes"].to_numpy()
        self._tokens = corpus.lengths
        self._importances: dict[str, Floats] = {}

    @property
    def pool_tokens(self) -> int:
        """Of all documents of the pool."""
        return int(self._tokens[: self._n].sum())

    def drawing(self, share: float) -> Arms:
        """The same arms, each seed drawing from that share of the pool: a part of what it draws now."""
        other = copy(self)
        other._draw = share
        return other

    def select(self, arm: ArmConfig, yield_: float, seed: int) -> Selection:
        """What `arm` keeps at a yield, of what `seed` draws."""
        drawn = self._drawn(seed)
        budget = yield_ * self._tokens[drawn].sum()
        if arm.kind == "oracle":
            rows = self._oracle(drawn, budget, seed)
        elif arm.kind == "length_matched":
            rows = self._length_matched(drawn, yield_, seed)
        elif arm.kind == "quota":
            rows = self._quota(arm, drawn, yield_)
        else:
            allowed = self._allowed(arm, drawn)
            whole = arm.kind in ("full", "run")
            rows = allowed if whole else self._take(allowed, self._key(arm, seed), budget)
        return self._selection(self._shuffled(rows, seed), drawn)

    def _allowed(self, arm: ArmConfig, drawn: Rows) -> Rows:
        """Those of the drawn documents that an arm may keep: what passes its rules, or its run kept."""
        if arm.rules is not None:
            return drawn[self._passing(arm.name)[drawn]]
        return drawn[self._kept_by(arm)[drawn]] if arm.kind == "run" else drawn

    def _key(self, arm: ArmConfig, seed: int) -> Floats:
        """A number of every document: the highest goes first."""
        match arm.kind:
            case "top":
                return self._score(arm)
            case "inverse":
                return -self._score(arm)
            case "sample":
                return self._score(arm) / arm.tau + self._gumbel(seed)
            case "shuffled":
                return self._score(arm)[self._permutation(seed)]
            case "dsir":
                return self._importance(arm) + self._gumbel(seed)
            case "length":
                return self._tokens[: self._n].astype(np.float64)
            case "ppl_low":
                return -self._perplexity
            case "ppl_mid":
                return -np.abs(self._token_ranks(self._perplexity) - 0.5)
        # rules, random, random_again: draws that nothing but their names tells apart.
        return self._uniform(arm.kind, seed)

    def _drawn(self, seed: int) -> Rows:
        """Documents that a seed draws from: a share of the pool."""
        return np.flatnonzero(self._uniform("draw", seed) < self._draw)

    def _take(self, rows: Rows, key: Floats, budget: float) -> Rows:
        """The first documents by `key`, ties by id, until the budget.

        The document that crosses it counts by half, as in a run's own selection.
        """
        ordered = rows[np.lexsort((rows, -key[rows]))]
        sizes = self._tokens[ordered]
        return ordered[np.cumsum(sizes) - sizes / 2 <= budget]

    def _oracle(self, drawn: Rows, budget: float, seed: int) -> Rows:
        """Text of the target domains, then random text where there is too little of it."""
        targets = np.arange(self._n, len(self._tokens))
        key = np.concatenate([np.zeros(self._n), self._uniform("oracle", seed, targets=True)])
        chosen = self._take(targets, key, budget)
        rest = budget - self._tokens[chosen].sum()
        more = self._take(drawn, self._uniform("oracle rest", seed), max(rest, 0.0))
        return np.concatenate([chosen, more])

    def _length_matched(self, drawn: Rows, yield_: float, seed: int) -> Rows:
        """Random documents with as many tokens of every length as the main arm keeps."""
        main = self._config.main_arm
        if main is None:
            message = "length_matched needs an arm of kind top by the file's filter"
            raise DataError(message)
        wanted = self.select(main, yield_, seed).rows
        bins = self._length_bins
        key = self._uniform("length_matched", seed)
        parts = []
        for i in range(LENGTH_BINS):
            share = self._tokens[wanted[bins[wanted] == i]].sum()
            parts.append(self._take(drawn[bins[drawn] == i], key, share))
        return np.concatenate(parts)

    def _quota(self, arm: ArmConfig, drawn: Rows, yield_: float) -> Rows:
        """The best of every domain, each with the same yield of what was drawn of it."""
        domains = self._domains(arm)
        key = self._score(arm)
        allowed = self._allowed(arm, drawn)
        parts = []
        for domain in np.unique(domains[drawn]):
            budget = yield_ * self._tokens[drawn[domains[drawn] == domain]].sum()
            parts.append(self._take(allowed[domains[allowed] == domain], key, budget))
        return np.concatenate(parts)

    def _domains(self, arm: ArmConfig) -> NDArray[np.int64]:
        if arm.column is None:
            return self._topics
        return self._pool.frame[arm.column].rank("dense").fill_null(0).to_numpy()

    @cached_property
    def _topics(self) -> NDArray[np.int64]:
        tokens = self._corpus.training.slice(0, self._n)
        return topics(tokens, self._corpus.tokenizer.n_symbols, seed=self._config.seed)

    @cached_property
    def _length_bins(self) -> NDArray[np.int64]:
        lengths = self._tokens[: self._n]
        edges = np.quantile(lengths, np.linspace(0, 1, LENGTH_BINS + 1)[1:-1])
        return np.searchsorted(edges, lengths, side="right")

    def _passing(self, name: str) -> NDArray[np.bool_]:
        fails = [failure(rule) for rule in self._pool.rules[name]]
        found = self._pool.frame.select(passes=~pl.any_horizontal(fails))["passes"]
        return found.to_numpy()

    def _kept_by(self, arm: ArmConfig) -> NDArray[np.bool_]:
        """Documents of the pool that a finished run kept."""
        run = Run(self._folder / str(arm.run))
        decided = run.decisions.select("id", "kept").collect()
        joined = self._pool.frame.select("id").join(
            decided, on="id", how="left", maintain_order="left"
        )
        if joined["kept"].null_count() == len(joined):
            message = f"{arm.run}: knows no document of the pool by its id"
            raise DataError(message)
        return joined["kept"].fill_null(value=False).to_numpy()

    def _score(self, arm: ArmConfig) -> Floats:
        """The score with a standard deviation of one, higher better, undefined ones last."""
        values = self._pool.frame[signals.canonical(arm.by or self._config.filter)]
        values = values.cast(pl.Float64)
        if _is_probability(values):
            clipped = values.clip(1e-6, 1 - 1e-6)
            values = (clipped / (1 - clipped)).log()
        values = -values if arm.lowest else values
        spread = values.std()
        scaled = (values - values.mean()) / (spread or 1.0)
        return scaled.fill_null(scaled.min() or 0.0).to_numpy()

    def _importance(self, arm: ArmConfig) -> Floats:
        """Log weight of each document for the target of an arm, once for all seeds and yields.

        Target text that the evaluation holds is left out: the arm would be an oracle.
        """
        if arm.name not in self._importances:
            found = read_documents({f"arms.{arm.name}.target": arm.target or []}, self._folder)
            measured = [*self._pool.works.held_out, *self._pool.works.measured["id"]]
            free = found.filter(~pl.col("id").is_in(measured))["text"]
            texts = free.filter(~shares_ngram(free, measured_texts(self._pool.works)))
            if texts.is_empty():
                message = f"arms.{arm.name}.target: the evaluation holds all of it; name other text"
                raise DataError(message)
            target = pa.array(self._corpus.tokenizer.encode(texts.to_arrow()))
            documents = self._corpus.training.slice(0, self._n)
            self._importances[arm.name] = log_weights(documents, target)
        return self._importances[arm.name]

    @cached_property
    def _perplexity(self) -> Floats:
        """Of each document under a model of the other half of the pool, per token.

        Two halves, so that no document is in the training data of the model that judges it.
        """
        half = self._uniform("halves", 0) < 0.5
        values = np.zeros(self._n)
        for side in (half, ~half):
            rows = np.flatnonzero(side)
            counts = _core.NgramCounts(
                self._corpus.tokenizer,
                order=_PERPLEXITY_ORDER,
                memory=self._config.ngram.memory,
            )
            budget = _PERPLEXITY_BYTES * self._tokens[: self._n].sum() / self._bytes.sum()
            counts.add(
                self._corpus.training, rows=pa.array(rows, pa.uint64()), max_tokens=int(budget)
            )
            judged = np.flatnonzero(~side)
            documents = self._corpus.training.take(pa.array(judged))
            nats = pa.array(counts.model().nats(documents)).to_numpy()
            values[judged] = nats / np.maximum(self._tokens[judged], 1)
        return values

    def _token_ranks(self, values: Floats) -> Floats:
        """Share of the pool's tokens in documents with lower values."""
        order = np.argsort(values, kind="stable")
        ranks = np.empty(self._n)
        sizes = self._tokens[order]
        ranks[order] = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
        return ranks

    def _shuffled(self, rows: Rows, seed: int) -> Rows:
        """The order of training, by hash: a prefix is a fair draw of the arm."""
        hashes = np.concatenate(
            [self._uniform("order", seed), self._uniform("order", seed, targets=True)]
        )
        return rows[np.lexsort((rows, hashes[rows]))]

    def _selection(self, rows: Rows, drawn: Rows) -> Selection:
        of_pool = rows[rows < self._n]
        return Selection(
            rows,
            int(self._tokens[rows].sum()),
            int(self._bytes[of_pool].sum()),
            int(self._tokens[drawn].sum()),
            int(self._bytes[drawn].sum()),
            len(drawn),
        )

    def _gumbel(self, seed: int) -> Floats:
        uniform = self._uniform("gumbel", seed)
        return -np.log(-np.log(np.clip(uniform, 1e-12, 1 - 1e-12)))

    def _permutation(self, seed: int) -> Rows:
        return np.argsort(self._uniform("shuffled", seed), kind="stable")

    def _uniform(self, what: str, seed: int, *, targets: bool = False) -> Floats:
        """Numbers in [0, 1) of (seed, what for, id), of the pool or of the oracle's documents."""
        name = f"{self._config.seed} {seed} {what}".encode()
        number = int.from_bytes(hashlib.sha256(name).digest()[:7], "big")
        ids = pl.Series([str(i) for i in range(len(self._tokens) - self._n)], dtype=pl.String)
        hashes = _core.hash_ids(ids.to_arrow() if targets else self._ids, number)
        return np.asarray(pa.array(hashes), dtype=np.float64) / 2.0**64


def _is_probability(values: pl.Series) -> bool:
    """Whether all values lie in [0, 1], but for the rounding of a classifier's output."""
    return bool(values.is_between(0.0, 1.001).all())
