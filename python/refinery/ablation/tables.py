"""Tables of an ablation: plain lines, Markdown, LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.ablation.config import FAMILIES
from refinery.ablation.judge import TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.ablation.judge import Verdict

_MINUS = "\N{MINUS SIGN}"
_WORTHS = ("near", "far", "pool")


def table_rows(verdict: Verdict) -> list[list[str]]:
    """A row an arm and yield, cells as text: differences with half their interval, then worths."""
    by_pair = verdict.rows.partition_by("arm", "yield_target", maintain_order=True)
    return [_row(rows) for rows in by_pair]


def headers(verdict: Verdict) -> list[str]:
    """Names of the columns."""
    worths = [f"worth {family}" for family in _WORTHS]
    return ["arm", "yield", "of documents", *_present(verdict.rows), "p (Holm)", *worths]


def compact(verdict: Verdict) -> tuple[list[str], list[list[str]]]:
    """Headers and rows without intervals, for a terminal; `*` where an interval does not hold 0."""
    present = _present(verdict.rows)
    names = ["arm", "yield", *present, "p (Holm)", *(f"worth {f}" for f in _WORTHS if f in present)]
    rows = []
    for pair in verdict.rows.partition_by("arm", "yield_target", maintain_order=True):
        by_family = {row["family"]: row for row in pair.to_dicts()}
        target = by_family[TARGET]
        rows.append(
            [
                target["arm"],
                f"{target['yield_tokens']:.1%}",
                *(_marked(by_family[family]) for family in present),
                "" if target["p_holm"] is None else f"{target['p_holm']:.3f}",
                *(worth(by_family[f], "multiplier") for f in _WORTHS if f in present),
            ]
        )
    return names, rows


def compute_table(rows: pl.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of fixed compute: an arm, yield and compute, the prediction beside the result.

    `~` where the prediction asks the ladder's law beyond what it is trusted for.
    """
    present = _present(rows)
    names = ["arm", "yield", "passes of the pool", "epochs", "predicted target", *present]
    pairs = rows.partition_by("arm", "yield_target", "passes", maintain_order=True)
    return names, [_compute_row(pair, present) for pair in pairs]


def _compute_row(pair: pl.DataFrame, present: list[str]) -> list[str]:
    by_family = {row["family"]: row for row in pair.to_dicts()}
    target = by_family[TARGET]
    predicted = {end: target[f"predicted_{end}"] for end in ("d_bpb", "low", "high")}
    beyond = "~" if target["is_extrapolated"] else ""
    return [
        target["arm"],
        f"{target['yield_target']:.1%}",
        f"{target['passes']:g}",
        f"{target['epochs']:.2f}",
        beyond + _difference(predicted),
        *(_difference(by_family[family]) for family in present),
    ]


def _marked(row: dict[str, Any]) -> str:
    mark = "*" if row["high"] < 0 or row["low"] > 0 else " "
    return signed(row["d_bpb"], 3) + mark


def worth(row: dict[str, Any], column: str = "multiplier") -> str:
    """A worth; `>` or `<` where it lies beyond what the law is trusted for."""
    value, most, least = row[column], row["multiplier_most"], row["multiplier_least"]
    sign = ">" if value >= most * 0.999 else "<" if value <= least * 1.001 else ""
    return f"{sign}{value:.2f}"


def markdown(verdict: Verdict) -> str:
    """The table in Markdown, and that of fixed compute below it."""
    parts = []
    for names, rows in _tables(verdict):
        lines = [names, ["---", *["---:"] * (len(names) - 1)], *rows]
        parts.append("".join("| " + " | ".join(line) + " |\n" for line in lines))
    return "\n".join(parts)


def _tables(verdict: Verdict) -> Iterator[tuple[list[str], list[list[str]]]]:
    yield headers(verdict), table_rows(verdict)
    if verdict.compute is not None:
        yield compute_table(verdict.compute)


def latex(verdict: Verdict) -> str:
    """The tables in LaTeX, for the package `booktabs`."""
    return "\n".join(_tabular(names, rows) for names, rows in _tables(verdict))


def _tabular(names: list[str], rows: list[list[str]]) -> str:
    body = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in rows]
    head = " & ".join(_escaped(name) for name in names) + r" \\"
    columns = "l" + "r" * (len(names) - 1)
    parts = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body]
    return "\n".join([*parts, r"\bottomrule", r"\end{tabular}"]) + "\n"


def signed(value: float, digits: int = 4) -> str:
    """A number with its sign, the minus as long as the plus."""
    return f"{value:+.{digits}f}".replace("-", _MINUS)


def _row(rows: pl.DataFrame) -> list[str]:
    by_family = {row["family"]: row for row in rows.to_dicts()}
    target = by_family[TARGET]
    differences = [_difference(by_family[family]) for family in _present(rows)]
    worths = [_worth_and_interval(by_family.get(family)) for family in _WORTHS]
    p = target["p_holm"]
    return [
        target["arm"],
        f"{target['yield_tokens']:.1%}",
        f"{target['yield_docs']:.1%}",
        *differences,
        "" if p is None else f"{p:.3f}",
        *worths,
    ]


def _present(rows: pl.DataFrame) -> list[str]:
    return [family for family in (TARGET, *FAMILIES) if family in set(rows["family"])]


def _difference(row: dict[str, Any]) -> str:
    """A difference, and its interval."""
    return f"{signed(row['d_bpb'], 3)} [{signed(row['low'], 3)}, {signed(row['high'], 3)}]"


def _worth_and_interval(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    shown = [worth(row, f"multiplier{end}") for end in ("", "_low", "_high")]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _escaped(cell: str) -> str:
    for plain, written in (
        ("_", r"\_"),
        ("%", r"\%"),
        (_MINUS, "$-$"),
        ("&", r"\&"),
        ("<", "$<$"),
        (">", "$>$"),
    ):
        cell = cell.replace(plain, written)
    return cell
