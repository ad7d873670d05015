"""The same bytes for any threads and batches; the same verdicts however the corpus is packed."""

import itertools
import random
import threading

import pytest

from conftest import PIPELINE, run_here, tree_bytes, verdicts, write_file
from refinery.io import columns, typed_files


@pytest.fixture(scope="module")
def expected(tmp_path_factory, corpus):
    folder = tmp_path_factory.mktemp("expected")
    pack(folder, corpus)
    return run_here(folder, **{"resources.threads": 1})


def pack(folder, rows):
    write_file(folder / "raw/a.parquet", rows[:90], rows_per_part=17)
    write_file(folder / "raw/b.jsonl.gz", rows[90:170], rows_per_part=13)
    write_file(folder / "raw/c.arrow", rows[170:], rows_per_part=11)


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("batch_bytes", [1, 5_000, 8 * 2**20])
def test_threads_and_batches_do_not_show(
    tmp_path, corpus, expected, monkeypatch, threads, batch_bytes
):
    pack(tmp_path, corpus)
    monkeypatch.setattr(columns, "BATCH_BYTES", batch_bytes)
    monkeypatch.setattr(typed_files, "BATCH_BYTES", batch_bytes)
    run = run_here(tmp_path, **{"resources.threads": threads})
    assert tree_bytes(run.path) == tree_bytes(expected.path)


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_threads_than_asked_for_read(tmp_path, corpus, monkeypatch, threads):
    seen, rows = set(), typed_files.ParquetReader.rows

    def watched(reader, unit):
        seen.add(threading.get_ident())
        return rows(reader, unit)

    monkeypatch.setattr(typed_files.ParquetReader, "rows", watched)
    for i in range(24):
        write_file(tmp_path / f"raw/{i}.parquet", corpus[10 * i : 10 * i + 10])
    run_here(tmp_path, **{"resources.threads": threads})
    assert 1 <= len(seen) <= threads


def test_run_again_from_nothing_gives_the_same_bytes(tmp_path, corpus, expected):
    pack(tmp_path, corpus)
    assert tree_bytes(run_here(tmp_path).path) == tree_bytes(expected.path)


@pytest.mark.parametrize("seed", range(4))
def test_renamed_reordered_and_repacked_inputs_give_the_same_verdicts(
    tmp_path, corpus, expected, seed
):
    draw = random.Random(seed)
    rows = draw.sample(corpus, len(corpus))
    cuts = [0, *sorted(draw.sample(range(1, len(rows)), 3)), len(rows)]
    for i, (start, stop) in enumerate(itertools.pairwise(cuts)):
        suffix = draw.choice(["parquet", "jsonl", "jsonl.gz", "jsonl.zst", "arrow"])
        write_file(
            tmp_path / f"raw/{draw.random()}-{i}.{suffix}",
            rows[start:stop],
            rows_per_part=draw.randint(1, 90),
        )
    assert verdicts(run_here(tmp_path)) == verdicts(expected)


def test_ids_without_a_column_say_file_and_row(tmp_path, corpus):
    write_file(tmp_path / "raw/a.parquet", corpus[:20], rows_per_part=3)
    run = run_here(tmp_path, PIPELINE.replace("id: id, ", ""))
    frame = run.annotations.select("id", "source_file", "row").collect()
    assert frame["id"].to_list() == [f"raw/a.parquet#{i}" for i in range(20)]
    assert frame["row"].to_list() == list(range(20))


def test_files_go_by_name_then_row(tmp_path, corpus):
    write_file(tmp_path / "raw/b.parquet", corpus[:5])
    write_file(tmp_path / "raw/a.jsonl", corpus[5:9])
    write_file(tmp_path / "raw/a/z.parquet", corpus[9:12])
    run = run_here(tmp_path, PIPELINE.replace("raw/*", "raw"))
    places = run.annotations.select("source_file", "row").collect().rows()
    assert places == [
        *(("raw/a.jsonl", i) for i in range(4)), *(("raw/a/z.parquet", i) for i in range(3)),
        *(("raw/b.parquet", i) for i in range(5)),
    ]  # fmt: skip
    given = run.decisions.collect()["id"].to_list()
    assert given == [row["id"] for row in [*corpus[5:9], *corpus[9:12], *corpus[:5]]]
