"""`refinery label`: sample once, ask every labeller, write the labelled set, compare labellers.

The output folder holds `sample.parquet` (what is labelled), `answers.jsonl` (what endpoints said),
`rubric.yaml` (what was asked) and `labels.parquet`, written last, with all labels there are so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from refinery.atomic import writing_beside
from refinery.labelling.agreement import Agreement, agreement
from refinery.labelling.endpoint_labeller import EndpointLabeller
from refinery.labelling.file_labeller import FileLabeller
from refinery.labelling.labeller import Labeller, Outcome, Sampled
from refinery.labelling.rubric import Rubric, load_rubric
from refinery.labelling.sampling import kept_sample
from refinery.yaml_file import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from refinery.labelling.config import LabellingRecipe

_COLUMNS = {
    "id": pl.String,
    "text": pl.String,
    "source": pl.String,
    "weight": pl.Float64,
    "label": pl.Int64,
    "labeller": pl.String,
    "rubric": pl.String,
    "raw": pl.String,
}


@dataclass(frozen=True)
class LabellingReport:
    """What was labelled.

    Attributes
    ----------
    labels : Path
        The labelled set: one row per document and labeller.
    documents : int
        Of the sample.
    outcomes : dict
        What each labeller gave, by name.
    agreements : dict
        Every pair of labellers over what both labelled, where that is anything.
    rubric : str
        Its version.
    """

    labels: Path
    documents: int
    outcomes: dict[str, Outcome]
    agreements: dict[tuple[str, str], Agreement]
    rubric: str

    @property
    def stopped(self) -> str | None:
        """Why it is not complete, where running again would go on."""
        said = [f"{name}: {o.stopped}" for name, o in self.outcomes.items() if o.stopped]
        return "; ".join(said) or None


def label(recipe: LabellingRecipe, *, note: Callable[[str], object] = str) -> LabellingReport:
    """Label what a labelling file says, as far as that is possible now.

    Parameters
    ----------
    recipe : LabellingRecipe
        A checked labelling file.
    note : callable
        Told a line now and then.

    Raises
    ------
    ConfigError
        For what the file, or a file that was filled in, has wrong.
    EnvironmentFault
        If the sample in the output was drawn otherwise, or another process is labelling.
    """
    rubric = load_rubric(recipe.config.rubric, recipe.folder)
    labellers = make_labellers(recipe, rubric)
    recipe.output.mkdir(parents=True, exist_ok=True)
    sample = kept_sample(recipe, recipe.output / "sample.parquet")
    note(f"sample of {len(sample)} documents")
    _write_rubric(rubric, recipe.output / "rubric.yaml")
    return label_sample(sample, labellers, rubric.version, recipe.output, note=note)


def label_sample(
    sample: Sequence[Sampled],
    labellers: Sequence[Labeller],
    rubric: str,
    folder: Path,
    *,
    note: Callable[[str], object] = str,
) -> LabellingReport:
    """Ask labellers, of any kind, about a sample; writes `labels.parquet` to `folder`.

    What one labeller gave is written before the next is asked.
    """
    outcomes: dict[str, Outcome] = {}
    labels = folder / "labels.parquet"
    for labeller in labellers:
        outcomes[labeller.name] = labeller.label(sample, note)
        _write_labels(labels, sample, outcomes, rubric)
    return LabellingReport(labels, len(sample), outcomes, _agreements(outcomes), rubric)


def make_labellers(recipe: LabellingRecipe, rubric: Rubric) -> list[Labeller]:
    """The labellers that a file names."""
    made: list[Labeller] = []
    for config in recipe.config.labellers:
        if config.file is not None:
            made.append(FileLabeller(config.name, recipe.folder / config.file, config.file, rubric))
        else:
            made.append(EndpointLabeller(config, rubric, recipe.output / "answers.jsonl"))
    return made


def _agreements(outcomes: dict[str, Outcome]) -> dict[tuple[str, str], Agreement]:
    found = {}
    by_name = {name: {a.id: a.label for a in o.answers} for name, o in outcomes.items()}
    for first, second in combinations(by_name, 2):
        both = [name for name in by_name[first] if name in by_name[second]]
        if both:
            pairs = [(by_name[first][name], by_name[second][name]) for name in both]
            found[first, second] = agreement(*(list(side) for side in zip(*pairs, strict=True)))
    return found


def _write_labels(
    path: Path, sample: Sequence[Sampled], outcomes: dict[str, Outcome], rubric: str
) -> None:
    documents = {document.id: document for document in sample}
    rows = [
        (d.id, d.text, d.source, d.weight, answer.label, name, rubric, answer.raw)
        for name, outcome in outcomes.items()
        for answer in outcome.answers
        for d in [documents[answer.id]]
    ]
    with writing_beside(path) as temporary:
        pl.DataFrame(rows, schema=_COLUMNS, orient="row").write_parquet(temporary)


def _write_rubric(rubric: Rubric, path: Path) -> None:
    data = {
        "name": rubric.name,
        "scale": [rubric.least, rubric.greatest],
        "prompt": rubric.prompt,
    }
    with writing_beside(path) as temporary:
        temporary.write_text(f"# {rubric.version}\n{dump(data)}", encoding="utf-8")
