"""Select the best documents up to a yield, counted in tokens, bytes or documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from refinery.decide.state import Drop

if TYPE_CHECKING:
    from refinery.config import SelectConfig
    from refinery.decide.corpus import Corpus


def select(corpus: Corpus, alive: pl.Series, config: SelectConfig) -> Drop:
    """All alive documents but the highest by `config.by` that together make the yield.

    Documents are taken from the highest value down (ties: smallest id; null last) until the next
    one would lead further away from the target than stopping short of it. If too little is alive,
    all of it is kept.
    """
    weight = _weight(corpus, config.unit)
    base = weight.sum() if config.of == "read" else weight.filter(alive).sum()
    target = config.yield_ * int(base or 0)
    ranked = (
        pl.DataFrame(
            {
                "row": corpus.row_numbers(),
                "value": corpus.frame[config.by].cast(pl.Float64),
                "rank": corpus.rank,
                "weight": weight,
            }
        )
        .filter(alive)
        .sort(["value", "rank"], descending=[True, False], nulls_last=True)
        .with_columns(until=pl.col("weight").cum_sum())
    )
    # The document that crosses the target is taken if more than half of it lies below the target.
    chosen = ranked.filter(pl.col("until") - pl.col("weight") / 2 <= target)
    is_chosen = pl.DataFrame({"row": corpus.row_numbers()}).select(
        pl.col("row").is_in(chosen["row"].implode())
    )["row"]
    return Drop("not_selected", alive & ~is_chosen)


def _weight(corpus: Corpus, unit: str) -> pl.Series:
    if unit == "documents":
        return (
            pl.Series([1]).new_from_index(0, len(corpus))
            if len(corpus)
            else pl.Series([], dtype=pl.Int64)
        )
    return corpus.frame["n_tokens" if unit == "tokens" else "n_bytes"]
