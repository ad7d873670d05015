"""The benchmark's input: any text, brought into the one form that both sides read.

What it is: eight Parquet files with `id` and `text`, documents dealt out in turn, and an id of the
whole by content. What it is not: a sample; up to `megabytes` the documents come in the order of the
source. Empty texts are left out and counted, because datatrove's readers pass over them.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FILES = 8


@dataclass(frozen=True)
class Corpus:
    folder: Path
    sha256: str
    documents: int
    bytes: int
    empty_left_out: int


def prepare(source: Path, folder: Path, *, text: str, megabytes: float) -> Corpus:
    """Write the documents of `source` (a folder of Parquet, or a demo corpus) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*.parquet"):
        old.unlink()
    rows, empty, size = [], 0, 0
    digest = hashlib.sha256()
    for value in _texts(source, text):
        if not value:
            empty += 1
            continue
        data = value.encode()
        if size + len(data) > megabytes * 1e6:
            break
        size += len(data)
        digest.update(len(data).to_bytes(8, "little") + data)
        rows.append({"id": f"doc-{len(rows):08d}", "text": value})
    if not rows:
        message = f"{source}: no documents of column {text!r} within {megabytes} MB"
        raise SystemExit(message)
    for number in range(FILES):
        table = pa.Table.from_pylist(
            rows[number::FILES], schema=pa.schema([("id", pa.string()), ("text", pa.string())])
        )
        pq.write_table(table, folder / f"part-{number}.parquet", compression="zstd")
    return Corpus(folder, digest.hexdigest(), len(rows), size, empty)


def _texts(source: Path, column: str) -> Iterator[str | None]:
    found = False
    for path in sorted(source.iterdir()):
        if path.suffix == ".parquet":
            found = True
            for batch in pq.ParquetFile(path).iter_batches(batch_size=1000, columns=[column]):
                yield from batch.column(0).to_pylist()
        elif path.name.endswith((".jsonl.gz", ".jsonl.zst")):
            found = True
            codec = "gzip" if path.suffix == ".gz" else "zstd"
            with pa.input_stream(str(path), compression=codec) as stream:
                yield from (json.loads(line)[column] for line in io.BytesIO(stream.read()))
    if not found:
        message = f"{source}: no *.parquet, *.jsonl.gz or *.jsonl.zst"
        raise SystemExit(message)
