"""The shards of a mixture: buckets sorted, written, and found again after an interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery import _core
from refinery import manifest as manifests
from refinery.atomic import place
from refinery.hashes import sha256_of
from refinery.mixture.shuffle import Buckets
from refinery.mixture.token_files import columns_read, open_sink, suffixes

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.engine import Progress, Stop
    from refinery.mixture.plan import MixturePlan
    from refinery.mixture.shuffle import Layout
    from refinery.tree import OutputTree


class ShardWriter:
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
            place(path, folder / name)
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
