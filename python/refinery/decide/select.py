"""Which documents a selection keeps, and how often.

One order, one cut: a rule turns the score into a key (`decide.draws`), a quota cuts the target into
one for each domain (`decide.quota`), and documents are taken from the highest key down until the
target is met. Ranks are counted in what documents weigh (`decide.ranks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.decide import curve, quota
from refinery.decide.draws import draws, gumbel_keys, pareto_margins
from refinery.decide.ranks import combined_ranks, weighted_ranks
from refinery.decide.state import Drop
from refinery.errors import DataError

if TYPE_CHECKING:
    from refinery.decide.corpus import Corpus
    from refinery.select_config import QuotaConfig, Ranking, SelectConfig

TOO_LIKE = 0.5
"""Estimated Jaccard similarity that no two documents of a diverse selection reach."""


def select(
    corpus: Corpus,
    alive: pl.Series,
    config: SelectConfig,
    *,
    seed: int = 0,
    value_bytes: int = 4,
) -> Drop:
    """All alive documents but those chosen.

    A document weighs what is written of it; a yield is a share of what was read. If too little is
    alive, all of it is kept.

    Parameters
    ----------
    seed
        Of what a rule draws.
    value_bytes
        Of the signatures' values, for a diverse selection.

    Raises
    ------
    DataError
        If a rule needs a probability and the score is none, or a quota names a domain that no
        document is of.
    """
    ranked = _candidates(corpus, alive, config)
    told: dict[str, Any] = {}
    copies = None
    if config.threshold is not None:
        (ranking,) = config.rankings
        bound = -config.threshold if ranking.is_lowest_best else config.threshold
        chosen = ranked.filter(pl.col("value") >= bound)
    elif config.diverse:
        chosen = _different(corpus, ranked, config, value_bytes)
    elif config.rule == "curve":
        chosen = _repeated(corpus, ranked, _target(corpus, alive, config), config, seed)
        copies = _spread(corpus, chosen["row"], chosen["copies"])
    else:
        keyed = ranked.with_columns(key=_keys(corpus, ranked, config, seed))
        if config.yield_ is None and config.documents is None:
            chosen = keyed.filter(pl.col("key") > 0)
        elif config.quota is None and _takes_best(config):
            chosen = _best(ranked, _target(corpus, alive, config))
        else:
            targets = _targets(ranked, _target(corpus, alive, config), config.quota)
            chosen = _until(keyed, targets)
            if config.quota is not None:
                told["domains"] = _by_domain(targets, chosen)
    told |= _cut(chosen, config)
    is_chosen = corpus.row_numbers().is_in(chosen["row"].implode())
    return Drop("not_selected", alive & ~is_chosen, copies=copies, told=told)


def _candidates(corpus: Corpus, alive: pl.Series, config: SelectConfig) -> pl.DataFrame:
    """The alive documents: `row`, `rank` (by id), `weight`, `domain` and `value` (higher is better)."""
    frame = pl.DataFrame(
        {
            "row": corpus.row_numbers(),
            "rank": corpus.rank,
            "weight": corpus.sizes(config.counted, corpus.written),
            "domain": _domains(corpus, config.quota),
        }
    ).filter(alive)
    columns = [_oriented(corpus, ranking).filter(alive) for ranking in config.rankings]
    value = columns[0]
    if config.is_combined:
        groups = frame["domain"] if config.quota is not None else None
        value = combined_ranks(
            columns, frame["weight"], groups, combine=config.combine, n_buckets=config.buckets
        )
    return frame.with_columns(value=value)


def _oriented(corpus: Corpus, ranking: Ranking) -> pl.Series:
    """The column as values of which the highest is best."""
    values = corpus.frame[ranking.column].cast(pl.Float64).fill_nan(None)
    return -values if ranking.is_lowest_best else values


def _domains(corpus: Corpus, config: QuotaConfig | None) -> pl.Series:
    if config is None:
        return pl.repeat("", len(corpus), dtype=pl.String, eager=True)
    found = quota.domains(corpus.frame[config.column], config)
    quota.check_domains(found, config)
    return found


def _target(corpus: Corpus, alive: pl.Series, config: SelectConfig) -> float:
    if config.documents is not None:
        return float(config.documents)
    read = corpus.sizes(config.unit)
    base = read.sum() if config.of == "read" else read.filter(alive).sum()
    return float(config.yield_ or 0) * int(base or 0)


def _targets(ranked: pl.DataFrame, target: float, config: QuotaConfig | None) -> pl.DataFrame:
    """`domain` and `target`, in order of the domains' names."""
    if config is None:
        return pl.DataFrame({"domain": [""], "target": [target]})
    available = dict(
        ranked.group_by("domain").agg(pl.col("weight").sum()).sort("domain").iter_rows()
    )
    found = quota.targets(available, config, target)
    schema = {"domain": pl.String, "target": pl.Float64}
    return pl.DataFrame({"domain": list(found), "target": list(found.values())}, schema=schema)


def _keys(corpus: Corpus, ranked: pl.DataFrame, config: SelectConfig, seed: int) -> pl.Series:
    """What the highest are taken of."""
    if _takes_best(config):
        return ranked["value"]
    drawn = draws(corpus.frame["id"].gather(ranked["row"]), seed)
    probabilities = _probabilities(ranked["value"], config)
    if config.rule == "sample":
        return gumbel_keys(probabilities, drawn, config.temperature)
    return pareto_margins(probabilities, drawn, config.alpha)


def _probabilities(values: pl.Series, config: SelectConfig) -> pl.Series:
    """Values that are probabilities: a classifier's, or ranks."""
    if config.is_combined:
        return values
    (ranking,) = config.rankings
    found = values + 1 if ranking.is_lowest_best else values
    # A classifier's float32 may exceed 1 by its rounding.
    is_none = ~found.is_between(0, 1.0001).fill_null(value=True)
    if is_none.any():
        worst = float(found.filter(is_none)[0])
        message = (
            f"select: rule {config.rule} reads a probability, but {ranking.column} has {worst:g}; "
            f"by: [{ranking.column}] reads its rank instead"
        )
        raise DataError(message)
    return found.clip(0, 1)


def _takes_best(config: SelectConfig) -> bool:
    """Whether the value itself is the key."""
    return config.rule == "top" or (config.rule == "sample" and not config.temperature)


def _best(ranked: pl.DataFrame, target: float) -> pl.DataFrame:
    """What `_until` takes for one target where the value is the key: without sorting the corpus."""
    chosen = _core.select_up_to(
        target,
        ranked["value"].cast(pl.Float64).to_arrow(),
        ranked["rank"].to_arrow(),
        ranked["weight"].cast(pl.Int64).to_arrow(),
        pl.repeat(True, len(ranked), dtype=pl.Boolean, eager=True).to_arrow(),  # noqa: FBT003
    )
    return ranked.filter(pl.Series(pa.array(chosen), dtype=pl.Boolean))


def _until(keyed: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """From the highest key down (ties: value, smallest id; null last) until the target is met.

    The document that crosses the target is taken if more than half of it lies below the target. A
    domain of which anything is wanted has one document at least.
    """
    ordered = keyed.sort("key", "value", "rank", descending=[True, True, False], nulls_last=True)
    weight = pl.col("weight")
    by_domain = {"partition_by": "domain"} if len(targets) > 1 else {"partition_by": pl.lit(0)}
    placed = ordered.join(targets, on="domain", how="left", maintain_order="left").with_columns(
        until=weight.cum_sum().over(**by_domain) - weight / 2,
        place=pl.int_range(pl.len()).over(**by_domain),
    )
    is_first = (pl.col("place") == 0) & (pl.col("target") > 0) & (len(targets) > 1)
    return placed.filter((pl.col("until") <= pl.col("target")) | is_first)


def _repeated(
    corpus: Corpus, ranked: pl.DataFrame, target: float, config: SelectConfig, seed: int
) -> pl.DataFrame:
    """The documents that have copies, and how many."""
    drawn = draws(corpus.frame["id"].gather(ranked["row"]), seed)
    ordered = ranked.with_columns(draw=drawn).sort(
        "value", "rank", descending=[True, False], nulls_last=True
    )
    found = curve.copies(
        ordered,
        target,
        discard=config.discard,
        max_repeat=config.max_repeat,
        n_buckets=config.buckets,
    )
    return ordered.with_columns(copies=found).filter(pl.col("copies") > 0)


def _different(
    corpus: Corpus, ranked: pl.DataFrame, config: SelectConfig, value_bytes: int
) -> pl.DataFrame:
    """The best by value that differ from each other, of those whose rank is `floor` or more.

    Documents without a signature have no words to differ in, and are not taken.
    """
    ranks = weighted_ranks(ranked["value"], ranked["weight"])
    good = ranked.with_columns(quality=ranks).filter(pl.col("quality") >= config.floor)
    if not len(good):
        return good.clear()
    chosen = _core.most_different(
        corpus.gather("minhash", good["row"]),
        good["quality"].to_arrow(),
        good["rank"].to_arrow(),
        wanted=config.documents or 0,
        too_like=TOO_LIKE,
        value_bytes=value_bytes,
    )
    return good[pl.Series(pa.array(chosen), dtype=pl.UInt32)]


def _spread(corpus: Corpus, rows: pl.Series, values: pl.Series) -> pl.Series:
    """`values` of some rows as a series of the length of the corpus, 0 elsewhere."""
    few = pl.DataFrame({"row": rows, "value": values})
    every = pl.DataFrame({"row": corpus.row_numbers()})
    joined = every.join(few, on="row", how="left", maintain_order="left")
    return joined["value"].fill_null(0).cast(pl.Int32)


def _by_domain(targets: pl.DataFrame, chosen: pl.DataFrame) -> dict[str, dict[str, float]]:
    """What was wanted of each domain and what is kept of it, in the unit of the selection."""
    kept = dict(chosen.group_by("domain").agg(pl.col("weight").sum()).iter_rows())
    return {
        name: {"wanted": round(wanted, 3), "kept": kept.get(name, 0)}
        for name, wanted in targets.iter_rows()
    }


def _cut(chosen: pl.DataFrame, config: SelectConfig) -> dict[str, Any]:
    """The least good value that was taken: the threshold that a yield came to."""
    least = chosen["value"].min()
    if config.is_combined or least is None:
        return {}
    value = float(least)  # type: ignore[arg-type]
    return {"worst_kept": -value if config.rankings[0].is_lowest_best else value}
