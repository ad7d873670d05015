"""The two sides of the benchmark: how each is started, and what it says it did.

What it is: for rival and refinery alike a command, its output folder, and a `Work` (documents and
bytes in and out, ids kept) read from what it left behind. What it is not: a clock; see `measure`.
"""

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from common.corpus import Corpus
from common.record import installed
from common.rivals import environment

HERE = Path(__file__).parent
LABEL = "hq"
THRESHOLD = 0.3
LEFT = "datatrove.c4_fineweb"
"""The view that the rival's later steps read and write: what C4's line rules leave."""
EXACT = {
    "rules": "fineweb",
    "view": LEFT,
    "minhash": {"profile": "datatrove"},
    "near_duplicates": {"keep": "datatrove"},
}
"""What differs between our jobs: here the rival's filters, words and signatures to the bit."""
DEFAULT_WORDS = {
    "rules": ["paper/gopher", "dolma/c4_v2"],
    "view": "text",
    "minhash": {"profile": "refinery"},
    "near_duplicates": {},
}
"""No word of spaCy's: Gopher's rules on words between white space, C4's by counts, our MinHash."""


@dataclass(frozen=True)
class Work:
    """What a run read and kept, by its own account."""

    documents_in: int
    bytes_in: int
    documents_out: int
    bytes_out: int
    kept_ids: frozenset[str]
    details: dict[str, Any]


@dataclass(frozen=True)
class Rival:
    """datatrove, in the environment of `rivals.txt`."""

    python: Path
    model: Path
    cache: Path
    name: str = "datatrove"

    def command(self, corpus: Corpus, out: Path, threads: int) -> list[str]:
        job = [str(self.python), str(HERE / "datatrove_job.py")]
        paths = {"corpus": corpus.folder, "out": out, "model": self.model, "cache": self.cache}
        flags = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
        settings = ["--label", LABEL, "--threshold", str(THRESHOLD), "--workers", str(threads)]
        return [*job, *flags, *settings]

    def work(self, out: Path, log: Path) -> Work:
        report = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
        return Work(
            report["in"]["documents"],
            report["in"]["bytes"],
            report["out"]["documents"],
            report["out"]["bytes"],
            _ids(out / "kept"),
            {key: report[key] for key in ("wall_s", "stages_s", "after_filters", "dropped")},
        )

    def versions(self) -> dict[str, str | None]:
        return installed(self.python, ["datatrove", "spacy", "numpy", "pyarrow", "xxhash"])


@dataclass(frozen=True)
class Refinery:
    """`refinery run` over the same input; `job` is one of `EXACT` and `DEFAULT_WORDS`."""

    executable: Path
    model: Path
    name: str = "refinery"
    job: dict[str, Any] = field(default_factory=lambda: EXACT)

    def command(self, corpus: Corpus, out: Path, threads: int) -> list[str]:
        # Annotations are kept beside the output: a folder that is there would be resumed from.
        shutil.rmtree(out, ignore_errors=True)
        pipeline = out.with_suffix(".yaml")
        # JSON is YAML, and quotes every path as it must be.
        pipeline.write_text(json.dumps(self._pipeline(corpus, out), indent=1), encoding="utf-8")
        return [str(self.executable), "run", str(pipeline), "--threads", str(threads)]

    def _pipeline(self, corpus: Corpus, out: Path) -> dict[str, Any]:
        return {
            "version": 1,
            "input": [{"path": f"{corpus.folder}/*.parquet", "text": "text", "id": "id"}],
            "annotate": {
                "scores": [
                    {
                        "name": LABEL,
                        "model": str(self.model),
                        "label": LABEL,
                        "view": self.job["view"],
                    }
                ],
                "minhash": {**self.job["minhash"], "ngram": 5, "bands": 14, "rows_per_band": 8},
            },
            "decide": [
                {"rules": self.job["rules"]},
                {"rules": {LABEL: {"min": THRESHOLD}}},
                {"near_duplicates": self.job["near_duplicates"]},
            ],
            "output": {"path": str(out), "format": "parquet", "view": self.job["view"]},
        }

    def work(self, out: Path, log: Path) -> Work:
        del log
        manifest = json.loads((out / "_refinery" / "manifest.json").read_text(encoding="utf-8"))
        documents, size = manifest["ledger"]["documents"], manifest["ledger"]["bytes"]
        return Work(
            documents["in"],
            size["in"],
            documents["kept"],
            size["kept"],
            _ids(out),
            {"dropped": documents["dropped"]},
        )

    def versions(self) -> dict[str, str | None]:
        beside = self.executable.with_name("python")
        python = beside if beside.exists() else Path(sys.executable)
        return installed(python, ["corpus-refinery", "polars", "pyarrow"])


def rival_python(given: Path | None) -> Path:
    """Give the rival's Python: the one given, or that of an environment made from `rivals.txt`."""
    return given or environment(HERE / "rivals.txt")


def refinery_executable(given: Path | None) -> Path:
    """Give the `refinery` command: the one given, the one beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("refinery")
    found = given or (beside if beside.exists() else shutil.which("refinery"))
    if found is None or not Path(found).exists():
        message = "no `refinery` command found; give --refinery, or --only datatrove"
        raise SystemExit(message)
    return Path(found)


def _ids(folder: Path) -> frozenset[str]:
    tables = [pq.read_table(path, columns=["id"]) for path in sorted(folder.glob("*.parquet"))]
    return frozenset(value for table in tables for value in table["id"].to_pylist())
