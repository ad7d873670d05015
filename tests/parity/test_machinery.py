"""The machinery of parity itself, with a script of our own for an original; in the default run."""

import json
import sys

import oracle
import oracles
import pytest
from record import Comparison, Outcome, Record

ECHO = """
import json, sys
for line in sys.stdin:
    question = json.loads(line)
    if question == "stop":
        sys.exit("stopped as asked")
    print(json.dumps([question, "x" * 20000]), flush=True)
"""


@pytest.fixture
def echo(tmp_path, monkeypatch):
    """A script that answers with the question, and a variable that names our Python for it."""
    script = tmp_path / "echo.py"
    script.write_text(ECHO)
    monkeypatch.setenv("REFINERY_ORACLE_ECHO", sys.executable)
    return str(script)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_answers_come_in_the_order_of_the_questions(echo, processes):
    found = oracle.stream(echo, iter(range(300)), "echo", processes)
    assert [question for question, _ in found] == list(range(300))


def test_no_more_questions_are_read_than_may_wait(echo):
    read = []
    questions = (read.append(i) or i for i in range(1000))
    found = oracle.stream(echo, questions, "echo", 2)
    for i in range(200):
        assert next(found)[0] == i
        assert len(read) <= i + 2 * oracle.AHEAD + 1
    found.close()


def test_no_question_starts_no_process(echo):
    assert oracle.answers(echo, [], "echo") == []


def test_a_script_that_ends_early_is_an_error_with_its_words(echo):
    with pytest.raises(RuntimeError, match="ended with 1: stopped as asked"):
        oracle.answers(echo, ["a", "b", "stop", "c"], "echo")


def test_an_absent_oracle_skips_with_the_command(monkeypatch):
    monkeypatch.setenv("REFINERY_ORACLE_NOWHERE", "/absent/python")
    with pytest.raises(
        pytest.skip.Exception, match="no oracle nowhere at /absent/python: run make oracles"
    ):
        oracle.python("nowhere")


def test_every_oracle_has_exact_versions():
    assert "datatrove" in oracles.names()
    for name in oracles.names():
        lines = oracles.requirements(name).read_text(encoding="utf-8").splitlines()
        pinned = [line for line in lines if line and not line.startswith("#")]
        assert pinned, name
        assert all("==" in line and "/" not in line for line in pinned), name


KEPT, DROPPED = Outcome(verdict=True), Outcome(verdict=False, reason="short")


def compared(*pairs, **options):
    comparison = Comparison("p", "o", **options)
    for i, (original, ours, *cause) in enumerate(pairs):
        comparison.add(str(i), original, ours, *cause)
    return comparison


def test_a_comparison_counts_verdicts_and_reasons():
    other = Outcome(verdict=False, reason="long")
    found = compared((KEPT, KEPT), (DROPPED, DROPPED), (DROPPED, other), (KEPT, DROPPED)).entry()
    assert found["documents"] == 4
    assert (found["verdict_equal"], found["reason_equal"]) == (3, 2)
    assert found["verdicts"] == {"kept": 2, "short": 2}
    assert found["disagreements"] == {"unexplained": {"documents": 2, "examples": ["2", "3"]}}


def test_a_stated_departure_does_not_fail_and_an_unexplained_one_does():
    compared((KEPT, KEPT), (DROPPED, DROPPED), (KEPT, DROPPED, "stated")).check()
    with pytest.raises(AssertionError, match=r"p: 1 differ: \['1: False short / True"):
        compared((KEPT, KEPT), (DROPPED, KEPT)).check()


def test_nothing_compared_and_one_verdict_alone_fail():
    with pytest.raises(AssertionError, match="no document was compared"):
        compared().check()
    with pytest.raises(AssertionError, match=r"only \{'kept': 200\} were seen"):
        compared(*[(KEPT, KEPT)] * 200).check()


@pytest.mark.parametrize(
    ("original", "ours", "tolerance", "equal"),
    [
        (1.0, 1.0, 0.0, True),
        (1.0, 1.0 + 2**-50, 0.0, False),
        (1.0, 1.0 + 2**-50, 1e-9, True),
        (None, None, 0.0, True),
        (None, 0.0, 1.0, False),
        (float("inf"), float("inf"), 0.0, True),
    ],
)
def test_signals_are_compared_within_the_tolerance(original, ours, tolerance, equal):
    pair = [Outcome(verdict=True, signals={"s": value, "t": 3}) for value in (original, ours)]
    found = compared(pair, tolerance=tolerance)
    assert found.entry()["signals"]["equal"] == 1 + equal
    assert bool(found.disagreements) is not equal


def test_a_record_keeps_the_entries_of_other_profiles(tmp_path):
    for profile in ("a", "b"):
        record = Record()
        record.of(profile, None, {"documents": 1}).add("1", KEPT, KEPT)
        path = record.write(tmp_path)
    found = json.loads(path.read_text())
    assert list(found) == ["a", "b"]
    assert found["a"]["verdict_equal"] == found["a"]["corpus"]["documents"] == 1


def test_an_empty_record_is_not_written(tmp_path):
    record = Record()
    record.of("a", None, {})
    assert record.write(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
