"""What an ablation leaves: the page, the picture, tables, and a note in every run that it judged.

::

    OUT/report.html figure.svg figure.png table.md table.tex    for people
    OUT/results.parquet                                         a row a training and work
    OUT/verdict.parquet                                         a row an arm, yield and family
    OUT/prediction.parquet                                      fixed compute, as predicted before it was run
    OUT/compute.parquet                                         the same, with what was found
    OUT/pool.json                                               how many documents were left out, and why
    OUT/pool/                                                   the run that annotates, an ordinary one
    OUT/results/ tokenizer-*.json                               what makes the next run short
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from refinery.ablation.compute import judge_compute
from refinery.ablation.figure import chart, save, svg
from refinery.ablation.judge import UNTESTED, judge
from refinery.ablation.page import render, sentence
from refinery.ablation.tables import latex, markdown
from refinery.atomic import writing_beside
from refinery.errors import EnvironmentFault
from refinery.manifest import read_manifest, sealed
from refinery.manifest import render as render_json
from refinery.tree import OutputTree

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.ablation.config import AblationConfig
    from refinery.ablation.experiment import Outcome
    from refinery.ablation.judge import Verdict


def publish(outcome: Outcome, folder: Path) -> Verdict:
    """Judge, and write everything for people; `folder` is what runs are relative to."""
    verdict = replace(judge(outcome), compute=judge_compute(outcome))
    out = outcome.out
    picture = _picture(outcome.config, verdict, out)
    with writing_beside(out / "verdict.parquet") as path:
        verdict.rows.write_parquet(path)
    if verdict.compute is not None:
        with writing_beside(out / "compute.parquet") as path:
            verdict.compute.write_parquet(path)
    page = render(outcome.config, verdict, outcome.pool, picture)
    for name, text in (
        ("pool.json", json.dumps(outcome.pool, indent=1) + "\n"),
        ("report.html", page),
        ("table.md", markdown(verdict)),
        ("table.tex", latex(verdict)),
    ):
        with writing_beside(out / name) as path:
            path.write_text(text, encoding="utf-8")
    for arm in outcome.config.arms:
        if arm.kind == "run":
            _note_in(folder / str(arm.run), arm.name, outcome, verdict, picture)
    return verdict


def _picture(config: AblationConfig, verdict: Verdict, out: Path) -> str | None:
    """The picture as SVG, and as files; None where nothing is drawn, or Altair is not installed."""
    arms = drawn_arms(config)
    if not arms:
        return None
    try:
        drawn = chart(verdict, arms)
    except EnvironmentFault:
        return None
    for name in ("figure.svg", "figure.png"):
        save(drawn, out / name)
    return svg(drawn)


def drawn_arms(config: AblationConfig) -> list[str]:
    """Arms with a line, and finished runs; all candidates where no arm has a line.

    Arms of one yield stand in the tables: the worst of them would stretch the axes for all.
    """
    candidates = [arm for arm in config.arms if arm.kind not in UNTESTED]
    drawn = [arm for arm in candidates if len(config.yields_of(arm)) > 1]
    runs = [arm for arm in candidates if arm.kind == "run"]
    return [arm.name for arm in ([*drawn, *runs] if drawn else candidates)]


def _note_in(root: Path, arm: str, outcome: Outcome, verdict: Verdict, picture: str | None) -> None:
    """Leave the result in a run, for `refinery report`."""
    tree = OutputTree(root)
    manifest = read_manifest(tree)
    if manifest is None:
        return
    gates = [asdict(gate) for gate in verdict.gates]
    said = None if verdict.is_void else sentence(verdict, arm, outcome.config.main_yield)
    note = {
        "version": 1,
        "plan_hash": manifest["plan_hash"],
        "arm": arm,
        "gates": gates,
        "is_void": verdict.is_void,
        "said": said,
        "page": str(outcome.out.resolve() / "report.html"),
        "picture": picture,
    }
    with tree.writing(tree.ablation) as path:
        path.write_text(render_json(sealed(note)), encoding="utf-8")
