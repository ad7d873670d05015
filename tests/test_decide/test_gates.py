"""Gates over licences and sources: what nobody allowed reaches no output."""

import polars as pl
import pytest

import refinery as rf
from conftest import run_here, write_file
from refinery.errors import ConfigError, DataError

LICENCES = {
    "free": "CC0 1.0",
    "case": "cc  by 4.0",
    "tail": "CC BY 4.0 (International)",
    "nc": "CC BY-NC 4.0",
    "denied": "CC BY 4.0, not for sale",
    "blank": "  ",
    "none": None,
    "dots": "CCxBYx4.0",
}
ROWS = [
    {"id": key, "text": f"the text of {key}", "licence": licence, "from": "a" if i % 2 else None}
    for i, (key, licence) in enumerate(LICENCES.items())
]
GATE = "{allow: [CC0*, CC BY 4.0*], deny: ['*not for sale*']}"
EXPECTED = {
    "free": None, "case": None, "tail": None, "nc": "licence:not_allowed", "denied": "licence:not_allowed",
    "blank": "licence:undefined", "none": "licence:undefined", "dots": "licence:not_allowed",
}  # fmt: skip


def pipeline_text(gate=GATE, more=""):
    return f"""
        input: {{path: raw/*, id: id}}
        decide: [{{licences: {gate}}}{more}]
        output: {{path: out}}
    """


def verdicts(run):
    return dict(run.decisions.select("id", "dropped_by").collect().rows())


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "jsonl", "jsonl.zst", "csv"])
def test_only_what_is_allowed_passes_whatever_the_format(tmp_path, suffix):
    write_file(tmp_path / f"raw/a.{suffix}", ROWS, rows_per_part=3)
    run = run_here(tmp_path, pipeline_text())
    assert verdicts(run) == EXPECTED
    assert set(run.kept.collect()["licence"]) == {LICENCES[key] for key in ("free", "case", "tail")}
    figures = run.ledger["steps"][0]["by_rule"]
    assert figures["licence:undefined"]["first"]["documents"] == 2
    assert figures["licence:not_allowed"]["exclusive"]["documents"] == 3
    assert run.why("nc").reasons == [("licence:not_allowed", "CC BY-NC 4.0")]


def test_a_frame_and_a_built_pipeline_decide_alike():
    built = rf.Pipeline.build(id="id", input="raw/*", output="out")
    built = built.licences(["CC0*", "CC BY 4.0*"], deny=["*not for sale*"])
    assert verdicts(built.run_frame(pl.DataFrame(ROWS))) == EXPECTED
    assert rf.Pipeline.from_text(built.to_yaml()) == built


def test_a_source_must_be_there_and_allowed():
    built = rf.Pipeline.build(id="id", source="from")
    found = verdicts(built.sources(["A"]).run_frame(pl.DataFrame(ROWS)))
    assert set(found.values()) == {None, "source:undefined"}
    denied = verdicts(built.sources(["*"], deny=["a"]).run_frame(pl.DataFrame(ROWS)))
    assert set(denied.values()) == {"source:not_allowed", "source:undefined"}


def test_a_moved_gate_reads_no_text_again(tmp_path):
    write_file(tmp_path / "raw/a.parquet", ROWS)
    before = run_here(tmp_path, pipeline_text())
    names = [unit["name"] for unit in before.manifest["units"]]
    after = run_here(tmp_path, pipeline_text("{allow: ['*']}"), replace=True)
    assert [unit["name"] for unit in after.manifest["units"]] == names
    assert after.ledger["documents"]["kept"] == 6


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_absent_column_is_told_before_anything_is_read(tmp_path, suffix):
    write_file(tmp_path / f"raw/a.{suffix}", ROWS)
    with pytest.raises(
        ConfigError, match=r"licences.column: raw/a.*no column 'license'; did you mean licence"
    ):
        run_here(tmp_path, pipeline_text("{column: license, allow: [CC0]}"))  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_column_that_no_line_has_ends_the_run(tmp_path):
    write_file(tmp_path / "raw/a.jsonl", ROWS)
    with pytest.raises(DataError, match="column 'license': no record has it; did you mean licence"):
        run_here(tmp_path, pipeline_text("{column: license, allow: [CC0]}"))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"licences": {}}, "decide[0].licences.allow is required"),
        ({"licences": {"allow": []}}, "licences.allow: List should have at least 1 item"),
        ({"licences": {"allow": ["a"], "column": "n_chars"}}, "n_chars is a number, not a name"),
        ({"licences": {"allow": ["a"], "column": "row"}}, "'row' is a column of the annotations"),
        ({"sources": {"allow": ["a"]}}, "decide[0].sources: no input says what its source is"),
    ],
)
def test_a_gate_that_cannot_be_is_refused(step, message):
    with pytest.raises(ConfigError) as refused:
        rf.Pipeline.build(decide=[step]).run_frame(pl.DataFrame({"text": ["a"]}))
    assert message in str(refused.value)


def test_a_quota_reads_any_column_of_names(tmp_path):
    rows = [row | {"topic": "maths" if i < 2 else "other"} for i, row in enumerate(ROWS)]
    write_file(tmp_path / "raw/a.jsonl", rows)
    quota = "{select: {by: n_chars, documents: 4, quota: {column: topic, shares: equal}}}"
    run = run_here(tmp_path, pipeline_text("{allow: ['*']}", f", {quota}"))
    kept = run.kept.collect()
    assert dict(kept["topic"].value_counts().rows()) == {"maths": 2, "other": 2}
    assert run.ledger["steps"][1]["selection"]["domains"]["maths"] == {"wanted": 2.0, "kept": 2}
