"""Scores: from a name and a model's file to the loaded model and the columns that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from refinery import _core, builtin
from refinery import signal_table as signals
from refinery.errors import BadFileError, ConfigError, ModelError, nearest, reason_of
from refinery.hashes import stamp
from refinery.plan.label import positive_label
from refinery.scoring.reference import FAMILY as RANGES
from refinery.scoring.reference import SUFFIXES as RANGES_SUFFIXES
from refinery.scoring.reference import Reference, read_reference
from refinery.scoring.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from refinery.config import Pipeline, ScoreConfig
    from refinery.plan.needs import Needs, Report
    from refinery.yaml_file import Path as KeyPath

SOURCE = "source"
PLACES = ("id", "row", "source_file", "content_hash", "minhash")
"""Columns of annotation files beside numbers and names."""
CHUNK_MIN_WORDS = 30
"""Below this a linear classifier's score of a part is noise; a model's sidecar may say another."""
PERPLEXITY = "perplexity"
"""What stands for the label where a score is a language model's."""
NGRAM_SUFFIX = ".ngram"
"""Of the models that `refinery train-lm` writes."""
LanguageModel = _core.PerplexityModel | _core.NgramModel


@dataclass(frozen=True)
class ScorePlan:
    """A score: its column, its model and the file of it, and the label it is the probability of.

    The label of a language model's score is `perplexity`, that of a reference's `kl3m`.
    """

    name: str
    path: Path
    label: str
    label_index: int
    view: str
    model: _core.Model | LanguageModel | Reference = field(compare=False, repr=False)
    chunks: tuple[int, int] | None = None
    """Most words of a part, fewest of a document whose parts are scored."""

    @property
    def columns(self) -> list[str]:
        """Its columns: the score, and what its parts tell, or the terms that it is the sum of."""
        if isinstance(self.model, Reference):
            return self.model.columns(self.name)
        parts = _core.CHUNK_COLUMNS if self.chunks is not None else ()
        return [self.name, *(f"{self.name}_{part}" for part in parts)]

    @property
    def hashed_by(self) -> str:
        """Which hash its model's fingerprint is."""
        return "sha256" if isinstance(self.model, Reference) else "xxh3_128"

    @property
    def ranked_columns(self) -> list[str]:
        """Columns that its quantile is made of."""
        return self.columns[: 2 if self.chunks is not None else 1]

    @property
    def is_perplexity(self) -> bool:
        """Whether it is a language model's, not a classifier's."""
        return isinstance(self.model, LanguageModel)

    @property
    def n_bytes(self) -> int:
        """Memory of the model, all threads together; a reference is a page of numbers."""
        return 0 if isinstance(self.model, Reference) else self.model.n_bytes


class ScoreReader:
    """Turns `annotate.scores` into scores; `report` hears of each that cannot be had.

    `tokenizer` is the fingerprint of the plan's, None where it has none.
    """

    def __init__(
        self, pipeline: Pipeline, needs: Needs, tokenizer: str | None, report: Report
    ) -> None:
        self._config = pipeline.config.annotate
        self._folder = pipeline.folder
        self._needs = needs
        self._tokenizer = tokenizer
        self._report = report

    def read(self) -> list[ScorePlan]:
        """The scores whose models can be loaded, in the order of the file."""
        scores: list[ScorePlan] = []
        taken = {*signals.columns(), *signals.BASE_COLUMNS, *PLACES, SOURCE}
        for i, config in enumerate(self._config.scores):
            where: KeyPath = ("annotate", "scores", i)
            self._needs.want_view(config.view, (*where, "view"))
            path = self._model_path(config.model, (*where, "model"))
            score = self._score(config, path, where) if path is not None else None
            for name in score.columns if score is not None else [config.name]:
                if name in taken:
                    self._report((*where, "name"), f"{name!r} is already the name of a column")
                taken.add(name)
            if score is not None:
                scores.append(score)
        return scores

    def _model_path(self, name: str, where: KeyPath) -> Path | None:
        if not name.startswith(builtin.PREFIX):
            return self._folder / name
        found = builtin.path(name)
        if found is None:
            shown = builtin.names()
            hint = nearest(name, shown) or "; there are: " + ", ".join(shown)
            self._report(where, f"no model {name!r}{hint}")
        return found

    def _score(self, config: ScoreConfig, path: Path, where: KeyPath) -> ScorePlan | None:
        """A score by the kind of its model, which the file's name tells; None where it is a problem."""
        # CCNet's own models are called .arpa.bin: the reader says what to do about them.
        if ".arpa" in path.suffixes or path.suffix == NGRAM_SUFFIX:
            model = self._language_model(config, path, where)
            if model is None:
                return None
            return ScorePlan(config.name, path, PERPLEXITY, 0, config.view, model)
        if path.suffix in RANGES_SUFFIXES:
            ranges = self._reference(config, path, where)
            if ranges is None:
                return None
            return ScorePlan(config.name, path, RANGES, 0, config.view, ranges)
        return self._classifier(config, path, where)

    def _classifier(self, config: ScoreConfig, path: Path, where: KeyPath) -> ScorePlan | None:
        if config.tokenizer is not None:
            message = "a fastText model has no tokenizer; language models end in .ngram, .arpa, .arpa.gz or .arpa.zst"
            self._report((*where, "tokenizer"), message)
        try:
            classifier = _load_model(path, stamp(path))
        except (ModelError, OSError) as error:
            self._report((*where, "model"), f"{config.model}: {reason_of(error)}")
            return None
        try:
            label = self._label(config, classifier, path, where)
        except ModelError as error:
            self._report((*where, "model"), str(error))
            return None
        if label is None:
            return None
        index = classifier.labels.index(label)
        chunks = (config.chunks.words, _min_words(path)) if config.chunks else None
        return ScorePlan(config.name, path, label, index, config.view, classifier, chunks)

    def _label(
        self, config: ScoreConfig, model: _core.Model, path: Path, where: KeyPath
    ) -> str | None:
        labels = {label.removeprefix("__label__"): label for label in model.labels}
        if config.label is not None:
            found = labels.get(config.label.removeprefix("__label__"))
            if found is None:
                hint = nearest(config.label, labels) or f"; its labels: {', '.join(labels)}"
                message = f"{config.label!r} is no label of the model{hint}"
                self._report((*where, "label"), message)
            return found
        found = positive_label(config.name, labels, path)
        if found is None:
            message = f"which label is the score? Set label: to one of {', '.join(labels)}"
            self._report(where, message)
        return found

    def _reference(self, config: ScoreConfig, path: Path, where: KeyPath) -> Reference | None:
        """The ranges of a trusted corpus, which must have been learned with the plan's tokenizer."""
        self._refuse(config, ("label", "tokenizer", "chunks"), "a file of ranges", where)
        try:
            found = read_reference(path)
        except ConfigError as error:
            for problem in error.problems:
                self._report((*where, "model"), problem.render(config.model))
            return None
        except OSError as error:
            self._report((*where, "model"), reason_of(error))
            return None
        if self._tokenizer not in (None, found.tokenizer_fingerprint):
            message = (
                f"{config.model} was learned with the tokenizer {found.tokenizer}; set "
                f"annotate.tokens.tokenizer to that, found {self._config.tokens.tokenizer}"
            )
            self._report((*where, "model"), message)
        self._needs.add_family(RANGES, config.view)  # the score is made of all its columns
        return found

    def _language_model(
        self, config: ScoreConfig, path: Path, where: KeyPath
    ) -> LanguageModel | None:
        self._refuse(config, ("chunks",), "a language model", where)
        if config.label is not None:
            message = "a language model has no labels: its score is the perplexity"
            self._report((*where, "label"), message)
        is_ngram = path.suffix == NGRAM_SUFFIX
        if is_ngram and config.tokenizer is not None:
            message = "an .ngram model holds its own tokenizer"
            self._report((*where, "tokenizer"), message)
        tokenizer = self._folder / config.tokenizer if config.tokenizer else None
        try:
            if is_ngram:
                return _core.NgramModel.load(path)
            return _core.PerplexityModel(path, tokenizer)
        except (ModelError, BadFileError, OSError) as error:
            self._report((*where, "model"), f"{config.model}: {reason_of(error)}")
        return None

    def _refuse(self, config: ScoreConfig, keys: Iterable[str], what: str, where: KeyPath) -> None:
        for key in keys:
            if getattr(config, key) is not None:
                self._report((*where, key), f"{what} has no {key}")


@lru_cache(maxsize=4)
def _load_model(path: Path, _stamp: tuple[int, int]) -> _core.Model:
    """A model, loaded once for the many expressions of a notebook that name it."""
    return _core.Model(path)


def _min_words(path: Path) -> int:
    """Words from which on a model's parts mean anything: its sidecar's, or `CHUNK_MIN_WORDS`."""
    sidecar = read_sidecar(path)
    return sidecar.min_words if sidecar is not None else CHUNK_MIN_WORDS
