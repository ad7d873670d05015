"""Exact and near duplicates: groups of documents, one of which stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery import signal_table as signals
from refinery.decide.state import Drop
from refinery.plan import make_minhasher

if TYPE_CHECKING:
    from refinery.config import ExactDuplicatesConfig, Keep, MinHashConfig, NearDuplicatesConfig
    from refinery.decide.corpus import Corpus


def exact_duplicates(
    corpus: Corpus, alive: pl.Series, config: ExactDuplicatesConfig, view: str
) -> Drop:
    """Groups of alive documents whose view has the same content hash (XXH3-128)."""
    hashes = corpus.frame[signals.on_view("content_hash", view)]
    return _drop("exact_duplicate", corpus, alive, hashes, best=_key(corpus, config.keep))


def near_duplicates(
    corpus: Corpus,
    alive: pl.Series,
    config: NearDuplicatesConfig,
    minhash: MinHashConfig,
    pool: _core.ThreadPool,
) -> Drop:
    """Clusters of alive documents: single linkage over pairs that share a band.

    With `verify`, a pair counts only if the share of equal values in its two signatures, which
    estimates the Jaccard similarity of their shingles, is at least `threshold`. With
    `keep: datatrove` every pair counts, and who stays follows from the order of the documents.
    """
    hasher = make_minhasher(minhash)
    value_bytes = hasher.signature_bytes // hasher.num_perm
    if config.keep == "datatrove":
        kept = _core.near_duplicates_kept_in_order(
            corpus.signatures,
            alive.to_arrow(),
            bands=minhash.bands,
            value_bytes=value_bytes,
            pool=pool,
        )
        groups = pl.Series("cluster", pa.array(kept), pl.UInt32)
        return _drop("near_duplicate", corpus, alive, groups, best=groups == corpus.row_numbers())
    clusters = _core.near_duplicate_clusters(
        corpus.signatures,
        corpus.rank.to_arrow(),
        alive.to_arrow(),
        bands=minhash.bands,
        threshold=config.threshold if config.verify else None,
        value_bytes=value_bytes,
        pool=pool,
    )
    groups = pl.Series("cluster", pa.array(clusters), pl.UInt32)
    return _drop("near_duplicate", corpus, alive, groups, best=_key(corpus, config.keep))


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
    members = pl.DataFrame(
        {
            "row": corpus.row_numbers(),
            "group": groups,
            "rank": corpus.rank,
            "key": best.cast(pl.Float64),
        }
    ).filter(alive)
    members = members.filter(pl.col("group").is_duplicated())
    best_first = members.sort(["key", "rank"], descending=[True, False], nulls_last=True)
    winners = best_first.group_by("group", maintain_order=True).agg(
        winner=pl.col("row").first(), cluster=pl.col("row").sort_by("rank").first()
    )
    members = members.join(winners, on="group", how="left", maintain_order="left")
    # Back to the length of the corpus, null for who is in no group.
    spread = (
        pl.DataFrame({"row": corpus.row_numbers()})
        .join(members.select("row", "winner", "cluster"), on="row", how="left", maintain_order="left")
    )  # fmt: skip
    mask = (spread["winner"].is_not_null() & (spread["winner"] != spread["row"])).fill_null(
        value=False
    )
    return Drop(reason, mask, spread["cluster"], spread["winner"])
