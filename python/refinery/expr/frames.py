"""`df.refinery` and `lf.refinery`: the steps of a run over a frame.

Every method gives a frame of the kind it was called on, and is a query like any other: lazy on a
LazyFrame, at once on a DataFrame. Rules look at each row; duplicates and selections look at all
rows, so a query holds the columns they read in memory while it decides. A corpus that does not fit
is for `refinery run`.

`how="filter"` keeps the documents that stay. `how="mark"` keeps all and adds `kept`, `dropped_by`
and `reasons` (duplicates also `cluster` and `kept_instead`) as in a run's decisions; a later step
then acts on what is still `kept`. Columns that the frame has already (signals, scores, `n_tokens`,
`minhash`, … under their names in a run) are read and not computed again.

>>> import polars as pl
>>> import refinery as rf
>>> df = pl.DataFrame({"text": ["the same text"] * 2 + ["another"], "value": [1, 3, 2]})
>>> df.refinery.exact_duplicates(keep=rf.highest("value"))["value"].to_list()
[3, 2]
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, overload

import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.decide.corpus import step_columns
from refinery.decide.state import COPIES
from refinery.errors import ParameterError, UnknownNameError
from refinery.expr.functions import (
    DEFAULT_TOKENIZER,
    Highest,
    minhash,
    plain,
    rules_expression,
    score_part,
)
from refinery.expr.kernels import text_chunks
from refinery.expr.pairs import matching_pairs, with_jaccard
from refinery.expr.spec import make_spec
from refinery.expr.tables import annotate
from refinery.expr.verdicts import StepFunction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from refinery.answers import Funnel
    from refinery.expr.functions import IntoRules, IntoText
    from refinery.expr.spec import Spec
    from refinery.select_config import SelectOptions

F = TypeVar("F", pl.DataFrame, pl.LazyFrame)

How: TypeAlias = Literal["filter", "mark"]
Keep: TypeAlias = "Literal['first', 'longest'] | Highest | Mapping[str, str]"
"""Who of a group stays: the smallest id or first row, the longest text, or the highest value."""

_BY = "__refinery_by"
_STEP = "__refinery_step"


class FrameNamespace(Generic[F]):
    """What refinery does with a frame of documents; `rf.frame(df)` gives it to type checkers too."""

    def __init__(self, frame: F) -> None:
        self._frame: F = frame

    def annotate(
        self,
        *,
        text: str = "text",
        signals: str | Sequence[str] = (),
        scores: Mapping[str, str] | None = None,
        tokenizer: str | os.PathLike[str] | None = DEFAULT_TOKENIZER,
        minhash: bool | Mapping[str, int] = False,
    ) -> F:
        """Add columns of signals, scores, token counts and hashes in one pass: see `rf.annotate`."""
        return annotate(
            self._frame, text=text, signals=signals, scores=scores, tokenizer=tokenizer, minhash=minhash
        )  # fmt: skip

    def apply_rules(
        self,
        rules: IntoRules,
        *,
        text: IntoText | None = "text",
        scores: Mapping[str, str] | None = None,
        tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
        how: How = "filter",
    ) -> F:
        """Drop documents that fail a rule, or mark them with every reason.

        Parameters
        ----------
        rules
            As in a pipeline file; names may also be columns of the frame.
        text
            A String column. A null text is no document: it is dropped as `null_text`. None where the
            frame has every column that is read, such as the annotations of a run.
        scores
            Models by the names that the rules use.
        tokenizer
            Of `n_tokens`, where the frame has no such column.
        how
            `filter`, or `mark` to add `kept`, `dropped_by` and `reasons` instead.

        Raises
        ------
        ConfigError
            With every problem of the rules.
        """
        _check_how(how)
        names = self._names()
        part = {"annotate": _annotate_part(scores, tokenizer), "decide": [{"rules": plain(rules)}]}
        spec = make_spec("apply_rules", part, names)
        texts = _texts(text, spec, names)
        return self._decided(rules_expression(spec, texts), texts, how, names, adds_groups=False)

    def exact_duplicates(
        self,
        text: IntoText | None = "text",
        *,
        id: str | None = None,
        keep: Keep = "first",
        how: How = "filter",
    ) -> F:
        """Keep one document of each group of identical texts.

        Parameters
        ----------
        text
            A String column; null texts are dropped as `null_text`. None where the frame has a
            `content_hash` and what else is read.
        id
            Column of unique ids, which break ties and name groups; row numbers without it.
        keep
            `first`, `longest`, or `rf.highest(column)`.
        how
            `filter`, or `mark` to add verdicts, `cluster` and `kept_instead`.

        Raises
        ------
        DuplicateIdError
            If an id occurs twice.
        """
        names = self._names()
        kept, given = _keep(keep)
        return self._step({"exact_duplicates": {"keep": kept}}, text, id, how, names, given)

    def near_duplicates(
        self,
        text: IntoText | None = "text",
        *,
        id: str | None = None,
        keep: Keep = "first",
        threshold: float = 0.7,
        verify: bool = True,
        ngram: int = 5,
        bands: int = 14,
        rows_per_band: int = 8,
        how: How = "filter",
    ) -> F:
        """Keep one document of each cluster of similar texts.

        Parameters
        ----------
        text
            A String column; null texts are dropped as `null_text`, texts without a word are kept. None
            where the frame has a `minhash` and what else is read.
        id
            Column of unique ids, which break ties and name clusters; row numbers without it.
        keep
            `first`, `longest`, or `rf.highest(column)`.
        threshold, verify
            A candidate pair counts at this estimated Jaccard similarity or more; without `verify`,
            every candidate pair counts.
        ngram, bands, rows_per_band
            Of the MinHash signatures.
        how
            `filter`, or `mark` to add verdicts, `cluster` and `kept_instead`.

        See Also
        --------
        duplicate_pairs : which documents resemble each other, and how much.
        """
        names = self._names()
        kept, given = _keep(keep)
        step = {"near_duplicates": {"keep": kept, "threshold": threshold, "verify": verify}}
        minhash = {"ngram": ngram, "bands": bands, "rows_per_band": rows_per_band}
        return self._step(step, text, id, how, names, given, minhash=minhash)

    def duplicate_pairs(
        self,
        text: str = "text",
        *,
        id: str | None = None,
        threshold: float = 0.7,
        ngram: int = 5,
        bands: int = 14,
        rows_per_band: int = 8,
        exact: bool = False,
    ) -> pl.DataFrame:
        """Pairs of near duplicates with their Jaccard similarity: why there are clusters.

        Computed at once, also of a LazyFrame.

        Parameters
        ----------
        exact
            Also compare the texts of each pair themselves: `jaccard`. Costs about as much for each
            pair as signing both of its documents.

        Returns
        -------
        pl.DataFrame
            `left` and `right` (ids, or row numbers without `id`; left is the smaller), `similarity`
            (Float64, the share of equal values of their signatures, which estimates their Jaccard
            similarity and is what is compared with `threshold`), with `exact` `jaccard` (Float64,
            shingles that both have over shingles that either has), and `shared_bands` (UInt32), the
            most similar first. In a band that more than 128 documents share, each is paired with the
            smallest id only.
        """
        signature = (
            pl.col("minhash")
            if "minhash" in self._names()
            else minhash(text, ngram=ngram, bands=bands, rows_per_band=rows_per_band)
        )
        ids = [pl.col(id).cast(pl.String).alias("id")] if id is not None else []
        texts = [pl.col(text).alias("text")] if exact else []
        signed = self._frame.lazy().select(signature.alias("minhash"), *ids, *texts).collect()
        names = signed["id"] if id is not None else None
        pairs = matching_pairs(signed["minhash"], names, bands=bands, threshold=threshold)
        if not exact:
            return pairs
        hasher = _core.MinHasher(ngram=ngram, bands=bands, rows_per_band=rows_per_band)
        return with_jaccard(pairs, names, signed["text"], hasher)

    def select(
        self,
        by: str | pl.Expr | Mapping[str, str] | Sequence[str | Mapping[str, str]],
        yield_: float | None = None,
        *,
        unit: Literal["tokens", "bytes", "documents"] = "tokens",
        of: Literal["read", "alive"] = "read",
        weight: str | pl.Expr | None = None,
        text: IntoText | None = "text",
        id: str | None = None,
        scores: Mapping[str, str] | None = None,
        tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
        seed: int = 0,
        how: How = "filter",
        **options: Unpack[SelectOptions],
    ) -> F:
        """Keep the best documents that together make a yield, or others by a rule.

        Parameters
        ----------
        by
            A column, expression, signal or score; higher is better, null comes last. `{"lowest":
            name}` where lower is better; a list of names ranks by all of them.
        yield_
            Share to keep, over 0 to 1; or give `threshold` or `documents`.
        unit
            What the yield counts; a column of the frame called `n_tokens` or `n_bytes` is used.
        of
            Share of all rows of the frame, or of those still `kept` (they differ after
            `how="mark"` only).
        weight
            What each document counts instead, an integer column or expression.
        text
            A String column, for what has to be computed; None where nothing has to be.
        id
            Column of unique ids, which break ties; row numbers without it.
        scores
            Models by name, for `by`.
        tokenizer
            Of `n_tokens`.
        seed
            Of what a rule draws, together with the ids.
        how
            `filter`, or `mark`.
        **options
            As under `select` in a pipeline file: `threshold`, `documents`, `rule` with
            `temperature`, `alpha`, `discard` or `max_repeat`, `combine` and `buckets`, `quota`,
            `diverse` and `floor`. `rule="curve"` adds a column `copies` (Int32).

        Raises
        ------
        ConfigError
            With every problem of the options.
        """
        names = self._names()
        given: dict[str, pl.Expr] = {}
        if isinstance(by, pl.Expr):
            given[_BY] = by
            by = _BY
        if weight is not None:
            counted = pl.col(weight) if isinstance(weight, str) else weight
            given["n_tokens"] = counted.cast(pl.Int64)
            unit = "tokens"
        keys = {"by": by, "yield": yield_, "unit": unit, "of": of, **options}
        step = {"select": plain({key: value for key, value in keys.items() if value is not None})}
        annotate_part = _annotate_part(scores, tokenizer)
        return self._step(step, text, id, how, names, given, seed=seed, **annotate_part)

    def sample(
        self,
        n: int | None = None,
        *,
        fraction: float | None = None,
        by: str | pl.Expr | None = None,
        bins: int | Sequence[float] | None = None,
        id: str | None = None,
        seed: int = 0,
    ) -> F:
        """A random sample, the same for the same ids and seed; stratified by a source or score.

        Parameters
        ----------
        n
            Documents of each stratum (in all, without `by`); a smaller stratum is taken whole.
        fraction
            Share of each stratum instead of `n`, rounded to the nearest document.
        by
            Column or expression whose values are the strata, such as a source.
        bins
            For a score: a number of equal-width bins from its least to its greatest value, or the
            inner edges of bins. Null is a stratum of its own.
        id
            Column whose hash, with `seed`, is the randomness; row numbers without it.
        """
        if (n is None) == (fraction is None):
            name, message = "n", "give either n or fraction"
            raise ParameterError(name, message)
        if fraction is not None and not 0 < fraction <= 1:
            name = "fraction"
            raise ParameterError(name, f"must be over 0 and at most 1, found {fraction!r}")
        ids = pl.int_range(pl.len()) if id is None else pl.col(id)
        hashes = ids.cast(pl.String).map_batches(
            _Hashes(seed), return_dtype=pl.UInt64, is_elementwise=True
        )
        stratum = pl.lit(0) if by is None else _stratum(by, bins)
        place = hashes.rank("ordinal").over(stratum)
        size = pl.len().over(stratum)
        wanted = pl.lit(n) if n is not None else (size * fraction).round()
        return self._frame.filter(place <= wanted)

    def funnel(
        self,
        steps: Sequence[Mapping[str, Any] | str],
        *,
        text: str = "text",
        id: str | None = None,
        scores: Mapping[str, str] | None = None,
        tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
    ) -> Funnel:
        """What each of several steps would leave of the frame; a frame, and a table when printed.

        Computed at once, also of a LazyFrame.

        Parameters
        ----------
        steps
            As under `decide` in a pipeline file: `[{"rules": "datatrove/gopher_quality"},
            "exact_duplicates", {"select": {"by": "textbook", "yield": 0.2}}]`.
        text, id, scores, tokenizer
            As in `select`.
        """
        from refinery.api import Pipeline

        pipeline = Pipeline.build(
            text=text, id=id, scores=scores, tokenizer=tokenizer, decide=list(steps)
        )
        return pipeline.run_frame(self._frame).funnel()

    def _names(self) -> list[str]:
        return self._frame.lazy().collect_schema().names()

    def _step(
        self,
        step: dict[str, Any],
        text: IntoText | None,
        id_: str | None,
        how: How,
        names: list[str],
        given: dict[str, pl.Expr],
        *,
        seed: int = 0,
        **annotate_part: Any,
    ) -> F:
        _check_how(how)
        (kind,) = step
        part = {"annotate": annotate_part, "decide": [step], "seed": seed}
        spec = make_spec(kind, part, {*names, *given})
        texts = _texts(text, spec, [*names, *given])
        row_id = _column(id_, names) if id_ is not None else None
        function = StepFunction(spec, has_ids=row_id is not None)
        columns = function.columns(texts, row_id, _alive(texts, names), given)
        expression = columns.map_batches(function, return_dtype=function.return_dtype())
        adds_groups, repeats = kind != "select", spec.plan.repeats
        return self._decided(
            expression, texts, how, names, adds_groups=adds_groups, repeats=repeats
        )

    def _decided(
        self,
        step: pl.Expr,
        texts: pl.Expr | None,
        how: How,
        names: list[str],
        *,
        adds_groups: bool,
        repeats: bool = False,
    ) -> F:
        """The frame filtered or marked by a step's struct."""
        found = pl.col(_STEP).struct
        stays = _alive(texts, names) & found.field("dropped_by").is_null()
        with_step: F = self._frame.with_columns(step.alias(_STEP))
        if repeats:
            with_step = with_step.with_columns(found.field(COPIES).alias(COPIES))
        if how == "filter":
            return with_step.filter(stays).drop(_STEP)
        is_null = pl.lit(value=False) if texts is None else texts.is_null()
        no_text = pl.when(is_null).then(pl.lit("null_text"))

        def before(name: str) -> list[pl.Expr]:
            return [pl.col(name)] if name in names else []

        # Who is out already keeps its first reason; reasons add up.
        listed = pl.concat_list([*before("reasons"), found.field("reasons"), no_text])
        marks = {
            "kept": stays,
            "dropped_by": pl.coalesce(*before("dropped_by"), no_text, found.field("dropped_by")),
            "reasons": listed.list.drop_nulls().list.unique(maintain_order=True),
        }
        groups = ("cluster", "kept_instead") if adds_groups else ()
        marks |= {name: pl.coalesce(found.field(name), *before(name)) for name in groups}
        return with_step.with_columns(**marks).drop(_STEP)


class DataFrameNamespace(FrameNamespace[pl.DataFrame]):
    """`df.refinery`."""


class LazyFrameNamespace(FrameNamespace[pl.LazyFrame]):
    """`lf.refinery`."""


@overload
def frame(data: pl.DataFrame) -> DataFrameNamespace: ...
@overload
def frame(data: pl.LazyFrame) -> LazyFrameNamespace: ...
def frame(data: pl.DataFrame | pl.LazyFrame) -> DataFrameNamespace | LazyFrameNamespace:
    """The methods of a frame, as `data.refinery` gives them, for type checkers.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["a", "a", "b"]})
    >>> rf.frame(df).exact_duplicates().height
    2
    """
    if isinstance(data, pl.LazyFrame):
        return LazyFrameNamespace(data)
    return DataFrameNamespace(data)


class _Hashes:
    """Hash of ids under a seed, as `refinery run --sample` has it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, ids: pl.Series, /, **_: object) -> pl.Series:
        hashed = [pa.array(_core.hash_ids(chunk, self._seed)) for chunk in text_chunks(ids)]
        return pl.Series(ids.name, pa.chunked_array(hashed, pa.uint64()), pl.UInt64)


def _stratum(by: str | pl.Expr, bins: int | Sequence[float] | None) -> pl.Expr:
    value = pl.col(by) if isinstance(by, str) else by
    if bins is None:
        return value
    value = value.cast(pl.Float64)
    if not isinstance(bins, int):
        return pl.sum_horizontal([(value > edge).cast(pl.Int32) for edge in bins]) + value * 0
    least = value.min()
    place = (value - least) / (value.max() - least) * bins
    return place.fill_nan(0).floor().clip(0, bins - 1)


def _keep(keep: Keep) -> tuple[Any, dict[str, pl.Expr]]:
    """`keep` as a pipeline file spells it, and the expression that it names."""
    if not isinstance(keep, Highest):
        return plain(keep), {}
    if isinstance(keep.by, str):
        return {"highest": keep.by}, {}
    return {"highest": _BY}, {_BY: keep.by}


def _column(name: str, names: Sequence[str]) -> pl.Expr:
    """A column of the frame that is there."""
    if name not in names:
        kind = "column of the frame"
        raise UnknownNameError(kind, name, names)
    return pl.col(name)


def _texts(text: IntoText | None, spec: Spec, names: Sequence[str]) -> pl.Expr | None:
    """The column of texts; without one, the frame must have what the spec's steps read."""
    wanted = step_columns(spec.plan.steps)  # what is named wrong is told here
    if isinstance(text, str):
        return _column(text, names)
    if text is None:
        for name in wanted:
            _column(name, names)
    return text


def _alive(text: pl.Expr | None, names: Sequence[str]) -> pl.Expr:
    """Who takes part: documents with a text that no step has marked as dropped."""
    alive = pl.lit(value=True) if text is None else text.is_not_null()
    return alive & pl.col("kept").fill_null(value=False) if "kept" in names else alive


def _annotate_part(
    scores: Mapping[str, str] | None, tokenizer: str | os.PathLike[str]
) -> dict[str, Any]:
    return {
        "tokens": {"tokenizer": os.fspath(tokenizer)},
        "scores": [score_part(name, model, None) for name, model in (scores or {}).items()],
    }


def _check_how(how: str) -> None:
    if how not in ("filter", "mark"):
        name = "how"
        raise ParameterError(name, f"must be 'filter' or 'mark', found {how!r}")
