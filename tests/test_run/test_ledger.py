"""The ledger balances, and every document that was read is in exactly one place."""

import gzip
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import PIPELINE, kept_rows, make_rows, run_here, verdicts, write_file
from refinery.verify import verify

TEXTS = st.one_of(
    st.none(),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(["same text, said twice or more often", "a b c d e f g h " * 4, "x", ""]),
)
STEPS = st.lists(
    st.sampled_from(
        [
            "- rules: {n_chars: {min: 5}}",
            "- rules: {n_words: {max: 20}, n_bytes: {above: 1}}",
            "- rules: {kl3m.score: {max: 8}}",
            "- exact_duplicates: {}",
            "- exact_duplicates: {keep: longest}",
            "- near_duplicates: {}",
            "- near_duplicates: {keep: {highest: n_words}, verify: false}",
            "- select: {by: n_words, yield: 0.5, unit: documents}",
            "- select: {by: n_chars, yield: 0.3, of: alive, unit: bytes}",
        ]
    ),
    max_size=4,
    unique=True,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=25),
    steps=STEPS,
    suffix=st.sampled_from(["parquet", "jsonl.gz"]),
)
def test_ids_of_any_corpus_partition_into_kept_dropped_and_quarantined(
    tmp_path_factory, texts, steps, suffix
):
    folder = tmp_path_factory.mktemp("any")
    rows = [{"id": f"d{i * 7919 % 1000}", "text": text} for i, text in enumerate(texts)]
    write_file(folder / f"raw/a.{suffix}", rows, rows_per_part=7)
    decide = "\n".join(["decide:", *(f"  {step}" for step in steps)]) if steps else ""
    run = run_here(folder, f"input: {{path: raw/*, id: id}}\n{decide}\noutput: {{path: out}}\n")

    decided = run.decisions.collect()
    quarantined = run.quarantine.collect()
    readable = [row for row in rows if row["text"] is not None]
    assert sorted(decided["id"]) == sorted(row["id"] for row in readable)
    assert sorted(quarantined["row"]) == [i for i, text in enumerate(texts) if text is None]
    kept = [row["id"] for row in kept_rows(run.path)]
    assert kept == decided.filter("kept")["id"].to_list()
    assert decided.filter("kept")["dropped_by"].null_count() == len(kept)

    ledger = run.ledger
    dropped = Counter(decided["dropped_by"].drop_nulls())
    assert ledger["documents"] == {
        "in": len(texts), "kept": len(kept), "dropped": dict(dropped), "edited": 0, "quarantined": len(quarantined),
    }  # fmt: skip
    assert ledger["bytes"]["in"] - ledger["bytes"]["quarantined"] == sum(
        len(row["text"].encode()) for row in readable
    )
    by_id = {row["id"]: len(row["text"].encode()) for row in readable}
    assert ledger["bytes"]["kept"] == sum(by_id[key] for key in kept)


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "jsonl.gz", "jsonl.zst", "arrow", "csv"])
def test_every_format_gives_the_same_verdicts(tmp_path, suffix):
    # CSV has no null numbers of its own, and no NUL: the texts that all formats hold.
    rows = [
        {"id": r["id"], "text": r["text"], "source": r["source"]}
        for r in make_rows(80)
        if r["text"]
    ]
    rows = [row for row in rows if "\0" not in row["text"] and "\r" not in row["text"]]
    write_file(tmp_path / "one/raw/a.parquet", rows)
    expected = verdicts(run_here(tmp_path / "one"))
    write_file(tmp_path / f"two/raw/b.{suffix}", rows, rows_per_part=9)
    assert verdicts(run_here(tmp_path / "two")) == expected


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "jsonl.gz", "jsonl.zst", "arrow", "csv"])
def test_zero_documents_are_a_valid_result(tmp_path, suffix):
    (tmp_path / "raw").mkdir()
    path = tmp_path / f"raw/a.{suffix}"
    schema = make_rows(1)
    if suffix.startswith("jsonl"):
        empty = {
            "jsonl": b"",
            "jsonl.gz": gzip.compress(b""),
            "jsonl.zst": pa.compress(b"", codec="zstd", asbytes=True),
        }
        path.write_bytes(empty[suffix])
    else:
        write_file(path, pa.Table.from_pylist(schema).slice(0, 0))
    run = run_here(tmp_path)
    assert run.ledger["documents"]["in"] == run.ledger["documents"]["kept"] == 0
    assert run.decisions.collect().height == 0
    assert run.annotations.collect().height == 0
    assert run.quarantine.collect().height == 0
    verify(tmp_path / "out")
    if not suffix.startswith("jsonl"):
        assert run.kept.collect_schema().names() == ["id", "text", "source", "n"]


def test_all_dropped_is_a_valid_result(tmp_path, corpus):
    write_file(tmp_path / "raw/a.parquet", corpus[:40])
    run = run_here(tmp_path, PIPELINE.replace("min: 30", "min: 1000000"))
    assert run.ledger["documents"]["kept"] == 0
    assert run.ledger["documents"]["dropped"] == {"n_chars:min": 40}
    assert run.kept.collect().height == 0
    assert run.kept.collect_schema().names() == ["id", "text", "source", "n"]


def test_no_row_group_at_all_is_a_valid_result(tmp_path):
    (tmp_path / "raw").mkdir()
    schema = pa.schema({"id": pa.string(), "text": pa.string(), "source": pa.string()})
    with pq.ParquetWriter(tmp_path / "raw/a.parquet", schema):
        pass
    run = run_here(tmp_path)
    assert run.ledger["documents"]["in"] == 0
    assert run.kept.collect_schema().names() == ["id", "text", "source"]


def test_a_run_that_does_not_balance_is_refused():
    from refinery.decide.ledger import check_balance
    from refinery.errors import LedgerError

    part = {"in": 3, "kept": 1, "dropped": {"a:min": 1}, "edited": 0, "quarantined": 0}
    with pytest.raises(LedgerError, match="3 documents in, 2 accounted for"):
        check_balance({"documents": part, "bytes": part, "tokens": part, "steps": []})
