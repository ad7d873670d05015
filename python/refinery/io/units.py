"""What a reader gives: units fixed by the input, batches of checked rows, quarantined records.

A unit is a part of a file that depends on the file's content only (a run of row groups or record
batches, a block of lines), so that its results can be named by content and reused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.io.inputs import InputFile

UNIT_BYTES = 16 * 2**20
"""Row groups and record batches are joined up to this size of decoded text columns: small parts
cost more in files than in work. Part of the format: units, and so annotation files, follow it."""

QUARANTINE_SCHEMA = pa.schema(
    [
        ("source_file", pa.large_string()),
        ("row", pa.int64()),
        ("reason", pa.large_string()),
        ("message", pa.large_string()),
        ("excerpt", pa.large_string()),
        ("n_bytes", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Unit:
    """A part of a file.

    `fingerprint` names its content, `weight` is its share of the file's bytes (for progress), and
    `payload` is its reader's own.
    """

    file: InputFile
    index: int
    first_row: int
    n_rows: int | None
    fingerprint: str
    weight: int
    payload: Any = field(compare=False, repr=False)


@dataclass(frozen=True)
class Quarantined:
    """A record that cannot be a document: where it is, why, and what it begins with.

    `row` is None where a whole file is quarantined; `n_bytes` is what was read of it.
    """

    row: int | None
    reason: str
    message: str
    excerpt: str
    n_bytes: int


@dataclass(frozen=True)
class Rows:
    """Checked rows: `texts` and `ids` without nulls, `rows` their record numbers in the file.

    `urls` is null where a document has none; `labels` are columns of names that steps read. `schema` describes the columns where only the rows tell them (JSON Lines), as its reader spells
    schemas.
    """

    texts: pa.Array
    ids: pa.Array
    sources: pa.Array | None
    rows: pa.Array
    quarantined: list[Quarantined]
    schema: str | None = None
    urls: pa.Array | None = None
    labels: dict[str, pa.Array] = field(default_factory=dict)


class Reader(Protocol):
    """One file of one format."""

    file: InputFile

    def units(self) -> Iterator[Unit]:
        """Every unit, in order; reads no more of the file than it must."""

    def rows(self, unit: Unit) -> Iterator[Rows]:
        """The unit's rows, in batches of bounded size."""

    def light(self, unit: Unit) -> Unit:
        """The unit without bytes in memory; `take` accepts it."""

    def schema(self) -> pa.Schema:
        """Schema of all columns; of JSON Lines only after every unit was read and `learn` called."""

    def learn(self, schema: str) -> None:
        """Be told what `Rows.schema` said of all units together."""

    def take(self, unit: Unit, rows: pa.Array) -> pa.Table:
        """All columns of the records numbered `rows` (Int64, ascending), as `schema` has them."""


def quarantine_table(source_file: str, records: list[Quarantined]) -> pa.Table:
    """Quarantined records as the table that is written."""
    columns = {
        "source_file": [source_file] * len(records),
        "row": [r.row for r in records],
        "reason": [r.reason for r in records],
        "message": [r.message for r in records],
        "excerpt": [r.excerpt for r in records],
        "n_bytes": [r.n_bytes for r in records],
    }
    return pa.table(columns, schema=QUARANTINE_SCHEMA)
