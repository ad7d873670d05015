"""How much memory a run takes, known beforehand, and how it stays under `resources.memory`.

What grows with threads is what each worker holds: so a limit lowers the number of units and shards
in flight, never the threads of the kernels, and changes no result. What grows with the number of
documents is deciding; where that does not fit, the run stops with the number.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.decide.corpus import needed_columns
from refinery.errors import ConfigError, EnvironmentFault, Problem
from refinery.io.columns import BATCH_BYTES
from refinery.io.units import UNIT_BYTES
from refinery.write import ROW_GROUP_BYTES

if TYPE_CHECKING:
    from refinery.plan import Plan

_BASE_BYTES = 280 * 10**6
"""Interpreter, Polars, pyarrow and the tokenizer's tables, as loaded before the first document."""
_UNIT_ROWS = 16_384
"""Documents of a unit of 16 MiB at 1 kB each: shorter ones are rare, and longer ones take less."""


@dataclass(frozen=True)
class MemoryModel:
    """Bytes: what is always there, and what each worker of a phase or each document adds."""

    base: int
    annotate_worker: int
    write_worker: int
    decide_document: int
    limit: int
    threads: int

    def workers(self, phase: str) -> int:
        """How many workers of `annotate` or `write` fit under the limit, at least one."""
        each = self.annotate_worker if phase == "annotate" else self.write_worker
        return max(1, min(self.threads, (self.limit - self.base) // each))

    def peaks(self, n_documents: int) -> dict[str, int]:
        """Estimated peak of each phase."""
        return {
            "annotate": self.base + self.workers("annotate") * self.annotate_worker,
            "decide": self.base + n_documents * self.decide_document,
            "write": self.base + self.workers("write") * self.write_worker,
        }

    def check_decide(self, n_documents: int) -> None:
        """Raise EnvironmentFault if the documents' columns do not fit."""
        needed = self.peaks(n_documents)["decide"]
        if needed > self.limit:
            message = (
                f"deciding over {n_documents:,} documents needs about {needed / 1e9:.2f} GB, the limit is "
                f"{self.limit / 1e9:.2f} GB; raise resources.memory and run again (annotations are kept)"
            )
            raise EnvironmentFault(message)


def memory_model(plan: Plan) -> MemoryModel:
    """The model of a plan.

    Raises
    ------
    ConfigError
        If not even one worker fits under `resources.memory`.
    """
    models = sum(score.n_bytes for score in plan.scores)
    lists = plan.url_filter.n_bytes if plan.url_filter is not None else 0
    signature = 4 * plan.minhash.bands * plan.minhash.rows_per_band if plan.minhash else 0
    row = 8 * len(plan.columns) + signature + 100
    needed = needed_columns(plan)
    has_lines = any(file.format in ("jsonl", "csv") for file in plan.files)
    config = plan.pipeline.config.resources
    model = MemoryModel(
        base=_BASE_BYTES + models + lists,
        # A batch decoded, its copy as rows, its columns; blocks of lines wait decompressed.
        annotate_worker=4 * BATCH_BYTES + 3 * _UNIT_ROWS * row + 4 * UNIT_BYTES * has_lines,
        write_worker=5 * ROW_GROUP_BYTES,
        decide_document=8 * len(needed) + 150 + 2 * signature * ("minhash" in needed),
        limit=config.memory or _half_of_machine(),
        threads=plan.threads,
    )
    least = model.base + max(model.annotate_worker, model.write_worker)
    if config.memory is not None and config.memory < least:
        message = f"one worker needs about {least / 1e9:.2f} GB, the limit is {config.memory / 1e9:.2f} GB"
        where = plan.pipeline.document.place(("resources", "memory"))
        raise ConfigError(
            plan.pipeline.document.file, [Problem(*where, "resources.memory", message)]
        )
    return model


def _half_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
