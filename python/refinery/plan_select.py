"""What a selection names: which of it does not exist, or cannot be used so.

Part of making a plan (`plan`): finds problems, reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery import signal_table as signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from refinery.config import Config
    from refinery.select_config import SelectConfig
    from refinery.yaml_file import Path as KeyPath

SOURCE = "source"


def ranked_names(config: SelectConfig) -> Iterator[tuple[str, KeyPath]]:
    """The columns ranked by, as they are spelled, and where they stand in the step."""
    listed = config.by if isinstance(config.by, list) else [config.by]
    for i, one in enumerate(listed):
        where: KeyPath = ("by", i) if isinstance(config.by, list) else ("by",)
        yield (one, where) if isinstance(one, str) else (one["lowest"], (*where, "lowest"))


def check_selection(
    config: SelectConfig,
    where: KeyPath,
    *,
    check_column: Callable[[str, KeyPath], None],
    problem: Callable[[KeyPath, str], None],
    columns: list[str],
    labels: list[str],
) -> None:
    """Report what is wrong with one selection.

    `check_column` reports a name that is none of `columns`, the numbers; `labels` are the columns of
    names. Columns of a frame may be either.
    """
    for name, path in ranked_names(config):
        check_column(name, (*where, *path))
    quota = config.quota
    if quota is None:
        return
    is_label = quota.column in labels
    column = (*where, "quota", "column")
    if quota.edges and is_label and quota.column not in columns:
        problem((*where, "quota", "edges"), f"{quota.column} holds names, which no edges cut")
    elif quota.edges:
        check_column(quota.column, column)
    elif not is_label and signals.column(quota.column) is not None:
        problem(column, f"{quota.column} is a number; cut it into domains with edges: [...]")
    elif not is_label:
        known = ", ".join(labels) or "none (name one with input[].source)"
        problem(column, f"no such column of names {quota.column!r}; there are: {known}")


def check_curves(config: Config, problem: Callable[[KeyPath, str], None]) -> None:
    """Report a second curve: nobody could say what copies of copies are."""
    found = [
        i
        for i, step in enumerate(config.decide)
        if step.select is not None and step.select.rule == "curve"
    ]
    for i in found[1:]:
        problem(("decide", i, "select", "rule"), f"decide[{found[0]}] repeats documents already")
