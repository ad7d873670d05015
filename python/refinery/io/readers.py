"""The reader of a file, by its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.errors import BadFileError, ConfigError
from refinery.io.line_files import LineReader
from refinery.io.typed_files import ArrowReader, ParquetReader

if TYPE_CHECKING:
    from refinery.errors import Problem
    from refinery.io.inputs import InputFile
    from refinery.io.units import Reader


def open_reader(file: InputFile, sha256: str) -> Reader:
    """Open `file`; checks header and columns, reads no row.

    Raises
    ------
    BadFileError
        If the file is damaged or not what its name says.
    ConfigError, SchemaError
        If a column that the pipeline names is not there, or of a type that cannot serve.
    """
    if file.format == "parquet":
        return ParquetReader(file, sha256)
    if file.format == "arrow":
        return ArrowReader(file, sha256)
    return LineReader(file, sha256)


def header_problems(file: InputFile) -> list[Problem]:
    """The columns that its configuration names and a file lacks: problems at the keys that do."""
    try:
        open_reader(file, "")
    except ConfigError as error:
        return error.problems
    except BadFileError:
        pass  # what a damaged file does is for whoever reads it, and its policy, to say
    return []
