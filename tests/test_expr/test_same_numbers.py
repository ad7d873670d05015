"""Every signal, score and count: equal bit for bit by every route, and to what a run writes."""

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import refinery as rf
from conftest import write_file
from refinery import signal_table

# Families of lists are columns of runs only: an expression has no place to name a list.
FAMILIES = [name for name, family in signal_table.families().items() if family.lists is None]
COUNTS = ["n_chars", "n_bytes", "n_tokens"]


def expressions():
    """What a run annotates, each as an expression of its own."""
    made = [rf.signals("text", family).alias(family) for family in FAMILIES]
    made += [rf.token_count("text"), rf.score("text"), rf.minhash("text"), rf.content_hash("text")]
    return made


def flat(frame):
    """Structs of signals as columns, named as in a run."""
    for name in FAMILIES:
        family = signal_table.families()[name]
        columns = {s.name: s.column for s in family.signals}
        fields = [pl.col(name).struct.field(f).alias(c) for f, c in columns.items()]
        frame = frame.with_columns(fields).drop(name)
    return frame


def run_annotations(folder, frame):
    """Annotations that a run over files writes, in the order of the frame."""
    folder.mkdir()
    write_file(folder / "raw" / "a.parquet", frame.to_arrow(), rows_per_part=70)
    pipeline = rf.Pipeline.build(
        input="raw/*.parquet", output="out/", id="id", signals=FAMILIES, minhash={},
        scores={"textbook": "builtin/textbook"}, folder=folder,
        decide=["near_duplicates"],
    )  # fmt: skip
    return pipeline.run().annotations.collect()


ROUTES = {
    "eager": lambda df, e: df.select("id", *e),
    "lazy": lambda df, e: df.lazy().select("id", *e).collect(engine="in-memory"),
    "streaming": lambda df, e: df.lazy().select("id", *e).collect(engine="streaming"),
    "with_columns": lambda df, e: df.with_columns(e).drop("text", "source", "n"),
    "sliced": lambda df, e: pl.concat(
        [df.slice(at, 37).select("id", *e) for at in range(0, len(df), 37)]
    ),
    "chunked": lambda df, e: pl.concat(list(df.iter_slices(11)), rechunk=False).select("id", *e),
    "filtered": lambda df, e: pl.concat(
        [
            df.lazy().filter(pl.col("source") == s).select("id", *e).collect()
            for s in ("s0", "s1", "s2")
        ]
    ),
    "group_by": lambda df, e: (
        df.group_by("source").agg("id", *e).explode(pl.exclude("source")).drop("source")
    ),
    "lazy group_by": lambda df, e: (
        df.lazy().group_by("source").agg("id", *e).explode(pl.exclude("source")).drop("source")
        .collect()
    ),
    "over": lambda df, e: df.select("id", *(x.over("source") for x in e)),
}  # fmt: skip


@pytest.fixture(scope="module")
def frame(corpus):
    return pl.DataFrame(corpus)


@pytest.fixture(scope="module")
def annotated(tmp_path_factory, frame):
    found = run_annotations(tmp_path_factory.mktemp("same") / "run", frame)
    assert found.height == frame.height
    return found.sort("id")


@pytest.mark.parametrize("route", ROUTES)
def test_an_expression_gives_what_a_run_writes(route, frame, annotated):
    found = flat(ROUTES[route](frame, expressions())).sort("id")
    assert found.height == annotated.height
    names = [c for c in annotated.columns if c in found.columns]
    assert len(names) == sum(len(signal_table.family(name).signals) for name in FAMILIES) + 5
    assert_frame_equal(found.select(names), annotated.select(names), check_exact=True)


@pytest.mark.parametrize("kind", ["polars", "lazy", "arrow"])
def test_the_batch_call_gives_what_a_run_writes(kind, frame, annotated):
    data = {"polars": frame, "lazy": frame.lazy(), "arrow": frame.to_arrow()}[kind]
    found = rf.annotate(
        data, signals=FAMILIES, scores={"textbook": "builtin/textbook"}, content_hash=True,
        minhash=True,
    )  # fmt: skip
    assert type(found) is {"polars": pl.DataFrame, "lazy": pl.LazyFrame, "arrow": pa.Table}[kind]
    found = pl.DataFrame(found) if kind == "arrow" else found.lazy().collect()
    names = [c for c in annotated.columns if c not in ("source_file", "row", "source")]
    found = found.sort("id").select(names)
    assert_frame_equal(found, annotated.select(names), check_exact=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_signal_is_its_field_of_the_family(family, frame):
    whole = frame.select(rf.signals("text", family).alias("s"))["s"].struct.unnest()
    for found in signal_table.families()[family].signals:
        expression = pl.col("text").refinery
        for part in found.column.split("."):
            expression = getattr(expression, part)
        one = frame.select(expression(), rf.signal("text", found.column).alias("by name"))
        assert one.columns == [found.column, "by name"]
        for column in one:
            assert column.equals(whole[found.name], null_equal=True), found.column


def test_several_families_in_one_struct_are_the_same_as_one_by_one(frame):
    together = frame.select(rf.signals("text", FAMILIES)).unnest("signals")
    assert_frame_equal(together, rf.annotate(frame, signals=FAMILIES).select(together.columns))


@pytest.fixture
def raw_shards(shared_data):
    return sorted((shared_data / "raw").glob("*.parquet"))


def compare_on_shards(paths, folder, n_rows=None):
    """Expression (eager, streaming) and batch call against a run over the same files."""
    frame = pl.concat(
        [pl.read_parquet(p, columns=["id", "text"], n_rows=n_rows) for p in paths]
    ).unique("id", maintain_order=True)
    expected = run_annotations(folder, frame)
    made = expressions()
    names = [
        c
        for c in expected.columns
        if c in {*signal_table.columns(), "n_tokens", "textbook", "minhash"}
    ]
    for route in ("eager", "streaming"):
        found = flat(ROUTES[route](frame, made))
        assert_frame_equal(found.select(names), expected.select(names), check_exact=True)
    grouped = ROUTES["group_by"](frame.with_columns(source=pl.col("id").str.len_chars() % 7), made)
    assert_frame_equal(
        flat(grouped).sort("id").select(names), expected.sort("id").select(names), check_exact=True
    )
    batch = pl.DataFrame(
        rf.annotate(
            frame.to_arrow(),
            signals=FAMILIES,
            scores={"textbook": "builtin/textbook"},
            minhash=True,
        )
    )
    assert_frame_equal(batch.select(names), expected.select(names), check_exact=True)


def test_real_text_gives_the_same_numbers_by_every_route(raw_shards, tmp_path):
    compare_on_shards(raw_shards[::4], tmp_path / "run", n_rows=300)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_real_text_gives_the_same_numbers_by_every_route(raw_shards, tmp_path):
    for i, path in enumerate(raw_shards):
        compare_on_shards([path], tmp_path / f"run{i}")
