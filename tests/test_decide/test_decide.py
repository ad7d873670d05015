"""Verdicts and ledger against the twin, and each promise of a step by itself."""

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import make_rows, run_here, write_file
from twins.decide import decide

NULLABLE = "datatrove.gopher_quality.mean_core_word_length"
"""A signal that is null where a text has no words."""
BANDS = 14

BOUNDS = st.dictionaries(
    st.sampled_from(["min", "max", "above", "below"]), st.integers(0, 40), min_size=1, max_size=2
)
KEEP = st.sampled_from(["first", "longest", {"highest": "n_words"}, {"highest": NULLABLE}])
STEP = st.one_of(
    st.builds(
        lambda rules: {"rules": rules},
        st.dictionaries(st.sampled_from(["n_chars", "n_words", "n_lines", NULLABLE]), BOUNDS, min_size=1, max_size=3),
    ),
    st.builds(lambda keep: {"exact_duplicates": {"keep": keep}}, KEEP),
    st.builds(
        lambda keep, threshold, verify: {"near_duplicates": {"keep": keep, "threshold": threshold, "verify": verify}},
        KEEP, st.sampled_from([0.3, 0.7, 1.0]), st.booleans(),
    ),
    st.builds(
        lambda by, share, unit, of: {"select": {"by": by, "yield": share, "unit": unit, "of": of}},
        st.sampled_from(["n_words", "n_chars", NULLABLE]), st.sampled_from([0.1, 0.5, 0.9, 1.0]),
        st.sampled_from(["tokens", "bytes", "documents"]), st.sampled_from(["read", "alive"]),
    ),
)  # fmt: skip
WORDS = [
    "the",
    "of",
    "and",
    "to",
    "corpus",
    "token",
    "filter",
    "language",
    "model",
    "...",
    "#",
    "\n",
]
TEXT = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
    st.sampled_from(
        [
            "",
            "...",
            " ".join(WORDS[:9] * 6),
            " ".join(WORDS[:9] * 6) + " end",
            "same same same same same",
        ]
    ),
)


def decided_here(folder, rows, steps):
    write_file(folder / "raw/a.parquet", rows)
    return run_here(
        folder,
        f"input: {{path: raw/*, id: id}}\ndecide: {json.dumps(steps)}\noutput: {{path: out}}\n",
    )


def expected_of(run, rows, steps):
    frame = run.annotations.collect()
    documents = []
    for row, text in zip(frame.iter_rows(named=True), (row["text"] for row in rows), strict=True):
        signature = row.get("minhash")
        values = (
            struct.unpack(f"<{len(signature) // 4}I", signature) if signature is not None else None
        )
        documents.append(row | {"text": text, "signature": values})
    return decide(documents, steps, bands=BANDS)


def assert_same(run, rows, steps):
    verdicts, entries = expected_of(run, rows, steps)
    found = {row.pop("id"): row for row in run.decisions.collect().to_dicts()}
    assert found == verdicts
    shown = [{key: step[key] for key in ("in", "out", "by_rule")} for step in run.ledger["steps"]]
    assert shown == entries


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXT, min_size=1, max_size=20), steps=st.lists(STEP, min_size=1, max_size=4))
def test_any_steps_on_any_corpus_are_decided_as_the_twin_does(tmp_path_factory, texts, steps):
    steps = (
        steps if any("rules" in s for s in steps) else [*steps, {"rules": {NULLABLE: {"min": 0}}}]
    )
    rows = [{"id": f"d{i * 7919 % 101:03}", "text": text} for i, text in enumerate(texts)]
    run = decided_here(tmp_path_factory.mktemp("any"), rows, steps)
    assert_same(run, rows, steps)


ALL_STEPS = [
    {"rules": {"n_chars": {"min": 30}, NULLABLE: {"min": 2, "max": 9}}},
    {"exact_duplicates": {}},
    {"rules": {"n_chars": {"min": 60, "max": 5000}, "n_words": {"above": 8, "below": 900}}},
    {"near_duplicates": {"keep": {"highest": "n_words"}}},
    {"select": {"by": "n_words", "yield": 0.3}},
]


def test_a_real_corpus_is_decided_as_the_twin_does(tmp_path):
    rows = make_rows(250, seed=5)
    run = decided_here(tmp_path, rows, ALL_STEPS)
    assert_same(run, rows, ALL_STEPS)
    # Every part of it was at work.
    decided = run.decisions.collect()
    assert decided["cluster"].null_count() < len(decided)
    assert {"exact_duplicate", "near_duplicate", "not_selected", "n_chars:min"} <= set(
        decided["dropped_by"]
    )


def dropped(run):
    return dict(run.decisions.select("id", "dropped_by").collect().rows())


@pytest.mark.parametrize(
    ("side", "bound", "kept"),
    [
        ("min", 3, [3, 4]), ("max", 3, [1, 2, 3]), ("above", 3, [4]), ("below", 3, [1, 2]),
        ("min", 0, [1, 2, 3, 4]), ("max", 0, []),
    ],
)  # fmt: skip
def test_min_and_max_are_inclusive_above_and_below_are_strict(tmp_path, side, bound, kept):
    rows = [{"id": str(n), "text": "x" * n} for n in (1, 2, 3, 4)]
    found = dropped(decided_here(tmp_path, rows, [{"rules": {"n_chars": {side: bound}}}]))
    assert [int(key) for key, reason in found.items() if reason is None] == kept
    assert {reason for reason in found.values() if reason} <= {f"n_chars:{side}"}


def test_rule_on_null_drops_with_a_reason_of_its_own(tmp_path):
    rows = [{"id": "none", "text": ""}, {"id": "some", "text": "the corpus of words"}]
    run = decided_here(tmp_path, rows, [{"rules": {NULLABLE: {"min": 1}}}])
    assert dropped(run) == {"none": f"{NULLABLE}:undefined", "some": None}


def test_rule_that_keeps_null_keeps_it(tmp_path):
    rows = [{"id": "none", "text": ""}, {"id": "some", "text": "the corpus of words"}]
    run = decided_here(tmp_path, rows, [{"rules": {NULLABLE: {"min": 100, "undefined": "keep"}}}])
    assert dropped(run) == {"none": None, "some": f"{NULLABLE}:min"}


@pytest.mark.parametrize(
    ("keep", "winner"),
    [("first", "a"), ("longest", "a"), ({"highest": NULLABLE}, "a")],
)
def test_ties_among_equal_documents_go_to_the_smallest_id(tmp_path, keep, winner):
    rows = [{"id": key, "text": "the same text of the corpus"} for key in ("c", "a", "b")]
    run = decided_here(tmp_path, rows, [{"exact_duplicates": {"keep": keep}}])
    decided = {row["id"]: row for row in run.decisions.collect().to_dicts()}
    assert [key for key, row in decided.items() if row["kept"]] == [winner]
    assert {row["cluster"] for row in decided.values()} == {"a"}
    assert {row["kept_instead"] for key, row in decided.items() if key != winner} == {winner}
    assert decided[winner]["kept_instead"] is None


LONG = " ".join(f"word{i}" for i in range(60))


@pytest.mark.parametrize(
    ("keep", "winner"),
    [("first", "a"), ("longest", "c"), ({"highest": "n_words"}, "b")],
)
def test_keep_says_which_near_duplicate_stays(tmp_path, keep, winner):
    texts = {"a": LONG, "b": LONG + " x y", "c": LONG + " averylongwordindeed"}
    rows = [{"id": key, "text": texts[key]} for key in ("c", "b", "a")]
    run = decided_here(tmp_path, rows, [{"near_duplicates": {"keep": keep, "threshold": 0.5}}])
    assert [key for key, reason in dropped(run).items() if reason is None] == [winner]


def test_null_score_never_wins(tmp_path):
    # Dots have no words in the sense of the signal, but shingles all the same.
    rows = [{"id": "a", "text": LONG}, {"id": "b", "text": LONG}]
    run = decided_here(tmp_path, rows, [{"exact_duplicates": {"keep": {"highest": "kl3m.score"}}}])
    assert dropped(run) == {"a": None, "b": "exact_duplicate"}


def test_steps_act_on_what_is_alive_in_their_order(tmp_path):
    rows = [
        {"id": "a", "text": "same text"},
        {"id": "b", "text": "same text"},
        {"id": "c", "text": "other"},
    ]
    select_one = {"select": {"by": "n_chars", "yield": 0.34, "unit": "documents"}}
    assert dropped(decided_here(tmp_path / "1", rows, [{"exact_duplicates": {}}, select_one])) == {
        "a": None, "b": "exact_duplicate", "c": "not_selected",
    }  # fmt: skip
    assert dropped(decided_here(tmp_path / "2", rows, [select_one, {"exact_duplicates": {}}])) == {
        "a": None, "b": "not_selected", "c": "not_selected",
    }  # fmt: skip


@pytest.mark.parametrize("unit", ["tokens", "bytes", "documents"])
@pytest.mark.parametrize("share", [0.05, 0.175, 0.5, 0.9])
@pytest.mark.parametrize("of", ["read", "alive"])
def test_yield_is_met_within_half_a_document(tmp_path, unit, share, of):
    rows = make_rows(120, seed=3)
    steps = [
        {"rules": {"n_chars": {"min": 20}}},
        {"select": {"by": "n_words", "yield": share, "unit": unit, "of": of}},
    ]
    run = decided_here(tmp_path, rows, steps)
    _, entry = run.ledger["steps"]
    base = run.ledger[unit]["in"] if of == "read" else entry["in"][unit]
    weights = run.annotations.collect()[f"n_{unit}"].to_list() if unit != "documents" else [1]
    if share * base < entry["in"][unit]:
        assert abs(entry["out"][unit] - share * base) <= max(weights) / 2
    else:
        assert entry["out"] == entry["in"]


def test_yield_beyond_what_is_alive_keeps_all_and_the_ledger_shows_it(tmp_path):
    rows = [{"id": str(i), "text": "x" * i} for i in range(1, 11)]
    steps = [
        {"rules": {"n_chars": {"min": 9}}},
        {"select": {"by": "n_chars", "yield": 0.5, "unit": "documents"}},
    ]
    run = decided_here(tmp_path, rows, steps)
    assert run.ledger["documents"]["kept"] == 2
    assert run.ledger["steps"][1]["in"] == run.ledger["steps"][1]["out"]
    assert run.ledger["documents"]["dropped"] == {"n_chars:min": 8}


def test_selection_of_equal_values_takes_the_smallest_ids(tmp_path):
    rows = [{"id": f"{i:02}", "text": "equal"} for i in (7, 3, 9, 1, 5)]
    run = decided_here(
        tmp_path, rows, [{"select": {"by": "n_chars", "yield": 0.4, "unit": "documents"}}]
    )
    assert sorted(key for key, reason in dropped(run).items() if reason is None) == ["01", "03"]


def test_selection_takes_null_last(tmp_path):
    rows = [{"id": "a", "text": ""}, {"id": "b", "text": "word"}, {"id": "c", "text": "longerword"}]
    run = decided_here(
        tmp_path, rows, [{"select": {"by": NULLABLE, "yield": 0.67, "unit": "documents"}}]
    )
    assert dropped(run) == {"a": "not_selected", "b": None, "c": None}


def test_figures_of_a_rule_first_alone_exclusive(tmp_path):
    # n_chars < 5: a, b; n_words < 2: b, c. Only a fails n_chars alone, only c n_words alone.
    rows = [
        {"id": "a", "text": "a b"},
        {"id": "b", "text": "ab"},
        {"id": "c", "text": "abcdef"},
        {"id": "d", "text": "ab cdef"},
    ]
    run = decided_here(tmp_path, rows, [{"rules": {"n_chars": {"min": 5}, "n_words": {"min": 2}}}])
    found = run.ledger["steps"][0]["by_rule"]
    counts = {
        reason: {key: amount["documents"] for key, amount in figures.items()}
        for reason, figures in found.items()
    }
    assert counts == {
        "n_chars:min": {"first": 2, "alone": 2, "exclusive": 1},
        "n_words:min": {"first": 1, "alone": 2, "exclusive": 1},
    }
    reasons = dict(run.decisions.select("id", "reasons").collect().rows())
    assert reasons == {
        "a": ["n_chars:min"],
        "b": ["n_chars:min", "n_words:min"],
        "c": ["n_words:min"],
        "d": [],
    }


def test_rule_named_in_two_steps_is_one_reason(tmp_path):
    rows = [{"id": "a", "text": "x"}, {"id": "b", "text": "x" * 7}, {"id": "c", "text": "x" * 20}]
    steps = [{"rules": {"n_chars": {"min": 5}}}, {"rules": {"n_chars": {"min": 10}}}]
    run = decided_here(tmp_path, rows, steps)
    assert dict(run.decisions.select("id", "reasons").collect().rows()) == {
        "a": ["n_chars:min"],
        "b": ["n_chars:min"],
        "c": [],
    }
    exclusive = [
        step["by_rule"]["n_chars:min"]["exclusive"]["documents"] for step in run.ledger["steps"]
    ]
    assert exclusive == [1, 2]
    assert run.ledger["documents"]["dropped"] == {"n_chars:min": 2}
