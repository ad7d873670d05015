"""`refinery verify` finds every change to a finished result, and names the file."""

import random
import shutil

import pytest

from conftest import MUTATED_SIGNALS, PIPELINE, command, run_here, write_file
from refinery.errors import DamageError
from refinery.verify import verify


@pytest.fixture(scope="module")
def finished(tmp_path_factory, corpus):
    """A result with every kind of file: shards, quarantine, shelved annotations."""
    folder = tmp_path_factory.mktemp("verify")
    write_file(
        folder / "raw/a.parquet",
        [*corpus[:60], {"id": "null", "text": None, "source": "s", "n": 1}],
    )
    run_here(folder, PIPELINE + MUTATED_SIGNALS)
    run_here(folder, PIPELINE, replace=True)
    verify(folder / "out")
    return folder


@pytest.fixture
def out(finished, tmp_path):
    shutil.copytree(finished / "out", tmp_path / "out")
    return tmp_path / "out"


def files_of(out):
    return sorted(p for p in out.rglob("*") if p.is_file() and p.name != "lock")


def test_every_kind_of_file_is_there(out):
    folders = {p.parent.relative_to(out).as_posix() for p in files_of(out)}
    assert folders == {
        ".",
        *(f"_refinery{x}" for x in ("", "/annotations", "/decisions", "/quarantine", "/unused")),
    }


def flips(out, per_file, seed):
    draw = random.Random(seed)
    for path in files_of(out):
        content = path.read_bytes()
        for _ in range(per_file):
            bit = draw.randrange(len(content) * 8)
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            yield path, bit
        path.write_bytes(content)


@pytest.mark.parametrize("per_file", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_found_and_its_file_named(out, per_file):
    n = 0
    for path, bit in flips(out, per_file, seed=per_file):
        with pytest.raises(DamageError) as caught:
            verify(out)
        assert any(path.name in finding for finding in caught.value.findings), (path, bit)
        n += 1
    assert n == per_file * len(files_of(out)) > 100
    verify(out)


def test_every_truncation_and_deletion_is_found(out):
    draw = random.Random(3)
    for path in files_of(out):
        content = path.read_bytes()
        for length in {0, len(content) - 1, draw.randrange(len(content))}:
            path.write_bytes(content[:length])
            with pytest.raises(DamageError, match=path.name):
                verify(out)
        path.unlink()
        if path.name != "run.json" and path.parent.name != "unused":  # no part of the result
            with pytest.raises(DamageError, match=path.name):
                verify(out)
        path.write_bytes(content)
    verify(out)


@pytest.mark.parametrize(
    "name",
    ["x.parquet", "part-00009.parquet", ".hidden", "x/y", "_refinery/x", "_refinery/annotations/x.parquet",
     "_refinery/decisions/part-00001.parquet", "_refinery/quarantine/x", "_refinery/unused/x.parquet"],
)  # fmt: skip
def test_every_extra_file_is_found(out, name):
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_bytes(b"x")
    with pytest.raises(DamageError, match=name.split("/")[0] if name == "x/y" else name):
        verify(out)


def test_two_swapped_files_are_found(tmp_path, corpus):
    write_file(tmp_path / "raw/a.parquet", corpus)
    out = run_here(tmp_path).path
    a, b = out / "part-00000.parquet", out / "part-00001.parquet"
    a.rename(out / "x")
    b.rename(a)
    (out / "x").rename(b)
    with pytest.raises(DamageError) as caught:
        verify(out)
    assert len(caught.value.findings) == 2


def test_link_in_place_of_a_file_is_found(out, tmp_path):
    (out / "part-00000.parquet").rename(tmp_path / "moved")
    (out / "part-00000.parquet").symlink_to(tmp_path / "moved")
    with pytest.raises(DamageError, match=r"part-00000\.parquet is a symbolic link"):
        verify(out)


def test_command_exits_with_3_and_names_each_file(out):
    assert command("verify", out).code == 0
    (out / "part-00000.parquet").write_bytes(b"")
    (out / "report.html").unlink()
    done = command("verify", out)
    assert done.code == 3
    assert "part-00000.parquet has 0 bytes" in done.err
    assert "report.html is missing" in done.err


def test_no_complete_run_is_3_and_no_folder_is_2(out, tmp_path):
    (out / "_refinery/manifest.json").unlink()
    assert command("verify", out).code == 3
    assert command("verify", tmp_path / "absent").code == 2
