"""What Polars calls: text columns in, columns of the fused pass out.

Elementwise functions, so Polars may hand over any part of a column in any thread: the result of a
row depends on its text alone. The GIL is released while a kernel runs on a pool of our own.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.annotation import Pass, make_pass
from refinery.errors import RefineryError, SchemaError
from refinery.minhasher import make_minhasher
from refinery.signal_table import BASE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from refinery.expr.spec import Spec
    from refinery.plan import Plan

_FIRST_ROWS = 512
_MAX_ROWS = 65_536
_SECONDS = 0.25
"""A kernel is called with as many rows as take about this long, so that Ctrl-C need not wait for a
column's end. Rows are independent: where a column is cut changes nothing."""


@cache
def _pool_of(_process: int) -> _core.ThreadPool:
    return _core.ThreadPool(len(os.sched_getaffinity(0)))


def pool() -> _core.ThreadPool:
    """The threads of expressions: one pool a process, since a forked child inherits no threads."""
    return _pool_of(os.getpid())


class Kernel(Protocol):
    """What computes columns of strings: a pass, or lists of the user's."""

    def run(self, texts: Any, /, pool: _core.ThreadPool | None = None) -> Any: ...


def run_pass(
    compiled: Kernel, chunks: Iterable[pa.Array], threads: _core.ThreadPool | None = None
) -> pa.Table:
    """Columns of a pass over Arrow string arrays, which are read where they lie.

    Raises
    ------
    RefineryError
        If the kernel fails inside: a bug, which must not look like a verdict on the data.
    """
    batches: list[pa.RecordBatch] = []
    rows = _FIRST_ROWS
    for chunk in chunks:
        at = 0
        while at < len(chunk):
            piece = chunk.slice(at, rows)
            begun = time.monotonic()
            batches.append(_call(compiled, piece, threads or pool()))
            seconds = time.monotonic() - begun
            at += len(piece)
            rows = max(1, min(_MAX_ROWS, 4 * rows, int(rows * _SECONDS / max(seconds, 1e-6))))
            if at < len(chunk):
                _let_ctrl_c_through()
    if not batches:
        batches.append(_call(compiled, pa.array([], pa.large_string()), threads or pool()))
    return pa.Table.from_batches(batches)


def _let_ctrl_c_through() -> None:
    """Raise KeyboardInterrupt where one is pending.

    Python raises it in the main thread only, which waits inside Polars while a query runs in others.
    Polars keeps it for the next step of any query: a small one is enough.
    """
    pl.select(1)


def _call(compiled: Kernel, texts: pa.Array, threads: _core.ThreadPool) -> pa.RecordBatch:
    try:
        return pa.record_batch(compiled.run(texts, threads))
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of a Rust library is no Exception
        message = f"internal error in a kernel; this is a bug of refinery: {error}"
        raise RefineryError(message) from error


def text_chunks(texts: pl.Series) -> Iterator[pa.Array]:
    """The chunks of a string column as Arrow views of the same memory.

    Raises
    ------
    SchemaError
        If it is no string column; says what to do.
    """
    if texts.dtype == pl.Null:
        texts = texts.cast(pl.String)
    if texts.dtype != pl.String:
        raise _no_text(texts)
    for chunk in texts.get_chunks():
        # Without its name: one with a NUL inside makes Polars panic.
        yield chunk.alias("").to_arrow(compat_level=pl.CompatLevel.newest())


def _no_text(texts: pl.Series) -> SchemaError:
    dtype, name = texts.dtype, texts.name
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        hint = f'cast it first: pl.col("{name}").cast(pl.String)'
    elif dtype == pl.Binary:
        hint = f'if it is UTF-8, cast it first: pl.col("{name}").cast(pl.String)'
    elif isinstance(dtype, (pl.List, pl.Array)):
        hint = f'join it (pl.col("{name}").list.join("\\n")) or explode it first'
    elif isinstance(dtype, pl.Struct):
        hint = f'choose a field: pl.col("{name}").struct.field(...)'
    else:
        hint = "name the column that holds the text"
    return SchemaError(name, f"the text must be strings (String), found {dtype}; {hint}")


@lru_cache(maxsize=64)
def pass_of(spec: Spec, *, tokens: bool, base_columns: bool) -> Pass:
    """The compiled pass of a spec."""
    return make_pass(spec.plan, tokens=tokens, base_columns=base_columns)


def compute(spec: Spec, columns: Collection[str], texts: pl.Series) -> pl.DataFrame:
    """`columns` of the pass for every text; null where the text is null."""
    return pl.DataFrame(pl.from_arrow(compute_arrow(spec, columns, text_chunks(texts))))


def compute_arrow(spec: Spec, columns: Collection[str], chunks: Iterable[pa.Array]) -> pa.Table:
    """The same over Arrow arrays, as an Arrow table."""
    base = any(name in ("n_chars", "n_bytes", "content_hash") for name in columns)
    compiled = pass_of(spec, tokens="n_tokens" in columns, base_columns=base)
    return run_pass(compiled, chunks).select(list(columns))


def dtype_of(column: str, plan: Plan) -> pl.DataType:
    """Polars type of a column of the pass."""
    if column in BASE_COLUMNS:
        return pl.Int64()
    if column == "content_hash" or (column == "minhash" and make_minhasher(plan.minhash)):  # type: ignore[arg-type]
        return pl.Binary()
    return pl.Float64()


class Function(Protocol):
    """A function of one column, as Polars calls it; equal ones are equal and hash alike."""

    def __hash__(self) -> int: ...

    def return_dtype(self) -> pl.DataType: ...

    def __call__(self, values: pl.Series, /, **_: object) -> pl.Series: ...


def mapped(values: pl.Expr, function: Function) -> pl.Expr:
    """`function` of a column, row by row."""
    return values.map_batches(function, return_dtype=function.return_dtype(), is_elementwise=True)


@dataclass(frozen=True)
class TextFunction:
    """Columns of the pass as a function of a text column: one column, or a struct of several.

    `columns` are names of the pass, `fields` those of the struct. A text that is null has a null
    struct.
    """

    spec: Spec
    columns: tuple[str, ...]
    fields: tuple[str, ...] | None = None

    def return_dtype(self) -> pl.DataType:
        """What Polars may expect."""
        plan = self.spec.plan
        if self.fields is None:
            return dtype_of(self.columns[0], plan)
        return pl.Struct(
            [pl.Field(f, dtype_of(c, plan)) for f, c in zip(self.fields, self.columns, strict=True)]
        )

    def __call__(self, texts: pl.Series, /, **_: object) -> pl.Series:
        with raised_by_polars():
            found = compute(self.spec, self.columns, texts)
            if self.fields is None:
                return found.to_series().alias(texts.name)
            found.columns = list(self.fields)
            return with_nulls(found.to_struct(texts.name), texts)


@dataclass(frozen=True)
class FieldFunction:
    """One field of a struct that another function gives.

    Polars' own `struct.field` would do, but hides from its optimiser that two fields come of one
    expression, which is then computed twice.
    """

    field: str
    dtype: pl.DataType

    def return_dtype(self) -> pl.DataType:
        """Type of the field."""
        return self.dtype

    def __call__(self, values: pl.Series, /, **_: object) -> pl.Series:
        return values.struct.field(self.field)


def with_nulls(values: pl.Series, texts: pl.Series) -> pl.Series:
    """`values`, null where the text is null."""
    if not texts.null_count():
        return values
    return values.to_frame().select(pl.when(texts.is_not_null()).then(pl.first())).to_series()


class raised_by_polars:  # noqa: N801 - used as a statement
    """Errors inside become ones that Polars can raise again.

    Polars makes a new exception of the same class from its text and the failing expression. That
    needs a class whose only argument is a message.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, RefineryError):
            raise _of_one_message(type(error))(str(error)) from None


def _of_one_message(kind: type[RefineryError]) -> type[RefineryError]:
    def init(self: RefineryError, message: str) -> None:
        Exception.__init__(self, message)

    return type(kind.__name__, (kind,), {"__init__": init, "__module__": kind.__module__})
