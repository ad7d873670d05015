"""`refinery train`: from a training file to a model, its sidecar, its card and its figures.

The order: read and draw examples, hold works out, check that format does not leak, train (twice,
where the best-scored negatives are to be left out), judge on what was held out, calibrate, write.
Nothing stands at its place before all of it is done.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery.atomic import place
from refinery.errors import DataError, EnvironmentFault, LeakError, ModelError
from refinery.hashes import sha256_of
from refinery.scoring.calibration import Calibration, cross_calibrated, fit_calibration
from refinery.scoring.leak import FormatLeak, format_leak
from refinery.scoring.sidecar import Sidecar, read_sidecar, sidecar_path
from refinery.scoring.train import Quantisation, TrainingSettings, train_classifier
from refinery.training.examples import NEGATIVE, POSITIVE, Chunk
from refinery.training.labelled import read_labels
from refinery.training.measure import (
    Judgement,
    Reliability,
    judge,
    reliability,
    score_texts,
    telling_ngrams,
)
from refinery.training.pool import Pool
from refinery.training.reading import Examples, read_examples, work_column
from refinery.training.splitting import OneWorkError, Split, split_works

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refinery.training.config import Recipe

_MOST_NAMED = 20
_FEWEST_LABELS = 50
_FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True)
class Calibrated:
    """How scores read as probabilities: the map, its figures, and what it was learned from."""

    calibration: Calibration
    reliability: Reliability
    raw: Reliability
    learned_from: str


@dataclass(frozen=True)
class TrainingReport:
    """What a training gave.

    Attributes
    ----------
    model : Path
        The model file; sidecar, card and plot lie beside it.
    sidecar : Sidecar
        Its description.
    examples : Examples
        Where its examples came from, and what a reader should know.
    judgement : Judgement
        AUC and precision at yields on held-out works.
    leak : FormatLeak
        What format alone tells.
    ngrams : dict
        The most telling n-grams of each class.
    calibrated : Calibrated
        Scores as probabilities.
    files : list of Path
        Everything that was written.
    """

    model: Path
    sidecar: Sidecar
    examples: Examples
    judgement: Judgement
    leak: FormatLeak
    ngrams: dict[str, list[tuple[str, float]]]
    calibrated: Calibrated
    files: list[Path] = field(default_factory=list)


def train(
    recipe: Recipe, *, replace_other: bool = False, note: Callable[[str], object] = str
) -> TrainingReport:
    """Train what a training file says.

    Parameters
    ----------
    recipe : Recipe
        A checked training file.
    replace_other : bool
        Replace the model of another training file.
    note : callable
        Told a line whenever a part is done.

    Raises
    ------
    ConfigError
        For what the file names wrong, or where another model stands at `output`.
    LeakError
        Where format alone tells the classes apart and `leak.on_leak` is fail.
    EnvironmentFault
        Where the extra ``train`` is not installed.
    """
    check_output(recipe, replace_other=replace_other)
    examples, split = prepared(recipe, note)
    leak = checked_leak(recipe, examples, note)
    with model_folder(recipe) as folder:
        model = Path(folder) / recipe.output.name
        trained = _without_best_negatives(recipe, split.trained, Path(folder), examples, note)
        sidecar = fit(recipe, trained, model)
        note(f"trained on {len(trained)} chunks")
        return finish(recipe, model, sidecar, examples, split, leak)


def prepared(recipe: Recipe, note: Callable[[str], object]) -> tuple[Examples, Split]:
    """Examples and their split; figures of both are noted."""
    examples = read_examples(recipe)
    n = len(examples.chunks) // 2
    note(f"{n} chunks of each class from {examples.counts.get('documents read', 0)} documents")
    try:
        split = split_works(examples.chunks, recipe.config.split.held_out, recipe.config.seed)
    except OneWorkError as error:
        side = "positives" if error.label == POSITIVE else "negatives"
        message = (
            f"all {side} are of one {work_column(recipe)} ({error.work}): none can be held out; "
            "name another column, or document"
        )
        raise recipe.error_at(("split", "by"), message) from None
    return examples, split


def checked_leak(recipe: Recipe, examples: Examples, note: Callable[[str], object]) -> FormatLeak:
    """What format alone tells, noted; refused where the file says so."""
    sides = {
        label: [c for c in examples.chunks if c.label == label] for label in (POSITIVE, NEGATIVE)
    }
    ordered = [*sides[POSITIVE], *sides[NEGATIVE]]
    texts = {label: [chunk.text for chunk in found] for label, found in sides.items()}
    groups = [chunk.work for chunk in ordered]
    leak = format_leak(texts[POSITIVE], texts[NEGATIVE], groups=groups)
    settings = recipe.config.leak
    note(f"AUC of length and punctuation alone: {leak.auc:.3f}")
    if leak.auc > settings.max_auc:
        error = LeakError(leak.auc, settings.max_auc, leak.features)
        if settings.on_leak == "fail":
            raise error
        examples.notes.append(str(error))
    return leak


def fit(recipe: Recipe, chunks: Sequence[Chunk], model: Path, *, dense: bool = False) -> Sidecar:
    """One training on finished chunks; `dense` leaves quantising out."""
    config = recipe.config
    quantised = config.quantise is not None and not dense
    names = {POSITIVE: config.classes.positive, NEGATIVE: config.classes.negative}
    return train_classifier(
        ((names[c.label], c.text) for c in chunks for _ in range(c.weight)),
        model,
        name=config.name,
        positive_label=names[POSITIVE],
        settings=TrainingSettings(**config.fasttext.model_dump()),
        quantisation=Quantisation(**config.quantise.model_dump())
        if quantised and config.quantise is not None
        else None,
        pool=[chunk.text for chunk in chunks if chunk.label == NEGATIVE],
        min_words=config.min_words,
        seed=config.seed,
    )


def _without_best_negatives(
    recipe: Recipe,
    trained: list[Chunk],
    folder: Path,
    examples: Examples,
    note: Callable[[str], object],
) -> list[Chunk]:
    """The chunks less the negatives that a first model takes for positives (PU re-sampling)."""
    share = recipe.config.drop_negatives
    negatives = [chunk for chunk in trained if chunk.label == NEGATIVE]
    n = round(share * len(negatives))
    if n == 0:
        return trained
    first = folder / "first.bin"
    fit(recipe, trained, first, dense=True)
    scores = score_texts(first, [chunk.text for chunk in negatives])
    ranked = sorted(zip(scores.tolist(), negatives, strict=True), key=lambda p: (-p[0], p[1].text))
    dropped = {chunk.text for _, chunk in ranked[:n]}
    examples.notes.append(
        f"{n} negatives, scored {ranked[n - 1][0]:.3f} and above by a first model, were left out"
    )
    note(f"first model trained; {n} best-scored negatives left out")
    return [c for c in trained if c.label == POSITIVE or c.text not in dropped]


def model_folder(recipe: Recipe) -> tempfile.TemporaryDirectory[str]:
    """A folder beside the output for what is not finished; on one file system with it."""
    recipe.output.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=recipe.output.parent, prefix=".train-")


def finish(
    recipe: Recipe,
    model: Path,
    sidecar: Sidecar,
    examples: Examples,
    split: Split,
    leak: FormatLeak,
    description: dict[str, Any] | None = None,
) -> TrainingReport:
    """Judge a trained model, describe it, and put everything at its place."""
    from refinery.training.card import model_card, write_plot

    judgement = judge(model, split.held_out)
    calibrated = _calibrated(recipe, model, split)
    described = {
        "recipe_sha256": recipe.hash,
        "origins": examples.counts,
        "held_out": judgement.as_dict() | _named_works(split),
        "format_auc": leak.auc,
        "calibration": calibrated.calibration.as_dict()
        | {"learned_from": calibrated.learned_from, "ece": calibrated.reliability.ece},
        **({"grammars": grammars} if (grammars := _grammar_hashes(recipe)) else {}),
        **(description or {}),
    }
    sidecar = replace(sidecar, training=sidecar.training | described)
    ngrams = telling_ngrams(model, split.trained)
    report = TrainingReport(recipe.output, sidecar, examples, judgement, leak, ngrams, calibrated)
    made = [sidecar.write(model)]
    plot = write_plot(report, model.with_name(f"{model.stem}.reliability.svg"))
    made += [plot] if plot is not None else []
    card = model.with_suffix(".md")
    card.write_text(model_card(recipe, report, has_plot=plot is not None), encoding="utf-8")
    # The model last: one that lies without its own description is noticed by its hash.
    return replace(
        report, files=[_placed(path, recipe.output.parent) for path in [*made, card, model]]
    )


def _grammar_hashes(recipe: Recipe) -> dict[str, str]:
    """The recipe's hash knows a grammar by its name only."""
    parts = [*recipe.config.positives, *recipe.config.negatives]
    files = sorted({part.grammar for part in parts if part.grammar is not None})
    return {file: sha256_of(recipe.folder / file) for file in files}


def _named_works(split: Split) -> dict[str, Any]:
    works = sorted({chunk.work for chunk in split.held_out})
    return {"works": len(works), "some_works": works[:_MOST_NAMED]}


def _placed(path: Path, folder: Path) -> Path:
    target = folder / path.name
    place(path, target)
    return target


def check_output(recipe: Recipe, *, replace_other: bool) -> None:
    """Refuse to overwrite a model of another training file, or one that is not of this command.

    Raises
    ------
    ConfigError
        Names what stands there.
    EnvironmentFault
        Where the library for training is missing: better now than after an hour of reading.
    """
    _check_installed()
    output = recipe.output
    if replace_other or not (output.exists() or sidecar_path(output).exists()):
        return
    try:
        sidecar = read_sidecar(output)
    except (ModelError, OSError):
        sidecar = None
    if sidecar is None or sidecar.training.get("recipe_sha256") != recipe.hash:
        message = (
            f"{recipe.config.output} holds another model; choose another output, or pass --replace"
        )
        raise recipe.error_at(("output",), message)


def _check_installed() -> None:
    import importlib.util

    missing = [n for n in ("fasttext", "sklearn", "numpy") if importlib.util.find_spec(n) is None]
    if missing:
        message = f"training needs {', '.join(missing)}: pip install 'corpus-refinery[train]'"
        raise EnvironmentFault(message)


def _calibrated(recipe: Recipe, model: Path, split: Split) -> Calibrated:
    """Probabilities from labelled documents, or, where there are none, from held-out chunks."""
    settings = recipe.config.calibrate
    method = "auto" if settings is None else settings.method
    if settings is None:
        texts = [chunk.text for chunk in split.held_out]
        truth = [chunk.label == POSITIVE for chunk in split.held_out]
        origin = "held-out chunks, as many positive as negative: not the pool's share of positives"
    else:
        texts, truth = _labelled_texts(recipe)
        origin = f"{len(texts)} labelled documents of {settings.labels}"
    scores = score_texts(model, texts)
    listed = scores.tolist()
    import numpy as np

    judged = np.asarray(cross_calibrated(listed, truth, method))
    return Calibrated(
        fit_calibration(listed, truth, method),
        reliability(truth, judged),
        reliability(truth, scores),
        origin,
    )


def _labelled_texts(recipe: Recipe) -> tuple[list[str], list[bool]]:
    settings = recipe.config.calibrate
    if settings is None:
        return [], []
    path = recipe.folder / settings.labels
    labels = read_labels(path, settings.labels, label=settings.label)
    missing = labels.filter(pl.col("text").is_null())
    if len(missing) and recipe.config.input:
        labels = _with_pool_text(recipe, labels, missing["id"])
    known = labels.drop_nulls("text")
    truth = [label >= settings.min for label in known["label"]]
    fewest = min(sum(truth), len(truth) - sum(truth))
    if len(known) < _FEWEST_LABELS or fewest < _FEWEST_OF_A_CLASS:
        message = (
            f"{settings.labels}: {len(known)} labelled documents with text, {sum(truth)} positive; "
            f"calibration needs {_FEWEST_LABELS}, and {_FEWEST_OF_A_CLASS} of each class"
        )
        raise DataError(message)
    return known["text"].to_list(), truth


def _with_pool_text(recipe: Recipe, labels: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    # All of the pool: a labelled document need not be alive in the run.
    whole = replace(recipe, config=recipe.config.model_copy(update={"run": None}))
    found = [
        table.filter(pl.col("id").is_in(ids.implode())).select("id", found="text")
        for table in Pool(whole, set()).tables()
    ]
    texts = (
        pl.concat(found) if found else pl.DataFrame(schema={"id": pl.String, "found": pl.String})
    )
    joined = labels.join(texts, on="id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("text", "found").alias("text")).drop("found")
