"""Bad rows are set aside with file, row and reason; bad files follow the policy; nothing is swallowed."""

import errno
import gzip
import json
import os
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import command, json_lines, run_here, write_file
from refinery.errors import BadFileError, ConfigError, DuplicateIdError, SchemaError
from refinery.io import typed_files

PLAIN = "input: {path: raw/*, id: id%s}\noutput: {path: out}\n"
N, BAD = 100, 49
"""Rows of a file, and the row that is bad."""


def good_lines():
    return [
        json.dumps({"id": f"d{i}", "text": f"document number {i}", "n": i}).encode()
        for i in range(N)
    ]


BAD_LINES = {
    "malformed": (b'{"id": "x", "text": "cut', "malformed_record"),
    "trailing comma": (b'{"id": "x", "text": "a",}', "malformed_record"),
    "control character": (b'{"id": "x", "text": "a\x01b"}', "malformed_record"),
    "two values": (b'{"id": "x", "text": "a"} {}', "malformed_record"),
    "invalid UTF-8": (b'{"id": "x", "text": "a\xffb"}', "invalid_utf8"),
    "lone surrogate": (b'{"id": "x", "text": "a\\ud800b"}', "bad_escape"),
    "lone surrogate at the end": (b'{"id": "x", "text": "a\\udc00"}', "bad_escape"),
    "duplicate key": (b'{"id": "x", "text": "a", "text": "b"}', "duplicate_key"),
    "nested 200 deep": (
        b'{"id": "x", "text": "a", "m": ' + b"[" * 200 + b"]" * 200 + b"}",
        "too_deep",
    ),
    "nested 200,000 deep": (b"[" * 200_000, "too_deep"),
    "array": (b'["x", "a"]', "not_an_object"),
    "number": (b"7", "not_an_object"),
    "too large": (b'{"id": "x", "text": "' + b"a" * 300_000 + b'"}', "too_large"),
    "no text": (b'{"id": "x"}', "missing_text"),
    "null text": (b'{"id": "x", "text": null}', "null_text"),
    "text is a number": (b'{"id": "x", "text": 7}', "text_is_number"),
    "text is true": (b'{"id": "x", "text": true}', "text_is_bool"),
    "text is a list": (b'{"id": "x", "text": ["a"]}', "text_is_list"),
    "text is an object": (b'{"id": "x", "text": {"a": 1}}', "text_is_object"),
    "no id": (b'{"text": "a"}', "missing_id"),
    "null id": (b'{"id": null, "text": "a"}', "null_id"),
    "id is a list": (b'{"id": [1], "text": "a"}', "bad_id"),
}


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_line_alone_is_set_aside(tmp_path, name, suffix):
    line, reason = BAD_LINES[name]
    lines = good_lines()
    lines[BAD] = line
    content = b"\n".join(lines) + b"\n"
    (tmp_path / "raw").mkdir()
    (tmp_path / f"raw/a.{suffix}").write_bytes(
        gzip.compress(content) if suffix.endswith("gz") else content
    )
    run = run_here(tmp_path, PLAIN % ", max_row_bytes: 250kB")
    check_one_bad_row(run, f"raw/a.{suffix}", reason)


def check_one_bad_row(run, file, reason):
    (row,) = run.quarantine.collect().to_dicts()
    assert (row["source_file"], row["row"]) == (file, BAD)
    assert row["reason"] == reason
    assert row["message"]
    assert len(row["excerpt"]) <= 4 * 256
    decided = run.decisions.collect()
    assert decided["id"].to_list() == [f"d{i}" for i in range(N) if i != BAD]
    assert run.annotations.collect()["row"].to_list() == [i for i in range(N) if i != BAD]
    assert run.kept.collect()["n"].cast(int).to_list() == [i for i in range(N) if i != BAD]
    documents = run.ledger["documents"]
    assert (documents["in"], documents["kept"], documents["quarantined"]) == (N, N - 1, 1)


def typed_table(**bad):
    ids = [f"d{i}" for i in range(N)]
    texts = [f"document number {i}".encode() for i in range(N)]
    ids[BAD] = bad.get("id", ids[BAD])
    texts[BAD] = bad.get("text", texts[BAD])
    # Bytes under a string type are what a careless writer leaves.
    raw = pa.array(texts, pa.large_binary())
    text = pa.Array.from_buffers(pa.large_string(), N, raw.buffers())
    return pa.table({"id": ids, "text": text, "n": range(N)})


BAD_CELLS = {
    "null text": ({"text": None}, "null_text"),
    "invalid UTF-8": ({"text": b"a\xffb"}, "invalid_utf8"),
    "cut UTF-8": ({"text": "\u00e9".encode()[:1]}, "invalid_utf8"),
    "surrogate bytes": ({"text": b"\xed\xa0\x80"}, "invalid_utf8"),
    "too large": ({"text": b"a" * 300_000}, "too_large"),
    "null id": ({"id": None}, "null_id"),
}


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("name", BAD_CELLS)
def test_bad_cell_alone_is_set_aside(tmp_path, name, suffix):
    cell, reason = BAD_CELLS[name]
    write_file(tmp_path / f"raw/a.{suffix}", typed_table(**cell), rows_per_part=30)
    run = run_here(tmp_path, PLAIN % ", max_row_bytes: 250kB")
    check_one_bad_row(run, f"raw/a.{suffix}", reason)


BAD_RECORDS = {
    "too few fields": (b"x,a", "malformed_record"),
    "too many fields": (b"x,a,1,2", "malformed_record"),
    "text behind a quote": (b'x,"a"b,1', "malformed_record"),
    "invalid UTF-8": (b"x,a\xffb,1", "invalid_utf8"),
    "empty id": (b",a,1", "null_id"),
    "too large": (b"x," + b"a" * 300_000 + b",1", "too_large"),
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_bad_csv_record_alone_is_set_aside(tmp_path, name):
    record, reason = BAD_RECORDS[name]
    lines = [f'd{i},"document number {i}",{i}'.encode() for i in range(N)]
    lines[BAD] = record
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.csv").write_bytes(b"\n".join([b"id,text,n", *lines]) + b"\n")
    check_one_bad_row(run_here(tmp_path, PLAIN % ", max_row_bytes: 250kB"), "raw/a.csv", reason)


def test_odd_but_good_lines_are_documents_with_their_text_unchanged(tmp_path):
    texts = [
        "nul \0 inside",
        "\u2028\u2029",
        "a\r\nb",
        "",
        " ",
        "\U0001f469\u200d\U0001f467",
        "\ufeffbom inside",
    ]
    rows = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
    body = b"\r\n\r\n".join(json.dumps(row).encode() for row in rows)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.jsonl").write_bytes(b"\xef\xbb\xbf" + body)
    run = run_here(tmp_path, PLAIN % "")
    assert run.quarantine.collect().height == 0
    assert run.kept.collect()["text"].to_list() == texts


def table_bytes():
    sink = pa.BufferOutputStream()
    pq.write_table(typed_table(), sink, row_group_size=30)
    return sink.getvalue().to_pybytes()


def stream_bytes():
    sink = pa.BufferOutputStream()
    table = typed_table()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


LINES = b"\n".join(good_lines()) + b"\n"
ZSTD = pa.compress(LINES, codec="zstd", asbytes=True)
GZIP = gzip.compress(LINES, mtime=0)


def flipped(content, at):
    changed = bytearray(content)
    changed[at] ^= 16
    return bytes(changed)


BAD_FILES = {
    "zero-byte Parquet": ("parquet", b""),
    "Parquet of magic only": ("parquet", b"PAR1"),
    "Parquet without its end": ("parquet", table_bytes()[:-10]),
    "Parquet of half": ("parquet", table_bytes()[: len(table_bytes()) // 2]),
    "HTML as Parquet": ("parquet", b"<html>not found</html>" * 10),
    "zero-byte Arrow": ("arrow", b""),
    "Arrow of half": ("arrow", stream_bytes()[: len(stream_bytes()) // 2]),
    "text as Arrow": ("arrow", b"no arrow at all" * 10),
    "gzip of half": ("jsonl.gz", GZIP[: len(GZIP) // 2]),
    "gzip less its last byte": ("jsonl.gz", GZIP[:-1]),
    "gzip with another checksum": ("jsonl.gz", flipped(GZIP, -6)),
    "gzip with a flipped bit": ("jsonl.gz", flipped(GZIP, len(GZIP) // 2)),
    "gzip with rubbish behind": ("jsonl.gz", GZIP + b"rubbish"),
    "zstd as gzip": ("jsonl.gz", ZSTD),
    "plain text as gzip": ("jsonl.gz", LINES),
    "zstd of half": ("jsonl.zst", ZSTD[: len(ZSTD) // 2]),
    "gzip as zstd": ("jsonl.zst", GZIP),
    "Parquet as JSON Lines": ("jsonl", table_bytes()),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_fails_the_run_by_name_or_is_set_aside_whole(tmp_path, name):
    suffix, content = BAD_FILES[name]
    write_file(tmp_path / "raw/good.parquet", [{"id": "one", "text": "the good document", "n": 1}])
    (tmp_path / f"raw/bad.{suffix}").write_bytes(content)
    with pytest.raises(BadFileError, match=rf"raw/bad\.{suffix}") as caught:
        run_here(tmp_path, PLAIN % "")
    assert caught.value.exit_code == 3
    run = run_here(tmp_path, PLAIN % ", on_bad_file: quarantine")
    assert run.decisions.collect()["id"].to_list() == ["one"]
    (row,) = run.quarantine.collect().to_dicts()
    assert (row["source_file"], row["row"]) == (f"raw/bad.{suffix}", None)
    assert row["reason"] in ("truncated", "corrupt", "wrong_format")
    assert run.ledger["documents"]["quarantined"] == 1
    assert run.ledger["bytes"]["quarantined"] == len(content)
    entry = next(e for e in run.manifest["inputs"] if e["file"] == f"raw/bad.{suffix}")
    assert entry["quarantined"] == row["reason"]


def test_all_files_bad_is_a_valid_result_under_the_policy(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.parquet").write_bytes(b"")
    run = run_here(tmp_path, PLAIN % ", on_bad_file: quarantine")
    assert run.ledger["documents"] == {
        "in": 1,
        "kept": 0,
        "dropped": {},
        "edited": 0,
        "quarantined": 1,
    }


def test_flipped_bits_of_a_checksummed_parquet_file_are_never_silent(tmp_path):
    sink = pa.BufferOutputStream()
    pq.write_table(typed_table(), sink, write_page_checksum=True, compression="none")
    content = sink.getvalue().to_pybytes()
    (tmp_path / "raw").mkdir()
    expected = None
    for at in [None, *range(200, len(content) // 2, 400)]:
        path = tmp_path / "raw/a.parquet"
        path.write_bytes(content if at is None else flipped(content, at))
        try:
            run = run_here(tmp_path, PLAIN % "", replace=True)
        except (BadFileError, SchemaError):
            continue
        table = run.kept.collect()
        expected = table if expected is None else expected
        assert table.equals(expected), at


def test_many_gzip_members_with_empty_ones_between_are_all_read(tmp_path):
    rows = [{"id": f"d{i}", "text": f"document {i}"} for i in range(300)]
    members = [gzip.compress(json_lines("", [row], 1)) + gzip.compress(b"") for row in rows]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.jsonl.gz").write_bytes(b"".join(members))
    assert run_here(tmp_path, PLAIN % "").ledger["documents"]["kept"] == 300


@pytest.mark.parametrize("places", [("a.parquet", "a.parquet"), ("a.parquet", "b.jsonl")])
def test_duplicate_id_names_both_places(tmp_path, places):
    rows = {
        "a.parquet": [{"id": f"d{i}", "text": "x"} for i in range(10)],
        "b.jsonl": [{"id": "z", "text": "x"}],
    }
    rows[places[0]][3]["id"] = "same"
    rows[places[1]][-1]["id"] = "same"
    for name in set(places):
        write_file(tmp_path / "raw" / name, rows[name])
    with pytest.raises(DuplicateIdError) as caught:
        run_here(tmp_path, PLAIN % "")
    assert caught.value.exit_code == 3
    assert caught.value.places == [
        f"raw/{places[0]} row 3",
        f"raw/{places[1]} row {len(rows[places[1]]) - 1}",
    ]


def test_ids_of_numbers_are_cast(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": 7, "text": "x"}, {"id": -1, "text": "y"}])
    assert run_here(tmp_path, PLAIN % "").decisions.collect()["id"].to_list() == ["7", "-1"]


@pytest.mark.parametrize("kind", [pa.int64(), pa.binary(), pa.list_(pa.string())])
def test_text_of_another_type_ends_the_run_by_name(tmp_path, kind):
    value = {"int64": 7, "binary": b"x"}.get(str(kind), ["x"])
    write_file(tmp_path / "raw/a.parquet", pa.table({"id": ["1"], "text": pa.array([value], kind)}))
    with pytest.raises(
        SchemaError, match=r"raw/a\.parquet: column 'text': the text must be strings"
    ):
        run_here(tmp_path, PLAIN % "")


def test_column_given_twice_in_a_file_ends_the_run_by_name(tmp_path):
    table = pa.Table.from_arrays(
        [pa.array(["1"]), pa.array(["x"]), pa.array(["y"])], names=["id", "text", "text"]
    )
    write_file(tmp_path / "raw/a.arrow", table)
    with pytest.raises(SchemaError, match="occurs twice"):
        run_here(tmp_path, PLAIN % "")


def test_file_without_the_column_is_refused_before_any_is_read(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": "1", "text": "x"}])
    write_file(tmp_path / "raw/b.parquet", [{"id": "2", "body": "x"}])
    with pytest.raises(ConfigError, match=r"raw/b\.parquet: no column 'text'"):
        run_here(tmp_path, PLAIN % "")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("pattern", ["raw/*", "raw", "raw/pipe.jsonl"])
def test_pipe_as_input_ends_with_4_and_does_not_hang(tmp_path, pattern):
    (tmp_path / "raw").mkdir()
    os.mkfifo(tmp_path / "raw/pipe.jsonl")
    (tmp_path / "pipeline.yaml").write_text(PLAIN.replace("raw/*", pattern) % "")
    done = command("run", tmp_path / "pipeline.yaml")
    assert (done.code, "pipe.jsonl" in done.err) == (4, True)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_an_error_of_the_disk_while_reading_names_the_file(tmp_path, monkeypatch, name):
    def broken(_self):
        raise OSError(errno.EIO, "Error reading bytes from file")

    path = write_file(tmp_path / "raw" / name, [{"id": "1", "text": "x"}])
    for reader in (typed_files.ParquetReader, typed_files.ArrowReader):
        monkeypatch.setattr(reader, "_open", broken)
    with pytest.raises(OSError, match="Input/output error") as caught:
        run_here(tmp_path, PLAIN % "")
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(path))


def test_an_error_of_the_disk_ends_with_4_where_and_what(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.jsonl").symlink_to("/proc/self/mem")  # whose first page cannot be read
    (tmp_path / "pipeline.yaml").write_text(PLAIN % "")
    done = command("run", tmp_path / "pipeline.yaml")
    assert done.code == 4
    assert re.search(r"raw/a\.jsonl: Input/output error", done.err)


def test_folder_that_is_named_like_a_file_ends_with_4(tmp_path):
    (tmp_path / "raw/x.parquet").mkdir(parents=True)
    (tmp_path / "pipeline.yaml").write_text(PLAIN % "")
    done = command("run", tmp_path / "pipeline.yaml")
    assert (done.code, "x.parquet" in done.err) == (4, True)


def test_broken_link_as_input_is_named(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.parquet").symlink_to(tmp_path / "absent")
    (tmp_path / "pipeline.yaml").write_text(PLAIN % "")
    done = command("run", tmp_path / "pipeline.yaml")
    assert done.code in (2, 4)
    assert "a.parquet" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_input_ends_with_4(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": "1", "text": "x"}]).chmod(0)
    (tmp_path / "pipeline.yaml").write_text(PLAIN % "")
    done = command("run", tmp_path / "pipeline.yaml")
    assert (done.code, "a.parquet" in done.err) == (4, True)
