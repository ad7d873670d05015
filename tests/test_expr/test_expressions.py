"""What an expression does beside its number: nulls, types, names, errors, interruption."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest

import refinery as rf
from conftest import ODD_TEXTS, child_environment
from refinery import errors, presets, signal_table
from refinery.expr import generate, kernels
from refinery.expr.functions import text_expression
from refinery.expr.kernels import TextFunction
from refinery.expr.spec import make_spec

DTYPES = {
    "counts": pl.Int64,
    "floats": pl.Float64,
    "bytes": pl.Binary,
}


def every_expression(text="text"):
    return [
        rf.token_count(text),
        rf.score(text),
        rf.signal(text, "kl3m.score"),
        rf.minhash(text),
        rf.content_hash(text),
        rf.rules("datatrove/gopher_quality", text),
        rf.signals(text, "datatrove/gopher_quality"),
        rf.verdict("datatrove/gopher_quality", text),
    ]


@pytest.mark.parametrize("expression", every_expression(), ids=str)
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_null_gives_null_and_the_schema_is_known_beforehand(expression, engine):
    lf = pl.LazyFrame({"text": ["some text", None, "", None]}).select(expression)
    found = lf.collect(engine=engine)
    assert found.schema == lf.collect_schema()
    assert found.to_series().is_null().to_list()[1::2] == [True, True]


@pytest.mark.parametrize("expression", every_expression(), ids=str)
@pytest.mark.parametrize("texts", [[], [None], [None, None, None]], ids=["empty", "null", "nulls"])
@pytest.mark.parametrize("dtype", [pl.String, pl.Null])
def test_columns_without_a_text(expression, texts, dtype):
    df = pl.DataFrame({"text": texts}, schema={"text": dtype})
    assert df.select(expression).to_series().null_count() == len(texts)


def test_odd_texts_do_not_disturb_their_neighbours():
    alone = [pl.DataFrame({"text": [t]}).select(every_expression()) for t in ODD_TEXTS]
    together = pl.DataFrame({"text": ODD_TEXTS}).select(every_expression())
    assert together.equals(pl.concat(alone), null_equal=True)


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        (pl.Series("text", ["a"], pl.Categorical), r'pl.col\("text"\).cast\(pl.String\)'),
        (pl.Series("text", ["a"], pl.Enum(["a"])), r'pl.col\("text"\).cast\(pl.String\)'),
        (pl.Series("text", [b"a"]), r"cast\(pl.String\)"),
        (pl.Series("text", [["a"]]), r"list.join"),
        (pl.Series("text", [{"a": "b"}]), r"struct.field"),
        (pl.Series("text", [1]), r"name the column that holds the text"),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pl.Series) else "",
)
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_another_type_is_refused_with_what_to_do(column, hint, engine):
    lf = pl.LazyFrame([column]).select(rf.token_count("text"))
    with pytest.raises(errors.SchemaError, match=hint):
        lf.collect(engine=engine)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: rf.score("text", "builtin/textbok"), "did you mean builtin/textbook"),
        (lambda: rf.score("text", "missing.bin"), "no such file"),
        (lambda: rf.score("text", label="hiq"), "is no label of the model"),
        (lambda: rf.token_count("text", "cl100k_bas"), "did you mean cl100k_base"),
        (
            lambda: rf.signals("text", "datatrove/gopher_qualty"),
            "did you mean datatrove/gopher_quality",
        ),
        (lambda: rf.signal("text", "kl3m.scor"), "did you mean kl3m.score"),
        (lambda: rf.rules("datatrove/gopher_qualty"), "did you mean datatrove/gopher_quality"),
        (lambda: rf.rules({"kl3m.scor": {"min": 1}}), "did you mean kl3m.score"),
        (lambda: rf.rules({"n_words": {"mix": 1}}), "did you mean min"),
        (lambda: rf.minhash("text", ngram=0), "greater than or equal to 1"),
    ],
)
def test_a_wrong_name_is_told_where_the_expression_is_written(make, said):
    with pytest.raises(errors.ConfigError, match=said):
        make()


def test_rules_read_columns_of_the_frame_and_scores():
    df = pl.DataFrame({"text": ["one two three", "one two three"], "mine": [0.1, 0.9]})
    assert df.select(
        rf.rules({"mine": {"min": 0.5}, "n_words": {"min": 3}})
    ).to_series().to_list() == [False, True]
    scored = df.select(
        rf.verdict({"textbook": {"above": 2}}, scores={"textbook": "builtin/textbook"})
    )
    assert scored.unnest("verdict")["dropped_by"].to_list() == ["textbook:above"] * 2


def test_rules_without_text_read_an_annotated_frame():
    df = pl.DataFrame({"text": ["one two three", None, "the same again and again"]})
    lists = {name for name, family in signal_table.families().items() if family.lists is not None}
    for name in presets.names():
        preset = presets.load(name)
        if preset.scores or preset.family in lists:
            continue  # what needs a model or a list is for a run to compute
        annotated = (
            rf.annotate(df, signals=name).drop("text").filter(pl.col("n_chars").is_not_null())
        )
        found = annotated.select(rf.rules(name, text=None)).to_series()
        assert found.equals(df.select(rf.rules(name)).to_series().drop_nulls()), name


def test_a_family_is_computed_once_for_all_its_signals_in_a_lazy_query(monkeypatch):
    calls = []
    compute = kernels.compute
    monkeypatch.setattr(kernels, "compute", lambda *a: calls.append(a) or compute(*a))
    t = pl.col("text").refinery
    lf = pl.LazyFrame({"text": ["a text"]}).select(
        t.kl3m.score(), t.kl3m.ratio_whitespace(), rf.signal("text", "kl3m.char_entropy")
    )
    assert lf.collect(engine="in-memory").width == 3
    assert len(calls) == 1


def test_expressions_take_part_in_the_optimiser():
    lf = pl.LazyFrame({"text": ["a", "b"], "source": ["x", "y"]})
    plan = lf.with_columns(rf.token_count("text")).filter(pl.col("source") == "x").explain()
    assert plan.index("python_udf") < plan.index("FILTER") or "SELECTION" in plan
    unused = lf.with_columns(rf.token_count("text")).select("source").explain()
    assert "python_udf" not in unused


def test_an_expression_survives_pickling():
    function = TextFunction(make_spec("t", {"annotate": {"signals": ["kl3m"]}}), ("kl3m.score",))
    again = pickle.loads(pickle.dumps(function))
    df = pl.DataFrame({"text": ["a short text"]})
    expected = df.select(text_expression("text", function, "x"))
    assert again == function
    assert df.select(text_expression("text", again, "x")).equals(expected)


def test_a_panic_becomes_an_error_of_refinery(monkeypatch):
    class PanicException(BaseException):
        pass

    class Panicking:
        def run(self, _texts, _pool):
            message = "index out of bounds"
            raise PanicException(message)

    monkeypatch.setattr(kernels, "pass_of", lambda *_a, **_k: Panicking())
    for engine in ("in-memory", "streaming"):
        lf = pl.LazyFrame({"text": ["a"]}).select(rf.token_count("text"))
        with pytest.raises(errors.RefineryError, match="bug of refinery: index out of bounds"):
            lf.collect(engine=engine)


INTERRUPTED = """
    import os, signal, sys, threading, time
    import polars as pl
    import refinery as rf
    from refinery.expr import kernels

    started = threading.Event()
    call = kernels._call
    def counted(*arguments):
        started.set()
        return call(*arguments)
    kernels._call = counted
    text = " ".join(f"word{i % 997}" for i in range(1000))
    df = pl.Series("text", [text]).new_from_index(0, 30_000).to_frame()
    sent = []
    def interrupt():
        started.wait()
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        try:
            DO
            print("ended", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        time.sleep(0.05)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(df.head(1).select(rf.token_count("text")).item() > 0, flush=True)
"""


@pytest.mark.parametrize(
    "call",
    [
        'df.select(rf.signals("text", "datatrove/gopher_repetition"))',
        'df.lazy().select(rf.signals("text", "kl3m")).collect(engine="in-memory")',
        'df.lazy().select(rf.signals("text", "kl3m")).collect(engine="streaming")',
        "df.refinery.near_duplicates()",
        'rf.annotate(df.to_arrow(), signals="kl3m")',
        'rf.Pipeline.build().rules("kl3m").run_frame(df)',
    ],
    ids=["eager", "in-memory", "streaming", "frame", "arrow", "pipeline"],
)
@pytest.mark.timeout(60)
def test_ctrl_c_ends_a_long_call_and_the_session_goes_on(call):
    # Uninterrupted it would take half a minute and print that it ended.
    code = textwrap.dedent(INTERRUPTED).replace("DO", call)
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment(), capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip
    assert "ended" not in done.stdout, done.stdout
    assert "interrupted" in done.stdout, done.stderr
    assert done.stdout.rstrip().endswith("True"), done.stderr


SMALL_PIECES = """
    import polars as pl
    import refinery as rf
    from refinery.expr import kernels

    texts = [f"text {i} " * (i % 7) for i in range(2000)]
    df = pl.DataFrame({"text": texts, "g": [i % 5 for i in range(2000)]})
    expected = df.select(rf.signals("text", "kl3m"), rf.token_count("text"))
    kernels._FIRST_ROWS = kernels._MAX_ROWS = 3
    made = [rf.signals("text", "kl3m"), rf.token_count("text")]
    for engine in ("in-memory", "streaming"):
        assert df.lazy().select(made).collect(engine=engine).equals(expected), engine
    grouped = df.lazy().group_by("g").agg(made).collect()
    assert grouped["n_tokens"].list.sum().sum() == expected["n_tokens"].sum()
"""


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.timeout(60)
def test_many_small_calls_give_the_same_and_never_wait_for_each_other(threads):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SMALL_PIECES)],
        env=child_environment() | {"POLARS_MAX_THREADS": str(threads)},
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_forked_child_computes_after_its_parent_did():
    df = pl.DataFrame({"text": ["one two"]})
    function = TextFunction(make_spec("t", {}), ("n_chars",))
    assert function(df["text"]).to_list() == [7]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # Polars itself does not survive a fork, so only our own part is asked
        signal.alarm(20)
        found = kernels.pool() is not None and kernels.pass_of(
            function.spec, tokens=False, base_columns=True
        ).run(df["text"].to_arrow(compat_level=pl.CompatLevel.newest()), kernels.pool())
        os.write(write, str(found is not None).encode())
        os._exit(0)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(read, 10) == b"True"


def test_the_methods_file_is_the_one_of_the_signal_table():
    assert len(signal_table.columns()) > 50
    assert generate.TARGET.read_text(encoding="utf-8") == generate.render(), "run: make generate"


def test_every_method_has_a_docstring_and_is_listed():
    root = pl.col("text").refinery
    for column in signal_table.columns():
        family = signal_table.family(signal_table.column(column).family)
        if family.lists is not None:
            continue
        node = root
        for part in column.split("."):
            assert part in dir(node)
            node = getattr(node, part)
        signal_of = signal_table.column(column)
        assert signal_of.definition[:40].replace("\\", "") in " ".join(
            node.__doc__.split()
        ).replace("\\", "")


def test_functions_and_methods_say_the_same():
    df = pl.DataFrame({"text": ["one two three four", None]})
    t = pl.col("text").refinery
    pairs = [
        (rf.token_count("text"), t.token_count()),
        (rf.score("text"), t.score()),
        (rf.minhash("text", ngram=2), t.minhash(ngram=2)),
        (rf.content_hash("text"), t.content_hash()),
        (rf.signals("text", "kl3m"), t.signals("kl3m")),
        (rf.signals("text", "kl3m").alias("kl3m"), t.kl3m().alias("kl3m")),
        (rf.signal("text", "n_words"), t.signal("n_words")),
        (rf.rules("kl3m"), t.rules("kl3m")),
        (rf.verdict("kl3m"), rf.text("text").verdict("kl3m")),
    ]
    for function, method in pairs:
        assert df.select(function).equals(df.select(method), null_equal=True)


@pytest.mark.parametrize(
    "code",
    [
        "import refinery, sys; assert not {'polars', 'pyarrow', 'pydantic'} & set(sys.modules)",
        "import refinery; import polars as pl; pl.col('text').refinery.token_count()",
        "import polars as pl; import refinery; pl.col('text').refinery.token_count()",
        "import polars as pl; import refinery, sys; assert 'pydantic' not in sys.modules",
        "import refinery; import polars as pl, pickle; pickle.loads(pickle.dumps(pl.Series([1])))",
        "import refinery, importlib.resources as r, polars; assert r.files('polars').is_dir()",
        "import polars as pl, refinery; assert 'score' in dir(pl.Expr.refinery)",
        "import polars, refinery, importlib, warnings; warnings.simplefilter('error'); importlib.reload(refinery)",
    ],
)
def test_importing(code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_polars_that_cannot_work_is_named_at_the_first_use():
    from refinery.expr import compat

    for version in ("1.32.3", "0.20.31", "3.0.0"):
        with pytest.raises(
            ImportError, match=f"needs polars>=1.33,<3, found {version}; run: pip install"
        ):
            compat.check(version)
    for version in ("1.33.0", "2.1.0", "2.2.0-beta.1"):
        compat.check(version)


def test_the_bounds_are_those_of_the_package():
    from refinery.expr import compat

    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    oldest = ".".join(map(str, compat.OLDEST))
    assert f'"polars>={oldest},<{compat.BEFORE[0]}"' in project
