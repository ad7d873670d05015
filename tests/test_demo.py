"""The demo corpus: same bytes every time, every document accounted for, nothing lost on the way."""

import ast
import gzip
import hashlib
import io
import json
import sys
from email.message import Message
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refinery.demo import PIPELINE, build_corpus
from refinery.demo.__main__ import main
from refinery.demo.choose import choose_documents
from refinery.demo.documents import (
    Candidate,
    Skips,
    docstrings,
    documents_in,
    long_description,
    reference_topics,
)
from refinery.demo.origins import distribution_licence, kinds_of, system_documentation, walk
from refinery.demo.shards import SCHEMA, write_shards

MEGABYTES = 1.5


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "raw"
    return folder, build_corpus(folder, max_megabytes=MEGABYTES)


def read_rows(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    codec = {".gz": "gzip", ".zst": "zstd"}[path.suffix]
    with pa.input_stream(str(path), compression=codec) as stream:
        return [json.loads(line) for line in io.BytesIO(stream.read())]


def candidate(path, source="package-text", name=None):
    return Candidate(source, "pkg-1.0", f"pkg-1.0/{name or path.name}", path, "MIT")


def texts_of(one, skips=None):
    return [document.text for document in documents_in(one, skips or Skips())]


def test_same_machine_gives_the_same_bytes(corpus, tmp_path):
    folder, _ = corpus
    build_corpus(tmp_path / "raw", max_megabytes=MEGABYTES)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "raw").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "raw" / name).read_bytes(), name


def test_manifest_balances_with_the_shards(corpus):
    folder, manifest = corpus
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8")) == manifest
    rows = 0
    size = 0
    for shard in manifest["shards"]:
        path = folder / shard["name"]
        found = read_rows(path)
        assert shard["documents"] == len(found)
        assert shard["bytes"] == sum(len(row["text"].encode()) for row in found)
        assert shard["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        rows += len(found)
        size += shard["bytes"]
    total = {"documents": rows, "bytes": size}
    assert manifest["total"] == total | {"shards": len(manifest["shards"])}
    for table in ("sources", "owners"):
        counts = manifest[table].values()
        assert total == {key: sum(count[key] for count in counts) for key in total}
    assert 0 < size <= MEGABYTES * 1e6


def test_shards_have_all_formats_one_schema_and_unique_ids(corpus):
    folder, manifest = corpus
    names = [shard["name"] for shard in manifest["shards"]]
    assert {name.split(".", 1)[1] for name in names} == {"parquet", "jsonl.gz", "jsonl.zst"}
    rows = [row for name in names for row in read_rows(folder / name)]
    assert all(list(row) == SCHEMA.names for row in rows)
    assert all(row["text"].strip() for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


def test_real_kinds_of_text_are_there(corpus):
    _, manifest = corpus
    assert {"docstring", "licence", "readme", "source-code"} <= set(manifest["sources"])


def test_compressed_shards_have_several_members(tmp_path):
    path = tmp_path / "page.txt"
    documents = []
    for number in range(20):
        path.write_text(f"{number} " + "word " * 100_000, encoding="utf-8")
        documents += documents_in(candidate(path, name=f"{number}.txt"), Skips())
    shards = write_shards(documents, tmp_path)
    gz = (tmp_path / shards[1]["name"]).read_bytes()
    assert gz.count(b"\x1f\x8b\x08\x00\x00\x00\x00\x00") > 1
    assert (tmp_path / shards[2]["name"]).read_bytes().count(b"\x28\xb5\x2f\xfd") > 1
    assert pq.ParquetFile(tmp_path / shards[0]["name"]).num_row_groups > 1
    read = [row["text"] for shard in shards for row in read_rows(tmp_path / shard["name"])]
    assert read == [document.text for document in documents]


ODD_TEXTS = {
    "crlf": "one\r\ntwo\r\n",
    "no-final-newline": "one",
    "nul": "a\0b",
    "separators": "a\u2028b\x85c\x0cd",
    "combining": "e\u0301",
    "right-to-left": "שלום עולם",
    "emoji": "👩‍👩‍👧‍👦",
    "byte-order-mark": "\ufeffone",
    "long-line": "x" * 50_000,
}


def test_no_text_is_changed_between_file_and_shard(tmp_path):
    (tmp_path / "in").mkdir()
    files = []
    for name, text in ODD_TEXTS.items():
        path = tmp_path / "in" / f"{name}.txt"
        path.write_bytes(text.encode())
        files.append(candidate(path))
    manifest = build_corpus(tmp_path / "out", max_megabytes=10, candidates=files)
    rows = [row for s in manifest["shards"] for row in read_rows(tmp_path / "out" / s["name"])]
    found = {row["origin"].removeprefix("pkg-1.0/").removesuffix(".txt"): row for row in rows}
    assert {name: row["text"] for name, row in found.items()} == ODD_TEXTS
    assert {row["licence"] for row in rows} == {"MIT"}


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("latin-1.txt", "café".encode("latin-1"), "not_utf8"),
        ("absent.txt", None, "unreadable"),
        ("broken.txt.gz", b"no gzip", "unreadable"),
        ("cut.txt.gz", gzip.compress(b"text " * 100, mtime=0)[:-9], "unreadable"),
        ("blank.txt", b" \n\t", "empty"),
    ],
)
def test_file_without_text_is_counted_by_reason(tmp_path, name, data, reason):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    skips = Skips()
    assert texts_of(candidate(path), skips) == []
    assert {key: value["count"] for key, value in skips.to_dict().items()} == {reason: 1}


@pytest.mark.parametrize("code", ["def f(:", "x = 1\0", "(" * 1000])
def test_source_that_does_not_parse_is_counted(tmp_path, code):
    path = tmp_path / "bad.py"
    path.write_text(code, encoding="utf-8")
    skips = Skips()
    assert texts_of(candidate(path, "docstring"), skips) == []
    assert skips.to_dict()["unparsable"]["count"] == 1


def test_half_a_surrogate_pair_is_counted_not_written(tmp_path):
    path = tmp_path / "half.py"
    path.write_text('"""\\ud800 alone"""\n', encoding="utf-8")
    skips = Skips()
    assert texts_of(candidate(path, "docstring"), skips) == []
    assert skips.to_dict()["not_utf8"]["count"] == 1


def test_docstrings_are_found_wherever_definitions_stand():
    code = '''
"""Module."""
def f():
    """Function."""
    def inner():
        """Inner."""
class C:
    """Class."""
    async def m(self):
        "Method."
if True:
    def g():
        """In if."""
else:
    def g():
        """In else."""
try:
    pass
except Exception as error:
    def h():
        """In handler."""
def bare(): pass
'''
    assert list(docstrings(ast.parse(code))) == [
        ("", "Module."),
        ("f", "Function."),
        ("f.inner", "Inner."),
        ("C", "Class."),
        ("C.m", "Method."),
        ("g", "In if."),
        ("g", "In else."),
        ("h", "In handler."),
    ]


def test_docstrings_of_one_name_get_ids_of_their_own(tmp_path):
    path = tmp_path / "twice.py"
    path.write_text('def f():\n "One."\ndef f():\n "Two."\n', encoding="utf-8")
    ids = [document.id for document in documents_in(candidate(path, "docstring"), Skips())]
    assert ids == ["docstring:pkg-1.0/twice.py#f", "docstring:pkg-1.0/twice.py#f~2"]


def test_reference_topics_are_read_without_importing():
    table = "topics = {'b': 'second', 'a': 'first ' 'half'}"
    assert list(reference_topics(ast.parse(table))) == [("a", "first half"), ("b", "second")]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("Name: x\nVersion: 1\n\n# Title\n\nBody.\n", "# Title\n\nBody.\n"),
        ("Name: x\nDescription: In the header.\n\n", "In the header."),
        ("Name: x\n", ""),
    ],
)
def test_long_description_is_the_body_or_the_old_header(metadata, expected):
    assert long_description(metadata) == expected


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("pkg/mod.py", ("docstring", "source-code")),
        ("pkg/mod.pyi", ("source-code",)),
        ("pkg-1.0.dist-info/METADATA", ("readme",)),
        ("pkg-1.0.dist-info/licenses/APACHE.txt", ("licence",)),
        ("pkg-1.0.dist-info/RECORD", ()),
        ("pkg-1.0.dist-info/top_level.txt", ()),
        ("LICENSE", ("licence",)),
        ("CHANGES.md", ("changelog",)),
        ("NEWS.txt", ("changelog",)),
        ("README.rst", ("readme",)),
        ("pkg/help.html", ("package-text",)),
        ("pkg/tests/data/mail.txt", ("test-data",)),
        ("pkg/lib.so", ()),
    ],
)
def test_file_is_taken_for_what_its_path_says(path, kinds):
    assert kinds_of(PurePosixPath(path)) == kinds


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("License-Expression", "MIT"), ("License", "other")], "MIT"),
        ([("License", "BSD 3-Clause")], "BSD 3-Clause"),
        ([("License", "UNKNOWN")], None),
        (
            [("License", "x" * 500), ("Classifier", "License :: OSI Approved :: MIT License")],
            "MIT License",
        ),
        ([("Classifier", "Topic :: Text Processing")], None),
    ],
)
def test_licence_is_a_name_or_nothing(fields, expected):
    metadata = Message()
    for name, value in fields:
        metadata[name] = value
    assert distribution_licence(metadata) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_counted_and_never_followed(tmp_path):
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    (root / "b" / "loop").symlink_to(root, target_is_directory=True)
    (root / "self").symlink_to(root / "self")
    (root / "a.txt").write_text("a", encoding="utf-8")
    (root / "b" / "c.txt").write_text("c", encoding="utf-8")
    skips = Skips()
    found = [path.relative_to(root).as_posix() for path in walk(root, skips, owner="root")]
    assert found == ["a.txt", "b/c.txt"]
    assert skips.to_dict()["symlink"]["count"] == 2


def test_system_documentation_may_be_absent(tmp_path):
    skips = Skips()
    assert list(system_documentation(skips, share=tmp_path / "nowhere")) == []
    assert skips.to_dict() == {}


def test_system_documentation_is_sorted_into_kinds(tmp_path):
    files = ["doc/x/copyright", "doc/x/changelog.Debian.gz", "doc/x/README", "doc/x/demo.py",
             "man/man1/x.1.gz", "common-licenses/BSD"]  # fmt: skip
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"text", mtime=0) if name.endswith(".gz") else b"text")
    found = {c.origin: c.source for c in system_documentation(Skips(), share=tmp_path)}
    assert found == {
        "system/common-licenses/BSD": "licence",
        "system/doc/x/README": "readme",
        "system/doc/x/changelog.Debian.gz": "changelog",
        "system/doc/x/copyright": "licence",
        "system/man/man1/x.1.gz": "man-page",
    }


def test_choice_does_not_depend_on_the_order_of_candidates(tmp_path):
    files = []
    for number in range(200):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"text {number} " * 20, encoding="utf-8")
        files.append(candidate(path))
    forward, unreached = choose_documents(files, 100_000, Skips())
    backward, _ = choose_documents(reversed(files), 100_000, Skips())
    assert forward == backward
    taken = sum(document.n_bytes for document in forward)
    assert 0 < taken <= 10_000  # the share of package texts is a tenth
    assert len(forward) + unreached["package-text"] == 200


def test_document_larger_than_its_share_allows_is_counted(tmp_path):
    path = tmp_path / "large.txt"
    path.write_text("x" * 5_000, encoding="utf-8")
    skips = Skips()
    documents, _ = choose_documents([candidate(path)], 100_000, skips)
    assert documents == []
    assert skips.to_dict()["too_large"]["count"] == 1


def test_an_earlier_corpus_is_replaced_and_anything_else_is_refused(tmp_path, capsys):
    text = tmp_path / "a.txt"
    text.write_text("text", encoding="utf-8")
    folder = tmp_path / "raw"
    build_corpus(folder, max_megabytes=1, candidates=[candidate(text)])
    build_corpus(folder, max_megabytes=1, candidates=[])
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    (folder / "mine.txt").write_text("keep me", encoding="utf-8")
    assert main([str(folder)]) == 2
    assert "mine.txt" in capsys.readouterr().err
    assert (folder / "mine.txt").read_text(encoding="utf-8") == "keep me"


def test_another_programs_manifest_is_not_ours_to_replace(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"kind": "other"}', encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"manifest\.json"):
        build_corpus(folder, max_megabytes=1, candidates=[])


def test_command_writes_the_corpus_and_its_pipeline(tmp_path, capsys):
    arguments = [
        str(tmp_path / "raw"),
        "--max-megabytes",
        "0.2",
        "--pipeline",
        str(tmp_path / "p.yaml"),
    ]
    assert main(arguments) == 0
    assert (tmp_path / "p.yaml").read_bytes() == PIPELINE.read_bytes()
    assert "shards" in capsys.readouterr().out
