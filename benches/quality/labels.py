"""Rank correlation of a score with what people said of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sklearn.metrics import roc_auc_score

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LEVELS = {"elementary": 0, "intermediate": 1, "advanced": 2}


def correlations(
    folder: Path, scored: Callable[[pl.Series], pl.Series]
) -> dict[str, dict[str, float]]:
    """With human quality labels, reading ease (CLEAR) and reading level (OneStopEnglish).

    Higher is better, easier, harder, in this order.
    """
    human = pl.read_parquet(folder / "quality_human.parquet")
    score = scored(human["text"])
    agreed = human["agreed"]
    found = {
        "quality_human": {
            "spearman": _spearman(score, human["label"]),
            "auc": round(float(roc_auc_score(human["label"], score)), 3),
            "auc, labels agreed": round(
                float(roc_auc_score(human["label"].filter(agreed), score.filter(agreed))), 3
            ),
        }
    }
    clear = pl.read_parquet(folder / "readability_clear.parquet")
    score = scored(clear["text"])
    found["readability_clear"] = {"spearman": _spearman(score, clear["BT_easiness"])}
    for name in ("Lit", "Info"):
        of_kind = clear["Categ"] == name
        found["readability_clear"][f"spearman, {name}"] = _spearman(
            score.filter(of_kind), clear["BT_easiness"].filter(of_kind)
        )
    levels = pl.read_parquet(folder / "readability_onestop.parquet")
    score = scored(levels["text"])
    hardness = levels["level"].replace_strict(_LEVELS, return_dtype=pl.Int64)
    found["readability_onestop"] = {"spearman": _spearman(score, hardness)}
    return found


def _spearman(score: pl.Series, label: pl.Series) -> float:
    return round(float(pl.select(pl.corr(score, label, method="spearman")).item()), 3)
