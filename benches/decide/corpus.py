"""Annotations of a corpus without its text: what deciding reads, of any number of documents.

Ids, counts, a score, content hashes and MinHash signatures (14 bands of 8 rows) in
Parquet files like those that a run writes, one a unit. Copies are planted: `NEAR` of the documents
lie in clusters of near duplicates (each signature agrees with its first in about 90 of 100 values),
`EXACT` share their content hash with another, and one band in a thousand documents is boilerplate
that all of them share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from refinery.annotation import UnitRecord, annotation_writer, finish_annotations
from refinery.tree import keep_sealed

if TYPE_CHECKING:
    from refinery.tree import OutputTree

NUM_PERM, ROWS = 112, 8
NEAR, EXACT, BOILERPLATE = 0.20, 0.05, 0.001


@dataclass(frozen=True)
class Shape:
    """How many documents, in units of how many."""

    documents: int
    unit: int


def write_corpus(tree: OutputTree, shape: Shape) -> list[UnitRecord]:
    """Write the annotations into a tree; returns their records."""
    return [
        _write_unit(tree, shape, index, first)
        for index, first in enumerate(range(0, shape.documents, shape.unit))
    ]


def _write_unit(tree: OutputTree, shape: Shape, index: int, first: int) -> UnitRecord:
    n = min(shape.unit, shape.documents - first)
    table = _table(index, first, n)
    n_bytes = int(table["n_bytes"].to_numpy().sum())
    record = UnitRecord(f"unit{index:07}", "raw.parquet", index, first, n, n_bytes, 0, 0, None)
    with tree.making(".parquet") as path:
        writer = annotation_writer(path, table.schema)
        writer.write_table(table, row_group_size=65_536)
        finish_annotations(writer, record)
        name = keep_sealed(path, tree.annotations, record.key).name
    return replace(record, name=name)


def _table(index: int, first: int, n: int) -> pa.Table:
    draw = np.random.default_rng([17, index])
    rows = np.arange(first, first + n)
    chars = draw.lognormal(7.5, 1.2, n).astype(np.int64) + 1
    columns = {
        "id": pa.array(_ids(rows), pa.large_string()),
        "source_file": pa.repeat(pa.scalar("raw.parquet", pa.large_string()), n),
        "row": pa.array(rows),
        "n_chars": pa.array(chars),
        "n_bytes": pa.array(chars + chars // 50),
        "n_tokens": pa.array(chars // 4),
        "content_hash": _fixed(_hashes(draw, rows, n), 16),
    }
    columns["textbook"] = pa.array(np.round(draw.beta(1, 5, n), 4))
    columns["minhash"] = _fixed(_signatures(draw, rows, n), 4 * NUM_PERM)
    return pa.table(columns)


def _ids(rows: np.ndarray) -> list[str]:
    """As web corpora name documents, in no order."""
    scrambled = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return [f"<urn:uuid:{x:016x}-{x % 9973:08x}>" for x in scrambled.tolist()]


def _hashes(draw: np.random.Generator, rows: np.ndarray, n: int) -> np.ndarray:
    """Two 64-bit words a document; some are those of an earlier one."""
    owners = np.where(draw.random(n) < EXACT, (rows * draw.random(n)).astype(np.int64), rows)
    return np.stack([_mixed(owners, 1), _mixed(owners, 2)], axis=1)


def _signatures(draw: np.random.Generator, rows: np.ndarray, n: int) -> np.ndarray:
    """Values of a document's family, a tenth of them its own where it is not the first."""
    is_copy = draw.random(n) < NEAR
    families = np.where(is_copy, draw.integers(0, max(1, int(rows[-1]) // 4), n), rows)
    values = np.stack([_mixed(families, 3 + i) for i in range(NUM_PERM)], axis=1)
    own = draw.integers(0, 2**32, (n, NUM_PERM), dtype=np.uint32)
    is_own = (draw.random((n, NUM_PERM), dtype=np.float32) < 0.1) & is_copy[:, None]
    values = np.where(is_own, own, (values >> np.uint64(32)).astype(np.uint32))
    values[draw.random(n) < BOILERPLATE, :ROWS] = 7
    return values


def _mixed(values: np.ndarray, salt: int) -> np.ndarray:
    """64 bits of a number that look random."""
    x = values.astype(np.uint64) + np.uint64(salt * 0xD1342543DE82EF95 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))


def _fixed(values: np.ndarray, width: int) -> pa.Array:
    buffer = pa.py_buffer(np.ascontiguousarray(values).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(values), [None, buffer])
