"""The record of the benches, and the figures in it that are computed and not measured."""

import json
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[2] / "benches"
sys.path.insert(0, str(BENCHES))

from common import figures, record  # noqa: E402 - the benches are no package that is installed


@pytest.fixture
def at_commit(monkeypatch):
    def change(commit):
        monkeypatch.setattr(record, "checkout", lambda: {"commit": commit, "dirty": False})

    return change


def test_sections_of_one_commit_are_merged_into_one_file(tmp_path, at_commit):
    at_commit("a")
    first = record.add({"limits": {"rate": 1}}, records=tmp_path)
    second = record.add({"growth": {"rate": 2}, "limits": {"rate": 3}}, records=tmp_path)
    assert first == second
    written = json.loads(second.read_text())
    assert written["sections"] == {"limits": {"rate": 3}, "growth": {"rate": 2}}
    assert {"version", "machine", "commit", "dirty"} < set(written)


def test_a_section_that_was_left_out_does_not_replace_a_measured_one():
    measured, left_out = {"tokens": {"rate": 1}}, {"tokens": {"left_out": "no tiktoken"}}
    assert record.merge(measured, left_out) == measured
    assert record.merge(left_out, measured) == measured
    assert record.merge({}, left_out) == left_out


def test_another_commit_gets_a_file_of_its_own_and_the_newest_comes_first(tmp_path, at_commit):
    for commit in "abc":
        at_commit(commit)
        record.add({"growth": {"commit": commit}}, records=tmp_path)
    assert len(list(tmp_path.glob("*/*.json"))) == 3
    found = record.latest("growth", records=tmp_path)
    assert [section["commit"] for section in found] == ["c", "b", "a"]


def test_records_of_the_first_format_hold_no_sections(tmp_path):
    folder = tmp_path / "machine"
    folder.mkdir()
    (folder / "2026-01-01.json").write_text('{"benchmark": "whole job", "runs": []}')
    assert record.latest("whole job", records=tmp_path) == []


def test_the_committed_records_can_be_read():
    files = list(record.RECORDS.glob("*/*.json"))
    assert files
    for file in files:
        assert json.loads(file.read_text())["machine"]["cores"] > 0


def test_a_machine_is_named_by_its_processor():
    name = record.machine_slug({"cpu": "Intel(R) Xeon(R) CPU E5 @ 2.20GHz", "cores": 4})
    assert name == "intel-xeon-e5-4-cores"


def test_rates_one_after_the_other_add_their_times():
    assert figures.one_after_the_other([30, 60]) == pytest.approx(20)


def test_a_line_parts_what_is_fixed_from_what_grows():
    fixed, each = figures.line([(5, 0.3 + 5 / 10), (25, 0.3 + 25 / 10)])
    assert (fixed, 1 / each) == pytest.approx((0.3, 10))


def test_a_larger_corpus_that_took_no_longer_gives_no_rate():
    assert figures.start_and_rate([(5, 2.0), (25, 1.5)])["mb_per_s"] is None
    assert figures.ratio(10.0, None) is None


@pytest.mark.parametrize("exponent", [1, 2])
def test_growth_is_the_exponent_of_a_power(exponent):
    assert figures.growth([(n, 3 * n**exponent) for n in (1, 10, 1000)]) == pytest.approx(exponent)


def test_spread_tells_the_middle_and_the_ends():
    assert figures.spread([3, 1, 2]) == {"median": 2, "least": 1, "most": 3, "n": 3}
