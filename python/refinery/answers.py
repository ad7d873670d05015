"""What can be asked of a refined corpus, whether files were refined or a frame.

>>> import polars as pl
>>> import refinery as rf
>>> df = pl.DataFrame({"id": ["a", "b"], "text": ["too short", "long enough to stay"]})
>>> refined = rf.Pipeline.build(id="id").rules({"n_words": {"min": 3}}).run_frame(df)
>>> refined.why("a").dropped_by
'n_words:min'
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
from rich.console import Console

from refinery.errors import ParameterError, UnknownNameError
from refinery.inspect_run import DocumentVerdict, look_up
from refinery.report.funnel import funnel
from refinery.report.table import funnel_table

if TYPE_CHECKING:
    from refinery.plots import Plots

_WIDTH = 120
_WEIGHTS = {"documents": None, "bytes": "n_bytes", "tokens": "n_tokens"}


@dataclass(frozen=True)
class Funnel:
    """The funnel: `frame` has a row a step; printed, it is the table of `refinery report`."""

    ledger: dict[str, Any]

    @property
    def frame(self) -> pl.DataFrame:
        """A row a step: what is alive behind it, what it dropped, shares of what was read."""
        return pl.DataFrame([asdict(row) for row in funnel(self.ledger)])

    def __str__(self) -> str:
        out = StringIO()
        Console(file=out, width=_WIDTH, highlight=False).print(funnel_table(self.ledger))
        return out.getvalue().rstrip("\n")

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{self}</pre>"


class Answers(ABC):
    """A refined corpus: annotations, decisions and a ledger."""

    @property
    @abstractmethod
    def annotations(self) -> pl.LazyFrame:
        """One row per document read, in input order: id, place, counts, signals, scores."""

    @property
    @abstractmethod
    def decisions(self) -> pl.LazyFrame:
        """One row per document read, in input order: verdict and all reasons."""

    @property
    @abstractmethod
    def kept(self) -> pl.LazyFrame:
        """The kept documents, in input order."""

    @property
    @abstractmethod
    def ledger(self) -> dict[str, Any]:
        """Documents, bytes and tokens in, kept, dropped by reason, edited and quarantined; steps."""

    def why(self, document_id: str) -> DocumentVerdict:
        """Why a document was kept or dropped: every reason with the value behind it.

        Raises
        ------
        UnknownNameError
            If no document has that id.
        """
        return look_up(self, [document_id])[0]

    def dropped_by(self, reason: str) -> pl.LazyFrame:
        """The documents that a reason dropped, with their annotations, in input order.

        Parameters
        ----------
        reason
            As in `dropped_by`: `<column>:<side>`, `near_duplicate`, `not_selected`, …

        Raises
        ------
        UnknownNameError
            If nothing was dropped by a reason of that name, with the nearest.
        """
        known = self.ledger["documents"]["dropped"]
        if reason not in known:
            kind = "reason that dropped a document of this run"
            raise UnknownNameError(kind, reason, known)
        dropped = self.decisions.filter(pl.col("dropped_by") == reason)
        return dropped.join(self.annotations, on="id", how="left", maintain_order="left")

    def diff(self, after: Answers) -> pl.DataFrame:
        """The documents that another run judges differently: `id`, `before`, `after`, `n_tokens`.

        A verdict is `kept`, the reason that dropped it, or `not read`; see `refinery diff`.
        """
        from refinery.verdict_diff import diff

        return diff(self, after)

    def reasons(self) -> pl.DataFrame:
        """How many documents fail each pair of reasons: `reason`, `other`, `documents`.

        A reason with itself is how many fail it at all; documents with one reason only count there.
        """
        listed = self.decisions.filter(pl.col("reasons").list.len() > 0).select("id", "reasons")
        one = listed.explode("reasons").rename({"reasons": "reason"})
        pairs = one.join(one.rename({"reason": "other"}), on="id")
        counted = pairs.group_by("reason", "other").agg(documents=pl.len())
        return counted.sort("reason", "other").collect()

    def yield_curve(
        self,
        score: str,
        *,
        unit: Literal["tokens", "bytes", "documents"] = "tokens",
        points: int = 200,
    ) -> pl.DataFrame:
        """What a threshold on a score would keep of all that was read.

        Parameters
        ----------
        score
            A score, signal or count of the annotations; higher is better.
        unit
            What `share` counts.
        points
            Number of thresholds, at equal steps of the share; fewer where values are equal.

        Returns
        -------
        pl.DataFrame
            `threshold` (Float64, falling), `documents`, `amount` (in `unit`) and `share` of all read
            that has this value or a higher one, and `quantile` of documents kept. Null values come
            last and have a null threshold.

        Raises
        ------
        UnknownNameError
            If there is no such column, with the nearest.
        """
        schema = self.annotations.collect_schema()
        numeric = [name for name, dtype in schema.items() if dtype.is_numeric() and name != "row"]
        if score not in numeric:
            kind = "score or signal of this run"
            raise UnknownNameError(kind, score, numeric)
        if points < 2:
            name = "points"
            raise ParameterError(name, f"must be at least 2, found {points}")
        column = _WEIGHTS[unit]
        weight = pl.lit(1, pl.Int64) if column is None else pl.col(column)
        by_value = (
            self.annotations.select(threshold=pl.col(score).cast(pl.Float64), weight=weight)
            .group_by("threshold")
            .agg(documents=pl.len(), amount=pl.col("weight").sum())
            .sort("threshold", descending=True, nulls_last=True)
            .with_columns(pl.col("documents", "amount").cum_sum())
        )
        shares = by_value.with_columns(
            share=pl.col("amount") / pl.col("amount").last(),
            quantile=pl.col("documents") / pl.col("documents").last(),
        )
        # The last value of each step: what a threshold there would really keep.
        step = (pl.col("share") * (points - 1)).ceil()
        ends = shares.filter(step.ne_missing(step.shift(-1)))
        return ends.collect()

    def funnel(self) -> Funnel:
        """What each step left, as a frame, and as a table when printed."""
        return Funnel(self.ledger)

    @property
    def plot(self) -> Plots:
        """Charts: `score`, `yield_curve`, `funnel`, `reasons`. Needs `corpus-refinery[plot]`."""
        from refinery.plots import Plots

        return Plots(self)

    def __repr__(self) -> str:
        documents = self.ledger["documents"]
        return f"{type(self).__name__}({documents['kept']:,} of {documents['in']:,} documents kept)"
