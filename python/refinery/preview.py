"""What a run would do, from headers and footers only: units, columns, memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.decide.corpus import needed_columns
from refinery.errors import ConfigError, Problem
from refinery.io.columns import BATCH_BYTES
from refinery.io.readers import open_reader
from refinery.io.typed_files import ParquetReader
from refinery.io.units import UNIT_BYTES
from refinery.write import ROW_GROUP_BYTES

if TYPE_CHECKING:
    from refinery.io.inputs import InputFile
    from refinery.plan import Plan

_BASE_BYTES = 280 * 10**6
"""Interpreter, Polars, pyarrow and the tokenizer's tables, as loaded before the first document."""
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
    """Sizes of the run, and whether it fits into `resources.memory`.

    Raises
    ------
    ConfigError
        If a column is missing, or the estimate is over the limit.
    BadFileError
        If a file cannot be opened as its format.
    """
    files = [_preview_file(file) for file in plan.files]
    memory = _memory(plan, files)
    found = Preview(plan, files, [*_places(plan), *plan.columns], memory)
    limit = plan.pipeline.config.resources.memory
    if limit is not None and found.peak_bytes > limit:
        phase = max(memory, key=lambda p: memory[p])
        message = (
            f"the plan needs about {found.peak_bytes / 1e9:.2f} GB ({phase} phase), the limit is "
            f"{limit / 1e9:.2f} GB; lower resources.threads or raise resources.memory"
        )
        where = plan.pipeline.document.place(("resources", "memory"))
        raise ConfigError(
            plan.pipeline.document.file, [Problem(*where, "resources.memory", message)]
        )
    return found


def _places(plan: Plan) -> list[str]:
    has_source = any(file.config.source is not None for file in plan.files)
    return ["id", "source_file", "row", *(["source"] if has_source else [])]


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


def _memory(plan: Plan, files: list[FilePreview]) -> dict[str, int]:
    """Estimated peak of each phase in bytes; `make bench` compares it with what runs take."""
    rows = sum(f.rows for f in files)
    models = sum(score.path.stat().st_size for score in plan.scores)
    signature = 4 * plan.minhash.bands * plan.minhash.rows_per_band if plan.minhash else 0
    row_bytes = 8 * len(plan.columns) + signature + 100
    unit_rows = max((f.rows // max(1, f.units) for f in files), default=0)
    in_flight = 2 * plan.threads
    base = _BASE_BYTES + models
    lines = any(f.format in ("jsonl", "csv") for f in files)
    batches = plan.threads * 4 * BATCH_BYTES + (in_flight * 2 * UNIT_BYTES if lines else 0)
    annotate = base + batches + plan.threads * min(unit_rows, 65_536) * row_bytes * 3
    needed = needed_columns(plan)
    per_document = 8 * len(needed) + 150 + 2 * signature * ("minhash" in needed)
    return {
        "annotate": annotate,
        "decide": base + rows * per_document,
        "write": base + plan.threads * 5 * ROW_GROUP_BYTES,
    }


def summary(preview: Preview) -> dict[str, Any]:
    """Totals over the files."""
    return {
        "files": len(preview.files),
        "units": sum(f.units for f in preview.files),
        "rows": sum(f.rows for f in preview.files),
        "text_bytes": sum(f.text_bytes for f in preview.files),
        "is_estimate": any(f.is_estimate for f in preview.files),
    }
