"""Scores by a trusted corpus of one's own: how far a document's metrics lie outside its ranges.

KL3M's score measures 16 metrics against the ranges of US statutes and regulations. `refinery
reference fit` learns the ranges from any corpus; the file that it writes is a score's `model:`. The
score is KL3M's sum, 0 is best, and each metric's term of it is a column beside it. Both follow from
the columns of `kl3m`, which are computed anyway, so other ranges read no text again.

Not here: KL3M's own score (`kl3m.score`), and the metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pyarrow as pa
from pydantic import Field, model_validator

from refinery import _core
from refinery import signal_table as signals
from refinery.atomic import writing_beside
from refinery.config_file import Section, load_document, validated
from refinery.errors import ConfigError, nearest
from refinery.hashes import digest
from refinery.yaml_file import dump

if TYPE_CHECKING:
    from pathlib import Path

FAMILY = "kl3m"
SUFFIXES = (".yaml", ".yml")
"""Of a score's model that is a file of ranges."""
_EPSILON = 1e-8
"""As in kl3m.score: keeps a division by an end of zero finite, and is the width of a range of one value."""
_HEAD = """\
# Ranges of a trusted corpus, by refinery reference fit. Use it as a score (0 is best):
#   annotate: {scores: [{name: NAME, model: THIS_FILE}]}
#   decide: [{rules: {NAME: {max: CUT}}}]      # or select: {by: {lowest: NAME}, yield: ...}
"""


class RangeConfig(Section):
    """One metric: its weight, and the values that have no term."""

    weight: float = Field(ge=0, allow_inf_nan=False)
    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_range(self) -> RangeConfig:
        if self.low > self.high:
            msg = f"low is above high: {self.low} > {self.high}"
            raise ValueError(msg)
        return self


class ReferenceConfig(Section):
    """A file of ranges."""

    version: Literal[1]
    tokenizer: str = Field(description="Its name: the metrics that count tokens depend on it.")
    tokenizer_fingerprint: str
    documents: int = Field(ge=1)
    percentiles: tuple[float, float]
    cut: float = Field(ge=0, allow_inf_nan=False, description="What trusted documents stay below.")
    metrics: dict[str, RangeConfig] = Field(min_length=1)


@dataclass(frozen=True)
class MetricRange:
    """One metric (without the family's name) and what it is compared with."""

    name: str
    weight: float
    low: float
    high: float

    def term(self, view: str = signals.TEXT) -> pl.Expr:
        """Weight times relative distance to the range; 0 inside it and where the metric is null."""
        value = pl.col(signals.on_view(f"{FAMILY}.{self.name}", view))
        if self.high - self.low == 0:
            distance = (value - self.low).abs()
            term = pl.when(distance > _EPSILON).then(distance * self.weight).otherwise(0.0)
        else:
            below = (self.low - value) * self.weight / (abs(self.low) + _EPSILON)
            above = (value - self.high) * self.weight / (abs(self.high) + _EPSILON)
            term = (
                pl.when(value < self.low).then(below).when(value > self.high).then(above)
            ).otherwise(0.0)
        return pl.when(value.is_null()).then(0.0).otherwise(term)


@dataclass(frozen=True)
class Reference:
    """Ranges, where they come from, and the score that trusted documents stay below."""

    tokenizer: str
    tokenizer_fingerprint: str
    documents: int
    percentiles: tuple[float, float]
    cut: float
    ranges: tuple[MetricRange, ...]
    fingerprint: str = ""

    def columns(self, name: str) -> list[str]:
        """Columns of a score of that name: the score, then the term of each metric."""
        return [name, *(f"{name}_{metric.name}" for metric in self.ranges)]

    def expressions(self, name: str, view: str = signals.TEXT) -> list[pl.Expr]:
        """Those columns from the family's, null where the text is."""
        is_null = pl.col(signals.on_view(f"{FAMILY}.score", view)).is_null()
        terms = [metric.term(view) for metric in self.ranges]
        score = pl.lit(0.0)
        for term in terms:  # in their order, one after the other: the same bits everywhere
            score = score + term
        found = [score, *terms]
        return [
            pl.when(~is_null).then(one).alias(column)
            for one, column in zip(found, self.columns(name), strict=True)
        ]

    def write(self, path: Path) -> None:
        """Write it as a YAML file with a heading that says how it is used."""
        data = {
            "version": 1,
            "tokenizer": self.tokenizer,
            "tokenizer_fingerprint": self.tokenizer_fingerprint,
            "documents": self.documents,
            "percentiles": list(self.percentiles),
            "cut": self.cut,
            "metrics": {
                m.name: {"weight": m.weight, "low": m.low, "high": m.high} for m in self.ranges
            },
        }
        with writing_beside(path) as temporary:
            temporary.write_text(_HEAD + dump(data), encoding="utf-8")


def kl3m_ranges() -> tuple[MetricRange, ...]:
    """KL3M's own metrics, weights and ranges, in the order of its sum."""
    return tuple(
        MetricRange(column.removeprefix(f"{FAMILY}."), weight, low, high)
        for column, weight, low, high in _core.kl3m_ranges()
    )


def read_reference(path: Path) -> Reference:
    """A file of ranges.

    Raises
    ------
    ConfigError
        With every problem of the file and its lines.
    FileNotFoundError
        If there is no such file.
    """
    document = load_document(path)
    config = validated(document, ReferenceConfig)
    known = [metric.name for metric in kl3m_ranges()]
    problems = [
        document.problem(("metrics", name), f"no such metric of {FAMILY}{nearest(name, known)}")
        for name in config.metrics
        if name not in known
    ]
    if problems:
        raise ConfigError(str(path), problems)
    given = config.metrics
    # In the order of KL3M's sum, whatever the order of the file.
    ranges = tuple(
        MetricRange(name, given[name].weight, given[name].low, given[name].high)
        for name in known
        if name in given
    )
    return Reference(
        tokenizer=config.tokenizer,
        tokenizer_fingerprint=config.tokenizer_fingerprint,
        documents=config.documents,
        percentiles=config.percentiles,
        cut=config.cut,
        ranges=ranges,
        fingerprint=digest([[m.name, m.weight, m.low, m.high] for m in ranges]),
    )


@dataclass(frozen=True)
class ReferencePass:
    """A compiled pass, and the scores that follow from its columns."""

    compiled: _core.Pass
    scores: tuple[tuple[str, Reference, str], ...]
    """Name, ranges and view of each."""

    def run(self, texts: Any, pool: _core.ThreadPool | None = None) -> pa.RecordBatch:
        """The pass's columns, then each score's."""
        computed = pa.record_batch(self.compiled.run(texts, pool))
        names = [n for n in computed.schema.names if n.startswith(f"{FAMILY}.")]
        metrics = pl.DataFrame(pl.from_arrow(computed.select(names)))
        columns = [e for name, one, view in self.scores for e in one.expressions(name, view)]
        added = metrics.select(columns).to_arrow(compat_level=pl.CompatLevel.oldest())
        arrays = [_one_array(column) for column in added.columns]
        names = [*computed.schema.names, *added.schema.names]
        return pa.RecordBatch.from_arrays([*computed.columns, *arrays], names=names)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined
