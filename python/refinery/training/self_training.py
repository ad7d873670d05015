"""`refinery train --self`: what unlabelled text of the pool adds to a classifier.

After SimPLE (Ge et al. 2023, "Entailment as Robust Self-Learner": pseudo-label editing), for bags
of words instead of a language model:

1. A teacher, trained on the examples, labels chunks of the pool.
2. Five models, each trained on a part of the examples, vote; where most of them are confident of
   one label, it replaces the teacher's; where they are not, the teacher's stays. (SimPLE's five
   are dropout passes of one model; a linear model has none, so the examples are dropped instead.)
3. A label that too few of a chunk's nearest neighbours share is not trusted: the chunk is left out.
4. The share of positives may move by no more than a fifth in a round; what is beyond is left out,
   least sure first, so that a round cannot run away with its own mistakes.
5. A student is trained on the examples and what is left, and is the next round's teacher.

Works that are held out are held out of the pool too. The student is kept only if it ranks them no
worse than the teacher that saw no unlabelled text.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refinery.training.altering import alter
from refinery.training.examples import (
    NEGATIVE,
    POSITIVE,
    Chunk,
    Sampler,
    cut,
    draw_key,
    generator,
)
from refinery.training.measure import judge, score_texts
from refinery.training.neighbours import document_vectors, neighbour_agreement
from refinery.training.reading import pool_documents
from refinery.training.trainer import (
    TrainingReport,
    check_output,
    checked_leak,
    finish,
    fit,
    model_folder,
    prepared,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from refinery.training.config import Recipe, SelfConfig
    from refinery.training.splitting import Split


@dataclass(frozen=True)
class Edited:
    """Pseudo-labels after editing; all arrays as long as the unlabelled chunks.

    Attributes
    ----------
    labels : array of bool
        True is positive.
    kept : array of bool
        Whether the chunk is trained on.
    n_edited, n_untrusted, n_drifting : int
        Labels that the votes changed; chunks left out for their neighbours; and for the guard.
    share_before, share_after : float
        Positive share of the teacher's labels, and of those that are kept.
    """

    labels: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    n_edited: int
    n_untrusted: int
    n_drifting: int
    share_before: float
    share_after: float


@dataclass(frozen=True)
class Round:
    """One round's figures; `auc` is the student's on held-out works."""

    unlabelled: int
    edited: int
    untrusted: int
    drifting: int
    used: int
    share_before: float
    share_after: float
    auc: float


@dataclass(frozen=True)
class SelfTraining:
    """What self-training gave: the supervised model's AUC, the rounds, and which model was kept."""

    supervised_auc: float
    rounds: list[Round]
    is_kept: bool

    @property
    def auc(self) -> float:
        """The last student's."""
        return self.rounds[-1].auc


def self_train(
    recipe: Recipe, *, replace_other: bool = False, note: Callable[[str], object] = str
) -> tuple[TrainingReport, SelfTraining]:
    """Train with the pool's unlabelled text; as `train`, but for the rounds.

    Raises
    ------
    ConfigError
        As `train`; and where there is no `input` to take unlabelled text from.
    """
    check_output(recipe, replace_other=replace_other)
    if not recipe.config.input:
        message = "self-training takes unlabelled text from the pool, which input: would name"
        raise recipe.error_at((), message)
    examples, split = prepared(recipe, note)
    leak = checked_leak(recipe, examples, note)
    unlabelled = unlabelled_chunks(recipe, split, {chunk.text for chunk in examples.chunks})
    with model_folder(recipe) as folder:
        model = Path(folder) / recipe.output.name
        teacher = Path(folder) / "teacher.bin"
        fit(recipe, split.trained, teacher, dense=True)
        supervised = judge(teacher, split.held_out).auc
        note(f"supervised AUC {supervised:.4f}; {len(unlabelled)} unlabelled chunks")
        rounds, training = run_rounds(
            recipe,
            split.trained,
            unlabelled,
            teacher,
            lambda student: judge(student, split.held_out).auc,
            note,
        )
        is_kept = rounds[-1].auc >= supervised
        done = SelfTraining(supervised, rounds, is_kept)
        sidecar = fit(recipe, training if is_kept else split.trained, model)
        examples.notes.append(_verdict(done))
        described = {"self_training": asdict(done)}
        return finish(recipe, model, sidecar, examples, split, leak, described), done


def unlabelled_chunks(recipe: Recipe, split: Split, known: set[str]) -> list[str]:
    """Texts of the pool, prepared as examples are, of no held-out work and no example."""
    settings, config = recipe.config.chunks, recipe.config
    held = {chunk.work for chunk in split.held_out}
    sampler = Sampler(
        config.self_.unlabelled,
        settings.per_document,
        None,
        lambda name: draw_key(config.seed, "unlabelled", name),
    )
    for document in pool_documents(recipe):
        if document.work in held:
            continue

        def pieces(text: str, name: str = document.id) -> Iterator[str]:
            return cut(text, *settings.words, generator(config.seed, "length", name))

        sampler.offer(document, pieces, NEGATIVE)
    altered = (alter(chunk, config.alter, config.seed).text for chunk in sampler.chunks())
    return sorted({text for text in altered if text and text not in known})


def run_rounds(
    recipe: Recipe,
    labelled: list[Chunk],
    unlabelled: list[str],
    teacher: Path,
    auc_of: Callable[[Path], float],
    note: Callable[[str], object] = str,
) -> tuple[list[Round], list[Chunk]]:
    """Train a student a round.

    Parameters
    ----------
    recipe : Recipe
        Settings: of fastText and of `self`.
    labelled : list of Chunk
        The examples.
    unlabelled : list of str
        Chunks of the pool, as they are trained on.
    teacher : Path
        A dense model trained on the examples; the last student stands there afterwards.
    auc_of : callable
        Judges a model file.
    note : callable
        Told a line a round.

    Returns
    -------
    list of Round
        Figures of each.
    list of Chunk
        What the last student was trained on.
    """
    settings = recipe.config.self_
    vectors = document_vectors([*(chunk.text for chunk in labelled), *unlabelled])
    training, done = labelled, []
    for i in range(settings.rounds):
        scores = score_texts(teacher, unlabelled)
        votes = _votes(recipe, training, unlabelled, teacher.parent / f"bags-{i}")
        truth = np.array([chunk.label == POSITIVE for chunk in labelled])
        edited = edit_labels(scores, votes, truth, vectors, settings)
        training = [*labelled, *_pseudo_labelled(unlabelled, edited, recipe.config.seed)]
        fit(recipe, training, teacher, dense=True)
        figures = _figures(edited, training, labelled, auc_of(teacher))
        note(
            f"round {i + 1}: {figures.edited} labels edited, {figures.untrusted} chunks not trusted, "
            f"{figures.used} used; AUC {figures.auc:.4f}"
        )
        done.append(figures)
    return done, training


def edit_labels(
    scores: NDArray[np.float64],
    votes: NDArray[np.float64],
    labelled: NDArray[np.bool_],
    vectors: NDArray[np.float64],
    settings: SelfConfig,
) -> Edited:
    """Edit a teacher's pseudo-labels, and say which can be trusted.

    Parameters
    ----------
    scores : array of float64, length n
        The teacher's score of each unlabelled chunk.
    votes : array of float64, models by n
        The scores of the models that vote.
    labelled : array of bool, length m
        Truth of the labelled chunks.
    vectors : array of float64, m + n by dimensions
        Unit vectors of the labelled chunks, then of the unlabelled ones.
    settings : SelfConfig
        When a vote is confident, how many neighbours, whom to trust, how far to drift.
    """
    teachers = scores > 0.5
    sure = settings.confident
    for_, against = (votes >= sure).sum(axis=0), (1 - votes >= sure).sum(axis=0)
    most = len(votes) / 2
    labels = (for_ > most) | (teachers & (against <= most))
    agreeing = neighbour_agreement(
        vectors, np.concatenate([labelled, labels]), settings.neighbours, first=len(labelled)
    )
    trusted = agreeing >= settings.trust
    share_before = float(teachers.mean())
    kept = _without_drift(labels, trusted, votes.mean(axis=0), share_before, settings.drift)
    return Edited(
        labels,
        kept,
        n_edited=int((labels != teachers).sum()),
        n_untrusted=int((~trusted).sum()),
        n_drifting=int((trusted & ~kept).sum()),
        share_before=share_before,
        share_after=float(labels[kept].mean()) if kept.any() else 0.0,
    )


def _without_drift(
    labels: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    mean_vote: NDArray[np.float64],
    share: float,
    drift: float,
) -> NDArray[np.bool_]:
    """`kept` without the least sure of the class whose share grew by more than `drift` allows."""
    positives, negatives = int((labels & kept).sum()), int((~labels & kept).sum())
    highest, lowest = min(share * (1 + drift), 1.0), share * (1 - drift)
    # The most positives beside these negatives, and the most negatives beside these positives.
    most_positives = negatives * highest / (1 - highest) if highest < 1 else positives
    most_negatives = positives * (1 - lowest) / lowest if lowest > 0 else negatives
    result = kept.copy()
    for mask, n, most in (
        (labels & kept, positives, int(most_positives)),
        (~labels & kept, negatives, int(most_negatives)),
    ):
        if n > most:
            sureness = np.abs(mean_vote - 0.5)
            ranked = np.flatnonzero(mask)[np.argsort(sureness[mask], kind="stable")]
            result[ranked[: n - most]] = False
    return result


def _votes(
    recipe: Recipe, training: Sequence[Chunk], texts: list[str], folder: Path
) -> NDArray[np.float64]:
    """Scores of models that each saw a part of the training set, models by texts."""
    settings, seed = recipe.config.self_, recipe.config.seed
    folder.mkdir()
    votes = []
    for m in range(settings.models):
        most = int(settings.bag * 2**64)
        bag = [c for c in training if draw_key(seed, f"bag {m}", c.text) < most]
        model = folder / f"{m}.bin"
        fit(recipe, bag, model, dense=True)
        votes.append(score_texts(model, texts))
        model.unlink()
    shutil.rmtree(folder)
    return np.array(votes)


def _pseudo_labelled(texts: Sequence[str], edited: Edited, seed: int) -> list[Chunk]:
    """What is kept as examples, as many of each class: training is on equal classes."""
    sides: dict[bool, list[str]] = {True: [], False: []}
    for text, label, is_kept in zip(texts, edited.labels, edited.kept, strict=True):
        if is_kept:
            sides[bool(label)].append(text)
    n = min(map(len, sides.values()))
    return [
        Chunk(label, text, "unlabelled", "pseudo-labelled")
        for is_positive, label in ((True, POSITIVE), (False, NEGATIVE))
        for text in sorted(sides[is_positive], key=lambda t: draw_key(seed, "balance", t))[:n]
    ]


def _figures(
    edited: Edited, training: Sequence[Chunk], labelled: Sequence[Chunk], auc: float
) -> Round:
    return Round(
        len(edited.labels),
        edited.n_edited,
        edited.n_untrusted,
        edited.n_drifting,
        len(training) - len(labelled),
        edited.share_before,
        edited.share_after,
        auc,
    )


def _verdict(done: SelfTraining) -> str:
    figures: dict[str, Any] = {"supervised": done.supervised_auc, "self-trained": done.auc}
    said = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
    kept = "self-trained" if done.is_kept else "supervised"
    return (
        f"AUC on held-out works: {said}; the {kept} model is what was written (chosen by these "
        "figures, which flatters the better one a little)"
    )
