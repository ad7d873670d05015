"""Mix sources: count, solve the shares, deal into buckets, write shards, publish.

As a run, a mixture is a function of its file and inputs: what is finished is named by content and
found again, shards appear by rename, and the manifest is written last.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from refinery import manifest as manifests
from refinery import publish
from refinery.engine import Silent, Stop, run_tasks
from refinery.errors import ConfigError, DataError, LedgerError, Problem
from refinery.hashes import digest
from refinery.io.inputs import hash_files
from refinery.mixture.amounts import described_mixture, solved
from refinery.mixture.config import load_mixture
from refinery.mixture.count import Counter
from refinery.mixture.plan import MixturePlan, build_plan, open_readers
from refinery.mixture.shards import ShardWriter
from refinery.mixture.shuffle import PLACE_BITS, Dealer, Layout, chunks
from refinery.publish import Phases, Result
from refinery.tree import OutputTree

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.engine import Progress
    from refinery.mixture.amounts import Amounts
    from refinery.mixture.config import Mixture
    from refinery.mixture.count import Counted

_WORKING_COPIES = 8
"""Of a bucket or chunk in memory at once, by one thread: read, sorted, taken, encoded, compressed."""
_LEAST_BYTES = 4 * 2**20
_MOST_BYTES = 256 * 2**20


def mix(
    file: str | Path,
    *,
    replace: bool = False,
    progress: Progress | None = None,
    **overrides: Any,
) -> Result:
    """Mix sources as a mixture file says, as `refinery mix` does.

    Parameters
    ----------
    file
        Path of a mixture file.
    replace
        Replace the complete result of another plan instead of refusing.
    progress
        What is told of it while it works; silent by default.
    **overrides
        Keys of the file with new values: `**{"output.format": "numpy"}`.

    Raises
    ------
    refinery.RefineryError
        A `ConfigError` before any document is read; a `DataError` if a source has no tokens, or a
        cap cannot be met.
    """
    assignments = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    return execute(load_mixture(file, assignments), replace_other=replace, progress=progress)


def execute(
    mixture: Mixture, *, replace_other: bool = False, progress: Progress | None = None
) -> Result:
    """Mix the sources of a checked file.

    Parameters
    ----------
    replace_other
        Replace the complete result of another plan instead of refusing.

    Raises
    ------
    ConfigError
        Before any document is read, with all problems.
    DataError
        If a source has no tokens, or a cap cannot be met.
    Interrupted
        After SIGINT or SIGTERM; running again goes on.
    """
    stop = Stop()
    with stop.on_signals():
        plan = build_plan(mixture)
        tree = OutputTree(plan.out)
        publish.refuse_foreign(tree)
        _refuse_run(tree)
        with publish.held(tree):
            return _Mixing(plan, tree, stop, progress or Silent()).go(replace_other=replace_other)


def _refuse_run(tree: OutputTree) -> None:
    """What a run left beside its shards is no part of a mixture, and would be damage to it."""
    left = [f for f in (tree.annotations, tree.decisions) if f.is_dir() and any(f.iterdir())]
    if left:
        message = "holds a run of refinery; a mixture needs a folder of its own"
        raise ConfigError(str(tree.root), [Problem(0, 0, "", message)])


class _Mixing:
    def __init__(self, plan: MixturePlan, tree: OutputTree, stop: Stop, progress: Progress) -> None:
        self.plan = plan
        self.config = plan.mixture.config
        self.threads = plan.mixture.threads
        self.tree = tree
        self.stop = stop
        self.progress = progress
        self.phases = Phases()
        share = plan.memory // (self.threads * _WORKING_COPIES)
        self.part_bytes = min(max(share, _LEAST_BYTES), _MOST_BYTES)

    def go(self, *, replace_other: bool) -> Result:
        timed = self.phases.timed
        hashes = timed("hash", self._hash_inputs)
        described = self.plan.describe(hashes)
        before = publish.earlier_result(self.tree, described, replace_other=replace_other)
        if before is not None and timed(
            "verify", lambda: publish.is_whole(self.tree, before, self.progress)
        ):
            return self.phases.result(self.tree, before, is_unchanged=True)
        counted = timed("count", lambda: self._count(hashes))
        readings = timed("solve", lambda: solved(self.config, counted, self.stop))
        layout = self._layout(sum(reading.bytes for reading in readings))
        dealt = timed("shuffle", lambda: self._deal(counted, readings, layout))
        shards = timed("write", lambda: self._write(dealt, layout, readings, described))
        told = described_mixture(self.plan, counted, readings, shards)
        manifest = self._publish(described, shards, told)
        self.phases.log(self.tree, self.threads)
        return self.phases.result(self.tree, manifest, is_unchanged=False)

    def _hash_inputs(self) -> dict[Path, str]:
        files = {f.path: f for source in self.plan.sources for f in source.files}
        hashes = hash_files(list(files.values()), self.threads, self.stop.check)
        return dict(zip(files, hashes, strict=True))

    # -- the phases ----------------------------------------------------------------------------

    def _count(self, hashes: dict[Path, str]) -> list[Counted]:
        readers = open_readers(self.plan, hashes, self.stop)
        units = [(source, reader, unit) for source, reader in readers for unit in reader.units()]
        self.progress.phase("count", sum(unit.weight for _, _, unit in units))
        counter = Counter(self.plan, self.tree, self.stop, self.progress)
        return run_tasks(counter, units, threads=self.threads, stop=self.stop)

    def _layout(self, n_bytes: int) -> Layout:
        n_shards = max(1, math.ceil(n_bytes / self.config.output.shard_bytes))
        parts = max(1, math.ceil(n_bytes / n_shards / self.part_bytes))
        if n_shards * parts >= 2 ** (63 - PLACE_BITS):
            message = f"{n_shards:,} shards of {parts:,} buckets are too many; raise output.shard_bytes or resources.memory"
            raise DataError(message)
        return Layout(n_shards, parts)

    def _deal(self, counted: list[Counted], readings: list[Amounts], layout: Layout) -> list[Path]:
        self.progress.phase("shuffle", sum(c.unit.weight for c in counted))
        plans = [reading.reading for reading in readings]
        dealer = Dealer(self.plan, self.tree, plans, layout, self.stop, self.progress)
        tasks = list(chunks(counted, self.part_bytes))
        return run_tasks(dealer, tasks, threads=self.threads, stop=self.stop)

    def _write(
        self,
        dealt: list[Path],
        layout: Layout,
        readings: list[Amounts],
        described: dict[str, Any],
    ) -> list[dict[str, Any]]:
        self.progress.phase("write", sum(reading.bytes for reading in readings))
        key = digest(described)
        writer = ShardWriter(self.plan, self.tree, dealt, layout, key, self.stop, self.progress)
        shards = run_tasks(writer, range(layout.n_shards), threads=self.threads, stop=self.stop)
        expected, written = sum(r.copies for r in readings), sum(s["rows"] for s in shards)
        if written != expected:
            message = f"{expected} documents to write, {written} written"
            raise LedgerError(message)
        return shards

    # -- publish -------------------------------------------------------------------------------

    def _publish(
        self, described: dict[str, Any], shards: list[dict[str, Any]], told: dict[str, Any]
    ) -> dict[str, Any]:
        """Everything to its final place: the old manifest goes first, the new one comes last."""
        self.stop.check()
        staging = self.tree.staging
        publish.place_shards(
            self.tree, [staging / s["folder"] / e["name"] for s in shards for e in s["files"]]
        )
        manifest = manifests.sealed(
            {
                "version": manifests.MANIFEST_VERSION,
                "kind": "mixture",
                "plan_hash": digest(described),
                "plan": described,
                "inputs": described["inputs"],
                "outputs": [entry for shard in shards for entry in shard["files"]],
                "files": [],
                "mixture": told,
            }
        )
        publish.place_manifest(self.tree, manifest)
        return manifest
