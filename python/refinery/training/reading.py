"""From a training file to examples: read every part, cut, draw, alter, match lengths or format."""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from refinery.config import InputConfig
from refinery.errors import ConfigError, nearest
from refinery.io.corpus import CorpusReader
from refinery.io.inputs import find_files, matching_files
from refinery.scoring.leak import format_ranges
from refinery.scoring.text_prep import prepare, words
from refinery.training.altering import alter, damaged, fillers_of, made_up
from refinery.training.cleaning import clean
from refinery.training.conditions import holds, meets
from refinery.training.examples import (
    NEGATIVE,
    POSITIVE,
    Chunk,
    Document,
    Sampler,
    cut,
    draw_key,
    generator,
)
from refinery.training.grammar import Grammar, load_grammar
from refinery.training.labelled import read_labels
from refinery.training.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from refinery.training.config import PartConfig, Recipe

K = TypeVar("K")

SIDES = {"positives": POSITIVE, "negatives": NEGATIVE}
_PLAIN = (".txt", ".md")
# Candidates for each chunk of a class, where a part has no number: matching lengths leaves some out.
_SPARE = 2
# Eight ranges of length, of equal width in logarithm.
_RANGES = 8


@dataclass
class Examples:
    """Both classes' chunks, of equal number, and what happened on the way.

    Attributes
    ----------
    chunks : list of Chunk
        Positives and negatives.
    notes : list of str
        What a reader of the report should know: left out, short of, repeated.
    counts : dict
        Documents read, alive and quarantined; chunks by origin.
    """

    chunks: list[Chunk]
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class _Part:
    """One part of one class while it is read."""

    side: str
    index: int
    config: PartConfig
    sampler: Sampler
    # Of a labelled set: all its documents, and those whose text is in the pool.
    labelled: pl.Series | None = None
    ids: pl.Series | None = None

    @property
    def label(self) -> str:
        return SIDES[self.side]

    def wanted(self) -> pl.Expr:
        """Which rows of the pool are its documents."""
        expression = meets(self.config.where)
        if self.ids is None:
            return expression & ~pl.col("_labelled")
        return expression & pl.col("id").is_in(self.ids.implode())


def read_examples(recipe: Recipe) -> Examples:
    """The examples of a training file.

    Raises
    ------
    ConfigError
        If a part finds no document or no chunk; names it.
    """
    reading = _Reading(recipe)
    reading.read()
    return reading.examples()


def work_column(recipe: Recipe) -> str:
    """What a work is: `document`, `source`, or a column's name."""
    config = recipe.config
    if config.split.by is not None:
        return config.split.by
    parts = [*config.positives, *config.negatives]
    known = [*(i.source for i in config.input), *(part.source for part in parts)]
    return "document" if all(source is None for source in known) else "source"


def pool_documents(recipe: Recipe) -> Iterator[Document]:
    """Every document of the pool that is alive, with its work and origin."""
    work = work_column(recipe)
    columns = {work} - {"document", "source"}
    for table in Pool(recipe, columns).tables():
        for row in table.iter_rows(named=True):
            yield Document(row["id"], row["text"], _work_of(row, work), _origin_of(row))


class _Reading:
    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._config = recipe.config
        self._work = work_column(recipe)
        self._parts = [
            _Part(side, i, part, self._sampler(part, f"{side} {i}"))
            for side in SIDES
            for i, part in enumerate(getattr(recipe.config, side))
        ]
        self._grammars: dict[str, Grammar] = {}
        self.notes: list[str] = []
        self.counts: Counter[str] = Counter()

    def read(self) -> None:
        """Offers every document of every part to its sampler."""
        for part in self._of_kind("path"):
            for table in self._files(part):
                self._offer(part, table.filter(meets(part.config.where)))
        for part in self._of_kind("labels"):
            self._read_labels(part)
        asked = [*self._of_kind("pool"), *(p for p in self._of_kind("labels") if p.ids is not None)]
        if asked:
            self._read_pool(asked)
        for part in self._parts:
            if part.config.kind in ("pool", "path", "labels") and not part.sampler.documents:
                message = "finds no document"
                raise self._recipe.error_at((part.side, part.index), message)

    def examples(self) -> Examples:
        """What the samplers hold, altered, without repeats, with equal lengths."""
        drawn = [chunk for part in self._parts for chunk in self._taken(part)]
        drawn += self._made(drawn)
        settings, seed = self._config.alter, self._config.seed
        shortest = self._config.chunks.words[0]
        altered = [alter(chunk, settings, seed) for chunk in drawn]
        usable = [chunk for chunk in altered if chunk.n_words >= shortest // 2 and chunk.text]
        unique = _without_repeats(usable)
        if len(unique) < len(usable):
            self.notes.append(f"{len(usable) - len(unique)} chunks repeat another's text: left out")
        chunks = self._matched(unique)
        for chunk in chunks:
            self.counts[f"{chunk.label} {chunk.origin}"] += 1
        return Examples(chunks, self.notes, dict(sorted(self.counts.items())))

    def _sampler(self, part: PartConfig, name: str) -> Sampler:
        chunks, seed = self._config.chunks, self._config.seed
        return Sampler(
            part.chunks or _SPARE * chunks.per_class,
            part.per_document or chunks.per_document,
            part.per_source,
            lambda key: draw_key(seed, name, key),
        )

    def _of_kind(self, kind: str) -> list[_Part]:
        return [part for part in self._parts if part.config.kind == kind]

    def _columns(self, parts: Sequence[_Part]) -> set[str]:
        work = {self._work} - {"document", "source"}
        own = {name for part in parts for name in _own_column(part)}
        return work.union(own, *(part.config.where for part in parts)) | (
            {"source"} if self._work == "source" and self._has_source(parts) else set()
        )

    def _has_source(self, parts: Sequence[_Part]) -> bool:
        return any(part.config.source is not None for part in parts)

    def _read_pool(self, parts: Sequence[_Part]) -> None:
        pool = Pool(self._recipe, self._columns(parts))
        positive = [part for part in parts if part.label == POSITIVE]
        negative = [part for part in parts if part.label == NEGATIVE]
        # A document is of one class: what has a label is of that label's, what is a positive is no
        # negative.
        is_labelled = pl.col("id").is_in(self._labelled_ids().implode())
        for table in pool.tables():
            marked = table.with_columns(_labelled=is_labelled)
            taken = pl.any_horizontal(pl.lit(value=False), *(p.wanted() for p in positive))
            rest = marked.filter(~taken | pl.col("_labelled"))
            for part in positive:
                self._offer(part, marked.filter(part.wanted()))
            for part in negative:
                self._offer(part, rest.filter(part.wanted()))
        self.counts["documents read"] += pool.read
        if pool.alive < pool.read:
            self.counts["documents alive in the run"] = pool.alive
        if pool.quarantined:
            self.notes.append(f"{pool.quarantined} records of the pool are no documents: left out")

    def _labelled_ids(self) -> pl.Series:
        sets = [part.labelled for part in self._parts if part.labelled is not None]
        return pl.concat([pl.Series("id", [], pl.String), *sets])

    def _files(self, part: _Part) -> Iterator[pl.DataFrame]:
        """The tables of a part's own files; plain text is a document a file."""
        config = part.config
        paths = [config.path] if isinstance(config.path, str) else config.path or []
        plain, typed = self._plain_files(paths)
        if plain:
            yield _plain_table(plain, self._recipe.folder)
        inputs = [
            InputConfig(path=p, text=config.text, id=config.id, source=config.source) for p in typed
        ]
        where = (part.side, part.index, "path")
        files, problems = find_files(
            inputs, self._recipe.folder, lambda _, message: self._recipe.problem(where, message)
        )
        if problems:
            raise ConfigError(self._recipe.document.file, problems)
        reader = CorpusReader(files, sorted(self._columns([part])))
        for table in reader.tables():
            self.counts["documents read"] += len(table)
            yield table

    def _plain_files(self, paths: Sequence[str]) -> tuple[list[Path], list[str]]:
        plain, typed = [], []
        for pattern in paths:
            path = self._recipe.folder / pattern
            found = (
                path.rglob("*") if path.is_dir() else matching_files(self._recipe.folder, pattern)
            )
            texts = sorted(f for f in found if f.suffix.lower() in _PLAIN and f.is_file())
            plain += texts
            if not texts or (path.is_dir() and matching_files(self._recipe.folder, pattern)):
                typed.append(pattern)
        return plain, typed

    def _read_labels(self, part: _Part) -> None:
        config = part.config
        shown, carried = str(config.labels), _own_column(part)
        path = self._recipe.folder / shown
        labels = read_labels(path, shown, label=config.label, carried=carried)
        chosen = labels.filter(
            (pl.col("label") >= (config.min if config.min is not None else -math.inf))
            & (pl.col("label") <= (config.max if config.max is not None else math.inf))
        )
        part.labelled = chosen["id"]
        with_text = chosen.drop_nulls("text")
        if len(with_text) < len(chosen):
            if not self._config.input:
                message = f"{len(chosen) - len(with_text)} labelled documents have no text, and there is no input: to find it in"
                raise self._recipe.error_at((part.side, part.index, "labels"), message)
            part.ids = chosen.filter(pl.col("text").is_null())["id"]
        # A labelled document without a source is a work of its own.
        self._offer(part, with_text.with_columns(source_file="id"))

    def _offer(self, part: _Part, table: pl.DataFrame) -> None:
        shortest, longest = self._config.chunks.words
        seed, config = self._config.seed, part.config
        is_wanted = holds(config.holds)
        for row in table.iter_rows(named=True):
            name = row["id"]
            work = _work_of(row, config.work or self._work)
            document = Document(name, row["text"], work, _part_origin(part, row))

            def pieces(text: str, name: str = name) -> Iterator[str]:
                text = clean(config.clean, text)
                if config.whole:
                    found = _whole(text, shortest, longest)
                else:
                    found = cut(text, shortest, longest, generator(seed, "length", name))
                return filter(is_wanted, found)

            part.sampler.offer(document, pieces, part.label, config.weight)

    def _taken(self, part: _Part) -> list[Chunk]:
        if part.config.kind not in ("pool", "path", "labels"):
            return []
        found = part.sampler.chunks()
        wanted = part.config.chunks
        if not found:
            message = (
                f"no chunk of {self._config.chunks.words[0]} words or more in "
                f"{part.sampler.documents} documents; clean is {part.config.clean}"
            )
            raise self._recipe.error_at((part.side, part.index), message)
        if wanted is not None and len(found) < wanted:
            name = f"{part.side}[{part.index}]"
            self.notes.append(f"{name}: {len(found)} chunks where {wanted} were asked for")
        return found

    def _made(self, drawn: list[Chunk]) -> list[Chunk]:
        fillers = fillers_of(drawn)
        positives = [chunk for chunk in drawn if chunk.label == POSITIVE]
        made: list[Chunk] = []
        for part in self._parts:
            n, kind = part.config.chunks or 0, part.config.made_up
            if kind is not None:
                made += made_up(kind, n, fillers, self._config.chunks, self._config.seed)
            elif part.config.damaged:
                made += damaged(positives, n, self._config.seed)
            elif part.config.grammar is not None:
                made += self._spoken(part, part.config.grammar, drawn)
        return made

    def _spoken(self, part: _Part, file: str, drawn: list[Chunk]) -> Iterator[Chunk]:
        """The chunks of a part that a grammar makes, among words of the negatives."""
        config, seed = part.config, self._config.seed
        if file not in self._grammars:
            self._grammars[file] = load_grammar(self._recipe.folder / file)
        grammar, rule = self._grammars[file], str(config.rule)
        if rule not in grammar:
            message = f"no such rule in {file}{nearest(rule, grammar.rules)}"
            raise self._recipe.error_at((part.side, part.index, "rule"), message)
        around = sorted({chunk.text for chunk in drawn if chunk.label == NEGATIVE})
        name = f"{file}: {rule}"
        for i in range(config.chunks or 0):
            draw = generator(seed, name, str(i))
            text = grammar.chunk(rule, draw, around, self._config.chunks.words)
            yield Chunk(part.label, prepare(text), f"{name} {i}", name, config.weight)

    def _matched(self, chunks: list[Chunk]) -> list[Chunk]:
        """Equal numbers of both classes, in each range of length or format if so configured."""
        seed = self._config.seed
        by_class = _grouped(chunks, lambda chunk: chunk.label)
        range_of = self._ranges(by_class)
        cells = {label: _grouped(found, range_of) for label, found in by_class.items()}
        matched: list[Chunk] = []
        for cell in sorted(set().union(*cells.values())):
            both = [cells[label].get(cell, []) for label in (POSITIVE, NEGATIVE) if label in cells]
            n = min(map(len, both)) if len(both) == 2 else 0
            for found in both:
                ordered = sorted(found, key=lambda chunk: draw_key(seed, "match", chunk.text))
                matched += ordered[:n]
        return self._limited(matched, {label: len(found) for label, found in by_class.items()})

    def _ranges(self, by_class: dict[str, list[Chunk]]) -> Callable[[Chunk], int]:
        match = self._config.chunks.match
        if match != "format":
            return self._range_of if match else lambda _: 0
        sides = [by_class.get(label, []) for label in (POSITIVE, NEGATIVE)]
        if not all(sides):
            return lambda _: 0
        texts = [[chunk.text for chunk in side] for side in sides]
        works = [chunk.work for side in sides for chunk in side]
        places = format_ranges(*texts, groups=works)
        found = dict(zip([*texts[0], *texts[1]], places, strict=True))
        return lambda chunk: found[chunk.text]

    def _limited(self, matched: list[Chunk], before: dict[str, int]) -> list[Chunk]:
        n = min(len(matched) // 2, self._config.chunks.per_class)
        if n == 0:
            message = "positives and negatives have no length in common; widen chunks.words"
            raise self._recipe.error_at(("chunks",), message)
        least = min(before.values())
        what = "format" if self._config.chunks.match == "format" else "lengths"
        if n < least // 2:
            self.notes.append(
                f"matching {what} left {n} of {least} chunks: the classes' {what} differ"
            )
        by_class = _grouped(matched, lambda chunk: chunk.label)
        seed = self._config.seed
        return [
            chunk
            for label in (POSITIVE, NEGATIVE)
            for chunk in sorted(by_class[label], key=lambda c: draw_key(seed, "limit", c.text))[:n]
        ]

    def _range_of(self, chunk: Chunk) -> int:
        shortest, longest = self._config.chunks.words
        width = math.log(longest / shortest) / _RANGES or 1.0
        place = int(math.log(max(chunk.n_words, 1) / shortest) // width)
        return min(max(place, 0), _RANGES - 1)


def _own_column(part: _Part) -> list[str]:
    """The column that says what a work is for this part, where it is not one of every table."""
    work = part.config.work
    return [] if work in (None, "document", "source") else [work]


def _work_of(row: dict[str, object], work: str) -> str:
    if work == "document":
        return str(row["id"])
    found = row.get(work)
    return str(found) if found is not None else str(row["source_file"])


def _whole(text: str, shortest: int, longest: int) -> Iterator[str]:
    found = words(text)[:longest]
    if len(found) >= shortest:
        yield " ".join(found)


def _origin_of(row: dict[str, object]) -> str:
    return str(row["source"] if row["source"] is not None else row["source_file"])


def _part_origin(part: _Part, row: dict[str, object]) -> str:
    return f"labelled in {part.config.labels}" if part.config.kind == "labels" else _origin_of(row)


def _grouped(chunks: Sequence[Chunk], key: Callable[[Chunk], K]) -> dict[K, list[Chunk]]:
    groups: dict[K, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        groups[key(chunk)].append(chunk)
    return dict(groups)


def _without_repeats(chunks: list[Chunk]) -> list[Chunk]:
    """Each text once: a repeated one counts double, and may stand on both sides of the split."""
    return list({chunk.text: chunk for chunk in reversed(chunks)}.values())[::-1]


def _plain_table(files: Sequence[Path], folder: Path) -> pl.DataFrame:
    names = [Path(os.path.relpath(f, folder)).as_posix() for f in files]
    texts = [f.read_text(encoding="utf-8", errors="replace") for f in files]
    columns = {"id": names, "text": texts, "source": [None] * len(files), "source_file": names}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
