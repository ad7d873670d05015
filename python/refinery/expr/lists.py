"""Expressions with lists of the user's: bad words in a text, block lists for a URL; and edited texts.

Lists are other people's and are named by path, as in a pipeline (`annotate.bad_words`,
`annotate.url_filter`); the signals are those of a run, bit for bit.

>>> import polars as pl
>>> import refinery as rf
>>> pl.select(rf.edited(pl.lit("Mail me@site.org"), "datatrove/pii")).item()
'Mail email@example.com'
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from refinery import _core, signal_table
from refinery.errors import ParameterError
from refinery.expr.functions import text_expression
from refinery.expr.kernels import pool, raised_by_polars, run_pass, text_chunks, with_nulls
from refinery.views import ViewError, Views, edited_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.expr.functions import IntoText

_BAD_WORDS = "datatrove.c4_badwords"
_URLS = "datatrove.url"


def bad_words(text: IntoText, path: str | os.PathLike[str], *, language: str = "en") -> pl.Expr:
    """Bad words of a list in each text, as C4 and datatrove count them.

    Parameters
    ----------
    text
        A String column.
    path
        A file of one entry a line, or a folder with a file for each language.
    language
        Name of the file in the folder; `ja`, `th` and `zh` are searched inside words.

    Returns
    -------
    pl.Expr
        Struct named `datatrove.c4_badwords` of Float64 signals, as `refinery explain
        datatrove.c4_badwords` lists them; null where the text is null.

    Raises
    ------
    ParameterError
        If there is no such file or folder, or none of that language.
    """
    return _of_lists(text, _Lists(_BAD_WORDS, _absolute(path), language))


def url_filter(url: IntoText, folder: str | os.PathLike[str]) -> pl.Expr:
    """What block lists say of each URL, as datatrove's URL filter does.

    Parameters
    ----------
    url
        A String column of URLs.
    folder
        Holds `domains`, `urls`, `banned_words.txt`, `soft_banned_words.txt` and
        `banned_subwords.txt`.

    Returns
    -------
    pl.Expr
        Struct named `datatrove.url` of Float64 signals, as `refinery explain datatrove.url` lists
        them; null where the URL is null.

    Raises
    ------
    ParameterError
        If one of the lists is missing.
    """
    return _of_lists(url, _Lists(_URLS, _absolute(folder)))


def edited(text: IntoText, view: str | Sequence[str]) -> pl.Expr:
    """Each text as a view of it: after an edit, a published recipe's view, or several in order.

    Parameters
    ----------
    text
        A String column.
    view
        Name of an edit or of a recipe's view (`refinery explain` lists all), or a sequence of them.

    Returns
    -------
    pl.Expr
        String under the column's own name; null where the text is null.

    Raises
    ------
    ParameterError
        If there is no such view.
    """
    names = [view] if isinstance(view, str) else view
    try:
        chain = tuple(edit for name in names for edit in Views().edits(name))
    except ViewError as error:
        parameter, message = "view", str(error)
        raise ParameterError(parameter, message) from None
    name = text if isinstance(text, str) else text.meta.output_name(raise_if_undetermined=False)
    return text_expression(text, _Edited(chain), name or signal_table.TEXT)


def _absolute(path: str | os.PathLike[str]) -> str:
    """Paths are relative to the working directory of whoever writes the expression."""
    return str(Path(path).expanduser().resolve())


@dataclass(frozen=True)
class _Lists:
    """Which lists: plain data, because Polars sends expressions to other processes."""

    family: str
    path: str
    language: str | None = None

    @property
    def signals(self) -> tuple[signal_table.Signal, ...]:
        return signal_table.families()[self.family].signals

    def load(self) -> _core.BadWords | _core.UrlFilter:
        if self.language is None:
            return _core.UrlFilter(self.path)
        return _core.BadWords(self.path, self.language)


def _of_lists(values: IntoText, lists: _Lists) -> pl.Expr:
    # Read now: a list that is missing or has changed is this line's affair, not the query's.
    function = _ListFunction(lists, lists.load().fingerprint)
    return text_expression(values, function, lists.family)


@lru_cache(maxsize=16)
def _loaded(lists: _Lists, _fingerprint: str) -> _core.BadWords | _core.UrlFilter:
    return lists.load()


@dataclass(frozen=True)
class _ListFunction:
    """The signals of a family with lists as a function of a column."""

    lists: _Lists
    fingerprint: str

    def return_dtype(self) -> pl.DataType:
        return pl.Struct([pl.Field(signal.name, pl.Float64()) for signal in self.lists.signals])

    def __call__(self, values: pl.Series, /, **_: object) -> pl.Series:
        with raised_by_polars():
            found = run_pass(_loaded(self.lists, self.fingerprint), text_chunks(values))
            frame = pl.DataFrame(pl.from_arrow(found))
            frame.columns = [signal.name for signal in self.lists.signals]
            return with_nulls(frame.to_struct(values.name), values)


@dataclass(frozen=True)
class _Edited:
    """A chain of edits as a function of a text column."""

    edits: tuple[str, ...]

    def return_dtype(self) -> pl.DataType:
        return pl.String()

    def __call__(self, texts: pl.Series, /, **_: object) -> pl.Series:
        with raised_by_polars():
            text = pa.chunked_array(list(text_chunks(texts)), pa.string_view())
            return pl.Series(texts.name, edited_text(text, self.edits, pool()))
