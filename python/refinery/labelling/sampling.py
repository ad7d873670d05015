"""The sample: some documents of every source, length and provisional score.

A stratum is a source, a tenth of the corpus by length, and a fifth by score. Within a stratum,
documents are ordered by a hash of the seed and their id, so that the sample is the same for any
files and any order. Two passes: the first sees lengths and scores and keeps no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from refinery.atomic import writing_beside
from refinery.errors import DataError, DuplicateIdError, EnvironmentFault
from refinery.labelling.labeller import Sampled
from refinery.training.examples import draw_key
from refinery.training.pool import Pool

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.labelling.config import LabellingRecipe

LENGTHS, SCORES = 10, 5


def draw_sample(recipe: LabellingRecipe) -> list[Sampled]:
    """The documents to label, in the order of the draw: the first half is a sample too.

    Raises
    ------
    ConfigError
        If files, or the run's score, are not there.
    DataError
        If no document is long enough, or two have one id.
    """
    config = recipe.config.sample
    described = _describe(recipe)
    if described.is_empty():
        message = f"no document of the input has {config.min_words} words or more"
        raise DataError(message)
    _refuse_duplicates(described["id"])
    chosen = choose(described, config.documents, config.allocation, recipe.config.seed)
    texts = _texts(recipe, chosen["id"], config.excerpt_chars)
    return [
        Sampled(row["id"], texts[row["id"]], row["source"], row["weight"])
        for row in chosen.iter_rows(named=True)
    ]


def _refuse_duplicates(ids: pl.Series) -> None:
    """A label is told from another by its document's id."""
    twice = ids.filter(ids.is_duplicated()).unique().sort()
    if len(twice):
        raise DuplicateIdError(twice[0], ["several rows of the input"], len(twice) - 1)


def choose(documents: pl.DataFrame, n: int, allocation: str, seed: int) -> pl.DataFrame:
    """Draw `n` documents over strata.

    Parameters
    ----------
    documents : DataFrame
        `id`, `source` (null allowed), `n_chars`, `score` (null allowed), one row a document.
    n : int
        How many; all where there are fewer.
    allocation : {"equal", "proportional"}
        Whether every stratum gives the same number while it has any, or its share.
    seed : int
        Decides the draw.

    Returns
    -------
    DataFrame
        The drawn rows in the order of the draw, with `weight`: how many documents of its stratum
        each stands for.
    """
    keys = [draw_key(seed, "sample", name) for name in documents["id"]]
    strata = ["source", "length", "score_part"]
    ranked = documents.with_columns(
        key=pl.Series(keys, dtype=pl.UInt64),
        length=_part("n_chars", LENGTHS),
        score_part=_part("score", SCORES),
    ).with_columns(
        rank=pl.col("key").rank("ordinal").over(strata),
        size=pl.len().over(strata),
    )
    if allocation == "equal":
        order = pl.col("rank").cast(pl.Float64)
    else:
        order = (pl.col("rank") - 0.5) / pl.col("size")
    drawn = ranked.with_columns(order=order).sort("order", "key", "id").head(n)
    return drawn.with_columns(weight=pl.col("size") / pl.len().over(strata)).select(
        "id", "source", "n_chars", "score", "length", "score_part", "weight"
    )


def _part(column: str, parts: int) -> pl.Expr:
    """Which of `parts` equal parts of the documents a value falls in; equal values together."""
    rank = pl.col(column).rank("min").cast(pl.Float64) - 1
    return (rank * parts / pl.col(column).count()).floor().cast(pl.Int32)


def _describe(recipe: LabellingRecipe) -> pl.DataFrame:
    """Every document without its text: `id`, `source`, `n_chars`, `score`."""
    config = recipe.config.sample
    score = pl.col(config.score) if config.score is not None else pl.lit(None)
    parts = [
        table.filter(pl.col("text").str.count_matches(r"\S+") >= config.min_words).select(
            "id",
            pl.col("source").cast(pl.String),
            n_chars=pl.col("text").str.len_chars(),
            score=score.cast(pl.Float64),
        )
        for table in _pool(recipe).tables()
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema={"id": pl.String})


def _texts(recipe: LabellingRecipe, ids: pl.Series, most_chars: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in _pool(recipe).tables():
        here = table.filter(pl.col("id").is_in(ids.implode()))
        for name, text in here.select("id", "text").iter_rows():
            found[name] = excerpt(text, most_chars)
    return found


def excerpt(text: str, most_chars: int) -> str:
    """The beginning of a text, to the last whole word within `most_chars`.

    >>> excerpt("one two three", 9)
    'one two'
    """
    if len(text) <= most_chars:
        return text
    head = text[: most_chars + 1]
    words = head[: max(head.rfind(" "), head.rfind("\n"))] if " " in head or "\n" in head else ""
    return (words or text[:most_chars]).rstrip()


def _pool(recipe: LabellingRecipe) -> Pool:
    score = recipe.config.sample.score
    return Pool(recipe, {score} if score is not None else set())


_COLUMNS = {"id": pl.String, "text": pl.String, "source": pl.String, "weight": pl.Float64}


def kept_sample(recipe: LabellingRecipe, path: Path) -> list[Sampled]:
    """The sample that stands at `path`, or a new one, which is then written there.

    Raises
    ------
    EnvironmentFault
        If the sample there was drawn otherwise: its labels would be of other documents.
    """
    if path.exists():
        if pl.read_parquet_metadata(path).get("sample_sha256") != recipe.sample_hash:
            message = (
                f"{path} was drawn with other inputs, settings or another seed; choose another "
                "output, or remove it (labels of the same documents are kept)"
            )
            raise EnvironmentFault(message)
        return [Sampled(**row) for row in pl.read_parquet(path).to_dicts()]
    drawn = draw_sample(recipe)
    frame = pl.DataFrame(
        [(d.id, d.text, d.source, d.weight) for d in drawn], schema=_COLUMNS, orient="row"
    )
    with writing_beside(path) as temporary:
        frame.write_parquet(temporary, metadata={"sample_sha256": recipe.sample_hash})
    return drawn
