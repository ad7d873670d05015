"""What the steps and outputs of a pipeline read, gathered while their names are resolved.

From it follow the families that are computed, with which of their signals, on which views.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from refinery import signal_table as signals
from refinery.errors import nearest
from refinery.views import ViewError, Views

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from refinery.config import AnnotateConfig
    from refinery.yaml_file import Path as KeyPath

    Report = Callable[[KeyPath, str], None]
    """Takes the place of a problem and what it is."""


class Needs:
    """What is needed, noted name by name; `report` hears of each that cannot be had.

    `frame_columns` are columns that a frame has already: nothing is needed for them.
    """

    def __init__(
        self, config: AnnotateConfig, frame_columns: Collection[str], report: Report
    ) -> None:
        self.views = Views(config.views)
        self.frame_columns = frame_columns
        self._given = config.views
        self._report = report
        self._families: set[tuple[str, str]] = set()
        """Families that something reads, each with the view it reads."""
        self._whole: set[tuple[str, str]] = set()
        """Those of which every signal is wanted."""
        self._asked: set[str] = set()
        """Columns of the signals that are wanted alone."""
        self._sized: set[str] = set()
        self._read: set[str] = set()
        """Views that something reads."""

    # -- noting --------------------------------------------------------------------------------

    def want_view(self, name: str, where: KeyPath, *, is_sized: bool = False) -> None:
        """Note a view, and whether its lengths are read."""
        if name not in self.views:
            hint = nearest(name, self.views.names) or f"; there are: {', '.join(self.views.names)}"
            self._report(where, f"no such view {name!r}{hint}")
            return
        self._read.add(name)
        if is_sized:
            self._sized.add(name)

    def want_family(self, name: str, where: KeyPath) -> None:
        """Note a family, spelled `NAME` or `NAME@VIEW`, with all its signals."""
        found = signals.family(name)
        if found is None:
            allowed = [f.replace(".", "/") for f in signals.families()]
            hint = nearest(name.partition("@")[0], allowed) or f"; there are: {', '.join(allowed)}"
            self._report(where, f"no such family of signals {name!r}{hint}")
            return
        if found.view != signals.TEXT and not signals.has_views(found.name):
            self._report(where, signals.no_views(found.name))
            return
        self.add_family(found.name, found.view)
        self.want_view(found.view, where)

    def add_family(self, name: str, view: str = signals.TEXT) -> None:
        """Note a family that is known to be there, with all its signals."""
        self._families.add((name, view))
        self._whole.add((name, view))

    def has_family(self, name: str) -> bool:
        """Whether something reads the family, on any view."""
        return any(name == family for family, _ in self._families)

    def want_column(self, name: str, where: KeyPath, *, known: Collection[str]) -> None:
        """Note what a number that a step names needs; `known` are the names without views."""
        base, view = signals.split_view(name)
        if base not in known:
            hint = nearest(name, known)
            self._report(
                where, f"no such score or signal {name!r}{hint} (refinery explain lists all)"
            )
        elif view != signals.TEXT and not signals.has_views(base):
            self._report(where, signals.no_views(base))
        else:
            self.want([signals.on_view(base, view)], where)

    def want(self, columns: Iterable[str], where: KeyPath) -> None:
        """Note what `columns` need: a family on a view, or the lengths of a view."""
        for name in columns:
            if name in self.frame_columns:
                continue
            base, view = signals.split_view(name)
            self.want_view(view, where, is_sized=base in signals.BASE_COLUMNS)
            signal = signals.column(base)
            if signal is not None:
                self._families.add((signal.family, view))
                self._asked.add(signals.on_view(signal.column, view))

    def want_whole(self, columns: Iterable[str]) -> None:
        """Note that the families of `columns` are wanted with all their signals."""
        found = (signals.column(name) for name in columns)
        self._whole |= {(signal.family, signal.view) for signal in found if signal is not None}

    # -- what follows --------------------------------------------------------------------------

    def check_views(self) -> None:
        """Report the pipeline's own views that cannot be made."""
        others = Views()
        for name in self._given:
            if name in others:
                message = f"{name!r} is already the name of an edit or of a profile's view"
                self._report(("annotate", "views", name), message)
                continue
            try:
                self.views.edits(name)
            except ViewError as error:
                self._report(("annotate", "views", name), str(error))

    def resolved_views(self) -> dict[str, tuple[str, ...]]:
        """The views that something reads, and the edits of each."""
        resolved = {}
        for name in sorted(self._read - {signals.TEXT}):
            with suppress(ViewError):  # reported by check_views
                resolved[name] = self.views.edits(name)
        return resolved

    def sized_views(self) -> tuple[str, ...]:
        """The views whose lengths are columns, beside the text."""
        return tuple(sorted(self._sized - {signals.TEXT}))

    def families(self) -> tuple[signals.Family, ...]:
        """In the order of the text's families, then of each view's by name."""
        order = list(signals.families())
        wanted = sorted(
            self._families, key=lambda f: (f[1] != signals.TEXT, f[1], order.index(f[0]))
        )
        return tuple(self._found_families(wanted))

    def _found_families(self, wanted: Iterable[tuple[str, str]]) -> Iterator[signals.Family]:
        """Each with the signals that something reads: all, where lists compute it."""
        for name, view in wanted:
            found = signals.family(signals.on_view(name, view))
            if found is None:
                continue
            if found.lists is None and (name, view) not in self._whole:
                asked = tuple(s for s in found.signals if s.column in self._asked)
                found = replace(found, signals=asked)
            yield found
