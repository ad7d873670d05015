"""Documents of a corpus as tables, for what reads text outside of a run: training, labelling.

The same files, ids and checks as a run: a record that a run would quarantine is left out here, and
counted. Not here: units as files, resuming, threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery.errors import ConfigError, Problem, nearest
from refinery.io.readers import open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.io.inputs import InputFile
    from refinery.io.units import Reader, Rows, Unit

OWN_COLUMNS = ("id", "text", "source", "source_file")


@dataclass
class CorpusReader:
    """Reads files one after another.

    Attributes
    ----------
    files : list of InputFile
        What `find_files` gave.
    columns : sequence of str
        Columns of the files to add to `OWN_COLUMNS`.
    quarantined : int
        Records left out so far.
    """

    files: Sequence[InputFile]
    columns: Sequence[str] = ()
    quarantined: int = field(default=0, init=False)

    def tables(self) -> Iterator[pl.DataFrame]:
        """Batches of documents.

        Yields
        ------
        DataFrame
            `id`, `text`, `source` (null where the input names none) and `source_file` as strings,
            then the added columns as they are.

        Raises
        ------
        ConfigError
            If a file lacks an added column.
        BadFileError, SchemaError
            As a run does.
        """
        for file in self.files:
            reader = open_reader(file, "")
            for unit in reader.units():
                for rows in reader.rows(unit):
                    self.quarantined += len(rows.quarantined)
                    yield self._table(file, reader, unit, rows)

    def _table(self, file: InputFile, reader: Reader, unit: Unit, rows: Rows) -> pl.DataFrame:
        n = len(rows.ids)
        sources = rows.sources if rows.sources is not None else pa.nulls(n, pa.large_string())
        own = pa.table({"id": rows.ids, "text": rows.texts, "source": sources})
        table = pl.DataFrame(pl.from_arrow(own)).with_columns(source_file=pl.lit(file.source_file))
        added = [name for name in self.columns if name not in _own(file)]
        if not added:
            return table
        if rows.schema is not None:
            reader.learn(rows.schema)
        carried = reader.take(unit, rows.rows)
        if file.format != "jsonl":  # where a key may be absent from a block of lines
            _check(file, carried.column_names, added)
        columns = [_column(carried, name) for name in added]
        return table.with_columns(columns)


def _own(file: InputFile) -> list[str]:
    """The names that are no column of the file: `source` is one unless the input says its source."""
    return [n for n in OWN_COLUMNS if n != "source" or file.config.source is not None]


def _column(carried: pa.Table, name: str) -> pl.Series:
    if name not in carried.column_names:
        return pl.Series(name, [None], pl.String).new_from_index(0, len(carried))
    return pl.Series(name, pl.from_arrow(carried[name]))


def _check(file: InputFile, found: list[str], added: list[str]) -> None:
    problems = [
        Problem(0, 0, "", f"no column {name!r}{nearest(name, found) or '; its columns: ' + ', '.join(found)}")
        for name in added
        if name not in found
    ]  # fmt: skip
    if problems:
        raise ConfigError(file.source_file, problems)
