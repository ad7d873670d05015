"""How much memory a run takes, known beforehand, and how it stays under `resources.memory`.

What grows with threads is what each worker holds: so a limit lowers the number of units and shards
in flight, never the threads of the kernels, and changes no result. What grows with the number of
documents is deciding; where that does not fit, the run stops with the number.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.annotation import READ_ROWS
from refinery.decide.corpus import TABLE_DOCUMENT, held_columns
from refinery.decide.duplicates import HASH_BYTES
from refinery.errors import ConfigError, EnvironmentFault, Problem
from refinery.io.columns import BATCH_BYTES
from refinery.io.units import UNIT_BYTES
from refinery.minhasher import make_minhasher
from refinery.write import ROW_GROUP_BYTES

if TYPE_CHECKING:
    from refinery.plan import Plan

_LOADED_BYTES = 165 * 10**6
"""Interpreter, Polars, pyarrow and the tokenizer's tables, as loaded before the first document."""
_FIRST_USE_BYTES = 90 * 10**6
"""What the first documents bring: pages of the libraries that work on them, and what allocators keep.
Measured as what a corpus of 5 MB takes beyond what is loaded and its share of a unit: 60 to 110 MB, more
where the system gives huge pages."""
_THREAD_BYTES = 7 * 10**6
"""Caches and scratch of a thread of the kernels, as measured; its word cache alone takes 4.5 MiB."""
_UNIT_ROWS = 16_384
"""Documents of a unit of 16 MiB at 1 kB each: shorter ones are rare, and longer ones take less."""
_SELECTION_BYTES = 350
"""A document in a selection that sorts the corpus, verdicts included (rule curve takes 195 of them)."""
_DECIDE_COPIES = 3
"""Batches of annotations at a time: stored, decoded, and as signatures or columns."""
_ANNOTATE_BATCHES = 5
"""How often the text of a batch is there: its row groups, decoded, as rows, and what is not yet returned."""
_ANNOTATE_COLUMNS = 4
"""How often the annotations of a unit are there: computed, as a table, joined, encoded."""
_WRITE_COPIES = 6
"""How often the text of a row group is there while it is written: decoded, taken, joined, encoded, and kept by
the allocator for the next one."""


@dataclass(frozen=True)
class MemoryModel:
    """Bytes: what is always there, and what each worker of a phase or each document adds."""

    base: int
    annotate_worker: int
    write_worker: int
    decide_document: int
    decide_room: int
    decide_read: int
    shard_bytes: int
    limit: int
    threads: int
    written_share: float = 1.0

    def workers(self, phase: str) -> int:
        """How many workers of `annotate` or `write` fit under the limit, at least one."""
        each = self.annotate_worker if phase == "annotate" else self.write_worker
        return max(1, min(self.threads, (self.limit - self.base) // each))

    def room(self, n_documents: int) -> int:
        """What is left under the limit for signatures and their tables; more is on disk."""
        return self.limit - self._least_to_decide(n_documents)

    def peaks(self, n_documents: int, n_units: int, text_bytes: int) -> dict[str, int]:
        """Estimated peak of each phase; a corpus of few units or shards keeps few workers busy."""
        least = self._least_to_decide(n_documents)
        room = n_documents * self.decide_room
        if least + room > self.limit:  # signatures are on disk, a band's table is in memory
            room = min(n_documents * TABLE_DOCUMENT, max(0, self.limit - least))
        annotating = min(self.workers("annotate"), n_units)
        # Of what a worker holds of a whole unit.
        part = max(text_bytes / BATCH_BYTES, n_documents / _UNIT_ROWS) / max(1, n_units)
        written = int(text_bytes * self.written_share)
        # A shard that has threads to spare reads its next row group while it writes one.
        writing = min(self.workers("write"), 2 * (1 + written // self.shard_bytes))
        return {
            "annotate": self.base + int(annotating * min(1, part) * self.annotate_worker),
            "decide": least + room,
            "write": self.base + min(writing * self.write_worker, _WRITE_COPIES * written),
        }

    def check_decide(self, n_documents: int) -> None:
        """Raise EnvironmentFault if what every document needs in memory does not fit."""
        needed = self._least_to_decide(n_documents)
        if needed > self.limit:
            message = (
                f"deciding over {n_documents:,} documents needs about {needed / 1e9:.2f} GB, the limit is "
                f"{self.limit / 1e9:.2f} GB; raise resources.memory and run again (annotations are kept)"
            )
            raise EnvironmentFault(message)

    def _least_to_decide(self, n_documents: int) -> int:
        batches = min(n_documents, _DECIDE_COPIES * READ_ROWS)
        return self.base + batches * self.decide_read + n_documents * self.decide_document


def memory_model(plan: Plan) -> MemoryModel:
    """The model of a plan.

    Raises
    ------
    ConfigError
        If not even one worker fits under `resources.memory`.
    """
    models = sum(score.n_bytes for score in plan.scores)
    lists = plan.url_filter.n_bytes if plan.url_filter is not None else 0
    signature = make_minhasher(plan.minhash).signature_bytes if plan.minhash else 0
    row = 8 * len(plan.columns) + signature + 100
    near = [s.config.near_duplicates for s in plan.steps if s.config.near_duplicates is not None]
    compares_hashes = any(step.config.exact_duplicates is not None for step in plan.steps)
    widths = [signature] * bool(near) + [HASH_BYTES] * compares_hashes
    in_order = any(step.keep == "datatrove" for step in near)
    sorts = any(step.ranks_all for step in plan.steps)
    document = 8 * (len(held_columns(plan)) + len(plan.scores)) + in_order * signature
    document += _SELECTION_BYTES if sorts else 150
    has_lines = any(file.format in ("jsonl", "csv") for file in plan.files)
    config = plan.pipeline.config.resources
    model = MemoryModel(
        base=_LOADED_BYTES + _FIRST_USE_BYTES + _THREAD_BYTES * plan.threads + models + lists,
        # A batch decoded, its copy as rows, its columns; blocks of lines wait decompressed.
        annotate_worker=_ANNOTATE_BATCHES * BATCH_BYTES
        + _ANNOTATE_COLUMNS * _UNIT_ROWS * row
        + 4 * UNIT_BYTES * has_lines,
        write_worker=_WRITE_COPIES * ROW_GROUP_BYTES,
        decide_document=document,
        decide_room=TABLE_DOCUMENT + max(widths) if widths else 0,
        decide_read=document + max(widths, default=0),
        shard_bytes=plan.pipeline.config.output.shard_bytes,
        limit=config.memory or _half_of_machine(),
        threads=plan.threads,
        written_share=_written_share(plan),
    )
    least = model.base + max(model.annotate_worker, model.write_worker)
    if config.memory is not None and config.memory < least:
        message = f"one worker needs about {least / 1e9:.2f} GB, the limit is {config.memory / 1e9:.2f} GB"
        where = plan.pipeline.document.place(("resources", "memory"))
        raise ConfigError(
            plan.pipeline.document.file, [Problem(*where, "resources.memory", message)]
        )
    return model


def _written_share(plan: Plan) -> float:
    """Of the text, at most: the smallest yield that a step asks for."""
    selections = (step.config.select for step in plan.steps)
    yields = (select.yield_ for select in selections if select is not None)
    return min((share for share in yields if share is not None), default=1.0)


def _half_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
