"""The corpus on disk: shards in three formats, so that a run reads all of them.

What it is: Parquet (zstd, several row groups), `.jsonl.gz` (several members, as appending tools
leave them) and `.jsonl.zst` (several frames), in turn. What it is not: refinery's own output format.

The bytes depend on the documents alone: no clock and no host name goes into a file.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from refinery.demo.documents import Document

SHARD_BYTES: Final = 4_000_000
"""Text per shard: about ten shards at the default size, so that threads have something to share."""
BLOCK_BYTES: Final = 1_000_000
"""Text per row group, gzip member or zstd frame: several in each shard."""

SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("licence", pa.string()),
    ]
)


def write_shards(documents: list[Document], folder: Path) -> list[dict[str, object]]:
    """Write the documents in order and describe each shard (name, documents, bytes, sha256)."""
    total = sum(document.n_bytes for document in documents)
    # At least one shard of each format, however little text there is.
    limit = min(SHARD_BYTES, max(1, -(-total // len(_FORMATS))))
    shards = []
    for number, block in enumerate(_blocks(documents, limit)):
        suffix, write = _FORMATS[number % len(_FORMATS)]
        path = folder / f"part-{number:03d}.{suffix}"
        write(block, path)
        shards.append(_describe(path, block))
    return shards


def _blocks(documents: list[Document], limit: int) -> Iterator[list[Document]]:
    block: list[Document] = []
    size = 0
    for document in documents:
        block.append(document)
        size += document.n_bytes
        if size >= limit:
            yield block
            block, size = [], 0
    if block:
        yield block


def _describe(path: Path, documents: list[Document]) -> dict[str, object]:
    return {
        "name": path.name,
        "documents": len(documents),
        "bytes": sum(document.n_bytes for document in documents),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _row(document: Document) -> dict[str, str | None]:
    return {name: getattr(document, name) for name in SCHEMA.names}


def _write_parquet(documents: list[Document], path: Path) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for block in _blocks(documents, BLOCK_BYTES):
            writer.write_table(pa.Table.from_pylist([_row(row) for row in block], schema=SCHEMA))


def _write_jsonl_gz(documents: list[Document], path: Path) -> None:
    _write_jsonl(documents, path, lambda data: gzip.compress(data, compresslevel=6, mtime=0))


def _write_jsonl_zst(documents: list[Document], path: Path) -> None:
    codec = pa.Codec("zstd", compression_level=3)
    _write_jsonl(documents, path, lambda data: codec.compress(data, asbytes=True))


def _write_jsonl(documents: list[Document], path: Path, pack: Callable[[bytes], bytes]) -> None:
    with path.open("wb") as file:
        for block in _blocks(documents, BLOCK_BYTES):
            lines = (json.dumps(_row(row), ensure_ascii=False) + "\n" for row in block)
            file.write(pack("".join(lines).encode()))


_FORMATS: Final = (
    ("parquet", _write_parquet),
    ("jsonl.gz", _write_jsonl_gz),
    ("jsonl.zst", _write_jsonl_zst),
)
