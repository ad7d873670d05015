"""The picture: yield on one axis, loss against random tokens on the other, a panel for each family.

An `altair` chart as those of `plots`: no browser and no network is needed to write it as SVG or PNG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.ablation.config import FAMILIES
from refinery.ablation.judge import TARGET
from refinery.plots import load_altair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from refinery.ablation.judge import Verdict

_TITLES = {
    TARGET: "target: near, far and qa alike",
    "near": "near: other works of the filter's genre",
    "far": "far: good text of other genres",
    "qa": "qa: answers to questions",
    "pool": "pool: what the filter costs in coverage",
    "avoid": "avoid: logs, chat, notices (may get worse)",
}
_COLOURS = (
    "#2f6f9f", "#c1572b", "#4d8b57", "#8a5fa8", "#b08a1e", "#4aa3a2", "#a84a6b", "#6a737d", "#1b1f24",
    "#7fb0d6", "#e0a37f", "#9cc5a1",
)  # fmt: skip
_APART = 1.018
"""How far arms of one yield stand apart, as a factor: their intervals would hide each other."""
_WIDTH, _HEIGHT = 330, 210


def chart(verdict: Verdict, arms: Sequence[str]) -> Any:
    """A panel a family; arms measured at several yields are lines, others points.

    Parameters
    ----------
    verdict
        What was found.
    arms
        Arms to draw, in the order of the legend.
    """
    alt = load_altair()
    order = {arm: _APART ** (i - (len(arms) - 1) / 2) for i, arm in enumerate(arms)}
    rows = verdict.rows.filter(pl.col("arm").is_in(list(arms))).with_columns(
        x=pl.col("yield_target") * pl.col("arm").replace_strict(order, return_dtype=pl.Float64)
    )
    families = [f for f in (TARGET, *FAMILIES) if f in set(rows["family"])]
    colours = alt.Scale(
        domain=list(arms), range=[_COLOURS[i % len(_COLOURS)] for i in range(len(arms))]
    )
    panels = [_panel(alt, rows, family, colours) for family in families]
    return (
        alt.concat(*panels, columns=3, spacing=28)
        .resolve_scale(y="independent")
        .configure_view(stroke="#d8dee4")
        .configure_axis(
            labelFontSize=11, titleFontSize=11, titleFontWeight="normal", gridOpacity=0.5
        )
        .configure_legend(orient="bottom", columns=8, title=None, labelFontSize=12, symbolSize=90)
        .configure_title(fontSize=13, anchor="start")
    )


def _panel(alt: Any, rows: pl.DataFrame, family: str, colours: Any) -> Any:
    columns = ["arm", "x", "yield_tokens", "d_bpb", "low", "high", "percent", "multiplier"]
    own = rows.filter(pl.col("family") == family).sort("arm", "x")
    data = alt.InlineData(values=own.select(columns).to_dicts())
    shares = sorted({round(y, 3) for y in own["yield_target"].to_list()})
    x = alt.X(
        "x:Q",
        title="tokens kept, of the pool",
        axis=alt.Axis(format="~%", values=shares),
        scale=alt.Scale(type="log", nice=False, padding=14),
    )
    base = alt.Chart(data).encode(x=x, color=alt.Color("arm:N", scale=colours))
    title = alt.Title(
        "\N{GREEK CAPITAL LETTER DELTA} bits per byte against random" if family == TARGET else ""
    )
    y = alt.Y("d_bpb:Q", title=title.text or None, scale=alt.Scale(zero=True))
    random = alt.Chart(alt.InlineData(values=[{"y": 0}])).mark_rule(
        color="#1b1f24", strokeDash=[5, 4], strokeWidth=1.3
    ).encode(y="y:Q")  # fmt: skip
    bars = base.mark_rule(strokeWidth=1.6, opacity=0.65).encode(
        y=alt.Y("low:Q", title=title.text or None), y2="high:Q"
    )
    lines = base.mark_line(strokeWidth=2).encode(y=y)
    points = base.mark_point(filled=True, size=46, opacity=1).encode(
        y=y,
        tooltip=[
            "arm:N",
            alt.Tooltip("yield_tokens:Q", format=".1%"),
            alt.Tooltip("d_bpb:Q", format="+.4f"),
            alt.Tooltip("low:Q", format="+.4f"),
            alt.Tooltip("high:Q", format="+.4f"),
            alt.Tooltip("multiplier:Q", format=".2f"),
        ],
    )
    return (random + bars + lines + points).properties(
        width=_WIDTH, height=_HEIGHT, title=_TITLES[family]
    )


def svg(drawn: Any) -> str:
    """The chart as SVG text."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(drawn.to_json()))


def save(drawn: Any, path: Path) -> None:
    """The chart as a file: `.svg`, `.png`, `.html` or `.json`."""
    drawn.save(str(path), scale_factor=2) if path.suffix == ".png" else drawn.save(str(path))
