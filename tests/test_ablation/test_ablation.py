"""Ablations from file to page, on a corpus whose good half is known."""

import gzip
import json

import polars as pl
import pyarrow as pa
import pytest
from planted import write_ablation
from typer.testing import CliRunner

import refinery as rf
from refinery.ablation import command as commands
from refinery.ablation.command import ablate
from refinery.ablation.config import WorkConfig, load_ablation, parse_ablation
from refinery.ablation.decontaminate import is_similar, shares_ngram
from refinery.ablation.pool import PoolMaker
from refinery.ablation.works import read_works, split
from refinery.cli.app import app
from refinery.errors import ConfigError, VoidAblationError

FILTER = "datatrove.gopher_quality.frac_words_with_alpha"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_ablation(tmp_path_factory.mktemp("ablation"))


@pytest.mark.slow
def test_an_ablation_finds_the_good_half_and_goes_on_where_it_was(folder):
    done = ablate(folder / "ablation.yaml")
    rows = done.verdict.rows
    assert not done.verdict.is_void

    def difference(arm, family):
        chosen = rows.filter(
            pl.col("arm") == arm, pl.col("family") == family, pl.col("yield_target") == 0.2
        )
        return chosen["d_bpb"].item(), chosen["low"].item(), chosen["high"].item()

    for family in ("near", "far"):
        assert difference("top", family)[2] < 0, family
        assert difference("inverse", family)[1] > 0, family
    assert difference("top", "avoid")[1] > 0
    assert difference("top", "pool")[0] > difference("top", "near")[0]
    near = rows.filter(pl.col("arm") == "top", pl.col("family") == "near")
    assert near["multiplier"].min() > 1.1
    # Tokens kept are the yield, and every arm was trained on as many as random tokens were.
    assert rows.filter(pl.col("arm") == "top")["yield_tokens"].to_list() == pytest.approx(
        rows.filter(pl.col("arm") == "top")["yield_target"].to_list(), abs=0.01
    )
    results = pl.read_parquet(done.out / "results.parquet")
    paired = results.group_by("yield_target", "seed").agg(pl.col("train_tokens").n_unique())
    assert set(results.filter(pl.col("arm") == "random", "is_baseline")["d_bpb"]) == {0.0}
    assert paired["train_tokens"].max() <= 2
    assert "top is worse than random on 0 of 12 works" in done.verdict.notes
    assert "<svg" in (done.out / "report.html").read_text(encoding="utf-8")
    assert (done.out / "table.md").read_text(encoding="utf-8").startswith("| arm | yield |")

    # Again: nothing is trained, and one result that is missing is made anew, the same.
    stored = {path.name: path.read_bytes() for path in (done.out / "results").iterdir()}
    gone = min(stored)
    (done.out / "results" / gone).unlink()
    notes = _Counter()
    again = ablate(folder / "ablation.yaml", progress=notes)
    assert notes.trained == 1
    assert (done.out / "results" / gone).read_bytes() == stored[gone]
    assert again.verdict.rows.equals(rows)


class _Counter:
    def __init__(self):
        self.trained = 0
        self._is_training = False

    def phase(self, name, _total):
        self._is_training = name.endswith("fits")

    def advance(self, _weight, **_sizes):
        self.trained += self._is_training

    def note(self, message): ...


@pytest.mark.slow
def test_a_finished_run_is_an_arm_and_its_report_shows_the_result(folder):
    pipeline = (
        "input: {path: pool.jsonl, id: id}\n"
        f"decide: [{{select: {{by: {FILTER}, yield: 0.3}}}}]\n"
        "output: {path: refined/}\n"
    )
    (folder / "pipeline.yaml").write_text(pipeline)
    run = rf.run(folder / "pipeline.yaml")
    arms = "arms=[random, random_again, oracle, inverse, {kind: run, name: refined, run: refined/}]"
    done = ablate(folder / "ablation.yaml", [arms, "output.path=judged/"])
    chosen = done.verdict.rows.filter(pl.col("arm") == "refined", pl.col("family") == "near")
    assert chosen["high"].item() < 0
    assert CliRunner().invoke(app, ["verify", str(run.path)]).exit_code == 0
    shown = CliRunner().invoke(app, ["report", str(run.path), "--html", str(folder / "r.html")])
    assert shown.exit_code == 0
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert "What a kept token is worth" in page
    assert "refined at" in page


def test_proxies_are_ablations_beside_each_other_over_one_pool(tmp_path, monkeypatch):
    file = tmp_path / "ablation.yaml"
    file.write_text(
        "pool: {input: {path: raw}}\nfamilies: {}\noutput: {path: out/}\nproxy: gpt\n"
        "regimes: [tokens, compute]\ncompute: {passes: [4], arms: [top]}\n"
    )
    asked = []
    monkeypatch.setattr(commands, "ablate", lambda _, overrides, **__: asked.append(overrides))
    commands.ablate_all(file, ["seeds=3"], proxies=["ngram", "gpt", "ngram"])
    configs = [load_ablation(file, overrides)[0] for overrides in asked]
    assert [(c.proxy, c.output.path, c.output.pool) for c in configs] == [
        ("ngram", "out-ngram", "out-pool"),
        ("gpt", "out-gpt", "out-pool"),
    ]
    # The n-gram model has no use for four passes; that is no reason to refuse the file.
    assert [c.regimes for c in configs] == [["tokens"], ["tokens", "compute"]]


def test_the_command_wants_a_file_or_two_ablations(tmp_path):
    told = CliRunner().invoke(app, ["ablate"])
    assert told.exit_code == 2
    told = CliRunner().invoke(app, ["ablate", "a.yaml", "--compare", str(tmp_path), str(tmp_path)])
    assert told.exit_code == 2


@pytest.mark.slow
def test_a_void_ablation_says_so_and_exits_with_3(folder):
    # The best by this filter are the worst: inverse is then no worse than random.
    rules = f"filter={FILTER}"
    arms = f"arms=[random, random_again, oracle, {{kind: inverse, by: {FILTER}, lowest: true}}]"
    done = ablate(folder / "ablation.yaml", [rules, arms, "output.path=void/"])
    assert done.verdict.is_void
    with pytest.raises(VoidAblationError, match="void: random < inverse did not hold"):
        done.check()
    assert VoidAblationError("out", ["a"]).exit_code == 3
    assert "Void:" in (done.out / "report.html").read_text(encoding="utf-8")


def test_all_problems_of_a_file_are_told(tmp_path):
    path = tmp_path / "ablation.yaml"
    path.write_text(
        "pool: {input: {path: x}}\nfamilies: {}\nyeilds: [0.1]\noutput: {path: o}\nseeds: 1\n"
    )
    with pytest.raises(ConfigError) as error:
        load_ablation(path)
    text = str(error.value)
    assert "yeilds: no such key; did you mean yields?" in text
    assert "seeds: " in text
    base = "pool: {input: {path: x}}\nfamilies: {}\noutput: {path: o}\n"
    with pytest.raises(ConfigError, match="oracle, inverse are what the gates compare"):
        parse_ablation(base + "arms: [random, random_again, top]\n")
    with pytest.raises(ConfigError, match="needs run: the output folder"):
        parse_ablation(base + "arms: [{kind: run}]\n")
    with pytest.raises(ConfigError) as error:
        parse_ablation(base + "arms: [{kind: random, rules: c4}, {kind: top, rules: []}]\n")
    assert "an arm of kind random takes no rules; kinds that do: length, rules, top" in str(error)
    assert "found []" in str(error)


def test_an_unknown_rule_of_an_arm_is_told_with_the_arm(tmp_path):
    (tmp_path / "pool.jsonl").write_text('{"text": "a"}\n')
    config = parse_ablation(
        f"pool: {{input: {{path: pool.jsonl}}, scores: []}}\nfilter: {FILTER}\nfamilies: {{}}\noutput: {{path: o}}\n"
        "arms: [random, random_again, oracle, inverse, {kind: top, rules: {n_wrds: {min: 50}}}]\n"
    )
    with pytest.raises(ConfigError, match=r"arms\[4\]\.rules\.n_wrds: no such signal.*n_words"):
        PoolMaker(config, tmp_path, tmp_path / "o").check()


def test_works_without_text_or_column_are_told_together(tmp_path):
    pl.DataFrame({"text": ["a b"], "kind": ["x"]}).write_parquet(tmp_path / "a.parquet")
    base = "pool: {input: {path: x}}\noutput: {path: o}\nfamilies:\n  near:\n"
    works = [
        "{path: a.parquet, where: {knd: x}}",
        "{path: a.parquet, where: {kind: y}}",
        "{path: b.parquet}",
    ]
    config = parse_ablation(base + "".join(f"    - {work}\n" for work in works))
    with pytest.raises(ConfigError) as error:
        read_works(config.families, tmp_path, work_bytes=10, seed=1)
    text = str(error.value)
    assert "no column 'knd'; did you mean kind?" in text
    assert "no document with text is chosen" in text
    assert "'b.parquet' matches no file" in text


def test_the_file_of_the_demo_is_valid_and_text_without_works_is_cut(tmp_path):
    from refinery.demo import ABLATION

    config, _ = load_ablation(ABLATION)
    assert [work.parts for works in config.families.values() for work in works] == [6, 8, 6]
    rows = [
        {"id": f"{i}", "text": "x", "source": "docstring", "origin": f"{owner}-3.12/a.py"}
        for i, owner in enumerate(["python", "numpy"] * 60)
    ]
    raw = tmp_path / "raw"
    raw.mkdir()
    pl.DataFrame(rows[:40]).write_parquet(raw / "a.parquet")
    lines = ["".join(json.dumps(row) + "\n" for row in part) for part in (rows[40:80], rows[80:])]
    (raw / "b.jsonl.gz").write_bytes(gzip.compress(lines[0].encode()))
    (raw / "c.jsonl.zst").write_bytes(pa.compress(lines[1].encode(), "zstd", asbytes=True))
    works = read_works({"far": config.families["far"]}, tmp_path, work_bytes=10, seed=1)
    assert works.measured["work"].n_unique() == 8
    # Of every shard, whatever its format; and none of the docstrings of other packages.
    assert works.held_out == {str(i) for i in range(0, 120, 2)}
    (raw / "d.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"d\.txt: no format is known .* \.jsonl\.zst"):
        read_works(
            {"far": [WorkConfig(path=["raw/*.parquet", "raw/d.txt"])]},
            tmp_path,
            work_bytes=1,
            seed=1,
        )


def test_half_of_a_work_at_most_is_measured():
    rows = {
        "family": "near",
        "work": "w",
        "id": [str(i) for i in range(10)],
        "context": "",
        "text": "x" * 100,
    }
    works = split(pl.DataFrame(rows), work_bytes=10**6, seed=1)
    assert (len(works.measured), len(works.targets)) == (5, 5)
    assert works.held_out == set(rows["id"])
    assert len(split(pl.DataFrame(rows), work_bytes=200, seed=1).measured) == 2


def test_contamination_is_thirteen_words_whatever_their_form():
    words = [f"w{i}" for i in range(40)]
    evaluation = pl.Series([" ".join(words[:20]), "five words are all here"])
    training = pl.Series(
        [
            "Before, " + "; ".join(words[3:16]).upper() + " and after",
            "before " + " ".join(words[3:15]) + " and after",
            "Five words, are all here!",
            "five words are all here but more follow",
            "",
        ]
    )
    assert shares_ngram(training, evaluation).to_list() == [True, False, True, False, False]
    assert shares_ngram(training, pl.Series([], dtype=pl.String)).any() is False


def test_versions_of_an_evaluation_text_are_similar():
    words = [f"w{i}" for i in range(200)]
    changed = [*words[:100], "changed", *words[101:]]
    found = is_similar(
        pl.Series([" ".join(changed), " ".join(words[::-1])]), pl.Series([" ".join(words)])
    )
    assert found.to_list() == [True, False]


def test_the_files_of_the_bench_are_valid():
    from tests.conftest import ROOT

    bench = ROOT / "benches" / "yield_vs_loss"
    config, _ = load_ablation(bench / "ablation.yaml")
    proxies, _ = load_ablation(bench / "proxies.yaml")
    assert proxies.families == config.families
    assert set(proxies.compute_arms) == {"textbook", "random"}
    assert {len(works) >= 6 for works in config.families.values()} == {True}
    trained_on = json.loads(
        (ROOT / "python/refinery/models/textbook.ftz.json").read_text(encoding="utf-8")
    )
    sources = str(trained_on["training"])
    asked = [w.where.get("source") for works in config.families.values() for w in works]
    names = [where.equals or where.prefix for where in asked if where]
    assert len(names) > 15
    assert not [name for name in names if str(name).rstrip("/") + "'" in sources]
