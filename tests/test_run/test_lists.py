"""Pipelines with lists: blocked URLs and bad words, from every format, on a view, and their errors."""

import re

import polars as pl
import pyarrow as pa
import pytest

import refinery as rf
from conftest import ROOT, command, kept_rows, run_here, write_file
from refinery import _core
from refinery.config import parse_pipeline
from refinery.errors import ConfigError, ParameterError, SchemaError
from refinery.explain import explain, explain_text
from refinery.plan import build_plan

LISTS = {
    "domains": "bad.com\nsub.fine.org\n",
    "urls": "http://fine.org/bad\n",
    "banned_words.txt": "worst\n",
    "soft_banned_words.txt": "soft\nsofter\n",
    "banned_subwords.txt": "xxy\n",
}
# What datatrove's URLFilter says of each with these lists, None for kept.
URLS = {
    "http://fine.org/": None,
    "http://www.bad.com/a": "has_blocked_domain:max",
    "http://sub.fine.org/a": "has_blocked_host:max",
    "http://fine.org/bad": "is_blocked_url:max",
    "http://fine.org/the-worst": "n_banned_words:max",
    "http://fine.org/soft": None,
    "http://fine.org/soft-softer": "n_soft_banned_words:max",
    "http://fine.org/X-X-Y": "n_banned_subwords:max",
    "": "has_blocked_domain:undefined",
    None: "has_blocked_domain:undefined",
}
BOTH = "url_filter: {lists: lists/}, bad_words: {path: words/}"
FORMATS = ["parquet", "arrow", "jsonl", "jsonl.gz", "csv"]


def url_rows():
    return [
        {"id": f"d{i}", "text": f"A document at number {i}, with a bad word: no.", "url": url}
        for i, url in enumerate(URLS)
    ]


@pytest.fixture
def folder(tmp_path):
    for name, text in LISTS.items():
        (tmp_path / "lists").mkdir(exist_ok=True)
        (tmp_path / "lists" / name).write_text(text)
    (tmp_path / "words").mkdir()
    (tmp_path / "words/en").write_text("bad word\nworse\n")
    return tmp_path


def pipeline(decide="", annotate="url_filter: {lists: lists/}", url="url: url, "):
    return (
        f"input: {{path: raw/*, {url}id: id}}\nannotate: {{{annotate}}}\n"
        f"decide: [{decide}]\noutput: {{path: out}}\n"
    )


def problems(folder, text):
    """What is wrong with a pipeline, each with its place."""
    with pytest.raises(ConfigError) as caught:
        build_plan(parse_pipeline(text, folder=folder))
    return {p.path: p.message for p in caught.value.problems}


@pytest.mark.parametrize("ending", FORMATS)
def test_blocked_urls_drop_with_the_original_order_from_any_format(folder, ending):
    write_file(folder / f"raw/a.{ending}", url_rows())
    run = run_here(folder, pipeline("rules: datatrove/url"))
    found = run.decisions.sort("id").collect()
    dropped_by = dict(zip(found["id"], found["dropped_by"], strict=True))
    for i, (url, reason) in enumerate(URLS.items()):
        assert dropped_by[f"d{i}"] == (reason and f"datatrove.url.{reason}"), url
    assert [row["url"] for row in kept_rows(run.path)] == [
        "http://fine.org/",
        "http://fine.org/soft",
    ]


def test_documents_without_a_url_are_kept_where_the_rule_says_so(folder):
    write_file(folder / "raw/a.parquet", url_rows())
    rule = "rules: {datatrove.url.has_blocked_domain: {max: 0, undefined: keep}}"
    run = run_here(folder, pipeline(rule))
    assert {row["url"] for row in kept_rows(run.path)} >= {None, ""}


def test_a_url_that_is_no_utf8_is_none(folder):
    table = pa.table(
        {
            "id": ["a", "b"],
            "text": ["one", "two"],
            "url": pa.array([b"http://\xff.com", b"http://fine.org"]).view(pa.string()),
        }
    )
    write_file(folder / "raw/a.parquet", table)
    run = run_here(folder, pipeline("rules: datatrove/url"))
    assert [row["id"] for row in kept_rows(run.path)] == ["b"]


def test_bad_words_are_counted_on_the_view_that_is_named(folder):
    rows = [
        {"id": "a", "text": "No mark BAD WORD here\nThis line is quite fine."},
        {"id": "b", "text": "This is a bad word, really.\nA fine line it is."},
        {"id": "c", "text": "Badword is one word, and not in the list."},
    ]
    write_file(folder / "raw/a.parquet", rows)
    column = "datatrove.c4_badwords.n_matches"
    steps = f"{{rules: datatrove/c4_badwords@datatrove/c4}}, {{rules: {{{column}: {{max: 9}}}}}}"
    text = pipeline(steps, "bad_words: {path: words/, language: en}", url="")
    run = run_here(folder, text)
    found = run.annotations.sort("id").collect()
    assert found[column].to_list() == [1, 1, 0]
    assert found[f"{column}@datatrove.c4"].to_list() == [0, 1, 0]
    assert {row["id"] for row in kept_rows(run.path)} == {"a", "c"}


def test_another_list_is_another_plan_and_the_same_list_is_not(folder):
    write_file(folder / "raw/a.parquet", url_rows())
    run_here(folder, pipeline("rules: datatrove/url"))
    (folder / "lists").rename(folder / "elsewhere")
    moved = pipeline("rules: datatrove/url", "url_filter: {lists: elsewhere/}")
    run_here(folder, moved)
    (folder / "elsewhere/domains").write_text("fine.org\n")
    with pytest.raises(ConfigError, match="replace"):
        run_here(folder, moved)
    run = run_here(folder, moved, replace=True)
    assert [row["url"] for row in kept_rows(run.path)] == ["http://www.bad.com/a"]


def test_lists_that_a_rule_needs_are_asked_for(folder):
    write_file(folder / "raw/a.parquet", url_rows())
    text = pipeline("{rules: datatrove/url}, {rules: datatrove/c4_badwords}", "", url="")
    found = problems(folder, text)
    assert found.keys() == {"annotate.url_filter", "annotate.bad_words"}
    assert "annotate.url_filter: {lists: FOLDER}" in found["annotate.url_filter"]
    assert "annotate.bad_words: {path: PATH" in found["annotate.bad_words"]


def test_lists_that_are_not_there_are_named_with_their_source(folder):
    write_file(folder / "raw/a.parquet", url_rows())
    annotate = "url_filter: {lists: no/}, bad_words: {path: words, language: fr}"
    found = problems(folder, pipeline("", annotate))
    assert "no such folder" in found["annotate.url_filter.lists"]
    assert "datatrove/assets" in found["annotate.url_filter.lists"]
    assert "LDNOOBW" in found["annotate.bad_words.path"]
    (folder / "lists/urls").unlink()
    assert "lacks urls" in problems(folder, pipeline())["annotate.url_filter.lists"]


def test_a_url_needs_a_column_that_is_there_and_holds_strings(folder):
    write_file(folder / "raw/a.parquet", url_rows())
    assert "url:" in problems(folder, pipeline(url=""))["input"]
    assert "did you mean url?" in problems(folder, pipeline(url="url: ulr, "))["input.url"]
    write_file(folder / "raw/a.parquet", [{"id": "a", "text": "b", "url": 1}])
    with pytest.raises(SchemaError, match="the URL must be strings, found int64"):
        run_here(folder, pipeline())
    (folder / "raw/a.parquet").unlink()
    write_file(folder / "raw/a.csv", [{"id": "a", "text": "b"}])
    assert "no column 'url'" in problems(folder, pipeline())["input.url"]


@pytest.mark.parametrize(
    "text",
    [
        pipeline("rules: datatrove/url@datatrove/c4"),
        pipeline("rules: {datatrove.url.n_banned_words@datatrove.c4: {max: 0}}"),
        pipeline("", "url_filter: {lists: lists/}, signals: [datatrove/url@datatrove/c4]"),
    ],
    ids=["profile", "signal", "family"],
)
def test_a_url_has_no_views(folder, text):
    write_file(folder / "raw/a.parquet", url_rows())
    (message,) = problems(folder, text).values()
    assert "reads the URL, not a view of the text" in message


def test_rules_with_lists_are_explained():
    lines = explain("datatrove/url").lines
    assert "Needs lists, which a pipeline names in annotate.url_filter" in lines
    reasons = [row[2] for row in explain("datatrove/url").rows]
    assert reasons == [
        *("domain", "subdomain", "url"),
        *("hard_blacklisted", "soft_blacklisted", "blacklisted_subword"),
    ]
    assert any("annotate.bad_words" in line for line in explain("datatrove.c4_badwords").lines)
    with pytest.raises(ParameterError, match=r"annotate\.url_filter"):
        explain_text("datatrove/url", "text")
    shown = command("explain", "datatrove/c4_badwords")
    assert shown.code == 0
    assert "document_removed_with_badwords" in shown.out


def test_personal_data_is_masked_in_what_is_written(folder):
    text = "Write to me@site.org or you@site.org from 8.8.8.8, not 10.0.0.1."
    write_file(folder / "raw/a.parquet", [{"id": "a", "text": text}])
    run = run_here(
        folder,
        "input: {path: raw/*, id: id}\nannotate: {signals: [datatrove/pii]}\n"
        "output: {path: out, view: datatrove/pii}\n",
    )
    (row,) = kept_rows(run.path)
    assert row["text"] == (
        "Write to email@example.com or firstname.lastname@example.org from 22.214.171.124, "
        "not 10.0.0.1."
    )
    counts = run.annotations.select(pl.selectors.starts_with("datatrove.pii.")).collect()
    assert counts.row(0) == (2, 1)
    assert pa.array(_core.edited(pa.array([None, ""]), ["datatrove.pii"])).to_pylist() == [None, ""]


def test_a_frame_has_the_verdicts_of_a_run(folder):
    write_file(folder / "raw/a.parquet", url_rows())
    text = pipeline("{rules: datatrove/url}, {rules: datatrove/c4_badwords}", BOTH)
    run = run_here(folder, text)
    refined = rf.Pipeline.from_yaml(folder / "pipeline.yaml").run_frame(pl.DataFrame(url_rows()))
    columns = ["id", "kept", "dropped_by", "reasons"]
    expected, found = (r.decisions.select(columns).sort("id").collect() for r in (run, refined))
    assert found.equals(expected)


def test_an_expression_has_no_lists():
    with pytest.raises(ConfigError, match=r"datatrove\.url needs lists"):
        rf.signals("text", "datatrove/url")


def test_the_pipeline_of_the_readme_is_valid(folder):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(input: .*?)```", readme, re.DOTALL)
    (folder / "lists").rename(folder / "url-lists")
    (folder / "words").rename(folder / "ldnoobw")
    write_file(folder / "raw/a.parquet", url_rows())
    text = text.replace("lid.176.bin, label: en", "builtin/textbook")
    plan = build_plan(parse_pipeline(text, folder=folder))
    assert plan.views["clean"] == ("datatrove.c4_fineweb", "datatrove.pii")
    assert "datatrove.c4_badwords.n_matches@datatrove.c4_fineweb" in plan.columns
