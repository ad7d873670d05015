"""What must work in every Polars that is claimed to: prints a line of JSON, a result for each check.

A result is a digest of the values, so that versions can be compared with each other, or the error.
Run by `run.py` in an environment of one version; needs no test library.
"""

import hashlib
import json
import sys

CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def digest(frame):
    """Equal for equal values; the same text for every version."""
    return hashlib.sha256(repr(frame.to_dicts()).encode()).hexdigest()[:12]


def documents():
    import polars as pl

    words = [f"word{i % 61}" for i in range(400)]
    texts = [" ".join(words[i : i + 90]) + "." for i in range(0, 300, 3)]
    texts += [texts[3], texts[4] + " end", "", "tiny", None, "the " * 30]
    return pl.DataFrame(
        {
            "id": [f"d{i * 37 % 211:03}" for i in range(len(texts))],
            "text": texts,
            "source": [f"s{i % 3}" for i in range(len(texts))],
        }
    )


def expressions():
    import polars as pl

    import refinery as rf

    t = pl.col("text").refinery
    return [
        t.token_count(), t.score(), t.kl3m.score(), t.n_words(), rf.minhash("text"),
        rf.rules({"n_words": {"min": 3}, "kl3m.score": {"max": 12}}), t.signals("datatrove/gopher_quality"),
        rf.verdict("datatrove/gopher_quality"),
    ]  # fmt: skip


@check
def namespace_is_registered():
    import polars as pl

    import refinery  # noqa: F401 - for what it registers

    assert pl.col("text").refinery is not None
    assert pl.DataFrame().refinery is not None
    assert pl.LazyFrame().refinery is not None
    return "ok"


@check
def eager():
    return digest(documents().select("id", *expressions()).sort("id"))


@check
def lazy():
    lf = documents().lazy().select("id", *expressions())
    found = lf.collect(engine="in-memory")
    assert found.schema == lf.collect_schema()
    return digest(found.sort("id"))


@check
def streaming():
    return digest(
        documents().lazy().select("id", *expressions()).collect(engine="streaming").sort("id")
    )


@check
def group_by():
    found = documents().group_by("source").agg("id", *expressions())
    import polars as pl

    return digest(found.explode(pl.exclude("source")).drop("source").sort("id"))


@check
def chunked_and_sliced():
    import polars as pl

    df = pl.concat(list(documents().iter_slices(7)), rechunk=False)
    return digest(
        pl.concat([df.slice(at, 20) for at in range(0, len(df), 20)])
        .select("id", *expressions())
        .sort("id")
    )


@check
def other_types_are_refused():
    import polars as pl

    import refinery as rf
    from refinery.errors import SchemaError

    for engine in ("in-memory", "streaming"):
        lf = documents().lazy().with_columns(pl.col("source").cast(pl.Categorical))
        said = ""
        try:
            lf.select(rf.token_count("source")).collect(engine=engine)
        except SchemaError as error:
            said = str(error)
        assert "cast(pl.String)" in said
    return "ok"


def marked(frame):
    import refinery as rf

    return (
        frame.refinery.apply_rules({"n_words": {"min": 2}}, how="mark")
        .refinery.exact_duplicates(id="id", how="mark")
        .refinery.near_duplicates(id="id", keep=rf.highest(rf.score("text")), how="mark")
        .refinery.select(rf.score("text"), 0.5, id="id", how="mark")
    )


@check
def frame_marked():
    return digest(marked(documents()).sort("id"))


@check
def lazy_frame_marked():
    lf = marked(documents().lazy())
    results = {engine: lf.collect(engine=engine) for engine in ("in-memory", "streaming")}
    assert results["in-memory"].schema == results["streaming"].schema == lf.collect_schema()
    assert digest(results["in-memory"].sort("id")) == digest(results["streaming"].sort("id"))
    return digest(results["streaming"].sort("id"))


@check
def frame_filtered():
    import refinery as rf

    lf = (
        documents()
        .lazy()
        .refinery.near_duplicates(id="id")
        .refinery.select(rf.score("text"), 0.5, id="id")
    )
    return digest(lf.collect().sort("id"))


@check
def duplicate_pairs():
    return digest(documents().refinery.duplicate_pairs(id="id"))


@check
def sample():
    return digest(documents().refinery.sample(5, by="source", id="id").sort("id"))


@check
def annotate():
    import polars as pl

    import refinery as rf

    df = documents()
    found = rf.annotate(df.lazy(), signals=["kl3m", "counts"], minhash=True).collect()
    other = rf.annotate(df.to_arrow(), signals=["kl3m", "counts"], minhash=True)
    assert digest(pl.DataFrame(other)) == digest(found)
    return digest(found)


@check
def pipeline_over_a_frame():
    import refinery as rf

    pipeline = rf.Pipeline.build(id="id", scores={"textbook": "builtin/textbook"})
    pipeline = pipeline.rules("kl3m").near_duplicates(keep={"highest": "textbook"})
    refined = pipeline.select("textbook", 0.4).run_frame(documents())
    refined.yield_curve("textbook")
    refined.reasons()
    return digest(refined.decisions.collect())


def main():
    results = {}
    for name, function in CHECKS.items():
        try:
            results[name] = function()
        except BaseException as error:  # a panic is what this looks for, too
            results[name] = (
                f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
            )
    import polars

    print(
        json.dumps(
            {"polars": polars.__version__, "python": sys.version.split()[0], "results": results}
        )
    )


if __name__ == "__main__":
    main()
