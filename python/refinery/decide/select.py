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

    A document weighs what is written of it; the yield is a share of what was read. Documents are taken from the highest value down (ties: smallest id; null last) until the next
    one would lead further away from the target than stopping short of it. If too little is alive,
    all of it is kept.
    """
    weight = corpus.sizes(config.unit, corpus.written)
    read = corpus.sizes(config.unit)
    base = read.sum() if config.of == "read" else read.filter(alive).sum()
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
