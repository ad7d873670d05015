r"""Token shards as training stacks read them, and Parquet shards of documents.

`megatron`
    `.bin`: the ids of all documents, one behind the other. `.idx`, little endian: the nine bytes
    `MMIDIDX\0\0`, version 1 (uint64), the code of the ids' type (uint8: 8 is uint16, 4 is int32),
    the number of sequences and of document indices (uint64 each), then the length of every
    sequence (int32), its first byte in `.bin` (int64), and the indices of the sequences that begin
    documents (int64), with the number of sequences at the end. A document is one sequence.
    Source: Megatron-LM, megatron/core/datasets/indexed_dataset.py (`_IndexWriter`).
`numpy`
    `.bin` alone: `numpy.memmap(path, dtype)` is the stream of ids, as nanoGPT's `train.bin`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from refinery.mixture.vocabulary import UINT16_SIZE
from refinery.write import ROW_GROUP_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from refinery import _core
    from refinery.mixture.plan import MixturePlan

MEGATRON_UINT16_SIZE = 65_500
"""Below this size of vocabulary Megatron itself stores uint16 (`DType.optimal_dtype`)."""

_INDEX_MAGIC = b"MMIDIDX\x00\x00"
_TYPE_CODES = {pa.uint16(): 8, pa.int32(): 4}


class Sink(Protocol):
    """One shard in the making; documents come in their order."""

    n_tokens: int

    def write(self, table: pa.Table) -> None:
        """Append documents."""

    def close(self) -> None:
        """Write what comes last."""


def suffixes(format: str) -> list[str]:
    """The endings of a shard's files."""
    return {"parquet": [".parquet"], "megatron": [".bin", ".idx"], "numpy": [".bin"]}[format]


def id_type(format: str, vocabulary_size: int) -> pa.DataType:
    """The type of ids: two bytes where they fit, else four (Megatron knows no unsigned four)."""
    if format == "megatron":
        return pa.uint16() if vocabulary_size < MEGATRON_UINT16_SIZE else pa.int32()
    return pa.uint16() if vocabulary_size <= UINT16_SIZE else pa.uint32()


def columns_read(plan: MixturePlan) -> list[str]:
    """The columns that a shard is made of."""
    is_parquet = plan.mixture.config.output.format == "parquet"
    return list(plan.schema.names) if is_parquet else ["text"]


def open_sink(plan: MixturePlan, paths: list[Path], pool: _core.ThreadPool) -> Sink:
    """A sink of the plan's format, writing to `paths` (as `suffixes` orders them)."""
    format = plan.mixture.config.output.format
    if format == "parquet":
        return ParquetSink(paths[0], plan.schema)
    kind = id_type(format, plan.vocabulary.size)
    return TokenSink(paths, kind, plan.vocabulary.tokenizer, plan.end, pool)


class ParquetSink:
    """Documents in row groups of about `ROW_GROUP_BYTES` of text, wherever the tables end."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.n_tokens = 0
        self._writer = pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=3, write_page_checksum=True
        )
        self._waiting: list[pa.Table] = []
        self._group = 0
        self._bytes = 0

    def write(self, table: pa.Table) -> None:
        sizes = pc.cast(pc.binary_length(table["text"]), pa.int64())
        until = pc.cumulative_sum(sizes, start=self._bytes)
        groups = pc.divide(pc.subtract(until, sizes), ROW_GROUP_BYTES)
        for group in pc.unique(groups).to_pylist():
            if group != self._group:
                self._flush()
                self._group = group
            self._waiting.append(table.filter(pc.equal(groups, group)))
        self._bytes += pc.sum(sizes).as_py() or 0

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting).combine_chunks()
            self._writer.write_table(table, row_group_size=max(1, len(table)))
        self._waiting = []

    def close(self) -> None:
        self._flush()
        self._writer.close()


class TokenSink:
    """Token ids; with a second path, Megatron's index of them."""

    def __init__(
        self,
        paths: list[Path],
        kind: pa.DataType,
        tokenizer: _core.Tokenizer,
        end: int | None,
        pool: _core.ThreadPool,
    ) -> None:
        self.n_tokens = 0
        self._kind = kind
        self._tokenizer = tokenizer
        self._end = end
        self._pool = pool
        self._ids = paths[0].open("wb")
        self._index = paths[1] if len(paths) > 1 else None
        self._lengths: list[pa.Array] = []

    def write(self, table: pa.Table) -> None:
        for texts in table["text"].chunks:
            lists: Any = pa.array(self._tokenizer.encode(texts, self._pool, end=self._end))
            ids = lists.flatten().cast(self._kind)  # checked: an id that does not fit is an error
            self._ids.write(_bytes_of(ids))
            self._lengths.append(pc.list_value_length(lists).cast(pa.int32()))
            self.n_tokens += len(ids)

    def close(self) -> None:
        self._ids.close()
        if self._index is not None:
            lengths = pa.chunked_array(self._lengths, pa.int32()).combine_chunks()
            self._index.write_bytes(megatron_index(lengths, self._kind))


def megatron_index(lengths: pa.Array, kind: pa.DataType) -> bytes:
    """The `.idx` of sequences of `lengths` (Int32) ids of type `kind`, each a document."""
    n = len(lengths)
    sizes = pc.multiply(lengths.cast(pa.int64()), kind.bit_width // 8)
    first = pc.subtract(pc.cumulative_sum(sizes), sizes)
    documents = pc.subtract(
        pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), n + 1)), pa.scalar(1, pa.int64())
    )
    head = _INDEX_MAGIC + struct.pack("<QBQQ", 1, _TYPE_CODES[kind], n, n + 1)
    return b"".join([head, _bytes_of(lengths), _bytes_of(first), _bytes_of(documents)])


def _bytes_of(array: pa.Array) -> bytes:
    """The values of a plain array without nulls, as they lie in memory."""
    width = array.type.bit_width // 8
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    values = array.buffers()[1]
    if values is None:
        return b""
    start = array.offset * width
    return bytes(memoryview(values)[start : start + len(array) * width])
