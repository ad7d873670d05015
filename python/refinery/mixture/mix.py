"""Mix sources: count, solve the shares, deal into buckets, write shards, publish.

As a run, a mixture is a function of its file and inputs: what is finished is named by content and
found again, shards appear by rename, and the manifest is written last.
"""

from __future__ import annotations

import json
import math
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery import _core
from refinery import manifest as manifests
from refinery.engine import Silent, Stop, run_tasks
from refinery.errors import ConfigError, DataError, LedgerError, PlanMismatchError, Problem
from refinery.hashes import digest
from refinery.mixture.amounts import described_mixture, solved
from refinery.mixture.config import load_mixture
from refinery.mixture.count import Counter
from refinery.mixture.plan import MixturePlan, build_plan, open_readers
from refinery.mixture.shards import ShardWriter
from refinery.mixture.shuffle import PLACE_BITS, Dealer, Layout, chunks
from refinery.runner import differences, refuse_foreign
from refinery.tree import OutputTree, move, sync

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


@dataclass(frozen=True)
class MixtureResult:
    """A complete mixture: where it stands, its manifest, and whether anything had to be done."""

    out: Path
    manifest: dict[str, Any]
    is_unchanged: bool
    seconds: dict[str, float]


def mix(
    file: str | Path,
    *,
    replace: bool = False,
    progress: Progress | None = None,
    **overrides: Any,
) -> MixtureResult:
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
) -> MixtureResult:
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
        refuse_foreign(tree)
        _refuse_run(tree)
        tree.create()
        with tree.lock():
            tree.remove_leftovers()
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
        self.seconds: dict[str, float] = {}
        share = plan.memory // (self.threads * _WORKING_COPIES)
        self.part_bytes = min(max(share, _LEAST_BYTES), _MOST_BYTES)

    def go(self, *, replace_other: bool) -> MixtureResult:
        started = time.time()
        hashes = self._timed("hash", self._hash_inputs)
        described = self.plan.describe(hashes)
        before = manifests.read_manifest(self.tree)
        if before is not None and before["plan_hash"] != digest(described):
            if not replace_other:
                raise PlanMismatchError(str(self.tree.root), differences(before["plan"], described))
            before = None
        if before is not None and not manifests.find_damage(self.tree, before):
            self.tree.clear_staging()
            return MixtureResult(self.tree.root, before, is_unchanged=True, seconds=self.seconds)
        counted = self._timed("count", lambda: self._count(hashes))
        readings = self._timed("solve", lambda: solved(self.config, counted, self.stop))
        layout = self._layout(sum(reading.bytes for reading in readings))
        dealt = self._timed("shuffle", lambda: self._deal(counted, readings, layout))
        shards = self._timed("write", lambda: self._write(dealt, layout, readings, described))
        told = described_mixture(self.plan, counted, readings, shards)
        manifest = self._publish(described, shards, told)
        self._log(started)
        return MixtureResult(self.tree.root, manifest, is_unchanged=False, seconds=self.seconds)

    def _timed(self, phase: str, work: Any) -> Any:
        begun = time.monotonic()
        try:
            return work()
        finally:
            self.seconds[phase] = time.monotonic() - begun

    def _hash_inputs(self) -> dict[Path, str]:
        files = {f.path: f for source in self.plan.sources for f in source.files}
        with ThreadPoolExecutor(self.threads) as executor:
            found = executor.map(lambda file: file.sha256(self.stop.check), files.values())
            return dict(zip(files, found, strict=True))

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
        tree = self.tree
        outputs = [entry for shard in shards for entry in shard["files"]]
        tree.manifest.unlink(missing_ok=True)
        sync(tree.state)
        wanted = {entry["name"] for entry in outputs}
        for path in tree.root.iterdir():
            if manifests.OURS.fullmatch(path.name) and path.name not in wanted:
                path.unlink()
        for shard in shards:
            for entry in shard["files"]:
                staged = tree.staging / shard["folder"] / entry["name"]
                if staged.exists():
                    move(staged, tree.root / entry["name"])
        manifest = manifests.sealed(
            {
                "version": manifests.MANIFEST_VERSION,
                "kind": "mixture",
                "plan_hash": digest(described),
                "plan": described,
                "inputs": described["inputs"],
                "outputs": outputs,
                "files": [],
                "mixture": told,
            }
        )
        tree.write_json(tree.manifest, manifest)
        tree.clear_staging()
        return manifest

    def _log(self, started: float) -> None:
        log = {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "seconds": {phase: round(s, 3) for phase, s in self.seconds.items()},
            "threads": self.threads,
            "host": platform.node(),
            "refinery": _core.__version__,
        }
        self.tree.write_json(self.tree.run_log, manifests.sealed(log))
