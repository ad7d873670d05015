"""Learns the ranges of a trusted corpus: the 2nd to 98th percentile of each of KL3M's metrics.

The cut is what nearly all trusted documents stay below that the ranges were not learned from: half of
the documents (by a hash of their ids) give ranges, the other half scores, and the cut is the 98th
percentile of those. The ranges that are written are of all documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.errors import BadFileError, DataError, ParameterError
from refinery.io import inputs
from refinery.io.readers import open_reader
from refinery.scoring.reference import FAMILY, MetricRange, Reference, kl3m_ranges
from refinery.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from refinery.config import Pipeline
    from refinery.io.inputs import InputFile

PERCENTILES = (2.0, 98.0)
"""As KL3M's ranges of US Code and CFR (kl3m_data/metrics/quality_metrics.py)."""
LEAST_DOCUMENTS = 100
"""Of fewer the percentiles are the most odd documents."""
_BATCH = 4096
_HALF = 2**63


@dataclass(frozen=True)
class Fitted:
    """What was learned, and how well it holds on documents that it was not learned from."""

    reference: Reference
    n_held_out: int
    share_below_cut: float
    """Of the half that gave the first ranges, scored by the ranges of the other half."""


def fit_pipeline(pipeline: Pipeline, *, percentiles: tuple[float, float] = PERCENTILES) -> Fitted:
    """Ranges of the inputs of a pipeline, under its tokenizer.

    Raises
    ------
    ConfigError
        If an input or the tokenizer cannot be found.
    DataError
        If there are too few documents.
    """
    files, problems = inputs.find(pipeline)
    if problems:
        raise pipeline.error(problems)
    name = pipeline.config.annotate.tokens.tokenizer
    tokenizer = load_tokenizer(name, pipeline.folder)
    return fit(_documents(files), tokenizer, name, percentiles=percentiles)


def fit(
    documents: Iterable[tuple[pa.Array, pa.Array]],
    tokenizer: _core.Tokenizer,
    tokenizer_name: str,
    *,
    percentiles: tuple[float, float] = PERCENTILES,
) -> Fitted:
    """Ranges of documents, given as batches of ids and texts.

    Raises
    ------
    ParameterError
        If the percentiles do not rise within 0 to 100.
    DataError
        If there are fewer than `LEAST_DOCUMENTS`.
    """
    if not 0 <= percentiles[0] < percentiles[1] <= 100:
        name = "percentiles"
        raise ParameterError(name, f"must rise within 0 to 100, found {percentiles}")
    compute = _core.Pass(families=[FAMILY], tokenizer=tokenizer)
    parts = [_measured(ids, texts, compute) for ids, texts in documents if len(ids)]
    n = sum(len(part) for part in parts)
    if n < LEAST_DOCUMENTS:
        message = f"{n} documents are too few to learn ranges from; {LEAST_DOCUMENTS} at least"
        raise DataError(message)
    metrics = pl.concat(parts)
    first, second = (metrics.filter(pl.col("is_first") == side) for side in (True, False))
    of_first, of_second = (_ranges(half, percentiles) for half in (first, second))
    cut = _quantile(_scores(second, of_first), percentiles[1])
    below = (_scores(first, of_second) <= cut).mean()
    reference = Reference(
        tokenizer=tokenizer_name,
        tokenizer_fingerprint=tokenizer.fingerprint,
        documents=n,
        percentiles=percentiles,
        cut=cut,
        ranges=tuple(_ranges(metrics, percentiles)),
    )
    return Fitted(reference, len(first), float(below or 0.0))  # type: ignore[arg-type]


def _documents(files: Sequence[InputFile]) -> Iterator[tuple[pa.Array, pa.Array]]:
    for file in files:
        try:
            reader = open_reader(file, "")
            for unit in reader.units():
                for rows in reader.rows(unit):
                    for at in range(0, len(rows.ids), _BATCH):
                        yield rows.ids.slice(at, _BATCH), rows.texts.slice(at, _BATCH)
        except BadFileError:
            if file.config.on_bad_file == "fail":
                raise


def _measured(ids: pa.Array, texts: pa.Array, compute: _core.Pass) -> pl.DataFrame:
    """The metrics of a batch, and which half each document is of."""
    computed = pl.DataFrame(pl.from_arrow(pa.record_batch(compute.run(texts))))
    hashes = pl.Series(pa.array(_core.hash_ids(ids.cast(pa.large_string()), 0)))
    chosen = [f"{FAMILY}.{metric.name}" for metric in kl3m_ranges()]
    return computed.select(*chosen, f"{FAMILY}.score").with_columns(is_first=hashes < _HALF)


def _ranges(metrics: pl.DataFrame, percentiles: tuple[float, float]) -> list[MetricRange]:
    """The ranges of documents, with KL3M's weights; a metric that is null throughout has none."""
    found = []
    for metric in kl3m_ranges():
        values = metrics[f"{FAMILY}.{metric.name}"].drop_nulls()
        if len(values):
            low, high = (_quantile(values, p) for p in percentiles)
            found.append(MetricRange(metric.name, metric.weight, low, high))
    return found


def _quantile(values: pl.Series, percentile: float) -> float:
    found = values.quantile(percentile / 100, interpolation="linear")
    return float(found or 0.0)


def _scores(metrics: pl.DataFrame, ranges: Sequence[MetricRange]) -> pl.Series:
    reference = Reference("", "", 1, PERCENTILES, 0.0, tuple(ranges))
    return metrics.select(reference.expressions("score")[0]).to_series()
