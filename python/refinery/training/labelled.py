"""Labelled sets: one row per document and labeller, in Parquet or JSON Lines.

Columns: `label`, or what the training file calls it (a number, or a string of one; null rows are left out), `id` and
`text` (at least one of them), `source` if it is known. A document with several labellers has their mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from refinery.errors import ConfigError, Problem, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_labels(
    path: Path, shown: str, *, label: str = "label", carried: Sequence[str] = ()
) -> pl.DataFrame:
    """The mean label of every document of a labelled set.

    Parameters
    ----------
    path : Path
        The file.
    shown : str
        What messages call it.
    label : str
        Its column of labels.
    carried : sequence of str
        Further columns to take, of a document's first row.

    Returns
    -------
    DataFrame
        `id` (String), `label` (Float64), and `text` and `source` (String, null where the set has
        none), then the carried columns as strings, one row per id, sorted by id. Without ids, a
        document is named by its text.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ConfigError, SchemaError
        If it is of no known format, or its columns cannot serve.
    """
    frame = _read(path, shown)
    _check_columns(frame.columns, shown, label, carried)
    if label != "label":
        frame = frame.drop("label", strict=False).rename({label: "label"})
    missing = [pl.lit(None, pl.String).alias(n) for n in ("text", "source") if n not in frame.columns]  # fmt: skip
    if "id" not in frame.columns:
        missing.append(pl.col("text").cast(pl.String).alias("id"))
    labels = frame["label"].cast(pl.Float64, strict=False)
    wrong = frame["label"].filter(labels.is_null() & frame["label"].is_not_null())
    if len(wrong):
        message = f"{len(wrong)} labels are no numbers, such as {wrong[0]!r}"
        raise SchemaError(column="label", message=message, path=shown)
    return (
        frame.with_columns(labels, *missing)
        .drop_nulls(["label", "id"])
        .group_by(pl.col("id").cast(pl.String))
        .agg(
            pl.col("label").mean(),
            pl.col("text").drop_nulls().first().cast(pl.String),
            pl.col("source").drop_nulls().first().cast(pl.String),
            *(pl.col(name).drop_nulls().first().cast(pl.String) for name in carried),
        )
        .sort("id")
    )


def _check_columns(columns: Sequence[str], shown: str, label: str, carried: Sequence[str]) -> None:
    named = "id" in columns or "text" in columns
    missing = [name for name in (label, *carried) if name not in columns]
    if missing or not named:
        wanted = ", ".join([label, *carried])
        found = ", ".join(columns)
        message = f"a labelled set has the columns {wanted}, and id or text; it has {found}"
        raise ConfigError(shown, [Problem(0, 0, "", message)])


def _read(path: Path, shown: str) -> pl.DataFrame:
    if not path.exists():
        raise FileNotFoundError(2, "no such labelled set", str(path))
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix in (".jsonl", ".ndjson"):
        return pl.read_ndjson(path, infer_schema_length=None)
    message = "a labelled set is called *.parquet or *.jsonl"
    raise ConfigError(shown, [Problem(0, 0, "", message)])
