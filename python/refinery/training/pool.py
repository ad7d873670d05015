"""The pool: the corpus that negatives, and often positives, are drawn from; read once for all.

With a finished run over it, a document can be asked for what the run says of it: whether it is
alive, and any of its annotations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from refinery.api import Run
from refinery.io.corpus import OWN_COLUMNS, CorpusReader
from refinery.io.inputs import find_files
from refinery.io.readers import header_problems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refinery.labelling.config import LabellingRecipe
    from refinery.training.config import Recipe, RunConfig


@dataclass(frozen=True)
class Verdicts:
    """What a finished run says of the documents it read: `id`, `alive`, and annotations."""

    frame: pl.DataFrame
    path: str

    def joined(self, table: pl.DataFrame) -> pl.DataFrame:
        """A batch of the pool with the run's columns, without what is not alive."""
        found = table.join(self.frame, on="id", how="left", maintain_order="left")
        return found.filter(pl.col("alive").fill_null(value=False)).drop("alive")


class Pool:
    """The documents of `input`, and of `run` where there is one.

    Parameters
    ----------
    recipe : Recipe or LabellingRecipe
        The file that names them.
    columns : set of str
        Columns that are asked for beside those of every corpus.

    Raises
    ------
    ConfigError
        If files or columns are missing, or a run is not over these documents.
    """

    def __init__(self, recipe: Recipe | LabellingRecipe, columns: set[str]) -> None:
        files, problems = find_files(
            recipe.config.input,
            recipe.folder,
            lambda i, message: recipe.problem(("input", i, "path"), message),
        )
        problems = problems or [
            recipe.problem(
                ("input", recipe.config.input.index(file.config), problem.path),
                f"{file.source_file}: {problem.message}",
            )
            for file in files
            for problem in header_problems(file)
        ]
        if problems:
            raise recipe.error(problems)
        self._recipe = recipe
        self._verdicts = None
        if recipe.config.run is not None:
            self._verdicts = read_verdicts(recipe.config.run, recipe.folder, columns)
            columns = columns - set(self._verdicts.frame.columns)
        self._reader = CorpusReader(files, sorted(columns))
        self.read = 0
        self.alive = 0

    @property
    def quarantined(self) -> int:
        """Records that were left out so far because no document could be made of them."""
        return self._reader.quarantined

    def tables(self) -> Iterator[pl.DataFrame]:
        """Batches of documents that are alive."""
        for table in self._reader.tables():
            self.read += len(table)
            found = table if self._verdicts is None else self._verdicts.joined(table)
            self.alive += len(found)
            yield found
        if self._verdicts is not None and self.read and not self.alive:
            message = (
                f"none of the {self.read} documents of input is alive in {self._verdicts.path}; "
                "are the inputs, and their ids, those of the run?"
            )
            raise self._recipe.error_at(("run",), message)


def read_verdicts(config: RunConfig, folder: Path, columns: set[str]) -> Verdicts:
    """Who is alive in a finished run, with those of its annotations that are asked for."""
    run = Run(folder / config.path)
    wanted = (columns & set(run.annotations.collect_schema().names())) - set(OWN_COLUMNS)
    frame = (
        run.decisions.select("id", "kept", "dropped_by")
        .join(run.annotations.select("id", *sorted(wanted)), on="id", how="left")
        .with_columns(alive=is_alive(config.keep))
        .select("id", "alive", *sorted(wanted))
        .collect()
    )
    return Verdicts(frame, config.path)


def is_alive(keep: str) -> pl.Expr:
    """Boolean expression over decisions: who counts as alive; see `RunConfig.keep`."""
    if keep == "all":
        return pl.lit(value=True)
    if keep == "kept":
        return pl.col("kept")
    # A selection drops what passed everything else: it is of the same pool.
    return pl.col("kept") | (pl.col("dropped_by") == "not_selected")
