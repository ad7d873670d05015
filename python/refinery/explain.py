"""What a name means, and why a text would be dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from refinery import _core, builtin, presets
from refinery import signal_table as signals
from refinery.decide.rules import failing
from refinery.errors import ParameterError, UnknownNameError
from refinery.rule_set import Rule
from refinery.scoring.sidecar import read_sidecar
from refinery.views import Views

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


@dataclass(frozen=True)
class Explanation:
    """A name's meaning: prose first, then rows of a table under `headers`."""

    title: str
    lines: list[str]
    headers: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Verdict:
    """A text under a profile: every rule with its value, and the first that fails."""

    profile: str
    rows: list[tuple[Rule, float | None, bool]]

    @property
    def first_failure(self) -> Rule | None:
        """The rule that drops the text, or None where it is kept."""
        return next((rule for rule, _, fails in self.rows if fails), None)


def overview() -> Explanation:
    """Every profile, family and plain column."""
    rows = [["profile", name, presets.load(name).summary] for name in presets.names()]
    rows += [
        ["signals", f.name.replace(".", "/"), f"{len(f.signals)} signals: {f.source}"]
        for f in signals.families().values()
    ]
    rows += [
        ["view", edit.name.replace(".", "/"), edit.definition] for edit in signals.edits().values()
    ]
    rows += [["view", name, f"{', then '.join(chain)}."] for name, chain in presets.views().items()]
    rows += [["model", name, builtin.summary(name)] for name in builtin.names()]
    rows += [["column", name, meaning] for name, meaning in signals.BASE_COLUMNS.items()]
    rows += [[kind, name, meaning] for kind, name, meaning in _input_reasons()]
    return Explanation(
        "What there is", ["refinery explain NAME tells more."], ["kind", "name", "what"], rows
    )


def explain(name: str) -> Explanation:
    """A profile, family, signal, view, or built-in model.

    Raises
    ------
    UnknownNameError
        If there is none of that name, with the nearest.
    """
    if presets.exists(name) and signals.split_view(name)[1] in Views():
        return _preset(presets.load(name))
    family = signals.family(name)
    if family is not None:
        rows = [[s.column, s.definition, s.range] for s in family.signals]
        lines = [f"Source: {family.source}", _reads(family), *_as_view(name)]
        return Explanation(
            f"{family.key} (signals)", lines, ["column", "definition", "range"], rows
        )
    signal = signals.column(name.replace("/", "."))
    if signal is not None:
        lines = [signal.definition, f"Range: {signal.range}", f"Family: {signal.family}"]
        used = [
            [p, r.side, f"{r.bound:g}", r.reason]
            for p in presets.names()
            for r in presets.load(p).rules
            if r.column == signal.column
        ]
        return Explanation(
            f"{signal.column} (signal)",
            lines,
            ["profile", "side", "bound", "original reason"],
            used,
        )
    if name in signals.BASE_COLUMNS:
        return Explanation(f"{name} (column)", [signals.BASE_COLUMNS[name]], [], [])
    model = builtin.path(name)
    if model is not None:
        return _model(name, model)
    for kind, reason, meaning in _input_reasons():
        if reason == name:
            return Explanation(f"{name} ({kind})", [meaning], [], [])
    if lines := _as_view(name):
        return Explanation(f"{name} (view)", lines, [], [])
    allowed = [
        *presets.names(),
        *(n.replace(".", "/") for n in Views().names),
        *(f.replace(".", "/") for f in signals.families()),
        *signals.columns(),
        *signals.BASE_COLUMNS,
        *builtin.names(),
        *(reason for _, reason, _ in _input_reasons()),
    ]
    kind = "profile, family, signal, view or model"
    raise UnknownNameError(kind, name, allowed)


def _input_reasons() -> list[tuple[str, str, str]]:
    """Why records and files are quarantined: kind, name, meaning."""
    reasons = _core.input_reasons()
    return [
        (kind, name, meaning)
        for key, kind in (("rows", "bad record"), ("files", "bad file"))
        for name, meaning in reasons[key].items()
    ]


def _model(name: str, file: Path) -> Explanation:
    sidecar = read_sidecar(file)
    if sidecar is None:
        return Explanation(f"{name} (model)", [builtin.summary(name)], [], [])
    judged = sidecar.training.get("held_out", {})
    rows = [
        ["score", f"probability of {sidecar.positive_label}: a rank, not a calibrated probability"],
        ["labels", ", ".join(sidecar.labels)],
        ["least words", str(sidecar.min_words)],
        ["bytes", f"{file.stat().st_size:,}"],
        ["sha256", sidecar.sha256],
        ["made by", str(sidecar.training.get("library", "unknown"))],
        ["AUC on held-out works", f"{judged['auc']:.3f}" if "auc" in judged else "unknown"],
        ["card", f"refinery/models/{file.stem}.md"],
    ]
    short = file.stem
    lines = [
        builtin.summary(name),
        f"Use: annotate: {{scores: [{{name: {short}, model: {name}}}]}}, or rf.score(text, model={name!r})",
    ]
    return Explanation(f"{name} (model)", lines, ["what", "value"], rows)


def _reads(family: signals.Family) -> str:
    """What the family means by a word, or the lists that it needs."""
    if family.lists is not None:
        return f"Needs lists, which a pipeline names in annotate.{family.lists}"
    rules = [_WORD_RULES[rule] for rule in family.word_rules]
    return f"Words: {'; '.join(rules) or 'none are read'}"


_WORD_RULES = {
    "spacy": "tokens of spaCy's blank English tokenizer, for text of any language",
    "split": "what Python's str.split() gives: parts between white space",
    "uax29": "parts between the word boundaries of Unicode (UAX 29)",
}


def _as_view(name: str) -> list[str]:
    """What a name means where it names a view; empty where it does not."""
    dotted = name.replace("/", ".")
    if dotted == signals.TEXT or dotted not in Views():
        return []
    lines = [
        f"As a view: {signals.edits()[edit].definition} ({signals.edits()[edit].source})"
        for edit in Views().edits(dotted)
    ]
    return [*lines, f"A profile or family reads it as NAME@{name}; output.view: {name} writes it."]


def _preset(preset: presets.Preset) -> Explanation:
    lines = [preset.summary, f"Source: {preset.source}"]
    lines += [f"Departs: {d}" for d in preset.departures] or ["Departs: nowhere known"]
    families = dict.fromkeys(_family_of(rule.column) for rule in preset.rules)
    word_rules = dict.fromkeys(_reads(f) for f in families if f is not None)
    lines += list(word_rules)
    if preset.parts:
        lines.append(f"In order: {', '.join(preset.parts)}")
        lines.append(f"What is left of a document: output.view: {preset.writes}")
    elif preset.family is None:
        lines.append(f"Scores that the pipeline must make: {', '.join(preset.scores)}")
    else:
        rule = preset.rules[0]
        lines.append(
            f"Columns begin with {preset.family}.; a reason is <column>:<side>, such as {rule.column}:{rule.side}"
        )
        lines += _as_view(preset.name)
    rows = []
    for rule in preset.rules:
        ours = Rule(preset.short(rule.column), rule.side, rule.bound)
        signal = signals.column(rule.column)
        null = "kept" if rule.undefined == "keep" else "dropped"
        rows.append(
            [ours.describe(), rule.side, rule.reason, null, signal.definition if signal else ""]
        )
    headers = ["keeps", "side", "original reason", "null is", "definition"]
    return Explanation(f"{preset.name} (profile)", lines, headers, rows)


def _family_of(column: str) -> signals.Family | None:
    signal = signals.column(column)
    return signals.family(signals.on_view(signal.family, signal.view)) if signal else None


def explain_text(name: str, text: str) -> Verdict:
    """Every rule of profile `name`, on a view if it names one, on `text`.

    Raises
    ------
    UnknownNameError
        If there is no such profile or view.
    ParameterError
        If a view is given for a recipe, or the profile reads a score or lists.
    """
    if not presets.exists(name):
        kind = "profile"
        raise UnknownNameError(kind, name, presets.names())
    view = signals.split_view(name)[1]
    if view not in Views():
        kind = "view"
        raise UnknownNameError(kind, view, Views().names)
    parameter = "profile"
    preset = presets.load(name)
    families = [_family_of(rule.column) for rule in preset.rules]
    lists = {f.lists for f in families if f is not None and f.lists is not None}
    if preset.scores:
        message = f"{name} reads the score {preset.scores[0]}, which needs a model: run a pipeline"
        raise ParameterError(parameter, message)
    if lists:
        message = f"{name} needs lists, which only a pipeline names: annotate.{', annotate.'.join(sorted(lists))}"
        raise ParameterError(parameter, message)
    frame = _compute(preset, text)
    rows = []
    for entry in preset.rules:
        rule = Rule(entry.column, entry.side, entry.bound, preset.name, entry.reason)
        value = frame[entry.column][0]
        fails = entry.undefined == "drop" if value is None else bool(failing(rule, frame)[0])
        rows.append((rule, value, fails))
    return Verdict(name, rows)


def _compute(preset: presets.Preset, text: str) -> pl.DataFrame:
    import polars as pl

    found = dict.fromkeys(_family_of(rule.column) for rule in preset.rules)
    families = [family for family in found if family is not None]
    views = {f.view: Views().edits(f.view) for f in families if f.view != signals.TEXT}
    needs_tokens = any(family.needs_token_ids for family in families)
    tokenizer = _core.Tokenizer.embedded("cl100k_base") if needs_tokens else None
    computed = _core.Pass(
        views=list(views.items()), families=[f.key for f in families], tokenizer=tokenizer
    ).run(pa.array([text]))
    return pl.DataFrame(pl.from_arrow(pa.record_batch(computed)))
