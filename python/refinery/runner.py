"""One run: annotate, decide, write, publish; and what a second one finds done.

Nothing is ever done because a marker says so: an annotated unit, a set of verdicts and a shard are
named by the hash of what determines them, and are done if the file of that name is there.
"""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from refinery import _core, publish
from refinery import manifest as manifests
from refinery.annotation import QUARANTINE, Annotator, UnitRecord
from refinery.atomic import move, sync
from refinery.config import Pipeline
from refinery.decide import Room, decide
from refinery.decide.state import COPIES
from refinery.engine import WAITING, Interrupted, Progress, Silent, Stop, run_tasks
from refinery.errors import BadFileError, ParameterError, SchemaError, nearest
from refinery.hashes import digest, sha256_of
from refinery.io.inputs import hash_files
from refinery.io.readers import open_reader
from refinery.io.units import Quarantined, quarantine_table
from refinery.memory import memory_model
from refinery.plan import Plan, build_plan
from refinery.publish import Phases, Result
from refinery.report.page import render
from refinery.tree import OutputTree, seal, sealed_key
from refinery.write import ShardWriter, carried_schema, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refinery.io.inputs import InputFile
    from refinery.io.units import Reader, Unit

BAD_FILES = "files.parquet"
"""Quarantine of whole files, beside one file a unit."""


@dataclass(frozen=True)
class _Annotated:
    records: list[UnitRecord]
    sources: list[tuple[Reader, Unit]]
    readers: list[Reader]
    bad: list[tuple[InputFile, BadFileError]]


def execute(
    pipeline: Pipeline,
    *,
    replace_other: bool = False,
    sample: float | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run a pipeline to its end.

    Parameters
    ----------
    pipeline
        A checked pipeline.
    replace_other
        Replace the complete result of another plan instead of refusing.
    sample
        Share of the documents to run on, 0 to 1, chosen by a hash of their ids; the output folder
        then ends in `-sample`.
    progress
        What is told of it while it works.

    Raises
    ------
    ConfigError
        Before any data is read, with all problems.
    DataError
        For data beyond the policy.
    Interrupted
        After SIGINT or SIGTERM; running again goes on.
    """
    if sample is not None and not 0 < sample <= 1:
        name = "sample"
        raise ParameterError(name, f"must be over 0 and at most 1, found {sample!r}")
    stop = Stop()
    with stop.on_signals():
        plan = build_plan(pipeline, sample=sample)
        tree = OutputTree(plan.out)
        publish.refuse_foreign(tree)
        with publish.held(tree):
            return _Run(plan, tree, stop, progress or Silent()).go(replace_other=replace_other)


class _Run:
    def __init__(self, plan: Plan, tree: OutputTree, stop: Stop, progress: Progress) -> None:
        self.plan = plan
        self.tree = tree
        self.stop = stop
        self.progress = progress
        self.memory = memory_model(plan)
        self.phases = Phases()

    def go(self, *, replace_other: bool) -> Result:
        timed = self.phases.timed
        hashes = timed("hash", self._hash_inputs)
        described = self.plan.describe(hashes)
        before = publish.earlier_result(self.tree, described, replace_other=replace_other)
        if before is not None and timed(
            "verify", lambda: publish.is_whole(self.tree, before, self.progress)
        ):
            return self.phases.result(self.tree, before, is_unchanged=True)
        annotated = timed("annotate", lambda: self._annotate(hashes))
        decided = timed("decide", lambda: self._decide(annotated))
        written = timed("write", lambda: self._write(annotated, decided, before))
        manifest = self._publish(described, hashes, annotated, decided, written)
        self.phases.log(self.tree, self.plan.threads)
        return self.phases.result(self.tree, manifest, is_unchanged=False)

    def _hash_inputs(self) -> dict[str, str]:
        hashes = hash_files(self.plan.files, self.plan.threads, self.stop.check)
        return {f.source_file: h for f, h in zip(self.plan.files, hashes, strict=True)}

    # -- annotate ------------------------------------------------------------------------------

    def _annotate(self, hashes: dict[str, str]) -> _Annotated:
        self.progress.phase("annotate", sum(f.size for f in self.plan.files))
        workers = self.memory.workers("annotate")
        annotator = Annotator(self.plan, self.tree, self.stop, self.progress, workers=workers)
        bad: dict[str, tuple[InputFile, BadFileError]] = {}
        readers: list[Reader] = []
        sources: list[tuple[Reader, Unit]] = []

        def tasks() -> Iterator[tuple[Reader, Unit]]:
            for file in self.plan.files:
                try:
                    reader = open_reader(file, hashes[file.source_file])
                    readers.append(reader)
                    for unit in reader.units():
                        sources.append((reader, reader.light(unit)))
                        yield reader, unit
                except BadFileError as error:
                    self._bad_file(file, error, bad)

        def work(task: tuple[Reader, Unit]) -> UnitRecord | None:
            file = task[1].file
            if file.source_file in bad:
                return None
            try:
                return annotator(task)
            except BadFileError as error:
                self._bad_file(file, error, bad)
                return None

        with annotator:
            found = run_tasks(work, tasks(), threads=workers, waiting=WAITING, stop=self.stop)
        good = [
            (record, source)
            for record, source in zip(found, sources, strict=True)
            if record is not None and record.source_file not in bad
        ]
        ordered = sorted(bad.values(), key=lambda pair: pair[0].source_file)
        self._check_labels([(r, source[1].file) for r, source in good])
        records = [r for r, _ in good] or [annotator.no_unit()]
        readers = [r for r in readers if r.file.source_file not in bad]
        return _Annotated(records, [s for _, s in good], readers, ordered)

    def _check_labels(self, found: list[tuple[UnitRecord, InputFile]]) -> None:
        """A column of names that no record of a file of JSON Lines has is named wrong."""
        schemas: dict[str, list[str]] = {}
        for record, file in found:
            if file.format == "jsonl" and record.schema is not None and record.n_rows:
                schemas.setdefault(record.source_file, []).append(record.schema)
        for source_file, parts in schemas.items():
            names = [name for name, _ in json.loads(_core.merge_schemas(parts))]
            for label in self.plan.labels:
                if label not in names:
                    message = f"no record has it{nearest(label, names)}"
                    raise SchemaError(label, message, source_file)

    def _bad_file(
        self, file: InputFile, error: BadFileError, bad: dict[str, tuple[InputFile, BadFileError]]
    ) -> None:
        named = BadFileError(file.source_file, error.reason, error.message)
        if file.config.on_bad_file == "fail":
            raise named from None
        bad[file.source_file] = (file, named)
        self.progress.note(f"{named}; quarantined whole (on_bad_file: quarantine)")

    # -- decide --------------------------------------------------------------------------------

    def _decide(self, annotated: _Annotated) -> dict[str, Any]:
        """The ledger and the folder of the verdicts, which wait in staging."""
        self.stop.check()
        bad = [[f.source_file, f.size] for f, _ in annotated.bad]
        key = digest([self.plan.decide_part(), [r.key for r in annotated.records], bad])
        folder = self.tree.staging / f"decisions-{key[:32]}"
        done = manifests.read_sealed(folder / "ledger.json")
        if done is not None and all(
            (folder / name).is_file() and sha256_of(folder / name) == expected
            for name, expected in done["files"].items()
        ):
            return {"key": key, "folder": folder, **done}
        self.progress.phase("decide", 0)
        n_documents = sum(r.n_rows for r in annotated.records)
        self.memory.check_decide(n_documents)
        decisions = decide(
            self.plan,
            self.tree,
            annotated.records,
            bad_files=[f.size for f, _ in annotated.bad],
            room=Room(self.memory.room(n_documents), self.tree.staging),
            stop=self.stop,
        )
        making = self.tree.staging / f"tmp-decisions-{key[:32]}"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        names = decisions.write(making)
        for name in names:
            sync(making / name)
        done = {
            "ledger": decisions.ledger,
            "files": {name: sha256_of(making / name) for name in names},
        }
        shutil.rmtree(folder, ignore_errors=True)
        making.replace(folder)
        # Written last, and only this file says that the verdicts are whole.
        self.tree.write_json(folder / "ledger.json", manifests.sealed(done))
        return {"key": key, "folder": folder, **done}

    # -- write ---------------------------------------------------------------------------------

    def _write(
        self, annotated: _Annotated, decided: dict[str, Any], before: dict[str, Any] | None
    ) -> tuple[ShardWriter, list[dict[str, Any]]]:
        schemas = [r.schema for r in annotated.records if r.schema is not None]
        if schemas:
            merged = _core.merge_schemas(schemas)
            self._note_mixed(merged)
            for reader in annotated.readers:
                reader.learn(merged)
        schema = carried_schema(self.plan, ((r.file, r.schema()) for r in annotated.readers))
        paths = [decided["folder"] / name for name in decided["files"]]
        wanted = ["kept", *([COPIES] if self.plan.repeats else [])]
        verdicts = pl.read_parquet(paths, columns=wanted)
        shard_bytes = self.plan.pipeline.config.output.shard_bytes
        shards = lay_out(self.tree, annotated.records, verdicts, shard_bytes, self.plan.written)
        self.progress.phase("write", sum(s.n_bytes for s in shards))
        workers = self.memory.workers("write")
        writer = ShardWriter(
            self.plan,
            self.tree,
            annotated.records,
            annotated.sources,
            schema,
            key=digest(
                [
                    self.plan.write_part(),
                    decided["key"],
                    schema.to_string(show_schema_metadata=False),
                ]
            ),
            known={entry["name"]: entry for entry in before["outputs"]} if before else {},
            readers=max(1, workers // len(shards)),
            stop=self.stop,
            progress=self.progress,
        )
        return writer, run_tasks(writer, shards, threads=workers, stop=self.stop)

    def _note_mixed(self, schema: str) -> None:
        """A column whose values have no common type is carried as JSON text: lossless, but said."""
        mixed = [name for name, shape in json.loads(schema) if shape == "json"]
        if mixed:
            named = ", ".join(mixed[:5]) + (f" and {len(mixed) - 5} more" if len(mixed) > 5 else "")
            self.progress.note(f"values of mixed types are carried as JSON text in: {named}")

    # -- publish -------------------------------------------------------------------------------

    def _publish(
        self,
        described: dict[str, Any],
        hashes: dict[str, str],
        annotated: _Annotated,
        decided: dict[str, Any],
        written: tuple[ShardWriter, list[dict[str, Any]]],
    ) -> dict[str, Any]:
        """Everything to its final place: the old manifest goes first, the new one comes last."""
        self.stop.check()
        tree, (writer, outputs) = self.tree, written
        publish.place_shards(tree, [writer.folder / entry["name"] for entry in outputs])
        self._publish_state(annotated, decided)
        inputs = self._inputs(hashes, annotated)
        body = {
            "plan_hash": digest(described),
            "inputs": inputs,
            "outputs": outputs,
            "ledger": decided["ledger"],
        }
        self._write_report(render(body))
        manifest = manifests.build_manifest(
            described,
            inputs=inputs,
            outputs=outputs,
            files=self._files(),
            models=[
                {"name": s.name, "label": s.label, s.hashed_by: s.model.fingerprint}
                for s in self.plan.scores
            ],
            units=[asdict(replace(record, schema=None)) for record in annotated.records],
            ledger=decided["ledger"],
        )
        publish.place_manifest(tree, manifest)
        return manifest

    def _write_report(self, page: str) -> None:
        target = self.tree.root / manifests.REPORT
        if not target.is_file() or target.read_bytes() != page.encode():
            with self.tree.writing(target) as path:
                path.write_text(page, encoding="utf-8")

    def _publish_state(self, annotated: _Annotated, decided: dict[str, Any]) -> None:
        tree = self.tree
        keys = {record.key for record in annotated.records}
        for path in tree.quarantine.iterdir():
            if path.name == BAD_FILES:
                path.unlink()
            elif sealed_key(path) not in keys:
                name = path.name.replace(".", f"{QUARANTINE}.", 1)
                move(path, tree.unused / name)
        for path in tree.annotations.iterdir():
            if sealed_key(path) not in keys:
                move(path, tree.unused / path.name)
        if annotated.bad:
            rows = [
                quarantine_table(
                    f.source_file, [Quarantined(None, e.reason, e.message, "", f.size)]
                )
                for f, e in annotated.bad
            ]
            with tree.writing(tree.quarantine / BAD_FILES) as path:
                pq.write_table(
                    pa.concat_tables(rows), path, compression="zstd", write_page_checksum=True
                )
        for path in tree.decisions.iterdir():
            if path.name not in decided["files"]:
                path.unlink()
        for name in decided["files"]:
            source, target = decided["folder"] / name, tree.decisions / name
            if target.is_file() and sha256_of(target) == sha256_of(source):
                continue
            # Copied, not moved: a run that is killed here finds its verdicts where they were.
            copy = tree.staging / f"tmp-{name}"
            shutil.copyfile(source, copy)
            sync(copy)
            move(copy, target)

    def _inputs(self, hashes: dict[str, str], annotated: _Annotated) -> list[dict[str, Any]]:
        rows: dict[str, int] = {}
        for record in annotated.records:
            rows[record.source_file] = rows.get(record.source_file, 0) + record.n_read
        bad = {f.source_file: e.reason for f, e in annotated.bad}
        return [
            {
                "file": f.source_file,
                "bytes": f.size,
                "sha256": hashes[f.source_file],
                "rows": rows.get(f.source_file, 0),
                "quarantined": bad.get(f.source_file),
            }
            for f in self.plan.files
        ]

    def _files(self) -> list[dict[str, Any]]:
        tree = self.tree
        folders = (tree.annotations, tree.decisions, tree.quarantine)
        paths = [tree.root / manifests.REPORT, *(p for folder in folders for p in folder.iterdir())]
        with ThreadPoolExecutor(self.plan.threads) as executor:
            return list(executor.map(self._entry, sorted(paths)))

    def _entry(self, path: Path) -> dict[str, Any]:
        # This run has made or checked what is sealed: its name tells the hash.
        is_sealed = path.parent in (self.tree.annotations, self.tree.quarantine)
        known = seal(path) if is_sealed and path.name != BAD_FILES else None
        return manifests.file_entry(self.tree, path, known)


__all__ = ["Interrupted", "execute"]
