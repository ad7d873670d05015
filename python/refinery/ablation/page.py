"""The page of an ablation: the picture, what is concluded, every number. No script, no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.ablation.compute import in_words
from refinery.ablation.judge import TARGET
from refinery.ablation.tables import compute_table, headers, signed, table_rows, worth
from refinery.report.page import STYLE, table

if TYPE_CHECKING:
    from refinery.ablation.config import AblationConfig
    from refinery.ablation.judge import Verdict

_HOW = (
    "Models were trained on equal numbers of tokens, of one neutral tokenizer, and asked for bits per byte of texts "
    "that none of them saw: an arm's loss less that of random tokens of the same pool, work and seed. Below zero is better. "
    "Intervals are 95 % of a two-way bootstrap over works and seeds; p is of a sign-flip test over works, corrected by Holm. "
    "Worth: how many random tokens give the loss of one kept token."
)


_HOW_COMPUTE = (
    "An arm reads what it keeps for as many epochs as the tokens of the whole pool, or a multiple of them, ask for; differences are "
    "from a model that reads the whole pool. The prediction was written before any of this was trained: of the worth at fixed "
    "tokens, the ladder of random tokens, and what a repeated token is worth (Muennighoff et al. 2023; for the n-gram model, nothing)."
)


def render(
    config: AblationConfig, verdict: Verdict, counts: dict[str, Any], picture: str | None
) -> str:
    """The page as HTML; `picture` is SVG."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>refinery ablation</title><style>{STYLE}{_STYLE}</style></head><body>",
            "<h1>What a kept token is worth</h1>",
            *(f'<p class="{"void" if verdict.is_void else "lead"}">{escape(line)}</p>' for line in summary(config, verdict)),
            *([f'<div class="wide picture">{picture}</div>'] if picture else []),
            f'<p class="lead">{escape(_HOW)}</p>',
            "<h2>Gates</h2>",
            _gates(verdict),
            "<h2>Arms</h2>",
            _arms(verdict),
            *_fixed_compute(verdict),
            "<h2>Documents</h2>",
            _counts(counts),
            *(f"<p>{escape(note)}</p>" for note in verdict.notes),
            "</body></html>\n",
        ]
    )  # fmt: skip


def summary(config: AblationConfig, verdict: Verdict) -> list[str]:
    """What is concluded, in sentences; where the filter loses as plainly as where it wins."""
    if verdict.is_void:
        failed = ", ".join(gate.name for gate in verdict.gates if not gate.holds)
        return [
            f"Void: {failed} did not hold, so this ablation cannot see quality. It says nothing about any filter."
        ]
    arms = [arm.name for arm in config.arms if arm.kind == "run"]
    main = config.main_arm
    arms = [*([main.name] if main else []), *arms]
    return [sentence(verdict, arm, config.main_yield) for arm in arms]


def sentence(verdict: Verdict, arm: str, yield_: float) -> str:
    """One arm at one yield, in words."""
    rows = verdict.rows.filter(pl.col("arm") == arm, (pl.col("yield_target") - yield_).abs() < 1e-9)
    parts = []
    for row in rows.filter(pl.col("family") != "avoid").to_dicts():
        verb = (
            "wins on"
            if row["high"] < 0
            else "loses on"
            if row["low"] > 0
            else "is not told from random on"
        )
        parts.append(f"{verb} {row['family']} ({signed(row['percent'], 1)} %, worth {worth(row)})")
    target = rows.filter(pl.col("family") == TARGET).to_dicts()[0]
    p = (
        ""
        if target["p_holm"] is None
        else f" On the target p is {target['p_holm']:.3f} after Holm."
    )
    return (
        f"{arm} at {target['yield_tokens']:.1%} of the tokens {'; '.join(parts)}.{p} "
        f"The smallest effect on the target that these seeds find: {target['detectable']:.4f} bits per byte."
    )


def _gates(verdict: Verdict) -> str:
    cells = [
        [
            escape(gate.name),
            "holds" if gate.holds else "<b>fails</b>",
            signed(gate.found.mean),
            f"{signed(gate.found.low)} to {signed(gate.found.high)}",
            escape(gate.said),
        ]
        for gate in verdict.gates
    ]
    names = [("gate", ""), ("", ""), ("difference", "n"), ("95 %", "n"), ("", "")]
    return table(names, cells)


def _arms(verdict: Verdict) -> str:
    return _cells(headers(verdict), table_rows(verdict))


def _fixed_compute(verdict: Verdict) -> list[str]:
    """Whether the filter pays when it must repeat: prediction beside result."""
    if verdict.compute is None:
        return []
    return [
        "<h2>Fixed compute</h2>",
        f'<p class="lead">{escape(_HOW_COMPUTE)}</p>',
        *(f"<p>{escape(line)}</p>" for line in in_words(verdict.compute, TARGET)),
        _cells(*compute_table(verdict.compute)),
    ]


def _cells(names: list[str], rows: list[list[str]]) -> str:
    named = [(name, "" if i == 0 else "n") for i, name in enumerate(names)]
    return table(named, [[escape(cell) for cell in row] for row in rows])


def _counts(counts: dict[str, Any]) -> str:
    contaminated = counts["contaminated"]
    cells = [
        ["kept by the steps that all arms share", f"{counts['kept_of_input']:,}"],
        ["taken out with the works of the evaluation", f"{counts['held_out_works']:,}"],
        ["left out: hold text of the evaluation", f"{contaminated['documents']:,}"],
        ["of these, share 13 words in a row with it", f"{contaminated['shared_13_words']:,}"],
        ["of these, near duplicates of it", f"{contaminated['near_duplicates']:,}"],
        ["drawn from", f"{counts['documents']:,} ({counts['bytes'] / 1e6:.1f} MB)"],
    ]
    return table([("documents", ""), ("", "n")], cells)


_STYLE = """
body { max-width: 76rem } p.void { font-size: 1.1rem; font-weight: 600; color: #b3261e }
td, th { font-size: .86rem }
"""
