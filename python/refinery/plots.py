"""Charts of a refined corpus: Altair, as Polars itself plots. The extra is `corpus-refinery[plot]`.

Every method gives an `altair` chart, which Jupyter and marimo render and `chart.save("x.png")`
writes (also `.svg`, `.html`, `.json`): no browser and no network is needed. Data is aggregated
before it is plotted, so a chart of a large corpus is as small as one of a small one.

>>> import polars as pl
>>> import refinery as rf
>>> df = pl.DataFrame({"text": ["a text", "another text"]})
>>> refined = rf.Pipeline.build().rules({"n_words": {"min": 2}}).run_frame(df)
>>> type(refined.plot.funnel()).__name__                                      # doctest: +SKIP
'LayerChart'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from refinery.errors import EnvironmentFault, UnknownNameError
from refinery.report.funnel import human_count, short_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

    from refinery.answers import Answers

KEPT = "#2f6f9f"
DROPPED = "#d9a441"
WIDTH = 460


def load_altair() -> Any:
    """Altair.

    Raises
    ------
    EnvironmentFault
        Where it is not installed, with the command that installs it.
    """
    try:
        import altair
    except ImportError:
        message = "plots need Altair; run: pip install 'corpus-refinery[plot]'"
        raise EnvironmentFault(message) from None
    return altair


class Plots:
    """Charts of one run or refined frame: its `plot`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def score(self, score: str = "textbook", *, bins: int = 40) -> alt.Chart:
        """Distribution of a score or signal over documents, kept ones apart from dropped ones.

        Parameters
        ----------
        score
            A numeric column of the annotations; nulls are left out.
        bins
            Bars over the range of values.
        """
        alt = load_altair()
        schema = self._answers.annotations.collect_schema()
        numeric = [name for name, dtype in schema.items() if dtype.is_numeric() and name != "row"]
        if score not in numeric:
            kind = "score or signal of this run"
            raise UnknownNameError(kind, score, numeric)
        values = (
            self._answers.annotations.select("id", value=pl.col(score).cast(pl.Float64))
            .join(self._answers.decisions.select("id", "kept"), on="id")
            .drop_nulls()
            .collect()
        )
        frame = _histogram(values, bins)
        return (
            alt.Chart(alt.InlineData(values=frame.to_dicts()))
            .mark_bar(binSpacing=0)
            .encode(
                x=alt.X("left:Q", bin="binned", title=score),
                x2="right:Q",
                y=alt.Y("documents:Q", title="documents", stack=True),
                color=_verdict_colour(alt),
                order=alt.Order("verdict:N", sort="descending"),
                tooltip=["verdict:N", alt.Tooltip("left:Q", format=".3g"), "documents:Q"],
            )
            .properties(width=WIDTH, height=240, title=f"{score}: kept and dropped documents")
        )

    def yield_curve(
        self,
        score: str = "textbook",
        *,
        unit: Literal["tokens", "bytes", "documents"] = "tokens",
    ) -> alt.LayerChart:
        """What a threshold on a score would keep of all that was read, and what the run kept.

        Parameters
        ----------
        score
            A numeric column of the annotations; higher is better.
        unit
            What the yield counts.
        """
        alt = load_altair()
        curve = self._answers.yield_curve(score, unit=unit).drop_nulls()
        ledger = self._answers.ledger[unit]
        kept = ledger["kept"] / ledger["in"] if ledger["in"] else 0.0
        line = (
            alt.Chart(alt.InlineData(values=curve.to_dicts()))
            .mark_line(color=KEPT, strokeWidth=2.5, interpolate="step-before")
            .encode(
                x=alt.X("threshold:Q", title=f"{score} at least"),
                y=alt.Y("share:Q", title=f"{unit} kept, of read", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
                tooltip=[
                    alt.Tooltip("threshold:Q", format=".4g"),
                    alt.Tooltip("share:Q", format=".1%"),
                    alt.Tooltip("documents:Q", format=","),
                ],
            )
        )  # fmt: skip
        level = alt.Chart(
            alt.InlineData(values=[{"share": kept, "said": f"this run kept {kept:.1%}"}])
        )
        rule = level.mark_rule(color=DROPPED, strokeDash=[5, 4], strokeWidth=1.5).encode(
            y="share:Q"
        )
        text = level.mark_text(
            color="#8a6414", align="left", baseline="bottom", dx=6, dy=-3
        ).encode(y="share:Q", x=alt.value(0), text="said:N")
        return (line + rule + text).properties(
            width=WIDTH, height=260, title=f"Yield by threshold on {score}"
        )

    def funnel(self, unit: Literal["tokens", "bytes", "documents"] = "tokens") -> alt.LayerChart:
        """What is alive behind each step, of what was read."""
        alt = load_altair()
        rows = self._answers.funnel().frame
        read = max(1, rows[unit][0])
        data = [
            {
                "step": row["name"],
                "share": row[unit] / read,
                "said": f"{row[unit] / read:.1%}   {human_count(row[unit])}",
                "documents": row["documents"],
                "dropped": row["dropped_documents"],
                "most for": row["top_reason"],
            }
            for row in rows.to_dicts()
        ]
        base = alt.Chart(alt.InlineData(values=data)).encode(
            y=alt.Y("step:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False))
        )
        bars = base.mark_bar(color=KEPT, height=18).encode(
            x=alt.X("share:Q", title=f"{unit} alive, of read", axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]), scale=alt.Scale(domain=[0, 1.22], nice=False)),
            tooltip=["step:N", "said:N", "documents:Q", "dropped:Q", "most for:N"],
        )  # fmt: skip
        text = base.mark_text(align="left", dx=5, color="#444").encode(x="share:Q", text="said:N")
        return (bars + text).properties(
            width=WIDTH, height=alt.Step(30), title=f"What each step left ({unit})"
        )

    def reasons(self, *, most: int = 12) -> alt.LayerChart:
        """How rules overlap: of the documents that fail one, the share that fails the other.

        Parameters
        ----------
        most
            Rules to show, those that most documents fail.
        """
        alt = load_altair()
        # Duplicate and selection reasons stand for who passed the rules: they overlap with none.
        by_rule = pl.col("reason").str.contains(":") & pl.col("other").str.contains(":")
        pairs = self._answers.reasons().filter(by_rule)
        alone = pairs.filter(pl.col("reason") == pl.col("other"))
        shown = alone.sort(["documents", "reason"], descending=[True, False])["reason"].head(most)
        totals = alone.select("reason", total="documents")
        cells = (
            pl.DataFrame({"reason": shown})
            .join(pl.DataFrame({"other": shown}), how="cross")
            .join(pairs, on=["reason", "other"], how="left", maintain_order="left")
            .join(totals, on="reason", how="left", maintain_order="left")
            .with_columns(pl.col("documents").fill_null(0))
            .with_columns(share=pl.col("documents") / pl.col("total"))
        )
        names = {reason: short_reason(reason) for reason in shown}
        if len(set(names.values())) < len(names):
            names = {reason: reason for reason in shown}
        data = [
            row | {"row": names[row["reason"]], "column": names[row["other"]]}
            for row in cells.to_dicts()
        ]
        order = list(names.values())
        base = alt.Chart(alt.InlineData(values=data)).encode(
            y=alt.Y("row:N", sort=order, title="of the documents that fail this", axis=alt.Axis(labelLimit=260)),
            x=alt.X("column:N", sort=order, title="this share also fails", axis=alt.Axis(labelAngle=-40, labelLimit=220)),
        )  # fmt: skip
        heat = base.mark_rect().encode(
            color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=alt.Legend(format="%", title=None)),
            tooltip=["reason:N", "other:N", alt.Tooltip("share:Q", format=".1%"), "documents:Q", "total:Q"],
        )  # fmt: skip
        text = base.mark_text(fontSize=10).encode(
            text=alt.Text("share:Q", format=".0%"),
            color=alt.condition("datum.share > 0.55", alt.value("white"), alt.value("#333")),
        )
        return (heat + text).properties(
            width=alt.Step(38), height=alt.Step(24), title="Overlap of rules"
        )


def reliability(bins: Sequence[Mapping[str, float]], *, title: str) -> alt.LayerChart:
    """What share of examples was positive, by the probability that was said; the diagonal is ideal.

    Parameters
    ----------
    bins
        `probability`, `positive` and `examples` of each bin.
    title
        Above the chart.
    """
    alt = load_altair()
    unit = alt.Scale(domain=[0, 1])
    said = alt.X("probability:Q", title="probability said", scale=unit)
    found = alt.Y("positive:Q", title="share that is positive", scale=unit)
    ends = [{"probability": 0, "positive": 0}, {"probability": 1, "positive": 1}]
    ideal = alt.Chart(alt.InlineData(values=ends)).mark_line(color="#999", strokeDash=[5, 4])
    points = alt.Chart(alt.InlineData(values=[dict(row) for row in bins]))
    line = points.mark_line(color=KEPT, strokeWidth=2)
    dots = points.mark_circle(color=KEPT, opacity=1).encode(
        size=alt.Size("examples:Q", title="examples", scale=alt.Scale(range=[20, 300])),
        tooltip=["examples:Q", "probability:Q", "positive:Q"],
    )
    layers = [layer.encode(x=said, y=found) for layer in (ideal, line, dots)]
    return alt.layer(*layers).properties(width=320, height=320, title=title)


def _verdict_colour(alt: Any) -> Any:
    scale = alt.Scale(domain=["kept", "dropped"], range=[KEPT, DROPPED])
    return alt.Color("verdict:N", scale=scale, title=None)


def _histogram(values: pl.DataFrame, bins: int) -> pl.DataFrame:
    """Documents of equal-width bins: `left`, `right`, `verdict`, `documents`."""
    least, greatest = values["value"].min(), values["value"].max()
    if not isinstance(least, float) or not isinstance(greatest, float):
        return pl.DataFrame(
            schema={
                "left": pl.Float64,
                "right": pl.Float64,
                "verdict": pl.String,
                "documents": pl.UInt32,
            }
        )
    width = (greatest - least) / bins or 1.0
    place = ((pl.col("value") - least) / width).floor().clip(0, bins - 1)
    verdict = pl.when("kept").then(pl.lit("kept")).otherwise(pl.lit("dropped"))
    counted = values.group_by(place=place, verdict=verdict).agg(documents=pl.len())
    return counted.sort("place", "verdict").select(
        left=least + pl.col("place") * width,
        right=least + (pl.col("place") + 1) * width,
        verdict="verdict",
        documents="documents",
    )
