"""Exact and near duplicates: groups of documents, one of which stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery import signal_table as signals
from refinery.decide.state import Drop
from refinery.minhasher import make_minhasher

if TYPE_CHECKING:
    from refinery.config import ExactDuplicatesConfig, Keep, MinHashConfig, NearDuplicatesConfig
    from refinery.decide.corpus import Corpus


HASH_BYTES = 16
"""Of a content hash: XXH3-128."""


@dataclass(frozen=True)
class Runner:
    """What runs the search for duplicates: a pool of threads, and a call that may stop it."""

    pool: _core.ThreadPool
    check: Callable[[], None] = lambda: None

    def clusters(
        self,
        signatures: _core.Signatures,
        corpus: Corpus,
        alive: pl.Series,
        *,
        threshold: float | None,
    ) -> pl.Series:
        """For each document the smallest of its cluster (UInt32 row numbers)."""
        found = signatures.clusters(
            corpus.rank.to_arrow(),
            alive.to_arrow(),
            threshold=threshold,
            table_documents=corpus.room.table_documents if corpus.room is not None else None,
            pool=self.pool,
            stop=self.check,
        )
        return pl.Series("cluster", pa.array(found), pl.UInt32)

    def kept_in_order(self, signatures: _core.Signatures, alive: pl.Series) -> pl.Series:
        """For each document the one that datatrove keeps of its cluster (UInt32 row numbers)."""
        found = signatures.kept_in_order(alive.to_arrow(), pool=self.pool, stop=self.check)
        return pl.Series("cluster", pa.array(found), pl.UInt32)


Act = Callable[[pl.Series], Drop]
"""What a step drops of the documents that are alive (Boolean, as long as the corpus)."""


def exact_duplicates(
    corpus: Corpus, config: ExactDuplicatesConfig, view: str, runner: Runner
) -> Act:
    """Groups of alive documents whose view has the same content hash (XXH3-128).

    The hash is clustered like a signature of one band whose values must all agree.
    """
    column = signals.on_view("content_hash", view)
    hashes = corpus.signatures(column, width=HASH_BYTES, bands=1, value_bytes=8)
    best = _key(corpus, config.keep)

    def act(alive: pl.Series) -> Drop:
        groups = runner.clusters(hashes, corpus, alive, threshold=1.0)
        return _drop("exact_duplicate", corpus, alive, groups, best=best)

    return act


def near_duplicates(
    corpus: Corpus, config: NearDuplicatesConfig, minhash: MinHashConfig, runner: Runner
) -> Act:
    """Clusters of alive documents: single linkage over pairs that share a band.

    With `verify`, a pair counts only if the share of equal values in its two signatures, which
    estimates the Jaccard similarity of their shingles, is at least `threshold`. With
    `keep: datatrove` every pair counts, and who stays follows from the order of the documents.
    """
    hasher = make_minhasher(minhash)
    signatures = corpus.signatures(
        "minhash",
        width=hasher.signature_bytes,
        bands=minhash.bands,
        value_bytes=hasher.value_bytes,
        ordered=config.keep == "datatrove",
    )

    def act(alive: pl.Series) -> Drop:
        if config.keep == "datatrove":
            groups = runner.kept_in_order(signatures, alive)
            best = groups == corpus.row_numbers()
        else:
            threshold = config.threshold if config.verify else None
            groups = runner.clusters(signatures, corpus, alive, threshold=threshold)
            best = _key(corpus, config.keep)
        return _drop("near_duplicate", corpus, alive, groups, best=best)

    return act


def _key(corpus: Corpus, keep: Keep) -> pl.Series:
    """What the best of a group has most of."""
    if keep == "first":
        return pl.Series([0.0]).new_from_index(0, len(corpus))
    if keep == "longest":
        return corpus.frame["n_chars"]
    return corpus.frame[signals.canonical(keep["highest"])]


def _drop(
    reason: str, corpus: Corpus, alive: pl.Series, groups: pl.Series, *, best: pl.Series
) -> Drop:
    """All but the best of each group of alive documents, those with the highest value of `best`.

    Ties and names go by the smallest id.
    """
    smallest, stays = _core.best_of_groups(
        groups.to_arrow(),
        corpus.rank.to_arrow(),
        best.cast(pl.Float64).to_arrow(),
        alive.to_arrow(),
    )
    winner = pl.Series("winner", pa.array(stays), pl.UInt32)
    mask = (winner != corpus.row_numbers()).fill_null(value=False)
    return Drop(reason, mask, pl.Series("cluster", pa.array(smallest), pl.UInt32), winner)
