"""What a run would do, from headers and footers only: units, columns, memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.io.readers import open_reader
from refinery.io.typed_files import ParquetReader
from refinery.io.units import UNIT_BYTES
from refinery.memory import memory_model

if TYPE_CHECKING:
    from refinery.io.inputs import InputFile
    from refinery.plan import Plan

_BYTES_PER_ROW_GUESS = 4_000
"""Text per document where only the rows would tell; used for nothing but the estimate."""
_COMPRESSION_GUESS = 3
"""Decoded over stored bytes of a compressed text file; likewise."""


@dataclass(frozen=True)
class FilePreview:
    """What is known of a file without reading a row; `is_estimate` where it is a guess."""

    source_file: str
    format: str
    size: int
    units: int
    rows: int
    text_bytes: int
    is_estimate: bool


@dataclass(frozen=True)
class Preview:
    """The checked plan with its sizes."""

    plan: Plan
    files: list[FilePreview]
    columns: list[str]
    memory_bytes: dict[str, int]

    @property
    def peak_bytes(self) -> int:
        """Estimated peak of resident memory."""
        return max(self.memory_bytes.values())


def preview(plan: Plan) -> Preview:
    """Sizes of the run, from headers and footers.

    Raises
    ------
    ConfigError
        If a column is missing, or not even one worker fits into `resources.memory`.
    BadFileError
        If a file cannot be opened as its format.
    """
    files = [_preview_file(file) for file in plan.files]
    return Preview(
        plan,
        files,
        ["id", "source_file", "row", "source", *plan.columns],
        memory_model(plan).peaks(
            sum(f.rows for f in files),
            sum(f.units for f in files),
            sum(f.text_bytes for f in files),
        ),
    )


def _preview_file(file: InputFile) -> FilePreview:
    reader = open_reader(file, "")
    if isinstance(reader, ParquetReader):
        units = list(reader.units())
        rows = sum(unit.n_rows or 0 for unit in units)
        text = sum(reader.text_bytes(part) for unit in units for part in unit.payload)
        return FilePreview(
            file.source_file, file.format, file.size, len(units), rows, text, is_estimate=False
        )
    is_compressed = Path(file.path).suffix in (".gz", ".zst")
    text = file.size * (_COMPRESSION_GUESS if is_compressed else 1)
    rows = text // _BYTES_PER_ROW_GUESS
    return FilePreview(
        file.source_file,
        file.format,
        file.size,
        1 + text // UNIT_BYTES,
        rows,
        text,
        is_estimate=True,
    )


def summary(preview: Preview) -> dict[str, Any]:
    """Totals over the files."""
    return {
        "files": len(preview.files),
        "units": sum(f.units for f in preview.files),
        "rows": sum(f.rows for f in preview.files),
        "text_bytes": sum(f.text_bytes for f in preview.files),
        "is_estimate": any(f.is_estimate for f in preview.files),
    }
