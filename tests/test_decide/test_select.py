"""Every selection against its twin, what each rule promises, and the same through every door."""

import json
import random

import polars as pl
import pytest

import refinery as rf
from conftest import make_rows, run_here, write_file
from refinery.errors import ConfigError
from refinery.report.selections import selection_lines
from twins import select as twin


def make_frame(n=300, seed=1):
    draw = random.Random(seed)
    rows = [
        {
            "id": f"d{draw.getrandbits(40):x}",
            "source": draw.choice(["web", "web", "web", "book", "law"]),
            "good": draw.betavariate(0.6, 3),
            "edu": None if i % 17 == 0 else round(draw.random(), 2),
            "ppl": draw.uniform(10, 900),
            "n_tokens": draw.choice([3, 20, 20, 150, 400]),
        }
        for i in range(n)
    ]
    return pl.DataFrame(rows)


STEPS = {
    "top": {"by": "good", "yield": 0.175},
    "lowest": {"by": {"lowest": "ppl"}, "yield": 0.175},
    "documents": {"by": "edu", "documents": 41},
    "threshold": {"by": "edu", "threshold": 0.83},
    "threshold of the lowest": {"by": {"lowest": "ppl"}, "threshold": 300},
    "sample": {"by": "good", "yield": 0.3, "rule": "sample", "temperature": 1.5},
    "sample of ranks": {"by": ["edu"], "yield": 0.3, "rule": "sample"},
    "pareto": {"by": "good", "rule": "pareto", "alpha": 3},
    "pareto to a yield": {"by": "edu", "yield": 0.4, "rule": "pareto"},
    "max of ranks": {"by": ["good", "edu", {"lowest": "ppl"}], "yield": 0.25},
    "mean of ranks": {"by": ["good", "edu"], "yield": 0.25, "combine": "mean", "buckets": 7},
    "min of ranks": {"by": ["good", "edu"], "yield": 0.25, "combine": "min"},
    "proportional": {"by": "good", "yield": 0.175, "quota": {"column": "source"}},
    "equal": {"by": "good", "yield": 0.6, "quota": {"column": "source", "shares": "equal"}},
    "shares": {"by": ["good"], "yield": 0.3, "rule": "sample", "quota": {"column": "source", "shares": {"law": 0.5}}},
    "curve": {"by": "good", "yield": 0.5, "rule": "curve", "discard": 0.4, "max_repeat": 7},
    "curve of bytes": {"by": "edu", "yield": 0.9, "unit": "documents", "rule": "curve", "max_repeat": 3, "discard": 0},
}  # fmt: skip


def chosen(frame, step, seed=0):
    """Copies by id, as the frame's step keeps them."""
    options = {key: value for key, value in step.items() if key not in ("by", "yield")}
    kept = frame.refinery.select(
        step["by"], step.get("yield"), text=None, id="id", seed=seed, **options
    )
    copies = kept["copies"] if "copies" in kept.columns else [1] * len(kept)
    return dict(zip(kept["id"], copies, strict=True))


@pytest.mark.parametrize("name", STEPS)
def test_a_selection_keeps_what_its_twin_keeps(name):
    frame = make_frame()
    found = chosen(frame, STEPS[name], seed=5)
    assert found == twin.select(frame.to_dicts(), STEPS[name], seed=5)
    assert 0 < len(found) < len(frame)


@pytest.mark.parametrize("name", [n for n, step in STEPS.items() if "yield" in step])
def test_a_yield_is_met_within_half_a_point(name):
    step, frame = STEPS[name], make_frame(6000)
    weight = pl.lit(1) if step.get("unit") == "documents" else pl.col("n_tokens")
    copies = chosen(frame, step)
    sized = dict(frame.select("id", weight).iter_rows())
    share = sum(sized[key] * n for key, n in copies.items()) / sum(sized.values())
    assert share == pytest.approx(step["yield"], abs=0.005)


def test_order_and_shards_change_no_selection(tmp_path):
    rows = make_rows(200, seed=8)
    steps = [
        {"rules": {"n_words": {"min": 2}}},
        {"select": {"by": "textbook", "yield": 0.6, "rule": "sample", "quota": "source"}},
        {"select": {"by": ["textbook", "n_words"], "yield": 0.4, "rule": "curve", "max_repeat": 4}},
    ]
    found = []
    for shards in (1, 4):
        mixed = random.Random(shards).sample(rows, len(rows))
        for i in range(shards):
            write_file(tmp_path / f"{shards}/raw/{i}.parquet", mixed[i::shards])
        run = run_here(tmp_path / str(shards), f"""
            input: {{path: raw/*, id: id, source: source}}
            annotate: {{scores: [{{name: textbook, model: builtin/textbook}}]}}
            decide: {json.dumps(steps)}
            output: {{path: out}}
            seed: 7
        """)  # fmt: skip
        verdicts = run.decisions.select("id", "kept", "copies", "textbook_quantile").sort("id")
        found.append(verdicts.collect())
        written = run.kept.select("id", "copies").collect()
        assert written.sort("id").equals(found[-1].filter("kept").select("id", "copies"))
        assert written["copies"].max() > 1
        told = run.ledger["steps"][2]["selection"]
        assert told["yield"]["tokens"] < told["copies"]["tokens"] / run.ledger["tokens"]["in"]
    assert found[0].equals(found[1])
    page = (tmp_path / "4/out/report.html").read_text(encoding="utf-8")
    assert "<h2>Selections</h2>" in page
    lines = selection_lines(run.ledger)
    assert lines[0].cells[1] == f"{run.ledger['steps'][1]['selection']['yield']['tokens']:.2%}"
    assert [domain for _, domain, _, _ in lines[0].domains] == ["s0", "s1", "s2"]
    assert lines[1].cells[4]


def test_a_pipeline_over_a_frame_selects_as_the_frame_does():
    frame = pl.DataFrame(make_rows(120, seed=2)).select("id", "text", "source")
    step = {"rule": "sample", "temperature": 1.0, "quota": {"column": "source", "shares": "equal"}}
    scores = {"textbook": "builtin/textbook"}
    built = rf.Pipeline.build(id="id", source="source", scores=scores, seed=3)
    refined = built.select("textbook", 0.4, **step).run_frame(frame)
    kept = frame.refinery.select("textbook", 0.4, id="id", scores=scores, seed=3, **step)
    assert refined.kept.collect().equals(kept)


def test_temperature_zero_is_top_and_much_of_it_is_uniform():
    frame = make_frame(4000)
    step = {"by": "good", "yield": 0.2, "unit": "documents"}
    cold = chosen(frame, step | {"rule": "sample", "temperature": 0})
    assert cold == chosen(frame, step)
    hot = chosen(frame, step | {"rule": "sample", "temperature": 1e6})
    tenth = (frame["good"].rank("ordinal") - 1) * 10 // len(frame)
    counts = frame.with_columns(tenth=tenth).filter(pl.col("id").is_in(list(hot)))
    expected = len(hot) / 10
    chi2 = sum((n - expected) ** 2 / expected for _, n in counts["tenth"].value_counts().rows())
    assert chi2 < 27.9  # the 99.9th percentile with nine degrees of freedom


def test_another_seed_draws_others_and_a_smaller_yield_a_part_of_them():
    frame, step = make_frame(500), {"by": "good", "rule": "sample", "temperature": 5}
    half, tenth = (set(chosen(frame, step | {"yield": share}, seed=1)) for share in (0.5, 0.1))
    assert tenth < half != set(chosen(frame, step | {"yield": 0.5}, seed=2))


def test_repeats_rise_with_the_rank_and_stop_at_the_most():
    frame = make_frame(4000)
    copies = chosen(frame, {"by": "good", "yield": 0.6, "rule": "curve", "max_repeat": 5})
    ranked = frame.sort("good").with_columns(
        copies=pl.col("id").replace_strict(copies, default=0), until=pl.col("n_tokens").cum_sum()
    )
    total = frame["n_tokens"].sum()
    assert ranked.filter(pl.col("until") < 0.4 * total)["copies"].sum() == 0
    tenth = (pl.col("until") / total * 10).ceil()
    by_tenth = ranked.group_by(tenth).agg(pl.col("copies").mean()).sort("until")["copies"]
    assert by_tenth.is_sorted()
    assert ranked["copies"].max() <= 5


def test_a_quota_keeps_every_domain_it_was_told_and_says_who_fell_short():
    frame = make_frame(400).with_columns(
        source=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("rare")).otherwise("source")
    )
    quota = {"column": "source", "shares": {"rare": 0.4, "law": 0.1}}
    kept = frame.refinery.select("good", 0.05, text=None, id="id", quota=quota)
    assert set(kept["source"]) == {"rare", "law", "web", "book"}
    # What the rare domain lacks, the others make up for.
    assert kept["n_tokens"].sum() / frame["n_tokens"].sum() == pytest.approx(0.05, abs=0.02)


def test_edges_cut_a_score_into_domains():
    frame = make_frame(500)
    quota = {
        "column": "edu",
        "edges": [0.25, 0.75],
        "shares": {"0.75 and above": 0.8, "below 0.25": 0.2},
    }
    kept = frame.refinery.select("good", 0.1, text=None, id="id", quota=quota)
    shares = kept.group_by(pl.col("edu") >= 0.75).agg(pl.col("n_tokens").sum())
    assert dict(shares.rows())[True] / kept["n_tokens"].sum() == pytest.approx(0.8, abs=0.05)
    assert not kept["edu"].is_between(0.25, 0.75, closed="left").any()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"by": "n_words"}, "how much to keep? Give one of yield, threshold, documents; found none"),
        ({"by": "n_words", "yield": 0.1, "threshold": 2}, "found yield and threshold"),
        ({"by": "n_words", "yield": 0.1, "alpha": 3}, "alpha is for rule: pareto, found rule: top"),
        ({"by": "n_words", "yield": 0.1, "combine": "min"}, "combine is for a list of scores"),
        ({"by": "n_words", "threshold": 1, "quota": "source"}, "a threshold is of one score"),
        ({"by": "n_words", "yield": 0.1, "diverse": True}, "diverse: true takes documents: N"),
        ({"by": {"highest": "n_words"}, "yield": 0.1}, "expected a score, {lowest: SCORE} or a list"),
        ({"by": ["n_words", "n_wrods"], "yield": 0.1}, "select.by[1]: no such score or signal 'n_wrods'; did you mean n_words?"),
        ({"by": "n_words", "yield": 0.1, "quota": "source"}, "select.quota.column: no input says what its source is"),
        ({"by": "n_words", "yield": 0.1, "quota": "n_lines"}, "n_lines is a number, not a name; a quota cuts it with edges"),
        ({"by": "n_words", "yield": 0.1, "quota": {"shares": {"a": 0.7, "b": 0.6}}}, "shares make 1.3 together"),
    ],
)  # fmt: skip
def test_a_selection_that_cannot_be_is_refused_where_it_stands(step, message):
    with pytest.raises(ConfigError) as refused:
        rf.Pipeline.build(decide=[{"select": step}]).run_frame(pl.DataFrame({"text": ["a"]}))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"by": "ppl", "yield": 0.1, "rule": "sample"}, "but ppl has .*; by: \\[ppl\\] reads its rank"),
        ({"by": "good", "yield": 0.1, "quota": {"column": "source", "shares": {"boook": 1}}}, "no document has source 'boook'; did you mean book"),
    ],
)  # fmt: skip
def test_data_that_a_rule_cannot_use_is_named(step, message):
    with pytest.raises(Exception, match=message):
        chosen(make_frame(30), step)
