r"""Trains the n-gram language model of a corpus: the perplexity by which a pipeline can score.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "a.jsonl").write_text('{"text": "the cat sat on the mat"}\n' * 40)
>>> train_lm([str(folder / "a.jsonl")], folder / "a.ngram").path.name
'a.ngram'

A few documents, chosen by a hash of their ids, are held out: the loss and the buckets are theirs.
What it is not: KenLM. All n-grams stand in memory, and nothing is pruned.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.ablation import ngram
from refinery.atomic import writing_beside
from refinery.config import parse_pipeline
from refinery.errors import ConfigError, DataError, Problem
from refinery.io.inputs import find
from refinery.io.readers import open_reader
from refinery.plan.scores import NGRAM_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED = 17
HELD_OUT = 0.02
"""Share of the documents that the model does not see."""
TOKENIZER_BYTES = 4 * 10**6
"""Of the sample that the tokenizer is trained on, by the smallest hashes."""
BUCKETS = (0.3, 0.6)
"""Shares of documents at which CCNet's code cuts head, middle and tail (`cutoff.csv`)."""


@dataclass(frozen=True)
class Trained:
    """What was trained, and how well it predicts documents that it did not see.

    `buckets` are the perplexities at the shares of `BUCKETS` of the held-out documents, NaN where
    none was held out.
    """

    path: Path
    documents: int
    text_bytes: int
    tokens: int
    ngrams: int
    bits_per_byte: float
    buckets: tuple[float, float]


@dataclass
class _HeldOut:
    nats: float = 0.0
    text_bytes: int = 0
    perplexities: list[float] = field(default_factory=list)


def train_lm(
    paths: Sequence[str],
    out: Path,
    *,
    text: str = "text",
    order: int | None = None,
    vocabulary: int = ngram.VOCABULARY,
    tokenizer: Path | None = None,
    over_bytes: bool = False,
    memory: int = ngram.MEMORY,
    folder: Path | None = None,
) -> Trained:
    """Train an interpolated n-gram model on files and write it.

    Parameters
    ----------
    paths
        Files, folders or globs of any input format.
    out
        The model file; ends in `.ngram`.
    text
        Name of the text column.
    order
        Tokens of the longest n-gram, 1 to 8; 5 by default, 6 over bytes.
    vocabulary
        Tokens of the byte-level BPE tokenizer that is trained first, on a sample of the files.
    tokenizer
        A `tokenizer.json` instead.
    over_bytes
        No tokenizer: symbols are bytes.
    memory
        Bytes that counting may take.
    folder
        What paths are relative to; the working directory by default.

    Raises
    ------
    ConfigError
        For a path that matches nothing, a column that is not there, an impossible parameter, and
        n-grams that do not fit into `memory`.
    DataError
        For a damaged file, or files without a document.
    """
    if out.suffix != NGRAM_SUFFIX:
        raise ConfigError(str(out), [Problem(0, 0, "", f"a model's name ends in {NGRAM_SUFFIX}")])
    inputs = _Documents(paths, text, folder or Path.cwd())
    symbols = _symbols(inputs, vocabulary, tokenizer, over_bytes=over_bytes)
    order = order or ngram.default_order(None if over_bytes else symbols)
    counts = _core.NgramCounts(symbols, order=order, memory=memory)
    documents = text_bytes = tokens = 0
    for frame in inputs.trained_on():
        ids = pa.array(symbols.encode(frame["text"].to_arrow()))
        counts.add(ids)
        documents += len(frame)
        text_bytes += int(frame["text"].str.len_bytes().sum())
        tokens += len(ids.values)
    if not documents:
        message = f"{', '.join(paths)}: no document to train on"
        raise DataError(message)
    model = counts.model()
    with writing_beside(out) as path:
        model.save(path)
    held_out = _held_out(model, symbols, inputs)
    return Trained(
        out, documents, text_bytes, tokens, model.n_ngrams, _loss(held_out), _buckets(held_out)
    )


class _Documents:
    """The documents of files, as often as they are needed."""

    def __init__(self, paths: Sequence[str], text: str, folder: Path) -> None:
        entries = [{"path": path, "text": text} for path in paths]
        config = json.dumps({"input": entries, "output": {"path": "none"}})
        pipeline = parse_pipeline(config, file="train-lm", folder=folder)
        self._files, problems = find(pipeline)
        if problems:
            raise pipeline.error(problems)

    def all(self) -> Iterator[pl.DataFrame]:
        """Frames of `text` and `hash`, UInt64 of the document's id."""
        for file in self._files:
            reader = open_reader(file, "")
            for unit in reader.units():
                for rows in reader.rows(unit):
                    hashes = pl.Series(pa.array(_core.hash_ids(rows.ids, SEED)))
                    yield pl.DataFrame(
                        {"text": pl.Series(rows.texts).cast(pl.String), "hash": hashes}
                    )

    def trained_on(self) -> Iterator[pl.DataFrame]:
        """What the model sees."""
        for frame in self.all():
            yield frame.filter(pl.col("hash") >= _CUT)

    def held_out(self) -> Iterator[pl.DataFrame]:
        """What it does not see."""
        for frame in self.all():
            yield frame.filter(pl.col("hash") < _CUT)

    def sample(self, n_bytes: int) -> pl.Series:
        """Texts with the smallest hashes, up to `n_bytes`: the same for any order of files."""
        best = pl.DataFrame(schema={"text": pl.String, "hash": pl.UInt64})
        for frame in self.trained_on():
            joined = pl.concat([best, frame]).sort("hash", "text")
            size = joined["text"].str.len_bytes().cum_sum()
            best = joined.filter(size - joined["text"].str.len_bytes() < n_bytes)
        return best["text"]


_CUT = int(HELD_OUT * 2**64)


def _symbols(
    inputs: _Documents, vocabulary: int, tokenizer: Path | None, *, over_bytes: bool
) -> _core.Tokenizer:
    if over_bytes:
        return _core.Tokenizer.bytes()
    if tokenizer is not None:
        return _core.Tokenizer.from_file(tokenizer)
    return ngram.neutral_tokenizer(inputs.sample(TOKENIZER_BYTES).to_arrow(), vocabulary=vocabulary)


def _held_out(model: _core.NgramModel, symbols: _core.Tokenizer, inputs: _Documents) -> _HeldOut:
    found = _HeldOut()
    for frame in inputs.held_out():
        ids = pa.array(symbols.encode(frame["text"].to_arrow()))
        nats = pl.Series(pa.array(model.nats(ids)))
        per_token = nats / pl.Series(ids.value_lengths())
        found.nats += float(nats.sum())
        found.text_bytes += int(frame["text"].str.len_bytes().sum())
        # A text without a token has no perplexity: 0 / 0.
        found.perplexities += per_token.filter(per_token.is_not_nan()).exp().to_list()
    return found


def _loss(held_out: _HeldOut) -> float:
    bits = held_out.nats / math.log(2)
    return bits / held_out.text_bytes if held_out.text_bytes else math.nan


def _buckets(held_out: _HeldOut) -> tuple[float, float]:
    if not held_out.perplexities:
        return (math.nan, math.nan)
    values = pl.Series(held_out.perplexities, dtype=pl.Float64)
    head, middle = (values.quantile(share, "linear") for share in BUCKETS)
    return (head or math.nan, middle or math.nan)
