"""Fixed compute: does a filter pay when it must repeat what it keeps? Predicted, then measured.

An arm reads its kept tokens for as many epochs as the whole pool's tokens, or a multiple of them,
ask for. What to expect follows from fixed tokens alone: what a kept token is worth in random ones
(`multiplier`), what a repeated token is worth (the data-constrained law) and how loss falls with
random tokens (the ladder). `predict` says so before anything of it is trained.

What the n-gram proxy says here is less: it learns nothing from a second epoch (counts that are all
doubled are the same model but for its discounts), so it reads what is kept once, against as much
of the pool as the compute allows: fewer, better tokens against more of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.ablation import statistics
from refinery.ablation.judge import arm_rows, families_of, ladder_law, matrices
from refinery.ablation.multiplier import crossing
from refinery.ablation.regimes import COMPUTE
from refinery.scaling.laws import effective_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from refinery.ablation.config import AblationConfig
    from refinery.ablation.experiment import Outcome
    from refinery.ablation.fits import Fit
    from refinery.ablation.multiplier import Ladder

PREDICTION = "prediction.parquet"
_KEYS = ("arm", "yield_target", "passes", "family")


@dataclass(frozen=True)
class Reading:
    """What is read at one compute: tokens, means over seeds, of the arm and of the whole pool."""

    arm: str
    yield_target: float
    passes: float
    train_tokens: float
    unique_tokens: float
    pool_train_tokens: float
    pool_tokens: float

    @property
    def share(self) -> float:
        """Of the pool that is kept."""
        return self.unique_tokens / self.pool_tokens


def once(tokens: float, unique: float) -> float:
    """What tokens are worth to a model that learns nothing from a second epoch."""
    return min(tokens, unique)


def predict(
    config: AblationConfig, results: pl.DataFrame, fits: Sequence[Fit], *, repeats: bool
) -> pl.DataFrame:
    """What fixed compute will show, of the results at fixed tokens.

    Parameters
    ----------
    results
        Of fixed tokens.
    fits
        The trainings at fixed compute, of which only the numbers of tokens are read.
    repeats
        Whether the proxy learns from a second epoch, by the data-constrained law.

    Returns
    -------
    polars.DataFrame
        A row an arm, yield, compute and family: `worth`; `predicted_d_bpb`, against the whole pool,
        with `predicted_low` and `predicted_high` by the interval of the worth; `is_extrapolated`, whether
        that asks the ladder's law beyond what it is trusted for; `predicted_crossing` in passes (null:
        none up to 100; 0: never ahead).
    """
    readings = list(_readings(fits))
    worths = arm_rows(config, results, {(r.arm, r.yield_target) for r in readings})
    rows = []
    for family in families_of(results):
        law = ladder_law(results, family)
        for reading in readings:
            worth = _worth(worths, reading, family)
            said = _said(reading, law, worth, effective_tokens if repeats else once)
            rows.append(asdict(reading) | {"family": family} | said)
    types = {"predicted_crossing": pl.Float64()}
    return pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None)


def _said(
    reading: Reading,
    law: Ladder,
    worth: tuple[float, float, float],
    effective: Callable[[float, float], float],
) -> dict[str, Any]:
    low, mean, high = worth
    arm = effective(reading.train_tokens, reading.unique_tokens)
    pool = effective(reading.pool_train_tokens, reading.pool_tokens)
    least, most = law.trusted
    # A token of higher worth makes the loss lower.
    loss, best, worst = (law.loss(m * arm) - law.loss(pool) for m in (mean, high, low))
    return {
        "worth": mean,
        "predicted_d_bpb": loss,
        "predicted_low": best,
        "predicted_high": worst,
        "is_extrapolated": min(mean * arm, pool) < least or max(mean * arm, pool) > most,
        "predicted_crossing": crossing(mean, reading.share, effective),
    }


def judge_compute(outcome: Outcome) -> pl.DataFrame | None:
    """Prediction beside result: the rows of `predict` with what was found.

    Adds `epochs`, `base_bpb` (of the whole pool), `d_bpb` with `low` and `high`, and `crossing`: at how
    many passes the whole pool was found to overtake (null: at none; 0: it is ahead from the first on).
    None where fixed compute was not asked for.
    """
    if outcome.prediction is None:
        return None
    results = outcome.results.filter(pl.col("regime") == COMPUTE)
    keys = outcome.prediction.select(_KEYS).rows(named=True)
    found = pl.DataFrame([_measured(outcome.config, results, key) for key in keys])
    joined = outcome.prediction.join(found, on=_KEYS, how="left", maintain_order="left")
    by_passes = joined.sort("passes").group_by("arm", "yield_target", "family").agg(
        pl.struct("passes", "d_bpb").alias("curve")
    )  # fmt: skip
    crossings = by_passes.with_columns(
        crossing=pl.col("curve").map_elements(_crossing_of, return_dtype=pl.Float64)
    ).drop("curve")
    return joined.join(
        crossings, on=["arm", "yield_target", "family"], how="left", maintain_order="left"
    )


def crossing_found(passes: Sequence[float], differences: Sequence[float]) -> float | None:
    """Passes at which a difference from the whole pool comes to be above zero, between two measured ones.

    >>> round(crossing_found([0.25, 1, 4], [-0.2, -0.1, 0.1]), 3)
    2.0
    """
    if differences[0] >= 0:
        return 0.0
    for i in range(1, len(passes)):
        before, after = differences[i - 1], differences[i]
        if after >= 0:
            part = before / (before - after)
            return float(passes[i - 1] * (passes[i] / passes[i - 1]) ** part)
    return None


def _readings(fits: Sequence[Fit]) -> Iterator[Reading]:
    """One for every arm, yield and compute."""
    frame = pl.DataFrame(
        [
            {
                "arm": f.arm, "yield_target": f.yield_, "passes": f.passes, "key": f.key,
                "train_tokens": f.training.tokens, "unique_tokens": f.selection.tokens,
                "baseline": f.baseline,
            }
            for f in fits
        ]
    )  # fmt: skip
    own = pl.col("key") == pl.col("baseline")
    pool = frame.filter(own).select(
        "passes", baseline="key", pool_train_tokens="train_tokens", pool_tokens="unique_tokens"
    )
    sizes = [name for name in Reading.__dataclass_fields__ if name.endswith("tokens")]
    rows = (
        frame.filter(~own)
        .join(pool.unique(), on=["baseline", "passes"])
        .group_by("arm", "yield_target", "passes", maintain_order=True)
        .agg(pl.col(sizes).mean())
    )
    yield from (Reading(**row) for row in rows.sort("passes", maintain_order=True).to_dicts())


def _worth(worths: pl.DataFrame, reading: Reading, family: str) -> tuple[float, float, float]:
    """Lowest, most likely and highest worth; random tokens are worth themselves."""
    row = worths.filter(
        pl.col("arm") == reading.arm,
        pl.col("family") == family,
        (pl.col("yield_target") - reading.yield_target).abs() < 1e-9,
    )
    if row.is_empty():
        return 1.0, 1.0, 1.0
    low, mean, high = row.select("multiplier_low", "multiplier", "multiplier_high").row(0)
    return low, mean, high


def _measured(config: AblationConfig, results: pl.DataFrame, key: dict[str, Any]) -> dict[str, Any]:
    chosen = results.filter(
        pl.col("arm") == key["arm"],
        (pl.col("yield_target") - key["yield_target"]).abs() < 1e-9,
        (pl.col("passes") - key["passes"]).abs() < 1e-9,
    )
    found = statistics.interval(
        matrices(chosen, "d_bpb", key["family"]), statistics.generator(config.seed)
    )
    return key | {
        "seeds": chosen["seed"].n_unique(),
        "epochs": chosen["epochs"].mean(),
        "base_bpb": statistics.macro_mean(matrices(chosen, "base_bpb", key["family"])),
        "d_bpb": found.mean,
        "low": found.low,
        "high": found.high,
    }


def _crossing_of(curve: pl.Series) -> float | None:
    rows = curve.to_list()
    return crossing_found([r["passes"] for r in rows], [r["d_bpb"] for r in rows])


def in_words(rows: pl.DataFrame, family: str) -> list[str]:
    """Prediction and result of a family, a sentence an arm."""
    said = []
    for own in rows.filter(pl.col("family") == family).partition_by(
        "arm", "yield_target", maintain_order=True
    ):
        first = own.row(0, named=True)
        curve = ", ".join(
            f"{d:+.3f} [{low:+.3f}, {high:+.3f}] at {passes:g}"
            for passes, d, low, high in own.select("passes", "d_bpb", "low", "high").rows()
        )
        said.append(
            f"{first['arm']} at {first['yield_target']:.1%} and fixed compute, on the {family}: a kept token is worth "
            f"{first['worth']:.2f}, so the whole pool was predicted to be ahead {_from(first['predicted_crossing'])}; "
            f"it was {_from(first['crossing'])} (bits per byte less the pool's: {curve} passes)."
        )
    return said


def _from(passes: float | None) -> str:
    if passes is None:
        return "at no compute"
    return "at every compute" if passes == 0 else f"from {passes:.2f} passes on"
