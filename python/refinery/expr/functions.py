r"""Typed functions that make Polars expressions of text columns: signals, scores, counts, rules.

Every function is lazy, elementwise and null-aware: it works in any context of any engine, on slices
and chunks, and gives for a row what `refinery run` writes for that document. The column is named as
in a run's annotations; `.alias()` names it otherwise.

>>> import polars as pl
>>> import refinery as rf
>>> df = pl.DataFrame({"text": ["A short text.", None]})
>>> df.select(rf.token_count("text"), rf.signal("text", "n_words"))
shape: (2, 2)
┌──────────┬─────────┐
│ n_tokens ┆ n_words │
│ ---      ┆ ---     │
│ i64      ┆ f64     │
╞══════════╪═════════╡
│ 4        ┆ 3.0     │
│ null     ┆ null    │
└──────────┴─────────┘
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from refinery import presets
from refinery import signal_table as table
from refinery.errors import UnknownNameError
from refinery.expr import compat as _compat  # noqa: F401 - refuses a Polars that cannot work
from refinery.expr.kernels import FieldFunction, Function, TextFunction, mapped
from refinery.expr.spec import Spec, make_spec
from refinery.expr.verdicts import RulesFunction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IntoText: TypeAlias = "str | pl.Expr"
"""A string column: its name, or an expression that gives it."""
Bounds: TypeAlias = "Mapping[str, float | str]"
"""`{"min": 1, "max": 2}`; also `above`, `below` (strict), and `undefined` (`"keep"` or `"drop"`)."""
IntoRules: TypeAlias = "str | Sequence[str | Mapping[str, Any]] | Mapping[str, Any]"
"""A profile's name, a list of them, or a mapping from signal, score or profile to bounds."""

DEFAULT_TOKENIZER = "cl100k_base"
DEFAULT_MODEL = "builtin/textbook"


@dataclass(frozen=True)
class Highest:
    """Keep the document of a group whose column is highest; made by `highest`."""

    by: str | pl.Expr


def highest(by: str | pl.Expr) -> Highest:
    """Of a group of duplicates keep the one where `by` is highest.

    Parameters
    ----------
    by
        A numeric column of the frame, by name or as an expression. Ties go to the smallest id or
        row, null comes last.

    Examples
    --------
    >>> import refinery as rf
    >>> rf.highest("textbook")
    Highest(by='textbook')
    """
    return Highest(by)


def text_expression(text: IntoText, function: Function, name: str) -> pl.Expr:
    """`function` of a text column, named `name`."""
    if isinstance(text, pl.Expr) and text.meta.is_column():
        text = text.meta.output_name()
    if isinstance(text, str):
        return _of_column(text, function, name)
    return mapped(text, function).alias(name)


@lru_cache(maxsize=512)
def _of_column(text: str, function: Function, name: str) -> pl.Expr:
    # One object for equal calls: Polars then sees a common subexpression and computes it once.
    return mapped(pl.col(text), function).alias(name)


def token_count(text: IntoText, tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER) -> pl.Expr:
    """Number of tokens of each text.

    Parameters
    ----------
    text
        A String column.
    tokenizer
        An embedded tokenizer's name, or a path to a `tokenizer.json`.

    Returns
    -------
    pl.Expr
        Int64 named `n_tokens`; null where the text is null.

    Raises
    ------
    ConfigError
        If there is no such tokenizer, with the nearest name.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> pl.DataFrame({"text": ["one two"]}).select(rf.token_count("text")).item()
    2
    """
    tokens = {"tokens": {"tokenizer": os.fspath(tokenizer)}}
    spec = make_spec("token_count", {"annotate": tokens})
    return text_expression(text, TextFunction(_checked(spec), ("n_tokens",)), "n_tokens")


def content_hash(text: IntoText) -> pl.Expr:
    """Hash of each text, equal for equal texts: XXH3-128.

    Returns
    -------
    pl.Expr
        Binary of 16 bytes named `content_hash`; null where the text is null.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> pl.DataFrame({"text": ["a", "a", "b"]}).select(rf.content_hash("text").n_unique()).item()
    2
    """
    function = TextFunction(make_spec("content_hash", {}), ("content_hash",))
    return text_expression(text, function, "content_hash")


def minhash(text: IntoText, *, ngram: int = 5, bands: int = 14, rows_per_band: int = 8) -> pl.Expr:
    """MinHash signature of each text's word n-grams.

    Parameters
    ----------
    text
        A String column.
    ngram
        Words per shingle.
    bands, rows_per_band
        Their product is the number of values of a signature.

    Returns
    -------
    pl.Expr
        Binary named `minhash`: 4 bytes (little-endian) a value, as in a run's annotations; null
        where the text is null or has no word.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["the same words in the same order"] * 2})
    >>> df.select(rf.minhash("text").n_unique()).item()
    1
    """
    part = {"ngram": ngram, "bands": bands, "rows_per_band": rows_per_band}
    spec = make_spec("minhash", {"annotate": {"minhash": part}})
    return text_expression(text, TextFunction(_checked(spec), ("minhash",)), "minhash")


def score(
    text: IntoText,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    label: str | None = None,
    name: str | None = None,
) -> pl.Expr:
    """A fastText model's probability of one label for each text.

    Parameters
    ----------
    text
        A String column.
    model
        `builtin/NAME`, or a path to a `.bin` or `.ftz` file.
    label
        The label whose probability is the score. Without it: the label of the model's sidecar, the
        one named like the score, or a known name such as `hq`.
    name
        What the score is called; the model's file name by default.

    Returns
    -------
    pl.Expr
        Float64 from 0 to 1 (fastText rounds up to 1.00001) named `name`; null where the text is null.

    Raises
    ------
    ConfigError
        If there is no such model or label, or if no label is plainly the score.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["The angle sum of a triangle is two right angles.", None]})
    >>> df.select(rf.score("text", "builtin/textbook") > 0)
    shape: (2, 1)
    ┌──────────┐
    │ textbook │
    │ ---      │
    │ bool     │
    ╞══════════╡
    │ true     │
    │ null     │
    └──────────┘
    """
    path = os.fspath(model)
    name = name or score_name(path)
    spec = make_spec("score", {"annotate": {"scores": [score_part(name, path, label)]}})
    return text_expression(text, TextFunction(_checked(spec), (name,)), name)


def score_name(model: str) -> str:
    """What a score is called by default: the model's file name, as a name."""
    stem = Path(model).stem
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in stem)


def score_part(name: str, model: str, label: str | None) -> dict[str, str]:
    """A score as a pipeline file spells it."""
    part = {"name": name, "model": model}
    return part if label is None else part | {"label": label}


def signal(
    text: IntoText, column: str, *, tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER
) -> pl.Expr:
    """One signal of each text, by the name of its column in a run.

    A signal costs what its whole family costs. In one lazy query a family is computed once for all
    its signals; in an eager one use `signals`.

    Parameters
    ----------
    text
        A String column.
    column
        Such as `datatrove.gopher_quality.n_core_words`; `refinery explain` lists all.
    tokenizer
        Read by families of token ids only.

    Returns
    -------
    pl.Expr
        Float64 named `column`; null where the text is null or the signal undefined.

    Raises
    ------
    UnknownNameError
        If there is no such signal, with the nearest name.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> pl.DataFrame({"text": ["three little words"]}).select(rf.signal("text", "n_words")).item()
    3.0
    """
    found = table.column(column.replace("/", "."))
    if found is None:
        kind = "signal"
        raise UnknownNameError(kind, column, table.columns())
    family = signals(text, table.on_view(found.family, found.view), tokenizer=tokenizer)
    return mapped(family, FieldFunction(found.name, pl.Float64())).alias(found.column)


def signals(
    text: IntoText,
    profile: str | Sequence[str],
    *,
    tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
) -> pl.Expr:
    """All signals of a family or profile, computed together.

    Parameters
    ----------
    text
        A String column.
    profile
        A family or profile, such as `datatrove/gopher_quality` or `kl3m@datatrove/c4` (on a view); or
        several, computed in one pass.
    tokenizer
        Read by families of token ids only.

    Returns
    -------
    pl.Expr
        A struct of Float64 fields named by the signals, itself named `profile`; of a recipe or of
        several, the fields are named by the signals' columns, and the struct of several `signals`.
        Null where the text is.

    Raises
    ------
    UnknownNameError
        If there is no such profile, with the nearest name.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["three little words"]})
    >>> df.select(rf.signals("text", "counts")).unnest("counts")
    shape: (1, 2)
    ┌─────────┬─────────┐
    │ n_words ┆ n_lines │
    │ ---     ┆ ---     │
    │ f64     ┆ f64     │
    ╞═════════╪═════════╡
    │ 3.0     ┆ 1.0     │
    └─────────┴─────────┘
    """
    names = [profile] if isinstance(profile, str) else list(profile)
    keys = list(dict.fromkeys(key for name in names for key in family_keys(name)))
    families = [family for key in keys if (family := table.family(key)) is not None]
    spec = _signals_spec(families, tokenizer)
    columns = tuple(s.column for f in families for s in f.signals)
    if isinstance(profile, str) and len(families) == 1:
        fields = tuple(s.name for s in families[0].signals)
        return text_expression(text, TextFunction(spec, columns, fields), profile)
    title = profile if isinstance(profile, str) else "signals"
    return text_expression(text, TextFunction(spec, columns, columns), title)


def _signals_spec(families: Sequence[table.Family], tokenizer: str | os.PathLike[str]) -> Spec:
    annotate: dict[str, Any] = {"signals": [family.key for family in families]}
    if any(family.needs_token_ids for family in families):
        annotate["tokens"] = {"tokenizer": os.fspath(tokenizer)}
    return _checked(make_spec("signals", {"annotate": annotate}))


def family_keys(profile: str) -> list[str]:
    """The families that a family or profile reads, each with its view, in order.

    Raises
    ------
    UnknownNameError
        If there is none, with the nearest name.
    ParameterError
        If a view is given for a recipe, which says itself what reads which.
    """
    found = table.family(profile)
    if found is not None:
        return [found.key]
    if presets.exists(profile):
        signals = (table.column(rule.column) for rule in presets.load(profile).rules)
        keys = [table.on_view(s.family, s.view) for s in signals if s is not None]
        return list(dict.fromkeys(keys))
    kind = "profile or family of signals"
    allowed = [*(name.replace(".", "/") for name in table.families()), *presets.names()]
    raise UnknownNameError(kind, profile, allowed)


def rules(
    rules: IntoRules,
    text: IntoText | None = "text",
    *,
    scores: Mapping[str, str] | None = None,
    tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
) -> pl.Expr:
    """Whether each document passes all rules.

    Parameters
    ----------
    rules
        As in a pipeline file: a profile's name, a list of them, or a mapping such as
        `{"n_tokens": {"min": 100}, "textbook": {"min": 0.5}}`. A name that is no signal is a column
        of the frame, unless `scores` has it.
    text
        A String column; None where the frame is annotated, and every name is a column of it.
    scores
        Models by the names that the rules use: `{"textbook": "builtin/textbook"}`.
    tokenizer
        Of `n_tokens`.

    Returns
    -------
    pl.Expr
        Boolean named `kept`; null where the text is null.

    Raises
    ------
    ConfigError
        With every problem of the rules.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["too short", "long enough to be kept"]})
    >>> df.filter(rf.rules({"n_words": {"min": 3}}))["text"].to_list()
    ['long enough to be kept']
    """
    verdicts = _verdict(rules, text, scores, tokenizer, "rules")
    return mapped(verdicts, FieldFunction("kept", pl.Boolean())).alias("kept")


def verdict(
    rules: IntoRules,
    text: IntoText | None = "text",
    *,
    scores: Mapping[str, str] | None = None,
    tokenizer: str | os.PathLike[str] = DEFAULT_TOKENIZER,
) -> pl.Expr:
    """The verdict of rules on each document, with every reason.

    Parameters are those of `rules`.

    Returns
    -------
    pl.Expr
        A struct named `verdict` of `kept` (Boolean), `dropped_by` (String: the first reason, or
        null) and `reasons` (List(String)), as in a run's decisions; null where the text is null.

    Examples
    --------
    >>> import polars as pl
    >>> import refinery as rf
    >>> df = pl.DataFrame({"text": ["too short"]})
    >>> df.select(rf.verdict({"n_words": {"min": 3}}).struct.field("reasons")).item().to_list()
    ['n_words:min']
    """
    return _verdict(rules, text, scores, tokenizer, "verdict").alias("verdict")


def _verdict(
    rules: IntoRules,
    text: IntoText | None,
    scores: Mapping[str, str] | None,
    tokenizer: str | os.PathLike[str],
    caller: str,
) -> pl.Expr:
    annotate: dict[str, Any] = {"tokens": {"tokenizer": os.fspath(tokenizer)}}
    annotate["scores"] = [score_part(n, m, None) for n, m in (scores or {}).items()]
    given = _frame_columns(rules, set(scores or {}), annotated=text is None)
    part = {"annotate": annotate, "decide": [{"rules": plain(rules)}]}
    return rules_expression(_checked(make_spec(caller, part, given)), text)


def rules_expression(spec: Spec, text: IntoText | None) -> pl.Expr:
    """The verdict struct of a spec whose only step is rules."""
    function = RulesFunction(spec)
    columns = [pl.col(name) for name in function.frame_columns]
    if text is None:
        return mapped(pl.struct(columns), function)
    texts = pl.col(text) if isinstance(text, str) else text
    return mapped(pl.struct(texts.alias(function.text_field), *columns), function)


def _frame_columns(rules: IntoRules, scores: set[str], *, annotated: bool) -> set[str]:
    """Names in rules that are columns of the frame: what is no signal, score or profile.

    A dotted name is always a signal's, so that a misspelt one is told as such.
    """
    items = rules if isinstance(rules, list | tuple) else [rules]
    profiles: set[str] = set()
    names: set[str] = set()
    for item in items:
        for name in [item] if isinstance(item, str) else list(item):
            (profiles if name in presets.names() else names).add(name.replace("/", "."))
    if annotated:
        known = [presets.load(n) for n in presets.names() if n.replace("/", ".") in profiles]
        return names | {rule.column for preset in known for rule in preset.rules}
    ours = {*table.columns(), *table.BASE_COLUMNS, *scores}
    return {name for name in names if name not in ours and "." not in name}


def plain(value: Any) -> Any:
    """Plain data of mappings and sequences, as a pipeline file would give it."""
    if isinstance(value, str) or value is None or isinstance(value, int | float):
        return value
    if hasattr(value, "items"):
        return {str(key): plain(v) for key, v in value.items()}
    return [plain(v) for v in value]


def _checked(spec: Spec) -> Spec:
    """The spec, resolved: what it names wrong is told where the expression is written."""
    _ = spec.plan
    return spec
