"""The record of parity: how many documents were compared with which original, and what differed.

A suite reports to it in one call, whatever it compares. The whole corpus, presets as they are::

    def test_corpus(record):
        record.compare(
            oracle="dolma",
            script="ask_dolma.py",
            profiles={
                "dolma/gopher_v1": lambda text, answer: Outcome(*answer["gopher_v1"]),
            },
        )

`profiles` says per profile what the original's answer means: an `Outcome`, with a verdict (any
value that compares with `==`: kept or not, words, an edited text), the first reason, and signals
where the original tells them. `ours` gives the same from refinery; without it the presets of these
names are applied. `cause` names the stated departure that explains a difference, if one does;
what no departure explains fails the test.

A suite that has pairs of outcomes from elsewhere adds them one by one::

    comparison = record.of("minhash/fineweb", oracle="datatrove", facts={"documents": 5000})
    comparison.add(name, original, ours)
    comparison.check()

`make parity` writes `records/<date>.json`, whose entries are replaced profile by profile; the table
at the end of a session says what was compared in it.
"""

import collections
import contextlib
import itertools
import json
import math
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import oracle as oracles
import pytest
from corpora import SHARE, Corpus
from oracles import HERE, ROOT, requirements

RECORDS = HERE / "records"
BATCH = 128
EXAMPLES = 5
UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Outcome:
    """What the original or refinery makes of a document."""

    verdict: Any
    reason: str | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)


Theirs = Callable[[str, Any], Outcome | None]
"""From text and answer to the outcome; None leaves the document out."""
Cause = Callable[[str, Outcome, Outcome], str | None]
"""From text, the original's and our outcome to the name of the departure that explains them."""


class Comparison:
    """One profile beside its original, document by document."""

    def __init__(self, profile: str, oracle: str | None, *, tolerance: float = 0.0) -> None:
        self.profile = profile
        self.oracle = oracle
        self.documents = 0
        self.verdict_equal = 0
        self.reason_equal = 0
        self.signals_compared = 0
        self.signals_equal = 0
        self.max_difference = 0.0
        self.verdicts: collections.Counter[str] = collections.Counter()
        self.disagreements: dict[str, dict[str, Any]] = {}
        self._tolerance = tolerance
        self._first: list[str] = []

    def add(self, name: str, original: Outcome, ours: Outcome, cause: str | None = None) -> None:
        """Count a document; `cause` explains a difference, if there is one."""
        self.documents += 1
        if isinstance(original.verdict, bool):
            self.verdicts["kept" if original.verdict else str(original.reason)] += 1
        same_verdict = original.verdict == ours.verdict
        same_reason = same_verdict and original.reason == ours.reason
        self.verdict_equal += same_verdict
        self.reason_equal += same_reason
        differing = [
            signal
            for signal, value in original.signals.items()
            if not self._is_same(value, ours.signals.get(signal))
        ]
        if same_reason and not differing:
            return
        found = self.disagreements.setdefault(
            cause or UNEXPLAINED, {"documents": 0, "examples": []}
        )
        found["documents"] += 1
        if found["documents"] <= EXAMPLES:
            found["examples"].append(name)
            if cause is None:
                shown = {s: (original.signals[s], ours.signals.get(s)) for s in differing}
                self._first.append(f"{name}: {_brief(original)} / {_brief(ours)} {shown or ''}")

    def _is_same(self, original: float | None, ours: float | None) -> bool:
        self.signals_compared += 1
        if original is None or ours is None:
            same = original is ours
        else:
            difference = 0.0 if original == ours else abs(original - ours)
            if math.isfinite(difference):
                self.max_difference = max(self.max_difference, difference)
            same = difference <= self._tolerance
        self.signals_equal += same
        return same

    def check(self, *, least_verdicts: int = 2) -> None:
        """Assert that nothing differs but by stated departures, and that it could have."""
        name, unexplained = self.profile, self.disagreements.get(UNEXPLAINED)
        assert not unexplained, f"{name}: {unexplained['documents']} differ: {self._first}"
        assert self.documents, f"{name}: no document was compared"
        enough = len(self.verdicts) >= least_verdicts or self.documents < 100
        assert enough or not self.verdicts, f"{name}: only {dict(self.verdicts)} were seen"

    def entry(self) -> dict[str, Any]:
        """The profile's entry in the record."""
        compared = self.signals_compared
        signals = {
            "compared": compared,
            "equal": self.signals_equal,
            "max_difference": self.max_difference,
        }
        return {
            "documents": self.documents,
            "verdict_equal": self.verdict_equal,
            "reason_equal": self.reason_equal,
            "signals": signals if compared else None,
            "verdicts": dict(self.verdicts.most_common()),
            "disagreements": self.disagreements,
        }


class Record:
    """The comparisons of a session."""

    def __init__(self) -> None:
        self._comparisons: list[tuple[Comparison, dict[str, Any] | Corpus]] = []
        self._checkout = _checkout()

    def of(
        self,
        profile: str,
        oracle: str | None,
        facts: dict[str, Any] | Corpus,
        *,
        tolerance: float = 0.0,
    ) -> Comparison:
        """A comparison that will be in the record; `facts` tell what is compared."""
        comparison = Comparison(profile, oracle, tolerance=tolerance)
        self._comparisons.append((comparison, facts))
        return comparison

    def compare(
        self,
        *,
        oracle: str,
        script: str,
        profiles: Mapping[str, Theirs],
        corpus: Corpus | None = None,
        ours: Callable[[list[str]], list[dict[str, Outcome]]] | None = None,
        cause: Cause | None = None,
        tolerance: float = 0.0,
    ) -> None:
        """Compare every document of the corpus, in one pass of the original for all profiles.

        The corpus is the share of `corpora.Corpus` that the session asks for, unless one is given.
        """
        corpus = corpus or Corpus()
        if ours is None:
            from verdicts import presets_applied

            ours = presets_applied(list(profiles))
        comparisons = {
            profile: self.of(profile, oracle, corpus, tolerance=tolerance) for profile in profiles
        }
        for rows in _batches(_beside(script, corpus, oracle)):
            found = ours([text for _, text, _ in rows])
            for (name, text, answer), outcomes in zip(rows, found, strict=True):
                for profile, theirs in profiles.items():
                    original = theirs(text, answer)
                    if original is not None:
                        why = cause(text, original, outcomes[profile]) if cause else None
                        comparisons[profile].add(name, original, outcomes[profile], why)
        for comparison in comparisons.values():
            comparison.check()

    def rows(self) -> list[tuple[Comparison, dict[str, Any]]]:
        """What was compared, with what."""
        return [
            (comparison, facts.facts() if isinstance(facts, Corpus) else facts)
            for comparison, facts in self._comparisons
        ]

    def write(self, folder: Path = RECORDS) -> Path | None:
        """Write today's record, other profiles' entries kept; nothing where nothing was compared."""
        compared = [row for row in self.rows() if row[0].documents]
        if not compared:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{time.strftime('%Y-%m-%d', time.gmtime())}.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for comparison, facts in compared:
            known[comparison.profile] = {
                **self._checkout,
                "oracle": comparison.oracle,
                "versions": _versions(comparison.oracle) if comparison.oracle else {},
                "corpus": facts,
                **comparison.entry(),
            }
        ordered = dict(sorted(known.items()))
        path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


@contextlib.contextmanager
def session(config: pytest.Config) -> Iterator[Record]:
    """The record of a session: shown at its end, written where the whole corpus was asked for.

    `REFINERY_PARITY_RECORD=1` has it written for a share too.
    """
    found = Record()
    config.pluginmanager.register(_Summary(found))
    yield found
    if SHARE >= 1 or "REFINERY_PARITY_RECORD" in os.environ:
        found.write()


class _Summary:
    """A pytest plugin: the table at the end of a session."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("parity")
        for line in table(self._record):
            terminalreporter.write_line(line)


def table(record: Record) -> list[str]:
    """Lines of what was compared and what was equal."""
    line = "{:<34} {:>9} {:>9} {:>9} {:>9} {:>10}  {}"
    names = ("profile", "documents", "verdict =", "reason =", "signals =", "most apart", "differ")
    lines = [line.format(*names)]
    for comparison, _ in record.rows():
        entry = comparison.entry()
        signals = entry["signals"]
        share = f"{signals['equal'] / signals['compared']:.2%}" if signals else ""
        apart = f"{signals['max_difference']:.2g}" if signals else ""
        differ = ", ".join(f"{c}: {d['documents']}" for c, d in entry["disagreements"].items())
        counts = (entry["documents"], entry["verdict_equal"], entry["reason_equal"])
        lines.append(line.format(comparison.profile, *counts, share, apart, differ).rstrip())
    return lines


def _beside(script: str, corpus: Corpus, oracle: str) -> Iterator[tuple[str, str, Any]]:
    asked, kept = itertools.tee(corpus)
    answers = oracles.stream(script, (text for _, text in asked), oracle)
    for (name, text), answer in zip(kept, answers, strict=True):
        yield name, text, answer


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def _brief(outcome: Outcome) -> str:
    return f"{str(outcome.verdict)[:80]} {outcome.reason or ''}".strip()


def _checkout() -> dict[str, Any]:
    from refinery import _core

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    return {
        "commit": git("rev-parse", "HEAD"),
        "dirty": bool(git("status", "--porcelain", "--untracked-files=no")),
        "refinery": _core.__version__,
        "python": platform.python_version(),
    }


def _versions(oracle: str) -> dict[str, str]:
    """What is installed there of what the original's requirements name."""
    code = (
        "import importlib.metadata as m, json, platform, re\n"
        "found = {re.sub('[-_.]+', '-', d.metadata['Name']).lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({'python': platform.python_version(), **dict(sorted(found.items()))}))"
    )
    command = [oracles.python(oracle), "-c", code]
    installed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if not requirements(oracle).exists():
        return installed
    lines = requirements(oracle).read_text(encoding="utf-8").splitlines()
    named = {line.split("==")[0].lower().replace("_", "-").replace(".", "-") for line in lines}
    return {name: v for name, v in installed.items() if name in named or name == "python"}
