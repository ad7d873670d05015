"""What a selection names: which of it does not exist, or cannot be used so.

Part of making a plan (`plan`): finds problems, reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from refinery.config import Config
    from refinery.select_config import SelectConfig
    from refinery.yaml_file import Path as KeyPath


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
    want_label: Callable[[str, KeyPath], None],
) -> None:
    """Report what is wrong with one selection.

    `check_column` reports a name that is no number of the annotations, `want_label` one that is no
    column of names.
    """
    for name, path in ranked_names(config):
        check_column(name, (*where, *path))
    quota = config.quota
    if quota is None:
        return
    column = (*where, "quota", "column")
    if quota.edges:
        check_column(quota.column, column)
    else:
        want_label(quota.column, column)


def check_curves(config: Config, problem: Callable[[KeyPath, str], None]) -> None:
    """Report a second curve: nobody could say what copies of copies are."""
    found = [
        i
        for i, step in enumerate(config.decide)
        if step.select is not None and step.select.rule == "curve"
    ]
    for i in found[1:]:
        problem(("decide", i, "select", "rule"), f"decide[{found[0]}] repeats documents already")
