"""New files are scored alone, and scores that moved are told, by source."""

import json
import math
import random

import polars as pl
import pytest

from conftest import command, make_rows, run_here, write_file
from refinery.api import Run
from refinery.drift import ALL, NONE, DriftReference, drift, open_reference, stability_index
from refinery.errors import ConfigError, UnknownNameError


class Scored:
    """What drift reads of a run: scores of sources, as annotations and decisions have them."""

    def __init__(self, *sources):
        parts = [pl.DataFrame({"value": list(v), "source": [s] * len(v)}) for s, v in sources]
        self.annotations = pl.concat(parts).lazy()
        self.decisions = pl.LazyFrame({"id": [], "value_quantile": []})


def gauss(n, mean=0.0, seed=0):
    draw = random.Random(seed)
    return [draw.gauss(mean, 1) for _ in range(n)]


def test_the_index_is_its_formula():
    # Half a document more in each used bin: 6, 2 of 8 against 2, 6; the last bin is in neither.
    expected = (6 / 8 - 2 / 8) * math.log(3) + (2 / 8 - 6 / 8) * math.log(1 / 3)
    assert stability_index([5.5, 1.5, 0], [1.5, 5.5, 0]) == pytest.approx(expected)
    assert stability_index([3, 4], [30, 40]) < 0.001
    assert stability_index([], []) == 0


def test_only_the_source_that_moved_is_an_alarm():
    reference = DriftReference.of(Scored(("web", gauss(4000)), ("law", gauss(3000, 1, seed=1))))
    now = Scored(("web", gauss(4000, seed=2)), ("law", gauss(3000, 1.8, seed=3)), ("new", gauss(500, 0.5, seed=4)))  # fmt: skip
    found = drift(now, reference).rows
    assert found["source"].to_list() == [ALL, "law", "new", "web"]
    rows = {row["source"]: row for row in found.to_dicts()}
    assert rows["web"]["psi"] < 0.02
    # Of two normal distributions the index of infinitely many bins is the squared distance.
    assert rows["law"]["psi"] == pytest.approx(0.64, abs=0.15)
    assert [s for s, row in rows.items() if row["alarm"]] == ["law"]
    assert [s for s, row in rows.items() if row["is_new"]] == ["new"]
    assert rows["new"]["reference"] == 7000


def test_few_documents_are_no_alarm_and_nulls_are_a_bin():
    reference = DriftReference.of(Scored((None, gauss(2000))))
    few = drift(Scored((None, gauss(25, seed=5))), reference).rows
    assert few["source"].to_list() == [ALL, NONE]
    assert few["psi"][0] > 0.2
    assert not few["alarm"].any()
    half = [None if i % 2 else value for i, value in enumerate(gauss(2000, seed=6))]
    assert drift(Scored((None, half)), reference).rows["alarm"].all()


def test_a_score_of_few_values_has_fewer_bins():
    reference = DriftReference.of(Scored(("a", [0.0] * 50 + [1.0] * 50)))
    assert drift(Scored(("a", [1.0] * 50 + [0.0] * 50)), reference).rows["psi"].to_list() == [0, 0]
    assert drift(Scored(("a", [1.0] * 95 + [0.0] * 5)), reference).rows["alarm"].all()


PIPELINE = """
input: {path: raw/*, id: id, source: source}
annotate: {scores: [{name: textbook, model: builtin/textbook}]}
decide: [{select: {by: textbook, threshold: 0.2}}]
output: {path: out}
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A run, its scores, and the run over one more file, of one source only and other text."""
    folder = tmp_path_factory.mktemp("grown")
    write_file(folder / "raw/a.parquet", make_rows(200, seed=1))
    before = run_here(folder, PIPELINE)
    DriftReference.of(before).write(folder / "reference.json")
    paths = {p.name: p.stat().st_mtime_ns for p in (folder / "out/_refinery/annotations").iterdir()}
    spam = [{"id": f"n{i}", "text": f"buy {i} now " * 30, "source": "s0"} for i in range(300)]
    write_file(folder / "raw/b.parquet", spam)
    run_here(folder, PIPELINE, replace=True)
    return folder, paths


def test_of_new_files_only_they_are_scored(grown):
    folder, before = grown
    annotations = folder / "out/_refinery/annotations"
    after = {p.name: p.stat().st_mtime_ns for p in annotations.iterdir()}
    assert len(before) == 1
    assert len(after) == 2
    assert {name: after[name] for name in before} == before


def test_drift_is_a_warning_a_table_and_exit_0(grown):
    folder, _ = grown
    found = command("drift", folder / "out", "--reference", folder / "reference.json")
    assert found.code == 0
    warned = found.err.splitlines()
    assert [line.split(" has moved")[0] for line in warned] == [
        f"refinery: warning: textbook of {source}" for source in (ALL, "s0")
    ]
    assert "moved" in found.out
    page = folder / "page.html"
    assert command("report", folder / "out", "--drift", folder / "out", "--html", page).code == 0
    assert "<h2>Drift</h2>" in page.read_text(encoding="utf-8")


def test_a_run_is_its_own_reference_and_signals_can_be_named(grown):
    folder, _ = grown
    run = Run(folder / "out")
    found = drift(run, open_reference(folder / "out", ["n_chars"]), ["n_chars"])
    assert set(found.rows["psi"]) == {0.0}
    with pytest.raises(UnknownNameError, match="did you mean textbook"):
        drift(run, open_reference(folder / "out"), ["textboook"])
    with pytest.raises(UnknownNameError, match="no score of the reference named 'n_chars'"):
        drift(run, open_reference(folder / "reference.json"), ["n_chars"])


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"version": 2, "scores": {}})])
def test_what_is_no_reference_is_refused(tmp_path, text):
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="no reference of scores"):
        open_reference(tmp_path / "r.json")
