"""Views: what a signal reads, what is compared, what is written, and what the ledger says of it."""

import gzip

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import refinery as rf
from conftest import kept_rows, make_rows, run_here, tree_bytes, write_file
from refinery import _core, presets
from refinery import signal_table as signals
from refinery.errors import ConfigError
from refinery.explain import explain_text
from refinery.report.funnel import short_reason
from twins import c4

LINE = "This line of plain prose ends in a full stop."
MENU = "Home | About | Contact"
# Every filter of FineWeb keeps it: it is prose, and no phrase comes twice.
PROSE = """The harbour lay quiet when the first boats came in that morning.
Two women carried baskets of herring up the stone steps and counted them aloud.
Nobody had expected such a catch after a week of storms from the west.
An old clerk wrote each name with care in his brown book, and he did not hurry.
Children who should have been at school ran between carts to look for crabs.
By noon every fish had been sold, salted or given away to neighbours on the hill.
"""


def rows_with_menus():
    rows = make_rows(120, seed=3)
    for i, row in enumerate(rows):
        menu = f"{MENU} {i % 4}\n" * (i % 3)
        row["text"] = f"{menu}{row['text']}\n{LINE}"
    rows[2]["text"] = PROSE
    # Two that differ only in a line that C4 drops.
    rows[5]["text"] = f"{LINE}\n{LINE} {LINE}\n{MENU} five"
    rows[9]["text"] = f"{MENU} nine\n{LINE}\n{LINE} {LINE}"
    return rows


def edited(row):
    return c4.edited_text(row["text"])


@pytest.fixture
def folder(tmp_path):
    write_file(tmp_path / "raw/a.parquet", rows_with_menus())
    return tmp_path


def pipeline(decide="", annotate="", output=""):
    return (
        f"input: {{path: raw/*, id: id, source: source}}\nannotate: {{{annotate}}}\n"
        f"decide: [{decide}]\noutput: {{path: out, shard_bytes: 9kB, {output}}}\n"
    )


def test_a_signal_on_a_view_is_the_signal_of_the_edited_text(folder):
    rows = rows_with_menus()
    run = run_here(
        folder,
        pipeline(
            annotate="signals: [counts, counts@datatrove/c4, datatrove/gopher_repetition@datatrove/c4]"
        ),
    )
    found = run.annotations.collect().sort("id")
    by_id = {row["id"]: edited(row) for row in rows}
    texts = pa.array([by_id[key] for key in found["id"]])
    families = ["counts", "datatrove.gopher_repetition"]
    expected = pl.DataFrame(pa.record_batch(_core.Pass(families=families).run(texts)))
    for name in expected.columns:
        column = found[f"{name}@datatrove.c4"].alias(name)
        assert column.equals(expected[name], null_equal=True), name
    assert not found["n_words"].equals(found["n_words@datatrove.c4"])


def test_the_written_view_is_in_shards_and_the_ledger_tells_what_it_left_out(folder):
    rows = {row["id"]: row for row in rows_with_menus()}
    run = run_here(
        folder,
        pipeline("rules: {n_chars: {min: 60}}", output="view: datatrove/c4"),
    )
    kept = kept_rows(run.path)
    assert 20 < len(kept) < len(rows)
    assert len(list(run.path.glob("*.parquet"))) > 1
    assert {row["id"]: row["text"] for row in kept} == {
        row["id"]: edited(rows[row["id"]]) for row in kept
    }
    assert [row["n"] for row in kept] == [rows[row["id"]]["n"] for row in kept]

    count = _core.Pass(tokenizer=_core.Tokenizer.embedded("cl100k_base")).run
    tokens = lambda text: pa.record_batch(count(pa.array([text])))["n_tokens"][0].as_py()  # noqa: E731
    for unit, size in {"bytes": lambda t: len(t.encode()), "tokens": tokens}.items():
        ledger = run.ledger[unit]
        written = sum(size(row["text"]) for row in kept)
        before = sum(size(rows[row["id"]]["text"]) for row in kept)
        assert ledger["kept"] == written
        assert ledger["edited"] == before - written > 0
        assert ledger["in"] == written + ledger["edited"] + sum(ledger["dropped"].values())
    assert run.ledger["documents"]["edited"] == 0
    page = (run.path / "report.html").read_text()
    assert "edited" in page


def test_a_view_of_ones_own_is_a_chain(folder):
    annotate = "views: {loose: [datatrove/c4_fineweb], both: [loose, datatrove/c4]}, signals: [counts@both]"
    run = run_here(
        folder, pipeline(annotate=annotate, output="view: both, columns: [n_words@both]")
    )
    rows = {row["id"]: row for row in rows_with_menus()}
    for row in kept_rows(run.path):
        loose = c4.edited_text(rows[row["id"]]["text"], terminal_punct=False)
        assert row["text"] == c4.edited_text(loose)
        assert row["n_words@both"] == len(row["text"].split())


def test_duplicates_are_looked_for_in_what_is_written(folder):
    ids = [rows_with_menus()[i]["id"] for i in (5, 9)]

    def dropped(*steps, **keys):
        run = run_here(folder, pipeline(*steps, **keys), replace=True)
        found = run.decisions.filter(pl.col("id").is_in(ids)).collect()
        return set(found["dropped_by"].drop_nulls())

    assert dropped("exact_duplicates") == set()
    assert dropped("exact_duplicates", output="view: datatrove/c4") == {"exact_duplicate"}
    assert dropped("exact_duplicates: {view: datatrove/c4}") == {"exact_duplicate"}
    as_read = "exact_duplicates: {view: text}"
    assert dropped(as_read, output="view: datatrove/c4") == set()

    def signatures(**keys):
        run = run_here(folder, pipeline("near_duplicates", **keys), replace=True)
        return run.annotations.sort("id").collect()["minhash"].to_list()

    plain = signatures()
    assert signatures(annotate="minhash: {view: datatrove/c4}") != plain
    assert signatures(output="view: datatrove/c4") == signatures(
        annotate="minhash: {view: datatrove/c4}"
    )
    assert signatures(annotate="minhash: {view: text}", output="view: datatrove/c4") == plain


def test_a_score_reads_its_view(folder):
    score = "{name: textbook, model: builtin/textbook"
    run = run_here(folder, pipeline(annotate=f"scores: [{score}, view: datatrove/c4}}]"))
    found = run.annotations.select("id", "textbook").sort("id").collect()
    rows = [row | {"text": edited(row)} for row in rows_with_menus()]
    write_file(folder / "raw/a.parquet", rows)
    run = run_here(folder, pipeline(annotate=f"scores: [{score}}}]"), replace=True)
    again = run.annotations.select("id", "textbook").sort("id").collect()
    assert found.equals(again)


def test_a_yield_counts_what_is_written(folder):
    step = "select: {by: n_chars, yield: 0.3, unit: bytes}"
    run = run_here(folder, pipeline(step, output="view: datatrove/c4"))
    share = run.ledger["bytes"]["kept"] / run.ledger["bytes"]["in"]
    largest = max(len(row["text"].encode()) for row in rows_with_menus())
    assert abs(share - 0.3) <= largest / run.ledger["bytes"]["in"]


@pytest.mark.parametrize("suffix", ["jsonl.gz", "csv", "arrow"])
def test_every_format_writes_views(tmp_path, suffix):
    rows = [
        {k: r[k] for k in ("id", "text", "source")}
        for r in rows_with_menus()
        if "\0" not in r["text"]
    ]
    write_file(tmp_path / f"raw/a.{suffix}", rows)
    run = run_here(tmp_path, pipeline(output="view: datatrove/c4, format: jsonl.zst"))
    assert [row["text"] for row in kept_rows(run.path)] == [edited(row) for row in rows]


def test_a_text_column_of_a_dictionary_becomes_plain_strings(tmp_path):
    texts = pa.array([f"{MENU}\n{LINE} {LINE}", LINE + " " + LINE]).dictionary_encode()
    write_file(
        tmp_path / "raw/a.parquet",
        pa.table({"id": ["a", "b"], "source": ["s", "s"], "text": texts}),
    )
    run = run_here(tmp_path, pipeline(output="view: datatrove/c4"))
    (shard,) = run.path.glob("*.parquet")
    assert pq.read_table(shard)["text"].to_pylist() == [f"{LINE} {LINE}"] * 2


def test_the_result_does_not_depend_on_threads(folder):
    text = pipeline("near_duplicates", output="view: datatrove/c4")
    first = tree_bytes(run_here(folder, text, **{"resources.threads": 1}).path)
    (folder / "out").rename(folder / "first")
    assert tree_bytes(run_here(folder, text, **{"resources.threads": 2}).path) == first


def test_another_view_is_another_plan_over_the_same_annotations(folder):
    run = run_here(folder, pipeline(output="view: datatrove/c4"))
    with pytest.raises(rf.RefineryError, match="view"):
        run_here(folder, pipeline(output="view: datatrove/c4_fineweb"))
    plain = run_here(folder, pipeline(), replace=True)
    assert kept_rows(plain.path)[0]["text"] == rows_with_menus()[0]["text"]
    assert run.path == plain.path


@pytest.mark.parametrize(
    ("annotate", "decide", "output", "message"),
    [
        ("", "", "view: datatrove/c5", "no such view 'datatrove.c5'.*datatrove.c4"),
        ("signals: [counts@c9]", "", "", "no such view 'c9'"),
        ("views: {mine: [nothing]}", "", "", "no such view or edit 'nothing'"),
        ("views: {a: [b], b: [a]}", "", "", "leads back to itself: a of b of a"),
        ("views: {datatrove.c4: [datatrove/c4_fineweb]}", "", "", "already the name of an edit"),
        ("views: {text: [datatrove/c4]}", "", "", "already the name of an edit"),
        ("views: {a-b: [datatrove/c4]}", "", "", "pattern"),
        ("minhash: {view: x}", "near_duplicates", "", "no such view 'x'"),
        ("", "exact_duplicates: {view: x}", "", "no such view 'x'"),
        ("", "rules: {n_words@x: {min: 1}}", "", "no such view 'x'"),
        ("", "rules: kl3m@x", "", "no such view 'x'"),
        ("", "rules: fineweb@datatrove/c4", "", "fineweb says itself which view"),
        (
            "scores: [{name: s, model: builtin/textbook}]",
            "rules: {s@datatrove/c4: {min: 0.1}}",
            "",
            "'s' is a score, which reads the one view",
        ),
        (
            "scores: [{name: s, model: builtin/textbook}]",
            "select: {by: s@datatrove/c4, yield: 0.5}",
            "",
            "'s' is a score, which reads the one view",
        ),
        ("scores: [{name: s, model: builtin/textbook, view: x}]", "", "", "no such view 'x'"),
    ],
)
def test_a_wrong_view_is_named(folder, annotate, decide, output, message):
    with pytest.raises(ConfigError, match=message):
        run_here(folder, pipeline(decide, annotate, output))


def test_a_recipe_reads_what_its_filters_left_each_other(folder):
    run = run_here(folder, pipeline("rules: fineweb", output="view: datatrove/c4_fineweb"))
    rows = {row["id"]: row for row in rows_with_menus()}
    decided = {row["id"]: row for row in run.decisions.collect().to_dicts()}
    first = {}
    for key, row in rows.items():
        verdict = explain_text("fineweb", row["text"])
        first[key] = verdict.first_failure and verdict.first_failure.reason
        assert decided[key]["dropped_by"] == first[key]
    assert None in first.values()
    assert any("@datatrove.c4_fineweb" in r for row in decided.values() for r in row["reasons"])


def test_a_profile_on_a_view_takes_overrides_by_short_names(folder):
    rules = "rules: {datatrove/gopher_quality@datatrove/c4: {n_core_words: {min: 2}}}"
    run = run_here(folder, pipeline(rules))
    assert all(
        "@datatrove.c4:" in reason
        for reasons in run.decisions.collect()["reasons"].to_list()
        for reason in reasons
    )
    names = {rule.column for rule in presets.load("datatrove/gopher_quality@datatrove/c4").rules}
    assert all(signals.column(name).view == "datatrove.c4" for name in names)


def test_edited_keeps_nulls_and_names_an_unknown_edit():
    texts = pa.array([f"{MENU}\n{LINE}", None, ""], pa.large_string())
    assert pa.array(_core.edited(texts, ["datatrove.c4"])).to_pylist() == [LINE, None, ""]
    assert pa.array(_core.edited(texts, [])).to_pylist() == texts.to_pylist()
    with pytest.raises(rf.RefineryError, match="nothing"):
        _core.edited(texts, ["nothing"])


def test_a_damaged_input_is_still_named(tmp_path):
    path = write_file(tmp_path / "raw/a.jsonl.gz", rows_with_menus())
    path.write_bytes(gzip.compress(b"{broken\n" + gzip.decompress(path.read_bytes()), mtime=0))
    run = run_here(tmp_path, pipeline(output="view: datatrove/c4"))
    assert run.ledger["documents"]["quarantined"] == 1
    assert len(kept_rows(run.path)) == len(rows_with_menus())


def test_a_frame_is_written_as_its_view_too(folder):
    text = pipeline("exact_duplicates", output="view: datatrove/c4")
    run = run_here(folder, text)
    frame = pl.DataFrame(rows_with_menus())
    refined = rf.Pipeline.from_yaml(folder / "pipeline.yaml").run_frame(frame)
    assert refined.documents["text"].to_list() == [row["text"] for row in kept_rows(run.path)]
    assert refined.ledger == run.ledger


def test_a_long_reason_is_shown_by_its_signal():
    shown = {
        "dclm.quality.frac_words_without_alpha@dclm.cleaned:max": "frac_words_without_alpha:max",
        "datatrove.gopher_quality.n_core_words:min": "n_core_words:min",
        "n_words@datatrove.c4:min": "n_words@datatrove.c4:min",
        "near_duplicate": "near_duplicate",
        "a_reason_without_any_side_that_is_long": "a_reason_without_any_side_that_is_long",
    }
    assert {reason: short_reason(reason) for reason in shown} == shown
