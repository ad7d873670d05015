"""Corpora, files of every format, and both doors to a run: in this process, and as a command."""

import ast
import atexit
import functools
import gzip
import hashlib
import importlib.metadata
import inspect
import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

import refinery as rf

ROOT = Path(__file__).parent.parent

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("refinery", deadline=None)
settings.load_profile("refinery")

ODD_TEXTS = [
    "",
    " ",
    "\n\n\r\n",
    "no final newline",
    "a\r\nb\r\nc\r\n",
    "nul \0 inside",
    "e\u0301 a\u0308 combining \u200d marks",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 right to left",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea emoji sequences",
    "\u6f22\u5b57\u304b\u306a\u4ea4\u3058\u308a\u6587",
    "\u2028line\u2029separators\x0b\x0c",
    "word " * 2000,
]


@pytest.fixture(scope="session")
def shared_data():
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the data folder {folder} is not on this machine")
    return folder


@functools.cache
def _found_texts():
    """Real text that every Python has, sorted: language reference, docstrings, licences."""
    topics = importlib.import_module("pydoc_data.topics").topics
    texts = list(topics.values())
    for name in ("argparse", "difflib", "statistics", "typing", "tarfile", "pathlib", "random"):
        tree = ast.parse(inspect.getsource(importlib.import_module(name)))
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef
        texts += [
            ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)
        ]
    for name in ("pytest", "hypothesis", "pluggy"):
        licences = [f for f in importlib.metadata.files(name) or [] if "licen" in f.name.lower()]
        texts += [f.locate().read_text(encoding="utf-8", errors="replace") for f in licences]
    return sorted({text[:6000] for text in texts if len(text) > 40})


def make_rows(n=300, seed=0):
    """`n` documents: prose, odd and junk texts, and planted exact and near duplicates.

    Ids are in no order that says anything about the rows'.
    """
    draw = random.Random(seed)
    texts = draw.sample(_found_texts(), min(len(_found_texts()), n * 6 // 10))
    texts += ODD_TEXTS + [f"junk {i}" for i in range(n // 20)]
    while len(texts) < n:
        original = texts[draw.randrange(n // 2)]
        words = original.split(" ")
        if draw.random() < 0.6 and len(words) > 50:
            words[draw.randrange(len(words))] = "changed"
        texts.append(" ".join(words))
    texts = texts[:n]
    draw.shuffle(texts)
    ids = [f"{hashlib.sha256(f'{seed}-{i}'.encode()).hexdigest()[:10]}" for i in range(n)]
    return [
        {"id": key, "text": text, "source": f"s{i % 3}", "n": None if i % 7 == 0 else i}
        for i, (key, text) in enumerate(zip(ids, texts, strict=True))
    ]


@pytest.fixture(scope="session")
def corpus():
    """A few hundred documents."""
    return make_rows(240)


def write_file(path, rows, *, rows_per_part=50, schema=None):
    """Write `rows` (dictionaries or a table) in the format that the file's name says.

    `rows_per_part` is the size of row groups, record batches, gzip members and zstd frames.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schema)
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=rows_per_part)
    elif path.suffix == ".arrow":
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows_per_part)
    elif path.suffix == ".csv":
        pa_csv.write_csv(table, path)
    else:
        path.write_bytes(json_lines(path.suffix, rows, rows_per_part))
    return path


def json_lines(suffix, rows, rows_per_part):
    parts = [rows[i : i + rows_per_part] for i in range(0, len(rows), rows_per_part)]
    blobs = ["".join(json.dumps(row) + "\n" for row in part).encode() for part in parts]
    if suffix == ".gz":
        return b"".join(gzip.compress(blob, mtime=0) for blob in blobs)
    if suffix == ".zst":
        return b"".join(pa.compress(blob, codec="zstd", asbytes=True) for blob in blobs)
    return b"".join(blobs)


@pytest.fixture(scope="session")
def write():
    return write_file


STEPS = """
  - rules: {n_chars: {min: 30}, n_words: {min: 4}}
  - exact_duplicates: {}
  - near_duplicates: {keep: longest}
  - select: {by: n_words, yield: 0.4, unit: tokens}
"""
PIPELINE = f"""
input: {{path: raw/*, id: id, source: source}}
decide: {STEPS.rstrip()}
output: {{path: out, shard_bytes: 60kB}}
"""


@pytest.fixture(scope="session")
def pipeline_text():
    """A pipeline with a step of every kind, over every file in `raw/`."""
    return PIPELINE


MUTATED_SIGNALS = "annotate: {signals: [kl3m]}\n"
"""Appended to a pipeline, it makes other annotations."""


def run_here(folder, text=PIPELINE, **options):
    """Run a pipeline given as text in this process."""
    file = Path(folder) / "pipeline.yaml"
    file.write_text(text, encoding="utf-8")
    return rf.run(file, **options)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class _Forks:
    """Runs in forks of one process of their own: see `forked_runs`."""

    def __init__(self):
        self._server = None

    def __call__(self, **step):
        """Exit code and seconds of a step."""
        if self._server is None:
            self._start()
        shown = {
            key: str(value) if isinstance(value, Path) else value for key, value in step.items()
        }
        self._server.stdin.write(json.dumps(shown) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def _start(self):
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(ROOT / "tests" / "forked_runs.py")],
            env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        atexit.register(self._stop)

    def _stop(self):
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(timeout=30)


run_forked = _Forks()


def command(*arguments, cwd=None):
    """`refinery ARGUMENTS`: exit code and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        arguments = [str(argument) for argument in arguments]
        code, _ = run_forked(
            do="cli", arguments=arguments, cwd=Path(cwd or Path.cwd()), out=out, err=err
        )
        return Outcome(code, out.read_text(), err.read_text())


def child_environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT / "tests")])}


@pytest.fixture(scope="session")
def forks():
    return run_forked


@pytest.fixture(scope="session")
def cli():
    return command


@pytest.fixture
def project(tmp_path, corpus):
    """A folder with a corpus in two Parquet files of several row groups, and its pipeline."""
    write_file(tmp_path / "raw" / "a.parquet", corpus[:140])
    write_file(tmp_path / "raw" / "b.parquet", corpus[140:])
    (tmp_path / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    return tmp_path


def verdicts(run, *, clusters=True):
    """The set of (id, kept, dropped_by, reasons, cluster, kept_instead) of a run."""
    names = [
        "id",
        "kept",
        "dropped_by",
        "reasons",
        *(["cluster", "kept_instead"] if clusters else []),
    ]
    rows = run.decisions.select(names).collect().rows()
    assert len(rows) == len({row[0] for row in rows})
    return {tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in rows}


def kept_rows(out):
    """The kept documents of a run as dictionaries, in shard order."""
    out = Path(out)
    rows = []
    for path in sorted(out.glob("part-*.parquet")):
        rows += pq.read_table(path).to_pylist()
    for path in sorted(out.glob("part-*.jsonl.zst")):
        with pa.input_stream(str(path), compression="zstd") as stream:
            rows += [json.loads(line) for line in stream.read().split(b"\n") if line]
    return rows


def tree_bytes(out):
    """Every file of a result by name, with its SHA-256; what differs between equal runs aside."""
    out = Path(out)
    differing = {"_refinery/run.json", "_refinery/lock"}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and (name := path.relative_to(out).as_posix()) not in differing
    }


def identities(folder, pattern="**/*"):
    """(inode, mtime in ns) of every file: equal only if nothing was written again."""
    folder = Path(folder)
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def read_frames(folder):
    """All Parquet files of a folder as one frame."""
    return pl.concat([pl.read_parquet(path) for path in sorted(Path(folder).glob("*.parquet"))])


@pytest.fixture(scope="session")
def record(request):
    """The record of the comparisons with originals: `parity/record.py` says how to report to it."""
    import record as parity  # of the folder of the test that asks

    with parity.session(request.config) as found:
        yield found
