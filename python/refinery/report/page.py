"""The report of a run as one self-contained page: no script, no network, no date.

It is made of the manifest alone, so equal runs have equal pages; a layout test is added on request.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from refinery.report.drift import HEADERS, LEAD, drift_lines
from refinery.report.funnel import (
    FunnelRow,
    RuleRow,
    funnel,
    human_bytes,
    human_count,
    rule_rows,
    short_reason,
)
from refinery.report.layouts import flip, independent, layout_lines, shown
from refinery.report.selections import DOMAIN_HEADERS as DOMAINS
from refinery.report.selections import HEADERS as SELECTIONS
from refinery.report.selections import selection_lines

if TYPE_CHECKING:
    from refinery.drift import Drift
    from refinery.layout import LayoutTest

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #6a737d; --line: #d8dee4; --bar: #2f6f9f; --page: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #8d96a0; --line: #30363d; --bar: #4d9fd6; --page: #0d1117 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 66rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2.2rem }
p.lead { color: var(--soft); margin-top: .2rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: bottom }
td { border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top }
td.n, th.n { text-align: right; white-space: nowrap } td.bar { width: 24% }
.bar span { display: block; height: .8rem; margin-top: .35rem; background: var(--bar); border-radius: 2px; min-width: 1px }
code { font-size: .92em; overflow-wrap: anywhere } .wide { overflow-x: auto }
.picture { background: #fff; padding: .6rem; border-radius: 4px } .picture svg { max-width: 100%; height: auto }
"""


_RULE_COUNTS = (
    "first: dropped here because this rule failed first. alone: fails it, of all documents read. "
    "only this: fails it and no other rule."
)


def render(
    manifest: dict[str, Any],
    *,
    layouts: LayoutTest | None = None,
    drift: Drift | None = None,
    ablation: dict[str, Any] | None = None,
) -> str:
    """The page of a finished run, as HTML; with layout test, drift and ablation, where there are."""
    ledger = manifest["ledger"]
    rows = funnel(ledger)
    last = rows[-1]
    lead = (
        f"{last.documents:,} of {rows[0].documents:,} documents kept: {last.share_tokens:.1%} of the tokens, "
        f"{last.share_documents:.1%} of the documents. Plan {manifest['plan_hash'][:12]}."
    )
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>refinery report</title><style>{STYLE}</style></head><body>",
            f'<h1>What was kept, and why not the rest</h1><p class="lead">{escape(lead)}</p>',
            "<h2>Funnel</h2>",
            _funnel(rows),
            *(_ablation(ablation) if ablation is not None else []),
            "<h2>Rules</h2>",
            f'<p class="lead">{_RULE_COUNTS}</p>',
            _rules(rule_rows(ledger)),
            *_selections(ledger),
            *(_layouts(layouts) if layouts is not None else []),
            *(_drift(drift) if drift is not None else []),
            "<h2>Inputs</h2>",
            _inputs(manifest["inputs"]),
            "<h2>Outputs</h2>",
            _outputs(manifest["outputs"]),
            "</body></html>\n",
        ]
    )


def table(headers: list[tuple[str, str]], rows: list[list[str]]) -> str:
    """A table; `headers` are name and class of each column, cells are HTML already."""
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in headers)
    kinds = [kind for _, kind in headers]
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{k}">{c}</td>' for k, c in zip(kinds, row, strict=True))
        + "</tr>\n"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'


def _code(name: str) -> str:
    """A name that may break where its parts meet."""
    if not name:
        return ""
    return f"<code>{escape(name).replace('.', '.<wbr>').replace('_', '_<wbr>')}</code>"


def _funnel(rows: list[FunnelRow]) -> str:
    cells = [
        [
            escape(row.name),
            f'<span style="width:{100 * row.share_tokens:.2f}%"></span>',
            f"{row.share_tokens:.1%}",
            human_count(row.tokens),
            f"{row.documents:,}",
            human_bytes(row.bytes),
            f"{row.dropped_documents:,}" if row.dropped_documents else "",
            _code(short_reason(row.top_reason)),
        ]
        for row in rows
    ]
    headers = [
        ("step", ""), ("alive, of tokens read", "bar"), ("", "n"), ("tokens", "n"), ("documents", "n"),
        ("text", "n"), ("dropped", "n"), ("most for", ""),
    ]  # fmt: skip
    return table(headers, cells)


def _rules(rows: list[RuleRow]) -> str:
    steps = [row.step for row in rows]
    cells = [
        [
            "" if i and steps[i - 1] == row.step else escape(row.step),
            _code(row.reason),
            f"{row.first['documents']:,}",
            f"{row.alone['documents']:,}",
            f"{row.exclusive['documents']:,}",
            human_count(row.first["tokens"]),
            human_count(row.alone["tokens"]),
            human_count(row.exclusive["tokens"]),
        ]
        for i, row in enumerate(rows)
    ]
    headers = [
        ("step", ""), ("reason", ""), ("first", "n"), ("alone", "n"), ("only this", "n"),
        ("tokens first", "n"), ("alone", "n"), ("only this", "n"),
    ]  # fmt: skip
    return table(headers, cells)


def _layouts(found: LayoutTest) -> list[str]:
    lines = layout_lines(found)
    cells = [
        [
            escape(line.profile) if line.rule is None else "",
            _code(line.rule) if line.rule else "any rule",
            f"{line.dropped:,}",
            *(flip(pair) for pair in line.flips),
        ]
        for line in shown(lines)
    ]
    lead = (
        f"Verdicts on {found.documents:,} documents when the same words are laid out otherwise: dropped as read; "
        f"then, per layout, + newly dropped and \N{MINUS SIGN} newly kept. "
        f"{independent(lines)} rules have the same verdicts under every layout."
    )
    headers = [("profile", ""), ("rule", ""), *((name, "n") for name in found.layouts)]
    return ["<h2>Layout</h2>", f'<p class="lead">{escape(lead)}</p>', table(headers, cells)]


def _ablation(found: dict[str, Any]) -> list[str]:
    """What a kept token is worth, and the picture: SVG that `refinery ablate` drew."""
    picture = f'<div class="wide picture">{found["picture"]}</div>' if found["picture"] else ""
    lead = f'<p class="lead">{escape(judged(found))}</p>'
    return ["<h2>What a kept token is worth</h2>", lead, picture]


def judged(found: dict[str, Any]) -> str:
    """What an ablation says of a run, in a sentence."""
    if found["is_void"]:
        failed = ", ".join(gate["name"] for gate in found["gates"] if not gate["holds"])
        return f"Its ablation is void: {failed} did not hold, so it says nothing."
    return str(found["said"])


def _selections(ledger: dict[str, Any]) -> list[str]:
    lines = selection_lines(ledger)
    if not lines:
        return []
    of_domains = [[escape(cell) for cell in row] for line in lines for row in line.domains]
    cells = [[escape(cell) for cell in line.cells] for line in lines]
    return [
        "<h2>Selections</h2>",
        table([(name, "n" if i else "") for i, name in enumerate(SELECTIONS)], cells),
        *(
            [table([(name, "n" if i > 1 else "") for i, name in enumerate(DOMAINS)], of_domains)]
            if of_domains
            else []
        ),
    ]


def _drift(found: Drift) -> list[str]:
    headers = [(name, "n" if 2 <= i <= 5 else "") for i, name in enumerate(HEADERS)]
    cells = [[escape(cell) for cell in row] for row in drift_lines(found)]
    return ["<h2>Drift</h2>", f'<p class="lead">{LEAD}</p>', table(headers, cells)]


def _inputs(inputs: list[dict[str, Any]]) -> str:
    cells = [
        [
            f"<code>{escape(entry['file'])}</code>",
            human_bytes(entry["bytes"]),
            f"{entry['rows']:,}",
            escape(entry["quarantined"] or ""),
        ]
        for entry in inputs
    ]
    return table([("file", ""), ("size", "n"), ("records", "n"), ("quarantined", "")], cells)


def _outputs(outputs: list[dict[str, Any]]) -> str:
    cells = [
        [
            f"<code>{escape(entry['name'])}</code>",
            human_bytes(entry["bytes"]),
            f"{entry['rows']:,}",
            f"<code>{entry['sha256'][:16]}</code>",
        ]
        for entry in outputs
    ]
    return table([("file", ""), ("size", "n"), ("documents", "n"), ("sha256", "")], cells)
