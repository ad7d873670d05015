"""Expressions with lists and edits: the numbers and texts of a run, by every route."""

import pickle

import polars as pl
import pytest

import refinery as rf
from conftest import run_here, write_file
from refinery import _core
from refinery.errors import ParameterError
from refinery.signal_table import families

LISTS = {
    "domains": "bad.com\n",
    "urls": "http://fine.org/bad\n",
    "banned_words.txt": "worst\n",
    "soft_banned_words.txt": "soft\nsofter\n",
    "banned_subwords.txt": "xxy\n",
}
ROWS = [
    ("a", "A worse bad word is no bad word. Mail me@site.org at once.", "http://bad.com/x"),
    ("b", "", "http://fine.org/worst-soft"),
    ("c", "No such thing { here\nThis line of five words ends well.", None),
    ("d", "bad word " * 40, "http://fine.org/x-xxy"),
]
PIPELINE = """
input: {path: raw/*, id: id, url: url}
annotate:
  signals: [datatrove.url, datatrove.c4_badwords, datatrove.c4_badwords@datatrove.c4]
  url_filter: {lists: lists/}
  bad_words: {path: words/}
output: {path: out, view: datatrove.c4}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "lists").mkdir()
    for name, text in LISTS.items():
        (folder / "lists" / name).write_text(text)
    (folder / "words").mkdir()
    (folder / "words" / "en").write_text("bad word\nworse\n")
    return folder


@pytest.fixture(scope="module")
def frame():
    return pl.DataFrame(ROWS, schema=["id", "text", "url"], orient="row")


@pytest.fixture(scope="module")
def run(folder, frame):
    write_file(folder / "raw" / "a.parquet", frame.to_dicts())
    return run_here(folder, PIPELINE)


def expressions(folder):
    text = pl.col("text").refinery
    return [
        pl.col("url").refinery.url_filter(folder / "lists").alias("datatrove.url"),
        text.bad_words(folder / "words"),
        rf.bad_words(text.edited("datatrove/c4"), folder / "words").alias("edited"),
    ]


ROUTES = {
    "eager": lambda df, e: df.select("id", *e),
    "streaming": lambda df, e: df.lazy().select("id", *e).collect(engine="streaming"),
    "group_by": lambda df, e: df.group_by("id").agg(*e).explode(pl.exclude("id")),
    "pickled": lambda df, e: df.select("id", *pickle.loads(pickle.dumps(e))),
}


@pytest.mark.parametrize("route", ROUTES)
def test_lists_give_the_signals_of_a_run(folder, frame, run, route):
    found = ROUTES[route](frame, expressions(folder)).sort("id")
    annotations = run.annotations.sort("id").collect()
    for column, family, suffix in [
        ("datatrove.url", "datatrove.url", ""),
        ("datatrove.c4_badwords", "datatrove.c4_badwords", ""),
        ("edited", "datatrove.c4_badwords", "@datatrove.c4"),
    ]:
        for signal in families()[family].signals:
            computed = found[column].struct.field(signal.name)
            assert computed.to_list() == annotations[signal.column + suffix].to_list()
    assert found["datatrove.url"].to_list()[2] is None
    assert found["edited"].struct.field("n_matches").to_list() != (
        found["datatrove.c4_badwords"].struct.field("n_matches").to_list()
    )


def test_edited_text_is_what_a_run_writes(frame, run):
    written = run.kept.sort("id").collect()["text"]
    assert (
        frame.select(rf.edited("text", "datatrove.c4")).to_series().to_list() == written.to_list()
    )
    twice = frame.select(rf.edited("text", ["datatrove.c4", "datatrove.pii"])).to_series()
    assert twice.to_list() == [
        _core_edited(text, ["datatrove.c4", "datatrove.pii"]) for text in frame["text"]
    ]
    assert pl.select(rf.edited(pl.lit(None), "datatrove.c4")).item() is None


def _core_edited(text, edits):
    (found,) = pl.Series(_core.edited(pl.Series([text]).to_arrow(), edits)).to_list()
    return found


def test_a_list_that_changed_is_read_again(tmp_path, frame):
    path = tmp_path / "en"
    counts = []
    for words in ("worse\n", "worse\nbad word\n"):
        path.write_text(words)
        counts.append(
            frame.select(rf.bad_words("text", path)).unnest(pl.first())["n_matches"].sum()
        )
    assert counts[0] < counts[1]


def test_what_is_missing_is_named_at_once(folder):
    with pytest.raises(ParameterError, match="no such folder"):
        rf.url_filter("url", folder / "nowhere")
    with pytest.raises(ParameterError, match='no list for "xx"'):
        rf.bad_words("text", folder / "words", language="xx")
    with pytest.raises(ParameterError, match=r"did you mean datatrove\.c4"):
        rf.edited("text", "datatrov/c4")
