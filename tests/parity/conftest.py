"""The record of a session and the corpus it is of; see `record.py` for how a suite reports."""

import os

import pytest
from corpora import SHARE, Corpus
from record import Record

RECORD = pytest.StashKey[Record]()


@pytest.fixture(scope="session")
def record(request):
    stash = request.config.stash
    if RECORD not in stash:
        stash[RECORD] = Record()
    found = stash[RECORD]
    yield found
    if SHARE >= 1 or "REFINERY_PARITY_RECORD" in os.environ:
        found.write()


@pytest.fixture
def corpus():
    """The share of the corpus that this session compares."""
    return Corpus()


def pytest_terminal_summary(terminalreporter, config):
    found = config.stash.get(RECORD, None)
    if found is None:
        return
    terminalreporter.section("parity")
    line = "{:<28} {:>9} {:>9} {:>9} {:>9} {:>11}  {}"
    terminalreporter.write_line(
        line.format(
            "profile", "documents", "verdict =", "reason =", "signals =", "most apart", "differ"
        )
    )
    for comparison, _ in found.rows():
        entry = comparison.entry()
        signals = entry["signals"]
        share = f"{signals['equal'] / signals['compared']:.2%}" if signals else ""
        apart = f"{signals['max_difference']:.2g}" if signals else ""
        differ = ", ".join(f"{c}: {d['documents']}" for c, d in entry["disagreements"].items())
        counts = (entry["documents"], entry["verdict_equal"], entry["reason_equal"])
        terminalreporter.write_line(line.format(comparison.profile, *counts, share, apart, differ))
