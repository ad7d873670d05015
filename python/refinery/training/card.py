"""The model card: what a person must know who did not train the model, in Markdown.

Written from what was measured; what nobody measured is not in it.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from refinery.errors import EnvironmentFault
from refinery.training.examples import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from refinery.training.config import Recipe
    from refinery.training.trainer import TrainingReport

_CLASSES = {POSITIVE: "positive", NEGATIVE: "negative"}
_MATCHED = {True: ", as many of each length", False: "", "format": ", as many of each format"}
# A corpus of single files has as many origins as documents.
_MOST_ORIGINS = 40


def write_plot(report: TrainingReport, path: Path) -> Path | None:
    """The reliability plot as SVG; None where the extra ``plot`` is not installed."""
    from refinery.plots import reliability

    bins = report.calibrated.reliability.bins
    try:
        reliability(bins, title=f"{report.sidecar.name}: reliability").save(str(path))
    except (EnvironmentFault, ImportError):  # Altair, or what it draws SVG with
        return None
    return path


def model_card(recipe: Recipe, report: TrainingReport, *, has_plot: bool) -> str:
    """The whole card."""
    parts = [
        _summary(recipe, report),
        _data(recipe, report),
        _settings(recipe, report),
        _measured(report, has_plot=has_plot),
        _ngrams(report),
        _limits(recipe, report),
    ]
    return "\n".join("\n".join(part) + "\n" for part in parts)


def _summary(recipe: Recipe, report: TrainingReport) -> Iterator[str]:
    sidecar, model = report.sidecar, report.model
    yield f"# Model card: `{sidecar.name}`\n"
    yield (
        "A fastText classifier that ranks documents by how much they are like its positive "
        "examples.\n"
    )
    yield f"- File: `{model.name}`, sha256 `{sidecar.sha256}`; described in `{model.name}.json`."
    yield f"- Score: probability of `{sidecar.positive_label}`. A rank, not a probability: see *Measured*."
    prep = sidecar.training["text_prep_sha256"]
    yield f"- Text preparation: `{sidecar.text_prep}` (`{prep[:16]}`), the same in training and scoring."
    yield f"- Below {sidecar.min_words} words a score is noise."
    yield f"- Made by `refinery train {PurePath(recipe.document.file).name}` (recipe `{recipe.hash[:16]}`), one thread: the same inputs give the same bytes on the same version of the library."
    yield f"- Use: `annotate: {{scores: [{{name: {sidecar.name}, model: {model.name}}}]}}`."


def _data(recipe: Recipe, report: TrainingReport) -> Iterator[str]:
    yield "## Training data\n"
    chunks = recipe.config.chunks
    judged = report.judgement
    total = len(report.examples.chunks)
    yield (
        f"{total // 2} chunks of each class, {chunks.words[0]} to {chunks.words[1]} words"
        f"{_MATCHED[chunks.match]}; of them {judged.n_positive} positive "
        f"and {judged.n_negative} negative ones of {report.sidecar.training['held_out']['works']} "
        "works held out.\n"
    )
    yield "| class | from | chunks |\n| --- | --- | ---: |"
    for label, name in _CLASSES.items():
        prefix = f"{label} "
        counted = [
            (origin.removeprefix(prefix), n)
            for origin, n in report.examples.counts.items()
            if origin.startswith(prefix)
        ]
        counted.sort(key=lambda pair: (-pair[1], pair[0]))
        for origin, n in counted[:_MOST_ORIGINS]:
            yield f"| {name} | {_cell(origin)} | {n} |"
        rest = counted[_MOST_ORIGINS:]
        if rest:
            yield f"| {name} | {len(rest)} more | {sum(n for _, n in rest)} |"


def _settings(recipe: Recipe, report: TrainingReport) -> Iterator[str]:
    training = report.sidecar.training
    yield "## Training\n"
    settings = ", ".join(f"{key} {value}" for key, value in training["settings"].items())
    yield f"{training['library']}: {settings}; seed {training['seed']}."
    if training["quantisation"] is not None:
        kept = ", ".join(f"{key} {value}" for key, value in training["quantisation"].items())
        yield f"Quantised: {kept}."
    alter = recipe.config.alter.model_dump()
    yield f"Format, in both classes alike: {', '.join(f'{k} {v}' for k, v in alter.items())}."


def _measured(report: TrainingReport, *, has_plot: bool) -> Iterator[str]:
    judged, calibrated = report.judgement, report.calibrated
    yield "## Measured\n"
    yield f"On works that were held out ({judged.n_positive} positive, {judged.n_negative} negative chunks):\n"
    yield "| figure | value |\n| --- | ---: |"
    yield f"| AUC | {judged.auc:.4f} |"
    for share, precision in judged.precision.items():
        yield f"| precision at {share:.1%} of the tokens | {precision:.3f} |"
    yield f"| AUC of length and punctuation alone (0.5 is chance) | {report.leak.auc:.3f} |"
    yield f"| Brier score, calibrated (as it is) | {calibrated.reliability.brier:.4f} ({calibrated.raw.brier:.4f}) |"
    yield f"| expected calibration error, calibrated (as it is) | {calibrated.reliability.ece:.4f} ({calibrated.raw.ece:.4f}) |"
    yield f"\nCalibration: {calibrated.calibration.method}, learned from {calibrated.learned_from}; judged on folds that it did not see."
    if has_plot:
        yield f"\n![reliability]({report.model.stem}.reliability.svg)"
    yield (
        "\nA high AUC says that the classes differ, not that the filter pays: judge by what a model "
        "learns from what is kept."
    )


def _ngrams(report: TrainingReport) -> Iterator[str]:
    yield "## What speaks loudest\n"
    for label, name in _CLASSES.items():
        shown = ", ".join(f"`{_cell(ngram)}`" for ngram, _ in report.ngrams[label])
        yield f"- {name}: {shown or 'no n-gram is frequent enough'}"


def _limits(recipe: Recipe, report: TrainingReport) -> Iterator[str]:
    yield "## Where it may fail\n"
    if report.leak.auc > recipe.config.leak.max_auc:
        named = ", ".join(
            f"{_cell(name)} ({value:.2f})" for name, value in report.leak.features[:6]
        )
        yield (
            f"- **Format leaks**: length and punctuation alone reach {report.leak.auc:.2f}, by {named}. "
            "Part of what it ranks is format."
        )
    origins = _few_origins(report)
    if origins:
        yield f"- **Few sources**: {origins}. What they share beside quality was learned too."
    yield "- Kinds of text that are in neither class are ranked by accident."
    yield "- It averages over all words of a document: a long one lies near the middle, and a bad chapter is hidden."
    for note in report.examples.notes:
        yield f"- Note: {note}."


def _few_origins(report: TrainingReport) -> str:
    found = []
    for label, name in _CLASSES.items():
        n = sum(origin.startswith(f"{label} ") for origin in report.examples.counts)
        if n < 5:
            found.append(f"the {name} examples come from {n}")
    return "; ".join(found)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")


def rows(report: TrainingReport) -> Sequence[tuple[str, str]]:
    """The figures of a report as (name, value), for a terminal."""
    judged, calibrated = report.judgement, report.calibrated
    precision = "  ".join(f"{share:.1%}: {value:.3f}" for share, value in judged.precision.items())
    return [
        ("sha256", report.sidecar.sha256),
        ("held-out AUC", f"{judged.auc:.4f} ({judged.n_positive} + {judged.n_negative} chunks)"),
        ("precision at yield", precision),
        ("AUC of format alone", f"{report.leak.auc:.3f}"),
        ("calibration", f"{calibrated.calibration.method}: Brier {calibrated.reliability.brier:.4f}, ECE {calibrated.reliability.ece:.4f}"),
        *((_CLASSES[label], ", ".join(ngram for ngram, _ in found)) for label, found in report.ngrams.items()),
    ]  # fmt: skip
