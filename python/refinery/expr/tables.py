"""`rf.annotate`: the columns of a run's annotations beside those of a frame or Arrow table.

One pass over each text computes everything that is asked for, which costs less than an expression
each. Arrow data of any producer is read where it lies, by the PyCapsule interface.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol, overload

import polars as pl
import pyarrow as pa

from refinery.errors import SchemaError, UnknownNameError
from refinery.expr.functions import (
    DEFAULT_TOKENIZER,
    family_keys,
    score_part,
    text_expression,
)
from refinery.expr.kernels import TextFunction, compute_arrow
from refinery.expr.spec import Spec, make_spec
from refinery.io.columns import is_text, plain_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FOUND = "__refinery_annotations"


class ArrowStream(Protocol):
    """Any table that speaks Arrow: pyarrow, pandas 2.2 and later, DuckDB, datasets, ibis, …."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@overload
def annotate(
    data: pl.DataFrame,
    *,
    text: str = ...,
    signals: str | Sequence[str] = ...,
    scores: Mapping[str, str] | None = ...,
    tokenizer: str | os.PathLike[str] | None = ...,
    content_hash: bool = ...,
    minhash: bool | Mapping[str, int] = ...,
) -> pl.DataFrame: ...
@overload
def annotate(
    data: pl.LazyFrame,
    *,
    text: str = ...,
    signals: str | Sequence[str] = ...,
    scores: Mapping[str, str] | None = ...,
    tokenizer: str | os.PathLike[str] | None = ...,
    content_hash: bool = ...,
    minhash: bool | Mapping[str, int] = ...,
) -> pl.LazyFrame: ...
@overload
def annotate(
    data: ArrowStream,
    *,
    text: str = ...,
    signals: str | Sequence[str] = ...,
    scores: Mapping[str, str] | None = ...,
    tokenizer: str | os.PathLike[str] | None = ...,
    content_hash: bool = ...,
    minhash: bool | Mapping[str, int] = ...,
) -> pa.Table: ...
def annotate(
    data: pl.DataFrame | pl.LazyFrame | ArrowStream,
    *,
    text: str = "text",
    signals: str | Sequence[str] = (),
    scores: Mapping[str, str] | None = None,
    tokenizer: str | os.PathLike[str] | None = DEFAULT_TOKENIZER,
    content_hash: bool = False,
    minhash: bool | Mapping[str, int] = False,
) -> Any:
    """Add columns of counts, signals, scores and signatures, as a run's annotations have them.

    Parameters
    ----------
    data
        A Polars frame, or any table with `__arrow_c_stream__` (pyarrow, pandas 2.2 and later,
        DuckDB, …), an older pandas frame, or a `datasets.Dataset`. String columns are not copied; dictionary-encoded ones are decoded.
    text
        Name of the column of texts: any Arrow string type, in Polars String.
    signals
        Families or profiles, such as `datatrove/gopher_quality`.
    scores
        fastText models by the names of their scores: `{"textbook": "builtin/textbook"}`.
    tokenizer
        What counts `n_tokens`; None for no such column.
    content_hash
        Add the hash that exact duplicates share.
    minhash
        Add signatures; a mapping sets `ngram`, `bands` and `rows_per_band`.

    Returns
    -------
    pl.DataFrame, pl.LazyFrame or pa.Table
        `data` with `n_chars`, `n_bytes`, `n_tokens` (Int64), a Float64 column for each signal and
        score, `content_hash` and `minhash` (Binary); null where the text is null. Columns of these
        names are replaced. A Polars frame stays one, everything else becomes a pyarrow table.

    Raises
    ------
    ConfigError
        If there is no such family, model or tokenizer, with the nearest name.
    SchemaError
        If the text column is not one of strings.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import refinery as rf
    >>> table = pa.table({"text": ["three little words"]})
    >>> rf.annotate(table, signals="counts").column_names
    ['text', 'n_chars', 'n_bytes', 'n_tokens', 'n_words', 'n_lines']
    """
    spec = _spec(signals, scores, tokenizer, minhash)
    plan = spec.plan
    columns = ["n_chars", "n_bytes", *(["n_tokens"] if tokenizer is not None else [])]
    columns += [s.column for family in plan.families for s in family.signals]
    columns += [score.name for score in plan.scores]
    columns += ["content_hash"] if content_hash else []
    columns += ["minhash"] if plan.minhash is not None else []
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        return _annotate_polars(data, text, spec, tuple(columns))
    return _annotate_arrow(data, text, spec, columns)


def _spec(
    signals: str | Sequence[str],
    scores: Mapping[str, str] | None,
    tokenizer: str | os.PathLike[str] | None,
    minhash: bool | Mapping[str, int],  # noqa: FBT001 - passed on
) -> Spec:
    names = [signals] if isinstance(signals, str) else list(signals)
    part: dict[str, Any] = {"signals": [key for name in names for key in family_keys(name)]}
    part["scores"] = [score_part(name, model, None) for name, model in (scores or {}).items()]
    if tokenizer is not None:
        part["tokens"] = {"tokenizer": os.fspath(tokenizer)}
    if minhash is not False:
        part["minhash"] = {} if minhash is True else dict(minhash)
    return make_spec("annotate", {"annotate": part})


def _annotate_polars(
    frame: pl.DataFrame | pl.LazyFrame, text: str, spec: Spec, columns: tuple[str, ...]
) -> pl.DataFrame | pl.LazyFrame:
    names = frame.lazy().collect_schema().names()
    _check_column(text, names)
    found = text_expression(text, TextFunction(spec, columns, columns), _FOUND)
    fields = [pl.col(_FOUND).struct.field(name) for name in columns]
    return frame.with_columns(found).with_columns(fields).drop(_FOUND)


def _annotate_arrow(data: ArrowStream, text: str, spec: Spec, columns: list[str]) -> pa.Table:
    table = _table(data)
    _check_column(text, table.column_names)
    texts = table[text]
    if not is_text(texts.type):
        message = f"the text must be strings, found {texts.type}; cast it first"
        raise SchemaError(text, message)
    found = compute_arrow(spec, columns, (plain_array(chunk) for chunk in texts.chunks))
    for name in columns:
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, found[name])
    return table


def _table(data: Any) -> pa.Table:
    """`data` as a pyarrow table, without a copy where it speaks Arrow."""
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return pa.table(data)
    if type(data).__module__.startswith("pandas."):  # before 2.2
        return pa.Table.from_pandas(data, preserve_index=False)
    if hasattr(data, "with_format") and hasattr(data, "features"):  # Dataset of Hugging Face
        return pa.table(data.with_format("arrow")[:])
    message = (
        "expected a Polars frame or a table that speaks Arrow (__arrow_c_stream__), found "
        f"{type(data).__name__}; convert it to a pyarrow.Table first"
    )
    raise TypeError(message)


def _check_column(text: str, names: Sequence[str]) -> None:
    if text not in names:
        kind = "text column of the frame"
        raise UnknownNameError(kind, text, names)
