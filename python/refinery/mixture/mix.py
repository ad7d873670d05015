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

import polars as pl

from refinery import _core
from refinery import manifest as manifests
from refinery.engine import Silent, Stop, run_tasks
from refinery.errors import DataError, LedgerError, PlanMismatchError
from refinery.mixture.config import load_mixture
from refinery.mixture.count import COUNTS, Counter
from refinery.mixture.draw import Reading, read_group
from refinery.mixture.plan import MixturePlan, build_plan, open_readers
from refinery.mixture.shares import Group, Wish, solve
from refinery.mixture.shuffle import PLACE_BITS, Buckets, Chunk, Dealer, Layout, chunks
from refinery.mixture.token_files import columns_read, id_type, open_sink, suffixes
from refinery.plan import digest
from refinery.runner import differences, refuse_foreign
from refinery.tree import OutputTree, move, sha256_of, sync

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from refinery.engine import Progress
    from refinery.io.units import Reader, Unit
    from refinery.mixture.config import Mixture
    from refinery.mixture.plan import SourcePlan

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
        tree.create()
        with tree.lock():
            tree.remove_leftovers()
            return _Mixing(plan, tree, stop, progress or Silent()).go(replace_other=replace_other)


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
        units = self._units(hashes)
        counted = self._timed("count", lambda: self._count(units))
        readings, rows = self._timed("solve", lambda: self._solve(units, counted))
        layout = self._layout(sum(row["bytes"] for row in rows))
        paths = [path for path, _ in counted]
        dealt = self._timed("shuffle", lambda: self._deal(units, paths, readings, layout))
        outputs = self._timed("write", lambda: self._write(dealt, layout, rows, digest(described)))
        told = self._told(rows, counted, units, outputs)
        manifest = self._publish(described, outputs, told)
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

    # -- count and solve -----------------------------------------------------------------------

    def _units(self, hashes: dict[Path, str]) -> list[tuple[SourcePlan, Reader, Unit]]:
        return [
            (source, reader, unit)
            for source, reader in open_readers(self.plan, hashes, self.stop)
            for unit in reader.units()
        ]

    def _count(
        self, units: list[tuple[SourcePlan, Reader, Unit]]
    ) -> list[tuple[Path, dict[str, int]]]:
        self.progress.phase("count", sum(unit.weight for _, _, unit in units))
        counter = Counter(self.plan, self.tree, self.stop, self.progress)
        return run_tasks(counter, units, threads=self.threads, stop=self.stop)

    def _solve(
        self,
        units: list[tuple[SourcePlan, Reader, Unit]],
        counted: list[tuple[Path, dict[str, int]]],
    ) -> tuple[list[Reading], list[dict[str, Any]]]:
        """How each group of documents is read, and what that gives."""
        counts = [self._counts_of(source, units, counted) for source in self.plan.sources]
        groups = [group for i, frame in enumerate(counts) for group in _groups(i, frame)]
        wishes = [Wish(source.share, source.epochs) for source in self.config.sources]
        self._refuse_empty(groups)
        caps = [cap.max_share for cap in self.config.caps]
        epochs = solve(wishes, groups, tokens=self.config.tokens, caps=caps)
        self._refuse_impossible(groups, epochs)
        readings, rows = [], []
        for group, times in zip(groups, epochs, strict=True):
            self.stop.check()
            frame = counts[group.source].filter(pl.col("caps") == group.caps)
            by_tokens = wishes[group.source].share is not None or group.caps > 0
            reading = read_group(frame, group, times, by_tokens=by_tokens)
            readings.append(reading)
            rows.append(_read(frame, reading))
        return readings, rows

    def _counts_of(
        self,
        source: SourcePlan,
        units: list[tuple[SourcePlan, Reader, Unit]],
        counted: list[tuple[Path, dict[str, int]]],
    ) -> pl.LazyFrame:
        paths = [p for (s, _, _), (p, _) in zip(units, counted, strict=True) if s is source]
        return pl.scan_parquet(paths) if paths else pl.LazyFrame(schema=COUNTS)

    def _refuse_empty(self, groups: Sequence[Group]) -> None:
        tokens = [0.0] * len(self.config.sources)
        for group in groups:
            tokens[group.source] += group.tokens
        for source, found in zip(self.config.sources, tokens, strict=True):
            if not found:
                where = f" where {source.where}" if source.where else ""
                message = f"source {source.name}: no document with a token{where}"
                raise DataError(message)

    def _refuse_impossible(self, groups: Sequence[Group], epochs: Sequence[float]) -> None:
        """A source that has a share but only documents under caps cannot be thinned to none."""
        for i, source in enumerate(self.config.sources):
            read = sum(e for e, group in zip(epochs, groups, strict=True) if group.source == i)
            if not read:
                capped = ", ".join(f"{c.column}: {c.value}" for c in self.config.caps)
                message = (
                    f"source {source.name}: nothing is left of it under the caps ({capped}); raise "
                    "max_share, or lower the source's share"
                )
                raise DataError(message)

    # -- shuffle and write ---------------------------------------------------------------------

    def _layout(self, n_bytes: int) -> Layout:
        n_shards = max(1, math.ceil(n_bytes / self.config.output.shard_bytes))
        parts = max(1, math.ceil(n_bytes / n_shards / self.part_bytes))
        if n_shards * parts >= 2 ** (63 - PLACE_BITS):
            message = f"{n_shards:,} shards of {parts:,} buckets are too many; raise output.shard_bytes or resources.memory"
            raise DataError(message)
        return Layout(n_shards, parts)

    def _deal(
        self,
        units: list[tuple[SourcePlan, Reader, Unit]],
        counts: list[Path],
        readings: list[Reading],
        layout: Layout,
    ) -> list[Path]:
        self.progress.phase("shuffle", sum(unit.weight for _, _, unit in units))
        dealer = Dealer(self.plan, self.tree, readings, layout, self.stop, self.progress)
        tasks: list[Chunk] = list(chunks(units, counts, self.part_bytes))
        return run_tasks(dealer, tasks, threads=self.threads, stop=self.stop)

    def _write(
        self, dealt: list[Path], layout: Layout, rows: list[dict[str, Any]], key: str
    ) -> list[dict[str, Any]]:
        self.progress.phase("write", sum(row["bytes"] for row in rows))
        writer = _ShardWriter(self.plan, self.tree, dealt, layout, key, self.stop, self.progress)
        shards = run_tasks(writer, range(layout.n_shards), threads=self.threads, stop=self.stop)
        expected, written = sum(r["copies"] for r in rows), sum(s["rows"] for s in shards)
        if written != expected:
            message = f"{expected} documents to write, {written} written"
            raise LedgerError(message)
        return shards

    # -- publish -------------------------------------------------------------------------------

    def _told(
        self,
        rows: list[dict[str, Any]],
        counted: list[tuple[Path, dict[str, int]]],
        units: list[tuple[SourcePlan, Reader, Unit]],
        shards: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """What the mixture is made of, for the manifest and the report."""
        total = sum(row["tokens"] for row in rows)
        sources = []
        for source in self.plan.sources:
            own = [row for row in rows if row["source"] == source.index]
            bad: dict[str, int] = {}
            for (s, _, _), (_, found) in zip(units, counted, strict=True):
                for reason, n in found.items() if s is source else []:
                    bad[reason] = bad.get(reason, 0) + n
            sums = {k: sum(row[k] for row in own) for k in _SUMS}
            sources.append(
                {
                    "name": source.config.name,
                    "run": source.run,
                    "share_asked": source.config.share,
                    "epochs_asked": source.config.epochs,
                    "share": sums["tokens"] / total if total else 0.0,
                    "epochs": sums["tokens"] / max(1, sums["epoch_tokens"]),
                    **sums,
                    "no_documents": dict(sorted(bad.items())),
                }
            )
        caps = [
            {
                "column": cap.column,
                "value": cap.value,
                "max_share": cap.max_share,
                "share": sum(r["tokens"] for r in rows if r["caps"] >> i & 1) / (total or 1),
            }
            for i, cap in enumerate(self.config.caps)
        ]
        format = self.config.output.format
        kind = None if format == "parquet" else str(id_type(format, self.plan.vocabulary.size))
        return {
            "tokens": total,
            "unique_tokens": sum(row["unique_tokens"] for row in rows),
            "documents": sum(row["copies"] for row in rows),
            "tokens_written": sum(s["tokens"] for s in shards) if kind else None,
            "type": kind,
            "tokenizer": self.plan.vocabulary.name,
            "end_of_document": {"token": self.config.output.end_of_document, "id": self.plan.end},
            "sources": sources,
            "caps": caps,
        }

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


_SUMS = ("documents", "unique_tokens", "epoch_tokens", "copies", "tokens", "bytes")


def _groups(source: int, counts: pl.LazyFrame) -> list[Group]:
    found = (
        counts.group_by("caps")
        .agg(
            n=pl.col("copies").cast(pl.Int64).sum(),
            tokens=(pl.col("copies").cast(pl.Int64) * pl.col("n_tokens")).sum(),
        )
        .collect()
        .sort("caps")
    )
    return [Group(source, r["caps"], r["n"], float(r["tokens"])) for r in found.to_dicts()]


def _read(counts: pl.LazyFrame, reading: Reading) -> dict[str, Any]:
    """What a reading gives: copies, tokens and bytes written, and the documents behind them.

    `epoch_tokens` are those of one epoch, `unique_tokens` those of documents that are read at all.
    """
    copies = pl.col("copies").cast(pl.Int64)
    is_read = pl.col("passes") > 0
    times = pl.col("passes").cast(pl.Int64) * copies
    sums = (
        counts.with_columns(passes=reading.passes())
        .select(
            documents=is_read.sum(),
            unique_tokens=pl.col("n_tokens").filter(is_read).sum(),
            epoch_tokens=(copies * pl.col("n_tokens")).sum(),
            copies=times.sum(),
            tokens=(times * pl.col("n_tokens")).sum(),
            bytes=(times * pl.col("n_bytes")).sum(),
        )
        .collect()
        .to_dicts()[0]
    )
    return {"source": reading.group.source, "caps": reading.group.caps, **sums}


class _ShardWriter:
    """Writes shards into staging, or finds them there; may be called from several threads."""

    def __init__(
        self,
        plan: MixturePlan,
        tree: OutputTree,
        dealt: list[Path],
        layout: Layout,
        key: str,
        stop: Stop,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._tree = tree
        self._dealt = dealt
        self._layout = layout
        self._stop = stop
        self._progress = progress
        self._pool = _core.ThreadPool(plan.mixture.threads)
        self._folder = f"shards-{key[:32]}"
        (tree.staging / self._folder).mkdir(exist_ok=True)

    def __call__(self, shard: int) -> dict[str, Any]:
        """The shard's entry: its files, documents and tokens."""
        self._stop.check()
        folder = self._tree.staging / self._folder
        endings = suffixes(self._plan.mixture.config.output.format)
        names = [f"part-{shard:05d}{ending}" for ending in endings]
        record = folder / f"part-{shard:05d}.json"
        done = manifests.read_sealed(record)
        if done is not None and self._is_whole(done["entry"]):
            return dict(done["entry"])
        temporary = [folder / f"tmp-{name}" for name in names]
        n_rows, n_tokens = self._write(shard, temporary)
        files = []
        for path, name in zip(temporary, names, strict=True):
            sync(path)
            path.replace(folder / name)
            size = (folder / name).stat().st_size
            files.append(
                {"name": name, "rows": n_rows, "bytes": size, "sha256": sha256_of(folder / name)}
            )
        entry = {"folder": self._folder, "files": files, "rows": n_rows, "tokens": n_tokens}
        self._tree.write_json(record, manifests.sealed({"entry": entry}))
        return entry

    def _is_whole(self, entry: dict[str, Any]) -> bool:
        """Whether its files stand in staging or, after an interrupted publishing, in their place."""
        for file in entry["files"]:
            staged = self._tree.staging / self._folder / file["name"]
            places = (staged, self._tree.root / file["name"])
            if not any(p.is_file() and sha256_of(p) == file["sha256"] for p in places):
                return False
        return True

    def _write(self, shard: int, paths: list[Path]) -> tuple[int, int]:
        sink = open_sink(self._plan, paths, self._pool)
        buckets = Buckets(self._dealt)
        names = columns_read(self._plan)
        n_rows = 0
        first = shard * self._layout.buckets_per_shard
        for bucket in range(first, first + self._layout.buckets_per_shard):
            self._stop.check()
            table = buckets.read(bucket, names)
            n_bytes = int(table["text"].nbytes)
            sink.write(table)
            n_rows += len(table)
            self._progress.advance(n_bytes, documents=len(table), text_bytes=n_bytes)
        sink.close()
        return n_rows, sink.n_tokens
