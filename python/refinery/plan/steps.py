"""Steps: from `decide:` to steps whose rules, columns and labels are resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery import signal_table as signals
from refinery.config import ORIGINAL_MINHASH, MinHashConfig
from refinery.errors import nearest
from refinery.plan.plan import StepPlan
from refinery.plan.scores import PLACES, SOURCE
from refinery.plan.select import check_selection
from refinery.rule_set import RuleReader, gate_rules

if TYPE_CHECKING:
    from refinery.config import Pipeline, Step
    from refinery.errors import Problem
    from refinery.plan.needs import Needs, Report
    from refinery.rule_set import Rule
    from refinery.yaml_file import Path as KeyPath


class StepReader:
    """Turns `decide` into steps; `report` hears of each name that is none.

    `scores` are columns beside the signals' that steps may name. `labels` are the columns of names
    of the input that the steps read, and the key that names each.
    """

    def __init__(self, pipeline: Pipeline, needs: Needs, scores: list[str], report: Report) -> None:
        self._config = pipeline.config
        self._needs = needs
        self._report = report
        self._columns = [
            *(*signals.BASE_COLUMNS, *signals.columns()),
            *(*scores, *needs.frame_columns),
        ]
        self._rules = RuleReader(pipeline, self._columns, needs.views)
        self.labels: dict[str, KeyPath] = {}

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the rules: they find their problems themselves."""
        return self._rules.problems

    def read(self) -> list[StepPlan]:
        """The steps, in the order of the file."""
        return [self._step(i, config) for i, config in enumerate(self._config.decide)]

    def _step(self, i: int, config: Step) -> StepPlan:
        where: KeyPath = ("decide", i, config.kind)
        view = signals.TEXT
        rules: list[Rule] = []
        if config.rules is not None:
            rules = self._rules.read(config.rules, where)
            self._needs.want((r.column for r in rules), where)
            # Another bound of a published profile shall not mean to read the text again.
            self._needs.want_whole(r.column for r in rules if r.profile is not None)
        elif config.select is not None:
            check_selection(
                config.select, where, check_column=self._check_column, want_label=self._want_label
            )
        elif config.licences is not None or config.sources is not None:
            rules = self._gate(config, where)
        else:
            self._check_keep(config, (*where, "keep"))
        if config.exact_duplicates is not None:
            view = config.exact_duplicates.view or self._config.output.view
            self._needs.want_view(view, (*where, "view"))
        return StepPlan(_step_name(i, config), config, tuple(rules), view)

    def _check_column(self, name: str, where: KeyPath) -> None:
        self._needs.want_column(name, where, known=self._columns)

    def _check_keep(self, config: Step, where: KeyPath) -> None:
        keep = (config.exact_duplicates or config.near_duplicates).keep  # type: ignore[union-attr]
        if isinstance(keep, dict):
            self._check_column(keep["highest"], (*where, "highest"))
        elif keep == "datatrove":
            self._check_original(where)

    def _check_original(self, where: KeyPath) -> None:
        profile = (self._config.annotate.minhash or MinHashConfig()).profile
        if profile not in ORIGINAL_MINHASH:
            allowed = " or ".join(ORIGINAL_MINHASH)
            self._report(
                where,
                f"datatrove chooses by its own signatures: set annotate.minhash.profile to {allowed},"
                f" found {profile}",
            )

    def _gate(self, config: Step, where: KeyPath) -> list[Rule]:
        """The rules of a gate over the licences or the sources."""
        if config.licences is not None:
            self._want_label(config.licences.column, (*where, "column"))
            return gate_rules(config.licences, config.licences.column)
        self._want_label(SOURCE, where)
        return gate_rules(config.sources, SOURCE) if config.sources is not None else []

    def _want_label(self, name: str, where: KeyPath) -> None:
        """Note a column of names that a step reads: the source, or one of the input's own."""
        frame_columns = self._needs.frame_columns
        if name in frame_columns:
            return
        if name == SOURCE:
            if all(config.source is None for config in self._config.input):
                self._report(where, "no input says what its source is: set input[].source")
        elif frame_columns:
            hint = nearest(name, frame_columns)
            self._report(where, f"no such column of the frame {name!r}{hint}")
        elif name in self._columns:
            self._report(
                where, f"{name} is a number, not a name; a quota cuts it with edges: [...]"
            )
        elif name in PLACES:
            self._report(where, f"{name!r} is a column of the annotations already")
        else:
            self.labels.setdefault(name, where)


def _step_name(i: int, config: Step) -> str:
    if isinstance(config.rules, str):
        return f"{i + 1}. {config.rules}"
    if isinstance(config.rules, dict):
        return f"{i + 1}. rules: {', '.join(config.rules)}"
    if isinstance(config.rules, list):
        shown = [r if isinstance(r, str) else ", ".join(r) for r in config.rules]
        return f"{i + 1}. {' + '.join(shown)}"
    return f"{i + 1}. {config.kind}"
