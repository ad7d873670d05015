"""What every command that fills an output folder does alike: faults of the machine, publishing."""

import errno
import os
from unittest import mock

import pytest

from conftest import write_file
from refinery import runner, tree
from refinery.config import parse_pipeline
from refinery.errors import EnvironmentFault
from refinery.mixture import mix
from refinery.mixture.config import parse_mixture

ROWS = [{"id": f"d{i}", "text": f"document {i} has a few words"} for i in range(20)]


def run(folder):
    text = "input: {path: raw.parquet, id: id}\ndecide: []\noutput: {path: out}\n"
    return runner.execute(parse_pipeline(text, folder=folder))


def mixture(folder):
    text = "sources: [{name: a, path: raw.parquet, id: id, epochs: 2}]\noutput: {path: out}\n"
    return mix.execute(parse_mixture(text, folder=folder))


COMMANDS = pytest.mark.parametrize("command", [run, mixture])


def failing(number):
    """The one place where a finished file gets its name, on a disk that gives this error."""
    return mock.patch.object(
        tree, "place", side_effect=OSError(number, os.strerror(number), "out/_refinery/a")
    )


@pytest.fixture
def folder(tmp_path):
    write_file(tmp_path / "raw.parquet", ROWS)
    return tmp_path


@COMMANDS
def test_a_full_disk_says_so_ends_with_4_and_can_be_resumed(command, folder):
    said = r"out: no space left \([\d,]+ bytes free\); make room and run the same command again"
    with failing(errno.ENOSPC), pytest.raises(EnvironmentFault, match=said) as caught:
        command(folder)
    assert caught.value.exit_code == 4
    assert not list((folder / "out").glob("*.parquet"))
    assert not command(folder).is_unchanged
    assert command(folder).is_unchanged


@COMMANDS
def test_an_error_of_the_disk_keeps_its_kind_and_can_be_resumed(command, folder):
    with failing(errno.EIO), pytest.raises(OSError, match="Input/output error: 'out/_refinery/a'"):
        command(folder)
    assert not list((folder / "out").glob("*.parquet"))
    assert not command(folder).is_unchanged


@COMMANDS
def test_an_input_that_goes_away_is_a_fault_of_the_machine(command, folder, monkeypatch):
    module = {run: runner, mixture: mix}[command]
    planned = module.build_plan

    def build_plan(*args, **kwargs):
        plan = planned(*args, **kwargs)
        (folder / "raw.parquet").unlink()
        return plan

    monkeypatch.setattr(module, "build_plan", build_plan)
    with pytest.raises(EnvironmentFault, match=r"raw\.parquet: vanished during the run") as caught:
        command(folder)
    assert caught.value.exit_code == 4


@COMMANDS
def test_a_damaged_shard_is_made_again(command, folder):
    whole = command(folder)
    (shard,) = (folder / "out").glob("*.parquet")
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    assert not command(folder).is_unchanged
    assert shard.read_bytes() == content
    assert command(folder).manifest == whole.manifest
