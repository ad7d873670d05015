"""Whether scores have moved: the population stability index of each score, by source.

New files arrive and only they are scored, so a threshold that was right for the old ones may keep
twice as much of the new. The index compares the shares of documents in ten bins of a reference's
scores: the sum of (p - q) ln(p / q). Up to 0.1 is usual, over 0.2 is an alarm. Few documents have an
index without any drift, about (bins - 1) (1 / n + 1 / m), which is told beside it and added to the
bound.

>>> import refinery as rf
>>> frame = pl.DataFrame({"text": [f"the book has a chapter number {i}" for i in range(50)]})
>>> run = rf.Pipeline.build(scores={"textbook": "builtin/textbook"}).run_frame(frame)
>>> found = drift(run, DriftReference.of(run))
>>> found.rows["psi"].to_list(), found.alarms
([0.0, 0.0], [])
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.errors import ConfigError, Problem, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.answers import Answers

N_BINS = 10
ALARM = 0.2
"""Above this a population has changed (the usual bound of the index)."""
ALL = "(all)"
NONE = "(none)"
"""The source of documents that have none."""
_SUFFIX = "_quantile"
_VERSION = 1


@dataclass(frozen=True)
class _Population:
    """Scores of one column and source: edges of bins (a value on an edge lies above it), and counts.

    The last count is of documents without a score.
    """

    edges: list[float]
    counts: list[int]


@dataclass(frozen=True)
class DriftReference:
    """What later runs are compared with: by score and source, how many documents have which score."""

    scores: dict[str, dict[str, _Population]]

    @classmethod
    def of(cls, run: Answers, columns: Sequence[str] | None = None) -> DriftReference:
        """The documents of a run; `columns` are its scores unless others are named.

        Raises
        ------
        UnknownNameError
            If the run has no such column, with the nearest.
        """
        names = _checked(run, columns)
        found: dict[str, dict[str, _Population]] = {}
        for name in names:
            by_source = _by_source(run, name)
            found[name] = {s: _population(values) for s, values in by_source.items()}
        return cls(found)

    @classmethod
    def read(cls, path: Path) -> DriftReference:
        """What `write` wrote.

        Raises
        ------
        ConfigError
            If the file holds something else.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["version"] != _VERSION:
                raise ValueError
            scores = {
                name: {source: _Population(**one) for source, one in by_source.items()}
                for name, by_source in data["scores"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            message = "no reference of scores; refinery drift OUT --write FILE makes one"
            raise ConfigError(str(path), [Problem(0, 0, "", message)]) from None
        return cls(scores)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        scores = {
            name: {source: asdict(one) for source, one in by_source.items()}
            for name, by_source in self.scores.items()
        }
        data = {"version": _VERSION, "scores": scores}
        path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Drift:
    """What a comparison found.

    `rows` has one row a score and source, all sources together first: `score`, `source`,
    `documents`, `reference` (documents of the reference), `psi`, `by_chance` (what the index is
    expected to be without drift), `alarm`, and `is_new` where the reference lacks the source, which
    is then compared with all of it.
    """

    rows: pl.DataFrame

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """The rows over the bound."""
        return self.rows.filter("alarm").to_dicts()


def open_reference(path: Path, columns: Sequence[str] | None = None) -> DriftReference:
    """The reference in a file, or that of a finished run in a folder."""
    if path.is_dir():
        from refinery.api import Run

        return DriftReference.of(Run(path), columns)
    return DriftReference.read(path)


def drift(run: Answers, reference: DriftReference, columns: Sequence[str] | None = None) -> Drift:
    """Compare the scores of a run with a reference.

    Parameters
    ----------
    run
        A finished run, or a refined frame.
    reference
        Of an earlier one.
    columns
        Scores or signals; by default the scores of the run that the reference has.

    Raises
    ------
    UnknownNameError
        If the run or the reference has no such column, with the nearest.
    """
    names = [name for name in _checked(run, columns) if columns or name in reference.scores]
    rows = []
    for name in names:
        if name not in reference.scores:
            kind = "score of the reference"
            raise UnknownNameError(kind, name, reference.scores)
        populations = reference.scores[name]
        for source, values in _by_source(run, name).items():
            before = populations.get(source, populations[ALL])
            rows.append(
                {"score": name, "source": source, **_compared(values, before), "is_new": source not in populations}
            )  # fmt: skip
    return Drift(pl.DataFrame(rows, schema=_SCHEMA))


_SCHEMA = {
    "score": pl.String,
    "source": pl.String,
    "documents": pl.Int64,
    "reference": pl.Int64,
    "psi": pl.Float64,
    "by_chance": pl.Float64,
    "alarm": pl.Boolean,
    "is_new": pl.Boolean,
}


def _compared(values: pl.Series, before: _Population) -> dict[str, Any]:
    now = _counted(values, before.edges)
    n, m = sum(now), sum(before.counts)
    psi = stability_index(now, before.counts)
    by_chance = (len(now) - 2) * (1 / n + 1 / m) if n and m else 0.0
    return {
        "documents": n,
        "reference": m,
        "psi": psi,
        "by_chance": by_chance,
        "alarm": psi > ALARM + by_chance,
    }


def stability_index(counts: Sequence[int], reference: Sequence[int]) -> float:
    """The population stability index of two counts over the same bins.

    Half a document is added to every bin that either has, so that an empty one is no infinity.
    """
    used = [(a, b) for a, b in zip(counts, reference, strict=True) if a or b]
    n, m = (sum(side) + len(used) / 2 for side in (counts, reference))
    shares = [((a + 0.5) / n, (b + 0.5) / m) for a, b in used]
    return math.fsum((p - q) * math.log(p / q) for p, q in shares)


def _population(values: pl.Series) -> _Population:
    defined = values.drop_nulls().sort()
    n = len(defined)
    found = [float(defined[n * i // N_BINS]) for i in range(1, N_BINS)] if n else []
    edges = sorted(set(found))
    return _Population(edges, _counted(values, edges))


def _counted(values: pl.Series, edges: list[float]) -> list[int]:
    """Documents in each bin, and those without a value."""
    defined = values.drop_nulls()
    bins = pl.Series(edges, dtype=pl.Float64).search_sorted(defined, "right")
    counts = Counter(dict(bins.value_counts().iter_rows()))
    return [*(counts[i] for i in range(len(edges) + 1)), len(values) - len(defined)]


def _by_source(run: Answers, name: str) -> dict[str, pl.Series]:
    """The values of a column: of all documents, then of each source by name."""
    frame = run.annotations.select(
        value=pl.col(name).cast(pl.Float64), source=pl.col("source").fill_null(NONE)
    ).collect()
    parts = frame.sort("source").partition_by("source", as_dict=True, maintain_order=True)
    return {ALL: frame["value"]} | {str(key[0]): part["value"] for key, part in parts.items()}


def _checked(run: Answers, columns: Sequence[str] | None) -> list[str]:
    """The columns named, or every score: a column with a quantile in the decisions."""
    if columns is None:
        names = run.decisions.collect_schema().names()
        return [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
    schema = run.annotations.collect_schema()
    numbers = [name for name, dtype in schema.items() if dtype.is_numeric() and name != "row"]
    for name in columns:
        if name not in numbers:
            kind = "score or signal of this run"
            raise UnknownNameError(kind, name, numbers)
    return list(columns)
