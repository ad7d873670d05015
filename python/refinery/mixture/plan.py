"""A mixture file against what is there: files, runs, columns, the tokenizer and its tokens."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from refinery.errors import ConfigError, ModelError, SchemaError, nearest, reason_of
from refinery.io.inputs import find_files
from refinery.io.readers import open_reader
from refinery.manifest import read_manifest
from refinery.mixture.vocabulary import Vocabulary, load_vocabulary
from refinery.tree import OutputTree

if TYPE_CHECKING:
    from refinery.engine import Stop
    from refinery.errors import Problem
    from refinery.io.inputs import InputFile
    from refinery.io.units import Reader
    from refinery.mixture.config import Mixture, SourceConfig
    from refinery.yaml_file import Path as YamlPath

FORMAT_VERSION = 1
"""Raised when the same file and inputs give other bytes."""

_MACHINE_SHARE = 4
"""A quarter of the machine is the default limit: trainers often run beside it."""


@dataclass(frozen=True)
class SourcePlan:
    """A source with its files, and the manifest hash of the run that made them, if one did."""

    index: int
    config: SourceConfig
    files: list[InputFile]
    run: str | None


@dataclass(frozen=True)
class MixturePlan:
    """A mixture with every name resolved; no document was read."""

    mixture: Mixture
    sources: list[SourcePlan]
    vocabulary: Vocabulary
    end: int | None
    schema: pa.Schema

    @property
    def out(self) -> Path:
        """The output folder."""
        return self.mixture.folder / self.mixture.config.output.path

    @property
    def memory(self) -> int:
        """Bytes that may be used."""
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return self.mixture.config.resources.memory or machine // _MACHINE_SHARE

    def describe(self, hashes: dict[Path, str]) -> dict[str, Any]:
        """What determines the result, as plain data: what `plan_hash` is the hash of."""
        config = self.mixture.config.model_dump(exclude={"resources": True, "output": {"path"}})
        inputs = [
            {"file": f"{source.config.name}: {file.source_file}", "sha256": hashes[file.path]}
            for source in self.sources
            for file in source.files
        ]
        return {
            "kind": "mixture",
            "format_version": FORMAT_VERSION,
            "inputs": inputs,
            "mixture": config,
            "tokenizer": self.vocabulary.tokenizer.fingerprint,
            "end_of_document": self.end,
        }


def build_plan(mixture: Mixture) -> MixturePlan:
    """Resolve every name of a mixture.

    Raises
    ------
    ConfigError
        With all problems at once; nothing was read but file names, headers and the tokenizer.
    """
    problems: list[Problem] = []
    sources = [_source(mixture, i, problems) for i in range(len(mixture.config.sources))]
    vocabulary = _vocabulary(mixture, problems)
    end = mixture.config.output.end_of_document
    if vocabulary is not None and end is not None and vocabulary.id_of(end) is None:
        problems.append(
            mixture.problem(("output", "end_of_document"), vocabulary.lacks(end)),
        )
    schemas = _schemas(mixture, sources, problems)
    if problems or vocabulary is None:
        raise mixture.error(problems)
    end_id = vocabulary.id_of(end) if end is not None else None
    return MixturePlan(mixture, sources, vocabulary, end_id, _output_schema(mixture, schemas))


def _source(mixture: Mixture, i: int, problems: list[Problem]) -> SourcePlan:
    config = mixture.config.sources[i]

    def problem(_: int, message: str) -> Problem:
        return mixture.problem(("sources", i, "path"), message)

    files, found = find_files([config.as_input()], mixture.folder, problem)
    problems += found
    for file in files:
        if file.format not in ("parquet", "arrow"):
            message = f"{file.source_file} is {file.format}; a mixture reads Parquet and Arrow, which `refinery run` writes"
            problems.append(problem(0, message))
        if file.path.resolve().is_relative_to(
            (mixture.folder / mixture.config.output.path).resolve()
        ):
            message = (
                f"{file.source_file} is in output.path: a mixture cannot be a source of itself"
            )
            problems.append(problem(0, message))
    run = None
    for pattern in [config.path] if isinstance(config.path, str) else config.path:
        tree = OutputTree(mixture.folder / pattern)
        if tree.state.is_dir():
            manifest = read_manifest(tree)
            if manifest is None:
                message = f"{pattern}: no complete run stands here (its manifest is missing or damaged); run it to its end"
                problems.append(problem(0, message))
            else:
                run = str(manifest["sha256"])
    typed = [file for file in files if file.format in ("parquet", "arrow")]
    return SourcePlan(i, config, typed, run)


def _vocabulary(mixture: Mixture, problems: list[Problem]) -> Vocabulary | None:
    name = mixture.config.tokenizer
    try:
        return load_vocabulary(name, mixture.folder)
    except (ModelError, OSError) as error:
        problems.append(mixture.problem(("tokenizer",), reason_of(error)))
    return None


def _schemas(
    mixture: Mixture, sources: list[SourcePlan], problems: list[Problem]
) -> list[tuple[InputFile, pa.Schema]]:
    """Schema of every file; a column that the file names and no source has is a problem."""
    files = [(source, file) for source in sources for file in source.files]

    def header(task: tuple[SourcePlan, InputFile]) -> pa.Schema | ConfigError:
        try:
            return open_reader(task[1], "").schema()
        except ConfigError as error:
            return error

    with ThreadPoolExecutor(mixture.threads) as executor:
        headers = list(executor.map(header, files))
    found = []
    for (source, file), schema in zip(files, headers, strict=True):
        if isinstance(schema, ConfigError):
            for p in schema.problems:
                key = ("sources", source.index, p.path)
                problems.append(mixture.problem(key, f"{file.source_file}: {p.message}"))
        else:
            found.append((file, schema))
            _check_where(mixture, source, file, schema, problems)
    names = {name for _, schema in found for name in schema.names}
    wanted: list[tuple[YamlPath, str]] = [
        *((("output", "columns", i), n) for i, n in enumerate(mixture.config.output.columns)),
        *((("caps", i, "column"), cap.column) for i, cap in enumerate(mixture.config.caps)),
    ]
    for where, name in wanted if found else []:
        if name not in names:
            hint = nearest(name, names) or f"; their columns: {', '.join(sorted(names))}"
            problems.append(mixture.problem(where, f"no source has a column {name!r}{hint}"))
    return found


def _check_where(
    mixture: Mixture,
    source: SourcePlan,
    file: InputFile,
    schema: pa.Schema,
    problems: list[Problem],
) -> None:
    for name in source.config.where:
        if name not in schema.names:
            hint = nearest(name, schema.names) or f"; its columns: {', '.join(schema.names)}"
            message = f"{file.source_file} has no column {name!r}{hint}"
            problems.append(mixture.problem(("sources", source.index, "where", name), message))


def _output_schema(mixture: Mixture, schemas: list[tuple[InputFile, pa.Schema]]) -> pa.Schema:
    """What a written document has: id, text, its source and epoch, then the carried columns."""
    ours = [
        pa.field("id", pa.large_string()),
        pa.field("text", pa.large_string()),
        pa.field("source", pa.large_string()),
        pa.field("epoch", pa.int32()),
    ]
    carried = []
    for name in mixture.config.output.columns:
        if name in [field.name for field in ours]:
            continue
        fields = [
            pa.schema([schema.field(name).remove_metadata()])
            for _, schema in schemas
            if name in schema.names
        ]
        try:
            merged = pa.unify_schemas(fields, promote_options="permissive")
        except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
            raise SchemaError(
                name, f"has types in the sources that no type holds: {error}"
            ) from None
        carried.append(merged.field(0))
    return pa.schema([*ours, *carried])


def open_readers(
    plan: MixturePlan, hashes: dict[Path, str], stop: Stop
) -> list[tuple[SourcePlan, Reader]]:
    """A reader of every file, in the order of the sources and of their files."""
    readers = []
    for source in plan.sources:
        for file in source.files:
            stop.check()
            readers.append((source, open_reader(file, hashes[file.path])))
    return readers
