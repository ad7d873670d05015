"""Evaluation texts: works of five families, and how much of each is measured.

A work is a book, a source or a set of questions. Its documents are not independent, so intervals
and tests count works, never documents. Of every work at most half is measured; the rest is what
the oracle is trained on.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.errors import ConfigError, Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from refinery.ablation.config import Where, WorkConfig

SCHEMA = {
    "family": pl.String,
    "work": pl.String,
    "id": pl.String,
    "context": pl.String,
    "text": pl.String,
}
"""Documents of works; `context` stands before `text` and is empty where there is none. The space that
parts them begins the text, as a tokenizer's words begin with theirs."""
FEWEST = 6
"""Works of a family from which a sign-flip test can reach p < .05: 2 / 2^6 = .031."""


@dataclass(frozen=True)
class Works:
    """Documents of the evaluation: measured ones, and the train split for the oracle.

    Both are frames of `SCHEMA`. `held_out` are the ids of all documents of all works.
    """

    measured: pl.DataFrame
    targets: pl.DataFrame
    held_out: frozenset[str]


def read_works(
    families: Mapping[Any, Sequence[WorkConfig]], folder: Path, *, work_bytes: int, seed: int
) -> Works:
    """Read every work of every family.

    Raises
    ------
    ConfigError
        As `read_documents`.
    """
    documents = read_documents(
        {f"families.{name}": works for name, works in families.items()}, folder
    )
    documents = documents.with_columns(pl.col("family").str.strip_prefix("families."))
    return split(documents, work_bytes=work_bytes, seed=seed)


def read_documents(asked: Mapping[str, Sequence[WorkConfig]], folder: Path) -> pl.DataFrame:
    """All documents of some lists of works, a frame of `SCHEMA`; `family` is the name of the list.

    Raises
    ------
    ConfigError
        With every path that matches nothing, column that is not there, and work without text.
    """
    problems: list[Problem] = []
    frames = [pl.DataFrame(schema=SCHEMA)]
    for name, works in asked.items():
        for i, work in enumerate(works):
            try:
                frames.append(_read(name, work, folder))
            except ConfigError as error:
                where = f"{name}[{i}]"
                problems += [Problem(0, 0, where, p.message) for p in error.problems]
    if problems:
        msg = ""
        raise ConfigError(msg, problems)
    return pl.concat(frames)


def split(documents: pl.DataFrame, *, work_bytes: int, seed: int) -> Works:
    """Cut works into what is measured and what the oracle sees, by a hash of the ids."""
    size = pl.col("text").str.len_bytes()
    ordered = hashed(documents, seed).sort("family", "work", "hash", "id")
    before = (size.cum_sum() - size).over("family", "work")
    limit = pl.min_horizontal(pl.lit(work_bytes), size.sum().over("family", "work") / 2)
    marked = ordered.with_columns(is_measured=before < limit).drop("hash")
    return Works(
        marked.filter("is_measured").drop("is_measured"),
        marked.filter(~pl.col("is_measured")).drop("is_measured"),
        frozenset(documents["id"]),
    )


def hashed(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """With `hash`, of the ids."""
    ids = frame["id"].cast(pl.String).to_arrow()
    return frame.with_columns(hash=pl.Series(pa.array(_core.hash_ids(ids, seed)), dtype=pl.UInt64))


def _read(family: str, work: WorkConfig, folder: Path) -> pl.DataFrame:
    rows = _scan(work, folder)
    columns = rows.collect_schema().names()
    needed = {work.text, *work.where, *filter(None, (work.context, work.by))}
    absent = sorted(needed - set(columns))
    if absent:
        msg = f"no column {absent[0]!r}{nearest(absent[0], columns)}"
        raise _problem(msg)
    rows = rows.filter(*(c for column, where in work.where.items() for c in _holds(column, where)))
    name = pl.lit(work.name or Path(work.path if isinstance(work.path, str) else work.path[0]).stem)
    context = pl.col(work.context).fill_null("").str.strip_chars_end() if work.context else ""
    found = rows.filter(pl.col(work.text).str.len_bytes() > 0).select(
        family=pl.lit(family),
        work=pl.col(work.by).cast(pl.String) if work.by else name,
        id=pl.col(work.id).cast(pl.String) if work.id in columns else name + _numbered(),
        context=context if work.context else pl.lit(""),
        text=(" " + pl.col(work.text)) if work.context else pl.col(work.text),
    )
    read = found.collect()
    if work.parts is not None:
        part = (pl.col("hash") % work.parts + 1).cast(pl.String)
        read = hashed(read, 0).with_columns(work=pl.col("work") + " " + part).drop("hash")
    if read.is_empty():
        msg = f"{work.path}: no document with text is chosen"
        raise _problem(msg)
    return read


def _holds(column: str, where: Where) -> Iterator[pl.Expr]:
    """The conditions on a column."""
    if where.equals is not None:
        yield pl.col(column).is_in(
            [where.equals] if isinstance(where.equals, str) else where.equals
        )
    if where.contains is not None:
        yield pl.col(column).str.contains(where.contains, literal=True)
    if where.prefix is not None:
        yield pl.col(column).str.starts_with(where.prefix)


def _numbered() -> pl.Expr:
    return pl.lit("#") + pl.int_range(pl.len()).cast(pl.String)


def _scan(work: WorkConfig, folder: Path) -> pl.LazyFrame:
    asked = [work.path] if isinstance(work.path, str) else work.path
    by_format: dict[str, list[Path]] = {}
    for pattern in asked:
        names = sorted(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207 - may be absolute
        if not names:
            msg = f"{pattern!r} matches no file (looked from {folder})"
            raise _problem(msg)
        for name in names:
            by_format.setdefault(_format(name), []).append(folder / name)
    frames = [_SCANS[ending](paths) for ending, paths in by_format.items()]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


_SCANS: dict[str, Callable[[list[Path]], pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    ".jsonl": pl.scan_ndjson,
    ".ndjson": pl.scan_ndjson,
    ".csv": pl.scan_csv,
    ".arrow": pl.scan_ipc,
    ".feather": pl.scan_ipc,
}
_COMPRESSED = (".jsonl.gz", ".jsonl.zst", ".ndjson.gz", ".ndjson.zst")


def _format(name: str) -> str:
    """The ending that says how a file is read; Polars sees by itself how one is compressed."""
    whole = name.lower()
    ending = Path(whole).suffix
    if whole.endswith(_COMPRESSED):
        ending = Path(whole.removesuffix(ending)).suffix
    if ending not in _SCANS:
        allowed = ", ".join((*_SCANS, *_COMPRESSED))
        msg = f"{name}: no format is known by that name; allowed endings: {allowed}"
        raise _problem(msg)
    return ending


def _problem(message: str) -> ConfigError:
    return ConfigError("", [Problem(0, 0, "", message)])
