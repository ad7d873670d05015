"""Deciding within bounded memory: what does not fit is on disk, and no verdict depends on it."""

import os
import signal
import threading
import time

import pyarrow as pa
import pytest

from conftest import make_rows, run_here, write_file
from refinery import _core
from refinery.decide import corpus as corpora
from refinery.errors import EnvironmentFault
from refinery.memory import MemoryModel

STEPS = """
  - rules: {n_chars: {min: 30}}
  - exact_duplicates: {}
  - near_duplicates: {keep: {highest: n_words}}
  - select: {by: n_words, yield: 0.3}
"""


def run_in(folder, *, steps=STEPS, rows=None):
    write_file(folder / "raw/a.parquet", rows or make_rows(250, seed=5))
    return run_here(
        folder, f"input: {{path: raw/*, id: id}}\ndecide: {steps}\noutput: {{path: out}}\n"
    )


def test_verdicts_do_not_depend_on_what_fits_into_memory(tmp_path, monkeypatch):
    plenty = run_in(tmp_path / "plenty")
    folders, make = [], _core.Signatures

    def observed(**arguments):
        folders.append(arguments["folder"])
        return make(**arguments)

    monkeypatch.setattr(_core, "Signatures", observed)
    monkeypatch.setattr(MemoryModel, "room", lambda *_: 0)
    monkeypatch.setattr(corpora, "_LEAST_TABLE", 9)
    little = run_in(tmp_path / "little")
    staging = tmp_path / "little/out/_refinery/staging"
    assert folders == [staging, staging]
    assert list(staging.iterdir()) == []
    assert little.decisions.collect().equals(plenty.decisions.collect())
    assert little.ledger == plenty.ledger
    # Both kinds of duplicates were there to be found.
    assert little.ledger["documents"]["dropped"].keys() >= {"exact_duplicate", "near_duplicate"}


def test_documents_that_do_not_fit_stop_the_run_with_the_number(tmp_path, monkeypatch):
    least = MemoryModel.check_decide
    monkeypatch.setattr(MemoryModel, "check_decide", lambda self, n: least(self, n * 10**9))
    with pytest.raises(
        EnvironmentFault, match=r"deciding over 3,000,000,000 documents needs about"
    ):
        run_in(tmp_path, rows=make_rows(3, seed=5))


@pytest.fixture(scope="module")
def many():
    """A million documents of 14 bands that half of them share: some seconds of work."""
    n, words = 1_000_000, 14
    values = b"".join((i // 2 * 2654435761 % 2**32).to_bytes(4, "little") * words for i in range(n))
    signatures = _core.Signatures(bands=words)
    buffers = [None, pa.py_buffer(values)]
    signatures.append(pa.FixedSizeBinaryArray.from_buffers(pa.binary(4 * words), n, buffers))
    rank = pa.array(range(n), pa.uint32())
    alive = pa.array([True] * n)
    return lambda **more: signatures.clusters(rank, alive, threshold=0.7, **more)


@pytest.mark.slow
def test_clustering_ends_soon_after_the_signal(many):
    began = time.monotonic()
    many()
    whole = time.monotonic() - began
    began = time.monotonic()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        many()
    assert time.monotonic() - began < 0.2 + whole / 2


@pytest.mark.slow
def test_clustering_ends_with_what_its_caller_raises(many):
    message = "stop"

    def stop():
        raise EnvironmentFault(message)

    with pytest.raises(EnvironmentFault, match=message):
        many(stop=stop)


MODEL = MemoryModel(
    base=300, annotate_worker=90, write_worker=160, decide_document=2, decide_room=30, decide_read=0,
    shard_bytes=10**6, limit=1000, threads=4,
)  # fmt: skip


@pytest.mark.parametrize(
    ("documents", "units", "text", "expected"),
    [
        # Four annotate at once, three shards fit under the limit beside the base.
        (100_000, 50, 10**9, {"annotate": 660, "decide": 200_300, "write": 940}),
        # One unit; one shard, which is read ahead of being written.
        (16_384, 1, 900_000, {"annotate": 390, "decide": 33_068, "write": 620}),
        (0, 0, 0, {"annotate": 300, "decide": 300, "write": 300}),
        # Signatures in memory; on disk beside a whole table, beside a part of one, without room.
        (20, 1, 0, {"decide": 300 + 20 * (2 + 30)}),
        (25, 1, 0, {"decide": 300 + 25 * (2 + 16)}),
        (45, 1, 0, {"decide": 1000}),
        (400, 1, 0, {"decide": 1100}),
    ],
)
def test_peaks_count_what_is_at_work(documents, units, text, expected):
    found = MODEL.peaks(documents, units, text)
    assert {name: found[name] for name in expected} == expected
