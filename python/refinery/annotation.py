"""Phase 1: one unit of text becomes one file of annotations. No document is dropped here.

The file's name is the hash of what determines its content, so a unit whose file exists is done; a
second hash in it, of its bytes, tells whether it is whole.
Records that are no documents go to a quarantine file of the same name, written first.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from refinery import _core
from refinery import signal_table as signals
from refinery.atomic import move
from refinery.errors import EnvironmentFault
from refinery.hashes import digest
from refinery.io.columns import chosen_rows
from refinery.io.units import Quarantined, Rows, Unit, quarantine_table
from refinery.minhasher import make_minhasher
from refinery.scoring.reference import Reference, ReferencePass
from refinery.tree import is_whole, keep_sealed, sealed_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from refinery.engine import Progress, Stop
    from refinery.io.units import Reader
    from refinery.plan import Plan
    from refinery.tree import OutputTree

READ_ROWS = _ROW_GROUP = 65_536
"""Rows of a row group of annotations, and so of what is read of them at a time."""
_METADATA_KEY = b"refinery"
QUARANTINE = ".quarantine"
"""Tells quarantined records from annotations of the same key where both lie in one folder."""


@dataclass(frozen=True)
class UnitRecord:
    """What is known of an annotated unit without opening its columns."""

    key: str
    source_file: str
    index: int
    first_row: int
    n_rows: int
    n_bytes: int
    n_quarantined: int
    quarantined_bytes: int
    schema: str | None
    name: str = ""
    """Of its file, which tells the hash of its bytes: known when that is written."""

    @property
    def n_read(self) -> int:
        """Records read: annotated and quarantined."""
        return self.n_rows + self.n_quarantined


@dataclass
class _Found:
    """What a unit's rows tell beside their annotations."""

    quarantined: list[Quarantined] = field(default_factory=list)
    schema: str | None = None


class Annotator:
    """Annotates units of one plan; may be called from several threads.

    Reading, computing and encoding is handed to `workers` threads, always the same ones, since an
    allocator keeps what a thread freed for that thread; the callers wait for the disk to have what
    was written, which takes as long as computing where units are small.
    """

    def __init__(
        self, plan: Plan, tree: OutputTree, stop: Stop, progress: Progress, *, workers: int
    ) -> None:
        self._plan = plan
        self._tree = tree
        self._stop = stop
        self._progress = progress
        self._pool = _core.ThreadPool(plan.threads)
        self._pass = make_pass(plan)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="refinery-unit")
        self._part = digest(plan.annotate_part())
        # Listed once: what later appears here is this run's own.
        self._found = {
            folder: {sealed_key(path): path for path in folder.iterdir()}
            for folder in (tree.annotations, tree.quarantine, tree.unused)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.shutdown()

    def key(self, unit: Unit) -> str:
        """Name of the unit's result."""
        config = unit.file.config
        read = {"text", "id", "source", "max_row_bytes"}
        how = config.model_dump(include=read | ({"url"} if self._plan.url_filter else set()))
        named = [self._part, unit.file.source_file, how, unit.first_row, unit.fingerprint]
        # Only where there are any, so that the names of others stay.
        return digest([*named, *([list(unit.file.labels)] if unit.file.labels else [])])[:32]

    def __call__(self, task: tuple[Reader, Unit]) -> UnitRecord:
        """Annotate a unit, or find it done."""
        reader, unit = task
        self._stop.check()
        key = self.key(unit)
        record = self._existing(key)
        if record is None:
            record = self._annotate(reader, unit, key)
        self._progress.advance(unit.weight, documents=record.n_rows, text_bytes=record.n_bytes)
        return record

    def no_unit(self) -> UnitRecord:
        """The annotations of a corpus without a unit: an empty file, which tells the columns."""
        key = digest([self._part, "no unit"])[:32]
        record = self._existing(key)
        if record is None:
            record = UnitRecord(key, "", 0, 0, 0, 0, 0, 0, None)
            with self._tree.making(".parquet") as path:
                empty = self._annotated("", _no_rows(self._plan.labels))
                finish_annotations(annotation_writer(path, empty.schema), record)
                record = self._keep(path, record)
        return record

    def _keep(self, path: Path, record: UnitRecord) -> UnitRecord:
        return replace(record, name=keep_sealed(path, self._tree.annotations, record.key).name)

    def _existing(self, key: str) -> UnitRecord | None:
        # Quarantine first, as when they are made.
        quarantine = self._whole(self._tree.quarantine, key, f"{key}{QUARANTINE}")
        path = self._whole(self._tree.annotations, key, key)
        record = read_record(path) if path is not None else None
        if path is None or record is None or (record.n_quarantined and quarantine is None):
            return None
        return replace(record, name=path.name)

    def _whole(self, folder: Path, key: str, unused_key: str) -> Path | None:
        """The file of `key`, from the folder or from what other plans left; damaged ones go."""
        for place, name in ((folder, key), (self._tree.unused, unused_key)):
            path = self._found[place].get(name)
            if path is None:
                continue
            if not is_whole(path):
                path.unlink(missing_ok=True)
                continue
            if place != folder:
                target = folder / f"{key}.{path.name.removeprefix(unused_key + '.')}"
                move(path, target)
                return target
            return path
        return None

    def _annotate(self, reader: Reader, unit: Unit, key: str) -> UnitRecord:
        with self._tree.making(".parquet") as path:
            record = self._workers.submit(self._fill, path, reader, unit, key).result()
            return self._keep(path, record)

    def _fill(self, path: Path, reader: Reader, unit: Unit, key: str) -> UnitRecord:
        found = _Found()
        n_rows = n_bytes = 0
        writer: pq.ParquetWriter | None = None
        for table in _regrouped(self._tables(reader, unit, found)):
            if writer is None:
                writer = annotation_writer(path, table.schema)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            n_rows += len(table)
            n_bytes += pc.sum(table["n_bytes"]).as_py() or 0
        if writer is None:
            empty = self._annotated(unit.file.source_file, _no_rows(unit.file.labels))
            writer = annotation_writer(path, empty.schema)
        record = UnitRecord(
            key, unit.file.source_file, unit.index, unit.first_row, n_rows, n_bytes,
            len(found.quarantined), sum(q.n_bytes for q in found.quarantined), found.schema,
        )  # fmt: skip
        finish_annotations(writer, record)
        if found.quarantined:
            self._write_quarantine(unit, key, found.quarantined)
        return record

    def _write_quarantine(self, unit: Unit, key: str, quarantined: list[Quarantined]) -> None:
        with self._tree.making(".parquet") as path:
            table = quarantine_table(unit.file.source_file, quarantined)
            pq.write_table(table, path, compression="zstd", write_page_checksum=True)
            keep_sealed(path, self._tree.quarantine, key)

    def _tables(self, reader: Reader, unit: Unit, found: _Found) -> Iterator[pa.Table]:
        for rows in reader.rows(unit):
            self._stop.check()
            found.quarantined += rows.quarantined
            found.schema = rows.schema or found.schema
            yield self._annotated(unit.file.source_file, sampled(rows, self._plan))

    def _annotated(self, source_file: str, rows: Rows) -> pa.Table:
        computed = pa.record_batch(self._pass.run(rows.texts, self._pool))
        return annotated(source_file, rows, computed, listed(rows, self._plan, self._pool))


Pass: TypeAlias = _core.Pass | ReferencePass


def make_pass(plan: Plan, *, tokens: bool = True, base_columns: bool = True) -> Pass:
    """The pass that computes a plan's columns; without `tokens` or `base_columns` only the others."""
    tokens = tokens or any(family.needs_token_ids for family in plan.families)
    ranges = [(s.name, s.model, s.view) for s in plan.scores if isinstance(s.model, Reference)]
    compiled = _core.Pass(
        views=list(plan.views.items()),
        sized=plan.sized,
        hashed=plan.hashed,
        families=[f.key for f in plan.families if f.lists is None],
        signals={s.column for f in plan.families for s in f.signals},
        tokenizer=plan.tokenizer if tokens else None,
        scores=[
            (s.name, s.model, s.label_index, s.view, s.chunks)
            for s in plan.scores
            if not isinstance(s.model, Reference)
        ],
        minhash=make_minhasher(plan.minhash) if plan.minhash else None,
        minhash_view=(plan.minhash and plan.minhash.view) or signals.TEXT,
        base_columns=base_columns,
    )
    return ReferencePass(compiled, tuple(ranges)) if ranges else compiled


def sampled(rows: Rows, plan: Plan) -> Rows:
    """The documents that the plan's sample chooses, by a hash of their ids."""
    share = plan.sample
    if share is None or share >= 1:
        return rows
    hashes = pa.array(_core.hash_ids(rows.ids, plan.pipeline.config.seed))
    chosen = pc.less(hashes, pa.scalar(int(share * 2**64), pa.uint64()))
    return chosen_rows(rows, chosen, [])


def listed(rows: Rows, plan: Plan, pool: _core.ThreadPool) -> dict[str, pa.Array]:
    """The columns of the families with lists: of the URLs, and of views of the texts."""
    columns: dict[str, pa.Array] = {}
    for family in plan.families:
        if family.lists == signals.URL_LISTS and plan.url_filter is not None:
            urls = rows.urls if rows.urls is not None else _nulls(len(rows.ids))
            computed = plan.url_filter.run(urls, pool)
        elif family.lists is not None and plan.bad_words is not None:
            texts = rows.texts
            if family.view != signals.TEXT:
                texts = _core.edited(texts, plan.views[family.view], pool)
            computed = plan.bad_words.run(texts, pool)
        else:
            continue
        found = pa.record_batch(computed).columns
        columns |= dict(zip((s.column for s in family.signals), found, strict=True))
    return columns


def annotated(
    source_file: str, rows: Rows, computed: pa.RecordBatch, with_lists: dict[str, pa.Array]
) -> pa.Table:
    """Rows of an annotation file: ids and places, then what was computed of the documents."""
    places = pa.repeat(pa.scalar(source_file, pa.large_string()), len(rows.ids))
    # Null where the input has no source: files of one result have one schema.
    sources = rows.sources if rows.sources is not None else _nulls(len(rows.ids))
    columns = [rows.ids.cast(pa.large_string()), places, rows.rows, sources, *rows.labels.values()]
    names = ["id", "source_file", "row", "source", *rows.labels]
    names += [*computed.schema.names, *with_lists]
    return pa.Table.from_arrays([*columns, *computed.columns, *with_lists.values()], names=names)


def _nulls(n: int) -> pa.Array:
    return pa.nulls(n, pa.large_string())


def _no_rows(labels: Iterable[str]) -> Rows:
    text = pa.array([], pa.large_string())
    named = dict.fromkeys(labels, text)
    return Rows(text, text, None, pa.array([], pa.int64()), [], labels=named)


def _regrouped(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `_ROW_GROUP` rows, so that files do not depend on batch sizes."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(len(t) for t in waiting) >= _ROW_GROUP:
            joined = pa.concat_tables(waiting).combine_chunks()
            end = len(joined) - len(joined) % _ROW_GROUP
            yield joined.slice(0, end)
            waiting = [joined.slice(end)]
    rest = pa.concat_tables(waiting).combine_chunks() if waiting else None
    if rest is not None and len(rest):
        yield rest


def annotation_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of annotation files: checksummed pages, fast compression."""
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=["source_file", "source"],
        write_page_checksum=True,
    )


def finish_annotations(writer: pq.ParquetWriter, record: UnitRecord) -> None:
    """Close a file of annotations with its record in the footer."""
    writer.add_key_value_metadata({_METADATA_KEY: json.dumps(asdict(record)).encode()})
    writer.close()


def read_record(path: Path) -> UnitRecord | None:
    """The record in an annotation file's footer; None where there is no whole file."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        return UnitRecord(**json.loads(metadata[_METADATA_KEY]))
    except (FileNotFoundError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None


def read_annotations(tree: OutputTree, record: UnitRecord, columns: list[str]) -> pa.Table:
    """Columns of one unit's annotations, with page checksums verified.

    Raises
    ------
    EnvironmentFault
        If the file is damaged; it is removed, so that the next run makes it again.
    """
    path = tree.annotations / record.name
    with (
        _removed_if_damaged(path),
        pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as file,
    ):
        return file.read(columns, use_threads=False).select(columns)


def annotation_batches(
    tree: OutputTree, record: UnitRecord, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """The same in batches of at most 65,536 rows; no batch where there is no row."""
    path = tree.annotations / record.name
    with (
        _removed_if_damaged(path),
        pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as file,
    ):
        yield from file.iter_batches(READ_ROWS, columns=columns, use_threads=False)


@contextmanager
def _removed_if_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        path.unlink(missing_ok=True)
        message = f"{path}: was damaged ({error}) and is removed; run the same command again"
        raise EnvironmentFault(message) from None
