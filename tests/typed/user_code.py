"""What users write, for type checkers in their strictest mode; `tests/test_typing.py` checks and runs it."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

import refinery as rf


def expressions(lf: pl.LazyFrame) -> pl.LazyFrame:
    tokens: pl.Expr = rf.token_count("text")
    return (
        lf.with_columns(
            rf.signals("text", "datatrove/gopher_quality").alias("gopher"),
            rf.score("text", model="builtin/textbook"),
            rf.signal(pl.col("text"), "kl3m.score"),
            rf.minhash("text", ngram=5),
            rf.text("text").datatrove.gopher_quality.n_core_words(),
            rf.text(pl.col("text")).score(name="other"),
            tokens,
        )
        .filter(rf.rules({"n_words": {"min": 1}}))
        .filter(rf.rules(["kl3m", {"n_tokens": {"max": 10_000}}]).is_not_null())
    )


def frames(df: pl.DataFrame) -> pl.DataFrame:
    annotated: pl.DataFrame = rf.annotate(
        df, signals=["kl3m"], scores={"textbook": "builtin/textbook"}
    )
    stay: pl.DataFrame = rf.frame(annotated).near_duplicates(id="id", keep=rf.highest("textbook"))
    marked: pl.LazyFrame = rf.frame(stay.lazy()).exact_duplicates(how="mark")
    return rf.frame(marked.collect()).select("textbook", 0.9, unit="documents")


def pipelines(df: pl.DataFrame) -> int:
    pipeline = (
        rf.Pipeline.build(id="id", scores={"textbook": "builtin/textbook"})
        .rules({"n_words": {"min": 1}})
        .exact_duplicates(keep="longest")
        .select("textbook", 0.5, of="alive")
    )
    refined: rf.Refined = pipeline.run_frame(df)
    curve: pl.DataFrame = refined.yield_curve("textbook")
    funnel: rf.Funnel = refined.funnel()
    kept: pl.LazyFrame = refined.kept
    return curve.height + funnel.frame.height + kept.collect().height


def tables(table: pa.Table) -> list[str]:
    names: list[str] = rf.annotate(table, signals="counts").column_names
    return names


def main() -> None:
    df = pl.DataFrame({"id": ["a", "b"], "text": ["some text", "some other text"]})
    assert expressions(df.lazy()).collect().width == 9
    assert frames(df).height >= 1
    assert pipelines(df) > 0
    assert tables(df.to_arrow())[-1] == "n_lines"


main()
