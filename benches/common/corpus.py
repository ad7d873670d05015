"""The benchmark's input: any text, brought into the form that every side reads.

What it is: documents of a folder, chosen by the hash of their text so that a part of the corpus has
every kind in it and does not depend on the order or names of files; written as eight Parquet files
with `id` and `text`, or as lines of JSON; and an id of the whole by content. Empty texts are left
out and counted, because some originals pass over them or stop.
"""

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FILES = 8
SEEN = 20
"""Of a folder far larger than what is asked for, this many times as much is read to choose from."""


@dataclass(frozen=True)
class Corpus:
    folder: Path
    sha256: str
    documents: int
    bytes: int
    empty_left_out: int

    def facts(self, name: str) -> dict[str, Any]:
        """What a record says of it; `name` instead of the folder, which is this machine's."""
        return {**asdict(self), "folder": name}

    def texts(self) -> list[str]:
        """All texts, in the order of the files."""
        paths = sorted(self.folder.glob("part-*.parquet"))
        tables = (pq.read_table(path, columns=["text"]) for path in paths)
        return [text for table in tables for text in table["text"].to_pylist()]


def prepare(source: Path | None, folder: Path, *, megabytes: float, text: str = "text") -> Corpus:
    """Write about `megabytes` of `source` into `folder` (Parquet, or shards of a demo corpus).

    Without a source the demo corpus is made, of text that is on this machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*.parquet"):
        old.unlink()
    source = source or _demo(folder.with_name(folder.name + "-demo"), megabytes)
    chosen, empty = choose(source, megabytes=megabytes, text=text)
    write_parquet(chosen, folder)
    size = sum(len(text.encode()) for text in chosen)
    return Corpus(folder, content_id(chosen), len(chosen), size, empty)


def choose(source: Path, *, megabytes: float, text: str = "text") -> tuple[list[str], int]:
    """Texts with the smallest hashes, up to the size; and how many texts were empty."""
    found, size, empty = [], 0.0, 0
    for value in _texts(source, text):
        if not value:
            empty += 1
            continue
        data = value.encode()
        found.append((hashlib.sha256(data).digest(), len(data), value))
        size += len(data)
        if size > SEEN * megabytes * 1e6:
            break
    chosen, size = [], 0.0
    for _, length, value in sorted(found, key=lambda each: each[0]):
        size += length
        if size > megabytes * 1e6:
            break
        chosen.append(value)
    if not chosen:
        message = f"{source}: no documents of column {text!r} within {megabytes} MB"
        raise SystemExit(message)
    return chosen, empty


def content_id(texts: Sequence[str]) -> str:
    """SHA-256 of all texts, each after its length."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def write_parquet(texts: Sequence[str], folder: Path) -> None:
    """Write eight files, documents dealt out in turn, with an id each."""
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    ids = [f"doc-{number:08d}" for number in range(len(texts))]
    for number in range(FILES):
        part = slice(number, None, FILES)
        table = pa.table([ids[part], texts[part]], schema=schema)
        pq.write_table(table, folder / f"part-{number}.parquet", compression="zstd")


def write_lines(texts: Sequence[str], file: Path) -> None:
    """Write one JSON object with `text` a line: what the Rust benches read."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({"text": text}) + "\n" for text in texts)


def _demo(folder: Path, megabytes: float) -> Path:
    command = [sys.executable, "-m", "refinery.demo", str(folder), "--max-megabytes"]
    subprocess.run([*command, str(megabytes)], check=True, stdout=subprocess.DEVNULL)
    return folder


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
