"""The Python face of a run: start one, open a finished one."""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from refinery import manifest as manifests
from refinery.answers import Answers
from refinery.config import Pipeline as CheckedPipeline
from refinery.config import check, load_pipeline, parse_pipeline
from refinery.errors import DataError
from refinery.expr.functions import plain
from refinery.runner import execute
from refinery.tree import OutputTree
from refinery.yaml_file import Document, dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from refinery.engine import Progress
    from refinery.expr.functions import IntoRules
    from refinery.frame_run import Refined
    from refinery.select_config import SelectOptions

_FRAME = "frame"
"""Stands for input and output of a pipeline that runs over frames."""


class Pipeline:
    """A pipeline: read from a file, or built in Python; run over files or over a frame.

    Pipelines do not change: a method that adds a step gives a new one.

    >>> import refinery as rf
    >>> pipeline = (
    ...     rf.Pipeline.build(input="raw/*.parquet", output="refined/", id="id")
    ...     .rules("datatrove/gopher_quality")
    ...     .exact_duplicates()
    ... )
    >>> print(pipeline.to_yaml(), end="")
    version: 1
    input:
      - path: raw/*.parquet
        id: id
    decide:
      - rules: datatrove/gopher_quality
      - exact_duplicates: {}
    output:
      path: refined/
    """

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder

    @classmethod
    def from_yaml(cls, path: str | Path, **overrides: Any) -> Pipeline:
        """Read and check a pipeline file; `overrides` are keys such as `**{"seed": 3}`."""
        return cls._of(load_pipeline(path, _assignments(overrides)))

    @classmethod
    def from_text(cls, text: str, folder: str | Path | None = None, **overrides: Any) -> Pipeline:
        """Check a pipeline given as YAML text; its relative paths are relative to `folder`."""
        home = Path(folder) if folder is not None else None
        return cls._of(parse_pipeline(text, folder=home, overrides=_assignments(overrides)))

    @classmethod
    def build(
        cls,
        *,
        input: str | Sequence[str | Mapping[str, Any]] | None = None,
        output: str | Mapping[str, Any] | None = None,
        text: str = "text",
        id: str | None = None,
        source: str | Mapping[str, str] | None = None,
        signals: Sequence[str] = (),
        scores: Mapping[str, str] | None = None,
        tokenizer: str | PathLike[str] | None = None,
        minhash: Mapping[str, int] | None = None,
        decide: Sequence[str | Mapping[str, Any]] = (),
        seed: int = 0,
        folder: str | Path | None = None,
        **more: Any,
    ) -> Pipeline:
        """A pipeline in Python.

        Parameters
        ----------
        input, output
            As in a pipeline file: paths, or mappings of all their keys. A pipeline for frames needs
            neither.
        text, id, source
            Names of columns of every input.
        signals, scores, tokenizer, minhash
            What to annotate beside what the steps need; scores are models by name.
        decide
            Steps as in a pipeline file; or add them by `rules`, `exact_duplicates`,
            `near_duplicates` and `select`.
        seed
            Of all randomness.
        folder
            What paths are relative to; the working directory by default.
        **more
            Other keys of the file, such as `resources={"threads": 2}`.

        Raises
        ------
        ConfigError
            With all problems.
        """
        annotate = {
            "signals": list(signals),
            "tokens": {"tokenizer": fspath(tokenizer)} if tokenizer is not None else {},
            "scores": [{"name": name, "model": model} for name, model in (scores or {}).items()],
            "minhash": dict(minhash or {}),
        }
        columns = {"text": text if text != "text" else None, "id": id, "source": plain(source)}
        named = {key: value for key, value in columns.items() if value is not None}
        paths = [input] if isinstance(input, str) else input or []
        inputs = [{"path": p} | named if isinstance(p, str) else named | dict(p) for p in paths]
        data = {
            "input": inputs or ([named] if named else []),
            "annotate": {key: value for key, value in annotate.items() if value},
            "decide": plain(list(decide)),
            "output": {"path": output} if isinstance(output, str) else dict(output or {}),
            "seed": seed,
        }
        filled = {"version": 1} | {key: value for key, value in data.items() if value} | more
        home = Path(folder) if folder is not None else Path.cwd()
        pipeline = cls(Document("pipeline", filled), home)
        _ = pipeline._for_frames()  # tells every problem now
        return pipeline

    def rules(self, rules: IntoRules) -> Pipeline:
        """With a step that drops documents which fail a profile, or bounds of one's own."""
        return self._with({"rules": plain(rules)})

    def exact_duplicates(
        self, *, keep: Literal["first", "longest"] | Mapping[str, str] = "first"
    ) -> Pipeline:
        """With a step that keeps one of each group of identical texts."""
        return self._with({"exact_duplicates": _given(keep=plain(keep), default={"keep": "first"})})

    def near_duplicates(
        self,
        *,
        keep: Literal["first", "longest"] | Mapping[str, str] = "first",
        threshold: float = 0.7,
        verify: bool = True,
    ) -> Pipeline:
        """With a step that keeps one of each cluster of similar texts."""
        default = {"keep": "first", "threshold": 0.7, "verify": True}
        given = _given(keep=plain(keep), threshold=threshold, verify=verify, default=default)
        return self._with({"near_duplicates": given})

    def select(
        self,
        by: str | Mapping[str, str] | Sequence[str | Mapping[str, str]],
        yield_: float | None = None,
        *,
        unit: Literal["tokens", "bytes", "documents"] = "tokens",
        of: Literal["read", "alive"] = "read",
        **options: Unpack[SelectOptions],
    ) -> Pipeline:
        """With a step that keeps the best documents up to a yield, or others by a rule.

        `options` are the other keys of `select` in a pipeline file.
        """
        default = {"unit": "tokens", "of": "read", "yield": None}
        given = _given(default=default, **{"yield": yield_}, unit=unit, of=of)
        return self._with({"select": plain({"by": by, **given, **options})})

    def licences(
        self, allow: Sequence[str], *, column: str = "licence", deny: Sequence[str] = ()
    ) -> Pipeline:
        """With a step that drops documents without a licence, or with one that is not allowed.

        Parameters
        ----------
        allow, deny
            Names in any case; `*` stands for anything. What `deny` has does not pass.
        column
            Column of the input that holds the licence.
        """
        default = {"column": "licence", "deny": []}
        given = _given(default=default, column=column, deny=list(deny))
        return self._with({"licences": {"allow": list(allow), **given}})

    def sources(self, allow: Sequence[str], *, deny: Sequence[str] = ()) -> Pipeline:
        """With a step that drops documents of no source, or of one that is not allowed."""
        given = _given(default={"deny": []}, deny=list(deny))
        return self._with({"sources": {"allow": list(allow), **given}})

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The pipeline as YAML text, which `from_text` reads back; written to `path` if given.

        Relative paths inside stay as they are: they are relative to the file.
        """
        text = dump(self._document.data)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    @property
    def config(self) -> Any:
        """The checked configuration, defaults filled in."""
        return self._for_frames().config

    @property
    def checked(self) -> CheckedPipeline:
        """What the engine runs over files.

        Raises
        ------
        ConfigError
            If the pipeline names no input or output.
        """
        return check(self._document, self._folder)

    def run(
        self,
        *,
        replace: bool = False,
        sample: float | None = None,
        progress: Progress | None = None,
    ) -> Run:
        """Run over files, as `refinery run` does: see `rf.run`."""
        return run(self, replace=replace, sample=sample, progress=progress)

    def run_frame(self, frame: pl.DataFrame | pl.LazyFrame) -> Refined:
        """Run over a frame, in memory: the same verdicts as a run over a file of its rows.

        Raises
        ------
        ConfigError
            For what the pipeline names wrong, columns of the frame included.
        DuplicateIdError
            If an id occurs twice.
        """
        from refinery.frame_run import run_frame

        return run_frame(self._for_frames(), frame.lazy().collect())

    def __repr__(self) -> str:
        return f"Pipeline.from_text({self.to_yaml()!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pipeline) and self.config == other.config

    def __hash__(self) -> int:
        return hash(self.to_yaml())

    @classmethod
    def _of(cls, checked: CheckedPipeline) -> Pipeline:
        return cls(checked.document, checked.folder)

    def _with(self, step: dict[str, Any]) -> Pipeline:
        data = self._document.data
        decide = [*data.get("decide", []), step]
        ordered = {"decide": decide} | {
            k: data[k] for k in ("output", "resources", "seed") if k in data
        }
        first = {k: v for k, v in data.items() if k not in ordered}
        pipeline = Pipeline(Document(self._document.file, first | ordered), self._folder)
        _ = pipeline._for_frames()
        return pipeline

    def _for_frames(self) -> CheckedPipeline:
        """Checked; where it names no files, because frames are what it is for, a name stands in."""
        data = dict(self._document.data)
        inputs = data.get("input") or [{}]
        if isinstance(inputs, list):
            data["input"] = [
                {"path": _FRAME} | entry if isinstance(entry, dict) else entry for entry in inputs
            ]
        data.setdefault("output", {"path": _FRAME})
        return check(Document(self._document.file, data, self._document.places), self._folder)


def run(
    pipeline: str | Path | Pipeline,
    *,
    replace: bool = False,
    sample: float | None = None,
    progress: Progress | None = None,
    **overrides: Any,
) -> Run:
    """Run a pipeline to its end and open its result.

    Parameters
    ----------
    pipeline
        Path of a pipeline file, or a `Pipeline`.
    replace
        Replace the complete result of another plan instead of refusing.
    sample
        Share of the documents to run on, 0 to 1; the result then stands in `OUT-sample`.
    progress
        What is told of the run while it works; silent by default.
    **overrides
        Keys of the pipeline file with new values: `**{"resources.threads": 2}`.

    Raises
    ------
    refinery.RefineryError
        A `ConfigError` before any data is read, a `DataError` for data beyond the stated policy.
    """
    if isinstance(pipeline, Pipeline):
        if overrides:
            message = "overrides go to Pipeline.from_yaml when a Pipeline is given"
            raise TypeError(message)
        checked = pipeline.checked
    else:
        checked = load_pipeline(pipeline, _assignments(overrides))
    result = execute(checked, replace_other=replace, sample=sample, progress=progress)
    return Run(result.out)


class Run(Answers):
    """A finished run, opened.

    Parameters
    ----------
    out
        The output folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    DataError
        If it holds no complete run.
    """

    def __init__(self, out: str | Path) -> None:
        self._tree = OutputTree(Path(out))
        if not self._tree.root.is_dir():
            raise FileNotFoundError(2, "no such output folder", str(out))
        manifest = manifests.read_manifest(self._tree)
        if manifest is None:
            message = f"{out}: no complete run stands here (its manifest is missing or damaged)"
            raise DataError(message)
        self.manifest: dict[str, Any] = manifest

    @property
    def path(self) -> Path:
        """The output folder."""
        return self._tree.root

    @property
    def ledger(self) -> dict[str, Any]:
        """Documents, bytes and tokens in, kept, dropped by reason, edited and quarantined; steps."""
        return dict(self.manifest["ledger"])

    @property
    def annotations(self) -> pl.LazyFrame:
        """One row per document read, in input order: id, place, counts, signals, scores."""
        paths = [self._tree.annotations / unit["name"] for unit in self.manifest["units"]]
        return pl.scan_parquet(paths)

    @property
    def decisions(self) -> pl.LazyFrame:
        """One row per document read, in input order: verdict and all reasons."""
        return pl.scan_parquet(sorted(self._tree.decisions.glob("*.parquet")))

    @property
    def quarantine(self) -> pl.LazyFrame:
        """One row per record that could not be a document."""
        paths = sorted(self._tree.quarantine.glob("*.parquet"))
        if paths:
            return pl.scan_parquet(paths)
        from refinery.io.units import QUARANTINE_SCHEMA

        return pl.DataFrame(pl.from_arrow(QUARANTINE_SCHEMA.empty_table())).lazy()

    @property
    def kept(self) -> pl.LazyFrame:
        """The kept documents, in input order."""
        paths = [self._tree.root / output["name"] for output in self.manifest["outputs"]]
        if paths[0].suffix == ".parquet":
            return pl.scan_parquet(paths)
        return pl.scan_ndjson(paths)

    def __repr__(self) -> str:
        documents = self.ledger["documents"]
        return (
            f"Run({str(self.path)!r}: {documents['kept']:,} of {documents['in']:,} documents kept)"
        )


def _given(*, default: dict[str, Any], **values: Any) -> dict[str, Any]:
    """`values` that are not the default: a pipeline file says no more than it must."""
    return {key: value for key, value in values.items() if value != default[key]}


def _assignments(overrides: dict[str, Any]) -> list[str]:
    """Overrides as `--set` spells them; JSON is YAML."""
    return [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
