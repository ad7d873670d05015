"""What scorers keep of every kind of document, at several token yields.

The kinds are the truth of an evaluation: nothing is fitted to them.
"""

from __future__ import annotations

import polars as pl
from sklearn.metrics import roc_auc_score

YIELDS = (0.5, 0.25, 0.175, 0.1, 0.05)
KEEP = [
    "textbook",
    "technical-book",
    "encyclopedia",
    "speech",
    "blog",
    "news",
    "fiction",
    "drama",
    "story-simple",
    "gov-web",
    "legal-transcript",
]
DROP = [
    "spam",
    "log",
    "chat",
    "changelog",
    "boilerplate-licence",
    "boilerplate-terms",
    "web-listing",
    "gov-web-event",
    "reference-snippet",
    "model-output",
    "forum-extremist",
]


def tier(kind: str) -> str:
    """Whether an English set would keep a kind: `keep`, `drop`, or `depends` on what it is for."""
    if kind in KEEP:
        return "keep"
    return "drop" if kind in DROP or kind.startswith("lang-") else "depends"


def shares(documents: pl.DataFrame, order: pl.Series, passing: pl.Series | None) -> pl.DataFrame:
    """Share of each kind's tokens that is kept at every yield: a column a yield, a row a kind.

    `order` is the score, higher better, null last; `passing` says who may be kept at all. A yield is a
    share of the tokens of all documents; the one that crosses it counts by half, as in a run.
    """
    ranked = documents.with_columns(_order=order, _passing=True if passing is None else passing)
    # Documents without a score, and those that fail, come last and are never kept.
    able = pl.col("_passing") & pl.col("_order").is_not_null()
    ranked = ranked.sort(~able, -pl.col("_order"), "id", nulls_last=True)
    total = documents["n_tokens"].sum()
    middle = (pl.col("n_tokens").cum_sum() - pl.col("n_tokens") / 2) / total
    kept = ranked.with_columns(able.alias("_able"), _middle=middle)
    merged = pl.col("kind").str.replace("^lang-.*", "lang-*")
    of_kind = [
        (pl.col("n_tokens").filter(pl.col("_able") & (pl.col("_middle") <= y)).sum() / pl.col("n_tokens").sum())
        .alias(f"{y:g}")
        for y in YIELDS
    ]  # fmt: skip
    return kept.group_by(kind=merged).agg(pl.col("n_tokens").sum(), *of_kind)


def by_kind(found: dict[str, pl.DataFrame], share: float) -> pl.DataFrame:
    """One row a kind, one column a scorer: what is kept at one yield, in per cent."""
    first = next(iter(found.values()))
    table = first.select("kind", tokens="n_tokens")
    for name, shared in found.items():
        one = shared.select("kind", (100 * pl.col(f"{share:g}")).round(1).alias(name))
        table = table.join(one, on="kind")
    ranks = {"keep": 0, "depends": 1, "drop": 2}
    rank = pl.col("kind").map_elements(lambda kind: ranks[tier(kind)], pl.Int64)
    return table.sort(rank, "tokens", descending=[False, True])


def aucs(documents: pl.DataFrame, score: pl.Series, seen: list[str]) -> dict[str, float]:
    """How well a score tells keep from drop; `unseen` are sources that gave no training text."""
    tiers = documents["kind"].map_elements(tier, pl.String)
    found = documents.with_columns(_tier=tiers, _score=score.fill_null(score.min()))
    judged = found.filter(pl.col("_tier") != "depends")
    unseen = judged.filter(~pl.col("source").is_in(seen))
    english = unseen.filter(~pl.col("kind").str.starts_with("lang-"))
    sets = {"all": judged, "unseen sources": unseen, "unseen sources, English": english}
    return {
        name: round(float(roc_auc_score(rows["_tier"] == "keep", rows["_score"])), 4)
        for name, rows in sets.items()
    }
