"""What the benches compute from figures: shares of limits, changes of counts, what others print."""

import importlib.util
import itertools
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[2] / "benches"


def _script(path):
    """A bench as a module, under a name that nothing else has."""
    sys.path.insert(0, str(BENCHES))
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), BENCHES / f"{path}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


limits = _script("limits/run")
scaling = _script("scaling")


def test_reading_and_writing_are_what_is_left_beside_the_pass_and_deciding():
    job = _script("throughput/whole_job")
    corpora = {
        name: job.Corpus(Path(name), "", documents=1, bytes=size, empty_left_out=0)
        for name, size in (("all", 50_000_000), ("part", 10_000_000))
    }
    # Half a second at the start, a second every ten megabytes: 0.6 of it passing, 0.2 deciding.
    runs = {
        f"{name}, {threads} threads": [job.Cost(seconds / threads, seconds, 0, 0, 0.0, 0)]
        for name, seconds in (("all", 5.5), ("part", 1.5))
        for threads in (1, 2)
    }
    compute = {"all": job.Compute([3.0], [1.0]), "part": job.Compute([0.6], [0.2])}
    found = job.derived(runs, corpora, compute)
    assert found["cpu_1_thread"] == {"start_s": 0.5, "mb_per_s": 10.0}
    assert found["added_by_all_but_the_pass"] == pytest.approx(0.667)
    assert found["added_by_reading_and_writing"] == pytest.approx(0.25)


def test_the_next_unit_goes_to_whoever_is_free():
    assert scaling.makespan([3, 1, 1, 1], 2) == 3
    assert scaling.makespan([1, 1, 1, 3], 2) == 4  # the longest last
    assert scaling.makespan([1] * 8, 4) == 2
    assert scaling.makespan([1, 2], 256) == 2


def test_a_share_is_of_the_steps_in_turn():
    rates = dict.fromkeys([*limits.FUSED, "parquet_write"], 100.0) | {"minhash": 20.0}
    rows = limits.share_rows(rates)
    assert rows["minhash"]["limit_mb_per_s"] == pytest.approx(33.3)
    assert rows["minhash"]["share"] == pytest.approx(0.6)
    steps = len(limits.FUSED) + limits.KEPT  # what is not kept is not written
    assert rows["fused_bound"]["limit_mb_per_s"] == round(100 / steps, 1)
    assert set(rows) == {"minhash", "fused_bound"}


def test_no_step_is_counted_twice():
    assert len(set(limits.FUSED)) == len(limits.FUSED)
    assert not set(limits.FUSED) & set(limits.STEPS)
    for steps in limits.STEPS.values():
        assert len(set(steps)) == len(steps)


@pytest.mark.parametrize(("limit", "most"), [("tokens", 1010), ("words_marked", 1080)])
def test_other_counts_stop_the_comparison(limit, most):
    counts = dict.fromkeys(["product_tokens", "tokens", "product_words", "words_marked"], 1000)
    limits.check(counts | {limit: most})
    with pytest.raises(SystemExit, match=f"{most + 1} {limit}"):
        limits.check(counts | {limit: most + 1})


def test_the_estimate_of_a_dry_run_is_read():
    whole_job = _script("throughput/whole_job")
    shown = "write     out: parquet\nmemory    about 1.25 GB with 2 threads (annotate 449.4 MB)\n"
    assert whole_job.estimated_bytes(shown) == 1_250_000_000
    with pytest.raises(SystemExit, match="no estimate"):
        whole_job.estimated_bytes("nothing of the kind")


def test_counts_are_compared_with_the_same_work_alone():
    counts = _script("instructions")
    old = {
        "build": "bench",
        "architecture": "x86_64",
        "corpus": {"sha256": "a"},
        "instructions_per_byte": {"pass": 200.0, "gone": 1.0},
    }
    assert counts.is_comparable(old, old)
    assert not counts.is_comparable(old, old | {"corpus": {"sha256": "b"}})
    assert not counts.is_comparable(old, old | {"build": "quick"})
    assert counts.changes(old, {"pass": 190.0, "new": 3.0}) == {"pass": -0.05}
    assert counts.changes(None, {"pass": 190.0}) == {}


def test_a_counter_that_counted_nothing_is_an_error():
    counts = _script("instructions")
    assert counts.collected("==1== Collected : 42\n") == 42
    with pytest.raises(SystemExit, match="counted nothing"):
        counts.collected("==1== Collected : 0\n")


@pytest.fixture
def bench_run(tmp_path):
    runner = _script("run")
    options = runner.argparse.Namespace(work=tmp_path, data=None, quick=True)

    def section(code, *needs):
        (tmp_path / "script.py").write_text(code)
        script = str(tmp_path / "script.py")  # an absolute path replaces the benches' folder
        return runner.run_section(runner.Section("it", script, (), (), needs), options)

    return section


def test_a_section_that_cannot_run_says_what_it_needs(bench_run):
    found = bench_run("raise SystemExit(1)", lambda _: "no valgrind", lambda _: None)
    assert found == {"left_out": "no valgrind"}


def test_a_section_that_fails_is_told_from_one_left_out(bench_run):
    assert bench_run("raise SystemExit(7)") == {"left_out": "ended with 7", "failed": True}


def test_a_section_is_read_from_its_file(bench_run):
    write = "open(sys.argv[sys.argv.index('--json') + 1], 'w').write"
    assert bench_run(f"""import sys; {write}('{{"it": {{"rate": 1}}}}')""") == {
        "rate": 1,
        "quick": True,
    }


def test_every_section_is_a_script_that_is_there():
    runner = _script("run")
    names = [section.name for section in runner.SECTIONS]
    assert len(names) == len(set(names)) > 5
    assert all((BENCHES / section.script).is_file() for section in runner.SECTIONS)


def test_the_headline_is_of_what_was_measured():
    runner = _script("run")
    found = {
        "limits": {"shares": {"fused_bound": {"limit_mb_per_s": 40.0}}},
        "job_share": {"share": {"1 threads": {"median": 0.25}, "2 threads": None}},
        "whole_job": {"cpu_1_thread": {"mb_per_s": 10.0, "start_s": 1.0}},
        "tokens": {"left_out": "no tiktoken"},
    }
    assert runner.headline(found) == {
        "whole job, MB/CPU-s beyond the start": 10.0,
        "whole job, CPU-s at the start": 1.0,
        "fused bound, MB/s": 40.0,
        "whole job, share of the fused bound": 0.25,
    }


def test_copies_of_a_corpus_differ_from_it_and_from_each_other():
    growth = _script("growth")
    texts = [" ".join(f"word{i}" for i in range(60))]
    original, first, second = itertools.islice(growth.endless(texts), 3)
    assert original == texts[0]
    assert len({original, first, second}) == 3
    changed = [a != b for a, b in zip(original.split(), first.split(), strict=True)]
    assert sum(changed) == 60 // growth.EVERY


def test_merges_are_found_again_from_the_ranks():
    pytest.importorskip("tiktoken")
    tokens = _script("tokens")
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4, b"abc": 5}
    assert tokens.parts(b"abc", ranks) == (b"a", b"bc")
    assert tokens.parts(b"ab", ranks) == (b"a", b"b")


def test_growth_is_told_step_by_step():
    growth = _script("growth")
    found = growth.with_exponent({}, [(1, 1.0), (10, 5.0), (100, 50.0)])
    assert found["exponents_by_step"] == [pytest.approx(0.699), 1.0]
    assert found["exponent_of_last_step"] == 1.0
    assert growth.with_exponent({}, [(1, 1.0)])["exponent_of_last_step"] is None
