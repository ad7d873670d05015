"""Look into a finished run: why this document, and examples of what a rule dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.errors import UnknownNameError

if TYPE_CHECKING:
    from refinery.answers import Answers


@dataclass(frozen=True)
class DocumentVerdict:
    """A document's verdict, and the value behind each reason that names a column."""

    id: str
    place: str
    kept: bool
    dropped_by: str | None
    reasons: list[tuple[str, Any]]
    cluster: str | None
    kept_instead: str | None


def look_up(run: Answers, ids: list[str]) -> list[DocumentVerdict]:
    """Verdicts of documents, in the order of `ids`.

    Raises
    ------
    UnknownNameError
        If no document of the run has one of the ids.
    """
    decisions = run.decisions.filter(pl.col("id").is_in(ids)).collect()
    annotations = run.annotations.filter(pl.col("id").is_in(ids)).collect()
    verdicts = {row["id"]: row for row in decisions.iter_rows(named=True)}
    values = {row["id"]: row for row in annotations.iter_rows(named=True)}
    for document_id in ids:
        if document_id not in verdicts:
            kind = "document of this run"
            raise UnknownNameError(kind, document_id)
    return [_verdict(verdicts[i], values[i]) for i in ids]


def _verdict(verdict: dict[str, Any], values: dict[str, Any]) -> DocumentVerdict:
    return DocumentVerdict(
        id=verdict["id"],
        place=f"{values['source_file']} row {values['row']}",
        kept=verdict["kept"],
        dropped_by=verdict["dropped_by"],
        reasons=[(reason, values.get(reason.rpartition(":")[0])) for reason in verdict["reasons"]],
        cluster=verdict["cluster"],
        kept_instead=verdict["kept_instead"],
    )


def examples(run: Answers, reason: str, n: int) -> list[DocumentVerdict]:
    """The first `n` documents, by id, that `reason` dropped.

    Raises
    ------
    UnknownNameError
        If nothing was dropped by a reason of that name, with the nearest.
    """
    found = run.dropped_by(reason).select("id").sort("id").head(n)
    return look_up(run, found.collect()["id"].to_list())
