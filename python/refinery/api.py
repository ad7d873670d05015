"""The Python face of a run: start one, open a finished one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from refinery import manifest as manifests
from refinery.config import Pipeline as CheckedPipeline
from refinery.config import load_pipeline, parse_pipeline
from refinery.errors import DataError
from refinery.runner import execute
from refinery.tree import OutputTree

if TYPE_CHECKING:
    from refinery.engine import Progress


class Pipeline:
    r"""A checked pipeline.

    >>> pipeline = Pipeline.from_text("input: [{path: raw/*.parquet}]\noutput: {path: refined/}")
    >>> pipeline.config.output.path
    'refined/'
    """

    def __init__(self, checked: CheckedPipeline) -> None:
        self._checked = checked

    @classmethod
    def from_yaml(cls, path: str | Path, **overrides: Any) -> Pipeline:
        """Read and check a pipeline file; `overrides` are keys such as `**{"seed": 3}`."""
        return cls(load_pipeline(path, _assignments(overrides)))

    @classmethod
    def from_text(cls, text: str, folder: str | Path | None = None, **overrides: Any) -> Pipeline:
        """Check a pipeline given as YAML text; its relative paths are relative to `folder`."""
        home = Path(folder) if folder is not None else None
        return cls(parse_pipeline(text, folder=home, overrides=_assignments(overrides)))

    @property
    def config(self) -> Any:
        """The checked configuration, defaults filled in."""
        return self._checked.config

    @property
    def checked(self) -> CheckedPipeline:
        """What the engine runs."""
        return self._checked


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


class Run:
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


def _assignments(overrides: dict[str, Any]) -> list[str]:
    """Overrides as `--set` spells them; JSON is YAML."""
    return [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
