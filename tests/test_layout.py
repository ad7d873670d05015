"""Layouts change white space only, and the layout test counts the verdicts that hang on them."""

import json

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refinery as rf
from conftest import ODD_TEXTS, command, run_here, write_file
from refinery import _core
from refinery import signal_table as signals
from refinery.errors import ConfigError
from refinery.layout import LayoutTest, layout_names, layout_test, layout_test_of
from refinery.report.layouts import flip
from twins.layout import LAYOUTS, paragraphs

# Pieces whose order tells lines, paragraphs and sentences.
PIECES = [
    *("\n", "\n\n", "\r\n", " ", "  ", "\t", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\xa0"),
    *("\u2028", "\u3000", "\u200b", "a", "b.", "Yes!", "end.Start", '."', "...", "e.g.", "y" * 90),
    "IS_ALPHA",
]
soups = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def laid_out(texts, name):
    return pa.array(_core.edited(pa.array(texts, pa.string()), [f"layout.{name}"])).to_pylist()


def test_the_extension_knows_five_layouts():
    assert sorted(layout_names()) == sorted([*LAYOUTS, "sentences"])


@pytest.mark.parametrize("name", layout_names())
def test_only_white_space_changes(name, corpus):
    texts = [*ODD_TEXTS, *(row["text"] for row in corpus)]
    for text, found in zip(texts, laid_out(texts, name), strict=True):
        assert found.split() == text.split()
        assert found == found.strip()


@given(soups)
def test_words_are_the_same_in_every_layout(text):
    for name in layout_names():
        assert laid_out([text], name)[0].split() == text.split()


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_its_twin(name, corpus):
    texts = [*ODD_TEXTS, *(row["text"] for row in corpus)]
    assert laid_out(texts, name) == [LAYOUTS[name](text) for text in texts]


@given(soups)
def test_a_layout_of_odd_texts_is_its_twin(text):
    for name, twin in LAYOUTS.items():
        assert laid_out([text], name) == [twin(text)]


@given(soups)
def test_sentences_are_lines_of_their_paragraphs(text):
    lines = laid_out([text], "sentences")[0].splitlines()
    whole = paragraphs(text)
    assert " ".join(lines) == " ".join(whole)
    counts = pa.array(_core.count_sentences(pa.array(whole, pa.string()))).to_pylist()
    assert len(whole) <= len(lines) <= sum(counts)


def test_null_stays_null_and_an_unknown_edit_is_named():
    assert laid_out(["a\nb", None], "one_line") == ["a b", None]
    with pytest.raises(ConfigError, match=r"no edit named 'layout\.columns'"):
        laid_out(["a"], "columns")


def test_edits_name_their_sources():
    found = {name: edit for name, edit in signals.edits().items() if name.startswith("layout.")}
    assert len(found) == 5
    assert all(edit.definition.endswith(".") and edit.source for edit in found.values())


def test_a_recipe_reads_its_views_of_every_layout():
    found = layout_test(
        ["Some words that end here.\n" * 30, "x"], ["fineweb", {"n_chars@datatrove.c4": {"min": 5}}]
    )
    assert row(found, "n_chars@datatrove.c4:min", "as read")["dropped"] == 1
    assert any("@datatrove.c4_fineweb" in rule for rule in found.rows["rule"].drop_nulls())


PARAGRAPH = "The agency shall publish the rule in the register, and it takes effect then. " * 6
TEXT = "\n\n".join([PARAGRAPH.strip()] * 40)


def row(found, rule, layout):
    rows = found.rows.filter(pl.col("rule").eq_missing(pl.lit(rule)), pl.col("layout") == layout)
    return rows.row(0, named=True)


def test_kl3m_drops_on_one_line_what_it_keeps_in_paragraphs():
    bound = {"kl3m": {"score": {"max": 20}}}
    found = layout_test([TEXT], bound)
    assert row(found, "kl3m.score:max", "as read")["dropped"] == 0
    assert row(found, "kl3m.score:max", "blank_lines")["to_dropped"] == 0
    assert row(found, "kl3m.score:max", "one_line")["to_dropped"] == 1
    medians = found.rows.filter(pl.col("rule") == "kl3m.score:max")["median"]
    assert medians[3] > 10 * medians[0] > 0


def test_a_flip_counts_once_for_the_profile_and_both_ways():
    lines = {"n_lines": {"min": 2, "max": 3}}
    texts = ["one line", "a\nb", "a\nb\n\nc\nd", None, "a\n\n\n\nb"]
    found = layout_test(texts, {"datatrove.c4.n_lines": lines["n_lines"]})
    assert found.documents == 4
    assert row(found, None, "as read")["dropped"] == 3
    # a b / c d has two lines then, and the last has two instead of five.
    flips = row(found, None, "newlines")
    assert (flips["dropped"], flips["to_dropped"], flips["to_kept"]) == (1, 0, 2)
    flips = row(found, None, "one_line")
    assert (flips["dropped"], flips["to_dropped"], flips["to_kept"]) == (4, 1, 0)
    assert row(found, "datatrove.c4.n_lines:min", "one_line")["to_dropped"] == 3
    assert row(found, "datatrove.c4.n_lines:max", "one_line")["to_kept"] == 2


def test_a_sample_depends_on_ids_alone():
    texts = [f"text {i}\n" * (i % 5) for i in range(50)]
    ids = [f"id{i}" for i in range(50)]
    rules = {"n_words": {"min": 4}}
    one = layout_test(texts, rules, ids=ids, sample=10, seed=1)
    other = layout_test(texts[::-1], rules, ids=ids[::-1], sample=10, seed=1)
    assert one.documents == 10
    assert one.rows.equals(other.rows)
    third = layout_test(texts, rules, ids=ids, sample=10, seed=2)
    assert not one.rows.equals(third.rows)


def test_no_documents_flip_nothing():
    found = layout_test([], "datatrove/c4")
    assert found.documents == 0
    assert found.rows["dropped"].sum() == 0


def test_an_unknown_profile_is_named_with_its_neighbour():
    with pytest.raises(ConfigError, match="no such profile 'kl3n'; did you mean kl3m"):
        layout_test(["a"], "kl3n")


@pytest.fixture
def folder(tmp_path, corpus):
    write_file(tmp_path / "raw" / "a.parquet", corpus)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


RULES = "decide: [{rules: [kl3m, {n_words: {min: 5}}]}]\n"
INPUT = "input: {path: raw/*, id: id}\noutput: {path: out}\n"


def test_a_pipeline_is_tested_by_its_own_rules(folder, corpus):
    (folder / "p.yaml").write_text(INPUT + RULES)
    found = layout_test_of(rf.Pipeline.from_yaml(folder / "p.yaml").checked, sample=50)
    assert found.documents == 50
    assert found.rows["profile"].unique(maintain_order=True).to_list() == ["kl3m", None]
    whole = layout_test_of(rf.Pipeline.from_yaml(folder / "p.yaml").checked, sample=10**6)
    assert whole.rows.equals(
        layout_test([r["text"] for r in corpus], ["kl3m", {"n_words": {"min": 5}}]).rows
    )


def test_a_pipeline_without_rules_asks_for_profiles(folder):
    (folder / "p.yaml").write_text(INPUT)
    result = command("layout", "p.yaml", cwd=folder)
    assert (result.code, result.out) == (2, "")
    assert "the pipeline has no rules; name profiles" in result.err
    assert command("layout", "kl3m", "--pipeline", "p.yaml", cwd=folder).code == 0


def test_the_command_prints_flips_and_medians(folder):
    result = command("layout", "kl3m", "--text", "text.txt", cwd=folder)
    assert result.code == 0
    table = [line.split() for line in result.out.splitlines()]
    assert table[0] == ["profile,", "rule", "as", "read", *layout_names()]
    unchanged = "\N{MIDDLE DOT}"
    flips = [unchanged, "+1", "+1", unchanged, "+1"]
    assert table[2:4] == [["kl3m", "0", *flips], ["kl3m.score:max", "0", *flips]]
    assert table[4][0] == "median"
    assert float(table[4][2]) < 10 < float(table[4][3]) < float(table[4][4])


@pytest.mark.parametrize("arguments", [["kl3m"], ["--text", "text.txt"]])
def test_without_texts_or_profiles_the_command_says_what_to_give(folder, arguments):
    assert command("layout", *arguments, cwd=folder).code == 2


def test_the_report_page_shows_a_layout_test(folder):
    run_here(folder, INPUT + RULES)
    saved = folder / "layouts.json"
    assert command("layout", "pipeline.yaml", "--json", saved, cwd=folder).code == 0
    page = folder / "page.html"
    assert command("report", "out", "--layouts", saved, "--html", page, cwd=folder).code == 0
    assert "<h2>Layout</h2>" in page.read_text(encoding="utf-8")
    assert "blank_lines" in command("report", "out", "--layouts", saved, cwd=folder).out
    found = LayoutTest.read(saved)
    assert found.rows["layout"].n_unique() == 6
    assert found.layouts[0] == "as read"
    plain = folder / "plain.html"
    assert command("report", "out", "--html", plain, cwd=folder).code == 0
    assert plain.read_bytes() == (folder / "out" / "report.html").read_bytes()


def test_a_file_that_holds_no_layout_test_is_refused(folder):
    run_here(folder, INPUT + RULES)
    other = folder / "other.json"
    other.write_text(json.dumps({"rows": []}))
    result = command("report", "out", "--layouts", other, cwd=folder)
    assert result.code == 2
    assert "no result of `refinery layout --json`" in result.err


def test_a_flip_is_shown_by_its_direction():
    assert [flip(pair) for pair in [(0, 0), (3, 0), (0, 2), (1200, 1)]] == [
        "\N{MIDDLE DOT}",
        "+3",
        "\N{MINUS SIGN}2",
        "+1,200 \N{MINUS SIGN}1",
    ]
