"""Training a classifier: one function over the reference library.

What it is: labelled texts in, a model file and its sidecar out, the same bytes each time. What it
is not: a choice of examples (which decides everything), an evaluation, or a search for settings.

Needs the optional extra ``train`` (the distribution `fasttext-numpy2`, which installs without a
compiler); scoring does not.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from refinery import _core
from refinery.atomic import place
from refinery.errors import EnvironmentFault, ParameterError, RefineryError
from refinery.hashes import sha256_of
from refinery.scoring import fasttext_process
from refinery.scoring.sidecar import Sidecar, sidecar_path
from refinery.scoring.text_prep import LABEL_PREFIX, text_prep_sha256, training_line, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How to train; the defaults are those of published quality classifiers.

    Attributes
    ----------
    dim : int
        Length of the vectors. 100 in DCLM and PreSelect; 16 loses little and is twice as fast.
    word_ngrams : int
        Longest word n-gram; 2 in DCLM and PreSelect.
    lr : float
        Learning rate; 0.1 in all four published recipes we know.
    epoch : int or None
        Passes over the examples. None: 5, as published for sets of 20,000 and more; 3 from 100,000
        examples; 25 below 10,000, where 5 at a rate of 0.1 leave a model near chance (2,000 labels,
        a fifth of them wrong: AUC 0.79 after 5, 0.96 after 25; `benches/quality/label_loop.py`).
    min_count : int or None
        Words seen less often have no vector of their own. None: 1, and 3 from 50,000 examples.
    bucket : int
        Rows for hashed n-grams.
    minn, maxn : int
        Lengths of character n-grams; 0 for none.
    loss : {"softmax", "hs", "ova", "ns"}
        The loss.
    """

    dim: int = 100
    word_ngrams: int = 2
    lr: float = 0.1
    epoch: int | None = None
    min_count: int | None = None
    bucket: int = 2_000_000
    minn: int = 0
    maxn: int = 0
    loss: str = "softmax"

    def resolved(self, n_examples: int) -> dict[str, Any]:
        """The library's arguments for a training set of a size."""
        epoch = self.epoch if self.epoch is not None else _epochs(n_examples)
        min_count = (
            self.min_count if self.min_count is not None else (3 if n_examples >= 50_000 else 1)
        )
        return {
            "dim": self.dim,
            "wordNgrams": self.word_ngrams,
            "lr": self.lr,
            "epoch": epoch,
            "minCount": min_count,
            "bucket": self.bucket,
            "minn": self.minn,
            "maxn": self.maxn,
            "loss": self.loss,
        }


def _epochs(n_examples: int) -> int:
    if n_examples >= 100_000:
        return 3
    return 5 if n_examples >= 10_000 else 25


@dataclass(frozen=True, kw_only=True)
class Quantisation:
    """How to make a model small.

    Attributes
    ----------
    cutoff : int
        Words and n-grams kept, those with the longest vectors; 0 keeps all.
    retrain : bool
        Whether to train again after the cut.
    qnorm : bool
        Whether lengths of vectors are quantised apart.
    dsub : int
        Columns that share a byte.
    """

    cutoff: int = 0
    retrain: bool = False
    qnorm: bool = False
    dsub: int = 2


def train_classifier(
    examples: Iterable[tuple[str, str]],
    path: Path | str,
    *,
    name: str,
    positive_label: str,
    settings: TrainingSettings | None = None,
    quantisation: Quantisation | None = None,
    pool: Sequence[str] | None = None,
    min_words: int = 0,
    seed: int = 17,
    description: dict[str, Any] | None = None,
) -> Sidecar:
    """Trains a classifier on labelled texts.

    The same examples in any order, with the same settings and seed, give the same bytes on the
    same machine and version of the library.

    Parameters
    ----------
    examples : iterable of (str, str)
        Label (without prefix) and text. Balance the classes; match length and format. Texts
        without a word are left out.
    path : path
        Where the model goes: ``.bin``, or ``.ftz`` with `quantisation`. The sidecar lies beside it.
    name : str
        What the score is called.
    positive_label : str
        The label (without prefix) whose probability is the score.
    settings : TrainingSettings, optional
        How to train.
    quantisation : Quantisation, optional
        How to make the model small; without it the model is dense.
    pool : sequence of str, optional
        Texts whose scores give the sidecar's quantiles; the examples where there is none.
    min_words : int
        The sidecar's `min_words`.
    seed : int
        Decides the order of the examples.
    description : dict, optional
        Added to the sidecar's `training`: where the examples come from.

    Raises
    ------
    ParameterError
        Where `positive_label` does not occur, there is one label only, or the file name does not
        fit the kind of model.
    EnvironmentFault
        Where the library is missing.
    RefineryError
        Where the library gives up, which it does on vocabularies of a few dozen words.
    """
    path = Path(path)
    lines, counts = _training_lines(examples, seed)
    _check(path, positive_label, counts, quantised=quantisation is not None)
    arguments = (settings or TrainingSettings()).resolved(len(lines))
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".train-") as folder:
        model = Path(folder) / path.name
        run_library(lines, model, arguments, None if quantisation is None else asdict(quantisation))
        labels = _core.Model(model).labels
        sidecar = Sidecar(
            name=name,
            positive_label=LABEL_PREFIX + positive_label,
            labels=labels,
            sha256=sha256_of(model),
            min_words=min_words,
            training={
                "library": f"fasttext-numpy2 {importlib.metadata.version('fasttext-numpy2')}",
                "text_prep_sha256": text_prep_sha256(),
                "settings": arguments,
                "quantisation": None if quantisation is None else asdict(quantisation),
                "seed": seed,
                "examples": dict(sorted(counts.items())),
                **(description or {}),
            },
            quantiles=_quantiles(model, LABEL_PREFIX + positive_label, pool or _texts(lines)),
        )
        # The description first: a model that lies without its own is noticed by its hash.
        place(sidecar.write(model), sidecar_path(path))
        place(model, path)
    return sidecar


def run_library(
    lines: Sequence[str],
    model: Path,
    arguments: dict[str, Any],
    quantisation: dict[str, Any] | None,
) -> None:
    """Trains on finished lines in a fresh process; writes `model`, and the lines beside it.

    Parameters
    ----------
    lines : sequence of str
        What `training_line` gives, in the order of training.
    model : Path
        Where the model goes.
    arguments : dict
        The library's own arguments for training.
    quantisation : dict or None
        Those for quantising.
    """
    if importlib.util.find_spec("fasttext") is None:
        msg = "training needs the package fasttext-numpy2: pip install 'corpus-refinery[train]'"
        raise EnvironmentFault(msg)
    training_file = model.with_name("training.txt")
    with training_file.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
    job = {
        "input": str(training_file),
        "output": str(model),
        "settings": arguments,
        "quantise": quantisation,
    }
    done = subprocess.run(  # noqa: S603 - our own file, our own interpreter
        [sys.executable, "-P", fasttext_process.__file__],
        input=json.dumps(job),
        env=os.environ | fasttext_process.ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not model.exists():
        problem = done.stderr.strip().rpartition("\n")[2] or f"status {done.returncode}"
        msg = f"the fastText library could not train {model.name}: {problem}"
        raise RefineryError(msg)


def _training_lines(
    examples: Iterable[tuple[str, str]], seed: int
) -> tuple[list[str], Counter[str]]:
    """Lines in an order that depends on their content and the seed only."""
    counts: Counter[str] = Counter()
    keyed = []
    for label, text in examples:
        if words(text):
            line = training_line(label, text)
            keyed.append((hashlib.sha256(f"{seed} {line}".encode()).digest(), line))
            counts[label] += 1
    return [line for _, line in sorted(keyed)], counts


def _texts(lines: Sequence[str]) -> list[str]:
    return [line.partition(" ")[2] for line in lines]


def _check(path: Path, positive_label: str, counts: Counter[str], *, quantised: bool) -> None:
    if positive_label not in counts:
        message = f"no example is labelled {positive_label!r}; there are {sorted(counts)}"
        raise ParameterError(name="positive_label", message=message)
    if len(counts) < 2:
        raise ParameterError(name="examples", message=f"all {counts.total()} have one label")
    suffix = ".ftz" if quantised else ".bin"
    if path.suffix != suffix:
        kind = "quantised" if quantised else "dense"
        message = f"{path.name}: a {kind} model is called *{suffix}"
        raise ParameterError(name="path", message=message)


def _quantiles(model: Path, positive_label: str, texts: Sequence[str]) -> list[float]:
    columns = pa.record_batch(_core.Model(model).predict(pa.array(texts, pa.large_string())))
    scores = sorted(columns.column(positive_label).to_pylist())
    return [scores[(len(scores) - 1) * percent // 100] for percent in range(101)]
