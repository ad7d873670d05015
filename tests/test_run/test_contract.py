"""What other programs rely on: names and types of every column and key of the output tree.

A change here breaks programs of others: it needs a new version and a line in the changelog.
"""

import pyarrow.parquet as pq
import pytest

from conftest import run_here, write_file

PIPELINE = """\
input: {path: raw/*, id: id, source: source}
annotate:
  signals: [datatrove/gopher_quality]
  scores: [{name: textbook, model: builtin/textbook}]
decide:
  - rules: {n_words: {min: 2}, textbook: {min: 0}}
  - exact_duplicates: {}
  - near_duplicates: {}
output: {path: out, columns: [n_tokens, textbook]}
"""
ROWS = [
    {"id": "a", "text": "the same few words", "source": "s", "own": 1},
    {"id": "b", "text": "the same few words", "source": "s", "own": 2},
    {"id": "c", "text": "word", "source": "t", "own": 3},
    {"id": "d", "text": None, "source": "t", "own": 4},
]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    write_file(folder / "raw/a.parquet", ROWS)
    return run_here(folder, PIPELINE)


def columns(out, folder):
    """Names and Arrow types of the first file of a folder; large types are read like others."""
    path = min((out.path / "_refinery" / folder).glob("*.parquet"))
    return {field.name: str(field.type).replace("large_", "") for field in pq.read_schema(path)}


def test_annotations(out):
    found = columns(out, "annotations")
    signals = {name: kind for name, kind in found.items() if "." in name}
    assert {name.rpartition(".")[0] for name in signals} == {"datatrove.gopher_quality"}
    assert set(signals.values()) == {"double"}
    assert {name: kind for name, kind in found.items() if name not in signals} == {
        "id": "string",
        "source_file": "string",
        "row": "int64",
        "source": "string",
        "n_chars": "int64",
        "n_bytes": "int64",
        "n_tokens": "int64",
        "n_words": "double",
        "textbook": "double",
        **{name: found[name] for name in ("content_hash", "minhash")},  # our own
    }


def test_decisions(out):
    assert columns(out, "decisions") == {
        "id": "string",
        "kept": "bool",
        "dropped_by": "string",
        "reasons": "list<element: string>",
        "cluster": "string",
        "kept_instead": "string",
        "textbook_quantile": "double",
    }
    verdicts = out.decisions.select("id", "kept", "dropped_by", "reasons", "cluster").collect()
    assert verdicts.rows() == [
        ("a", True, None, [], "a"),
        ("b", False, "exact_duplicate", ["exact_duplicate"], "a"),
        ("c", False, "n_words:min", ["n_words:min"], None),
    ]


def test_quarantine(out):
    assert columns(out, "quarantine") == {
        "source_file": "string",
        "row": "int64",
        "reason": "string",
        "message": "string",
        "excerpt": "string",
        "n_bytes": "int64",
    }
    assert out.quarantine.select("source_file", "row", "reason").collect().rows() == [
        ("raw/a.parquet", 3, "null_text")
    ]


def test_kept_documents(out):
    schema = pq.read_schema(out.path / "part-00000.parquet")
    assert {field.name: str(field.type) for field in schema} == {
        "id": "string",
        "text": "string",
        "source": "string",
        "own": "int64",
        "n_tokens": "int64",
        "textbook": "double",
    }


def test_manifest(out):
    manifest = out.manifest
    assert list(manifest) == [
        *("version", "plan_hash", "plan", "inputs", "outputs", "files", "models", "units"),
        *("ledger", "sha256"),
    ]
    assert manifest["version"] == 1
    assert [list(entry) for entry in manifest["inputs"]] == [
        ["file", "bytes", "sha256", "rows", "quarantined"]
    ]
    assert [list(entry) for entry in manifest["outputs"]] == [["name", "rows", "bytes", "sha256"]]
    assert [list(entry) for entry in manifest["models"]] == [["name", "label", "xxh3_128"]]


def test_ledger(out):
    assert out.ledger["documents"] == {
        "in": 4,
        "kept": 1,
        "dropped": {"exact_duplicate": 1, "n_words:min": 1},
        "edited": 0,
        "quarantined": 1,
    }
    assert list(out.ledger) == ["documents", "bytes", "tokens", "steps"]
    for step in out.ledger["steps"]:
        assert list(step) == ["name", "in", "out", "by_rule"]
        assert list(step["in"]) == list(step["out"]) == ["documents", "bytes", "tokens"]
    rules = out.ledger["steps"][0]["by_rule"]
    assert list(rules["n_words:min"]) == ["first", "alone", "exclusive"]
