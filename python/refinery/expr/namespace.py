"""`pl.col("text").refinery`: the typed functions as methods of a text expression.

>>> import polars as pl
>>> import refinery as rf
>>> df = pl.DataFrame({"text": ["three little words"]})
>>> df.select(pl.col("text").refinery.n_words(), pl.col("text").refinery.token_count())
shape: (1, 2)
┌─────────┬──────────┐
│ n_words ┆ n_tokens │
│ ---     ┆ ---      │
│ f64     ┆ i64      │
╞═════════╪══════════╡
│ 3.0     ┆ 3        │
└─────────┴──────────┘
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import polars as pl

from refinery.expr import functions, lists
from refinery.expr.functions import DEFAULT_MODEL, DEFAULT_TOKENIZER
from refinery.expr.methods import SignalMethods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refinery.expr.functions import IntoRules


class ExprNamespace(SignalMethods):
    """What refinery knows of a text column.

    Type checkers do not see namespaces that are registered; for them `rf.text("text")` gives the
    same object, and every method is also a function (`rf.score`, …).

    Parameters
    ----------
    text
        A String column.
    """

    def __init__(
        self, text: pl.Expr, tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER
    ) -> None:
        super().__init__(text, tokenizer)

    def signal(self, column: str) -> pl.Expr:
        """One signal, by the name of its column in a run: see `refinery.signal`."""
        return functions.signal(self._text, column, tokenizer=self._tokenizer)

    def signals(
        self,
        profile: str | Sequence[str],
        *,
        tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
    ) -> pl.Expr:
        """All signals of a profile as a struct: see `refinery.signals`."""
        return functions.signals(self._text, profile, tokenizer=tokenizer)

    def score(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        label: str | None = None,
        name: str | None = None,
    ) -> pl.Expr:
        """A fastText model's probability of one label (Float64): see `refinery.score`."""
        return functions.score(self._text, model, label=label, name=name)

    def token_count(self, tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER) -> pl.Expr:
        """Number of tokens (Int64): see `refinery.token_count`."""
        return functions.token_count(self._text, tokenizer)

    def minhash(self, *, ngram: int = 5, bands: int = 14, rows_per_band: int = 8) -> pl.Expr:
        """MinHash signature (Binary): see `refinery.minhash`."""
        return functions.minhash(self._text, ngram=ngram, bands=bands, rows_per_band=rows_per_band)

    def content_hash(self) -> pl.Expr:
        """Hash of the text, 16 bytes (Binary): see `refinery.content_hash`."""
        return functions.content_hash(self._text)

    def edited(self, view: str | Sequence[str]) -> pl.Expr:
        """The text after edits (String): see `refinery.edited`."""
        return lists.edited(self._text, view)

    def bad_words(self, path: str | os.PathLike[str], *, language: str = "en") -> pl.Expr:
        """Bad words of a list in the text (a struct): see `refinery.bad_words`."""
        return lists.bad_words(self._text, path, language=language)

    def url_filter(self, folder: str | os.PathLike[str]) -> pl.Expr:
        """What block lists say of the URL in this column (a struct): see `refinery.url_filter`."""
        return lists.url_filter(self._text, folder)

    def rules(self, rules: IntoRules, *, scores: Mapping[str, str] | None = None) -> pl.Expr:
        """Whether the document passes all rules (Boolean): see `refinery.rules`."""
        return functions.rules(rules, self._text, scores=scores, tokenizer=self._tokenizer)

    def verdict(self, rules: IntoRules, *, scores: Mapping[str, str] | None = None) -> pl.Expr:
        """Verdict of rules with every reason (a struct): see `refinery.verdict`."""
        return functions.verdict(rules, self._text, scores=scores, tokenizer=self._tokenizer)


def text(
    column: str | pl.Expr, *, tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER
) -> ExprNamespace:
    """The methods of a text column, as `pl.col(column).refinery` gives them, for type checkers.

    Parameters
    ----------
    column
        A String column, by name or as an expression.
    tokenizer
        Read by signals of token ids and by rules on `n_tokens`.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["three little words"]})
    >>> df.select(rf.text("text").datatrove.gopher_quality.n_core_words()).item()
    3.0
    """
    return ExprNamespace(pl.col(column) if isinstance(column, str) else column, tokenizer)
