"""Charts: what they show is what the run says, and they become pictures without a browser."""

import polars as pl
import pytest

import refinery as rf
from refinery import errors

pytest.importorskip("altair")

CHARTS = ["score", "yield_curve", "funnel", "reasons"]


@pytest.fixture(scope="module")
def refined(corpus):
    pipeline = rf.Pipeline.build(
        id="id", scores={"textbook": "builtin/textbook"}, signals=["counts"]
    )
    pipeline = pipeline.rules("datatrove/gopher_repetition").exact_duplicates()
    return pipeline.select("textbook", 0.3).run_frame(pl.DataFrame(corpus))


def values(chart):
    """The rows of every layer."""
    spec = chart.to_dict()
    layers = [layer["data"] for layer in [spec, *spec.get("layer", [])] if "data" in layer]
    return [d["values"] if "values" in d else spec["datasets"][d["name"]] for d in layers]


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("suffix", ["png", "svg", "html", "json"])
def test_a_chart_is_saved(refined, name, suffix, tmp_path):
    if suffix in ("png", "svg"):
        pytest.importorskip("vl_convert")
    path = tmp_path / f"{name}.{suffix}"
    getattr(refined.plot, name)().save(str(path))
    starts = {"png": b"\x89PNG", "svg": b"<svg", "html": b"<!DOCTYPE", "json": b"{"}
    assert path.read_bytes().startswith(starts[suffix])
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_shows_itself_in_notebooks(refined, name):
    bundle = getattr(refined.plot, name)()._repr_mimebundle_()
    kinds = bundle[0] if isinstance(bundle, tuple) else bundle
    assert any(kind.startswith(("application/vnd.vegalite", "text/html")) for kind in kinds)


@pytest.mark.parametrize("score", ["textbook", "n_words", "n_tokens"])
def test_the_distribution_counts_every_document_once(refined, score):
    (rows,) = values(refined.plot.score(score, bins=7))
    documents = refined.ledger["documents"]
    counted = {
        v: sum(r["documents"] for r in rows if r["verdict"] == v) for v in ("kept", "dropped")
    }
    assert counted == {"kept": documents["kept"], "dropped": documents["in"] - documents["kept"]}
    found = refined.annotations.select(pl.col(score).cast(pl.Float64)).collect()[score]
    assert min(r["left"] for r in rows) == found.min()
    assert max(r["right"] for r in rows) == pytest.approx(found.max())


def test_the_curve_is_the_yield_curve_beside_the_yield(refined):
    rows = values(refined.plot.yield_curve("textbook", unit="bytes"))
    assert rows[0] == refined.yield_curve("textbook", unit="bytes").to_dicts()
    ledger = refined.ledger["bytes"]
    assert rows[1][0]["share"] == ledger["kept"] / ledger["in"]


def test_the_funnel_has_a_bar_a_step(refined):
    rows = values(refined.plot.funnel("documents"))[0]
    frame = refined.funnel().frame
    assert [r["step"] for r in rows] == frame["name"].to_list()
    assert [r["share"] for r in rows] == frame["share_documents"].to_list()


def test_the_overlap_is_of_rules(refined):
    rows = values(refined.plot.reasons(most=4))[0]
    assert len(rows) == 16
    counted = {(a, b): n for a, b, n in refined.reasons().rows()}
    for row in rows:
        pair = (row["reason"], row["other"])
        assert ":" in row["reason"]
        assert row["documents"] == counted.get(pair, 0)
        assert row["share"] == row["documents"] / counted[row["reason"], row["reason"]]


def test_a_corpus_without_a_document_is_plotted_too():
    refined = rf.Pipeline.build(signals=["counts"]).run_frame(
        pl.DataFrame({"text": []}, schema={"text": pl.String})
    )
    for name, arguments in {
        "score": ["n_words"],
        "yield_curve": ["n_words"],
        "funnel": [],
        "reasons": [],
    }.items():
        assert getattr(refined.plot, name)(*arguments).to_dict()


def test_a_score_that_is_not_there_is_told_with_the_nearest(refined):
    with pytest.raises(errors.UnknownNameError, match="did you mean textbook"):
        refined.plot.score("textbok")


def test_without_altair_the_error_says_what_to_install(refined, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    with pytest.raises(errors.EnvironmentFault, match=r"pip install 'corpus-refinery\[plot\]'"):
        refined.plot.funnel()
