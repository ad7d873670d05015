"""Killed, interrupted or out of disk at any instant, a run loses nothing and repeats no finished unit."""

import fcntl
import json
import random
import shutil
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from conftest import PIPELINE, child_environment, command, identities, tree_bytes, write_file

N_FILES = 8
SLOW = 0.05
"""Seconds that every unit of an interrupted run takes longer."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, corpus, forks):
    folder = tmp_path_factory.mktemp("undisturbed")
    size = len(corpus) // N_FILES
    for i in range(N_FILES):
        rows = corpus[i * size : (i + 1) * size]
        rows.append({"id": f"null{i}", "text": None, "source": "s", "n": 0})
        write_file(folder / f"raw/{i}.{'jsonl.gz' if i % 2 else 'parquet'}", rows)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    code, _ = forks(do="count_calls", folder=folder, report=str(folder / "calls.json"))
    assert code == 0
    return folder


@pytest.fixture
def folder(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "p", ignore=shutil.ignore_patterns("out"))
    return tmp_path / "p"


def check_resumed(forks, folder, undisturbed, arguments=()):
    """Run again: the undisturbed result, from what the killed run had finished."""
    out = folder / "out"
    for path in out.glob("part-*.parquet"):
        pl.read_parquet(path)  # whatever stands at a final name is whole
    done = identities(out / "_refinery/annotations") if out.exists() else {}
    code, _ = forks(do="run", folder=folder, arguments=list(arguments))
    assert code == 0
    assert tree_bytes(out) == tree_bytes(undisturbed / "out")
    after = identities(out / "_refinery/annotations")
    assert {name: after[name] for name in done} == done
    return len(done)


def kill_points(undisturbed, every):
    counts = json.loads((undisturbed / "calls.json").read_text())
    assert counts["replace"] > 20
    points = [
        ("replace", k, side)
        for k in range(1, counts["replace"] + 1)
        for side in ("before", "after")
    ]
    points += [("unlink", k, "after") for k in range(1, counts["unlink"] + 1)]
    points += [("fsync", k, "before") for k in range(1, counts["fsync"] + 1)]
    points += [("mkdir", k, "after") for k in range(1, counts["mkdir"] + 1)]
    return points[::every]


@pytest.mark.parametrize(
    "every", [31, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_kill_around_every_call_that_changes_the_tree(forks, undisturbed, folder, every):
    killed, points = 0, kill_points(undisturbed, every)
    for call, k, side in points:
        code, _ = forks(do="kill_at", folder=folder, call=call, k=k, side=side)
        assert code in (-signal.SIGKILL, 0), (call, k, side)
        killed += code != 0
        check_resumed(forks, folder, undisturbed)
        shutil.rmtree(folder / "out")
    # A run on other timing may make a call or two fewer than the one that was counted.
    assert killed >= 0.9 * len(points)


@pytest.mark.parametrize(
    "n", [2, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_kill_at_random_times(forks, undisturbed, folder, n):
    draw = random.Random(n)
    begun = time.monotonic()
    forks(do="slow_run", folder=folder, seconds=SLOW)
    whole = time.monotonic() - begun
    shutil.rmtree(folder / "out")
    reused = 0
    for i in range(n):
        at = (i + draw.random()) / n * whole
        code, _ = forks(do="slow_run", folder=folder, seconds=SLOW, stop_after=at)
        assert code in (-signal.SIGKILL, 0)
        reused += check_resumed(forks, folder, undisturbed)
        shutil.rmtree(folder / "out")
    assert reused > 0 or n < 10


@pytest.mark.slow
def test_kills_in_a_row_cannot_starve_a_run(forks, undisturbed, folder):
    done = 0
    for attempt in range(40):
        code, _ = forks(do="slow_run", folder=folder, seconds=SLOW, stop_after=0.2 + 0.05 * attempt)
        found = (
            len(identities(folder / "out/_refinery/annotations"))
            if (folder / "out").exists()
            else 0
        )
        assert found >= done
        done = found
        if code == 0:
            break
    assert code == 0
    assert tree_bytes(folder / "out") == tree_bytes(undisturbed / "out")


def test_kill_while_another_result_is_replaced_never_mixes(forks, undisturbed, folder):
    other = PIPELINE.replace("yield: 0.4", "yield: 0.1").replace("60kB", "20kB")
    for k in range(1, json.loads((undisturbed / "calls.json").read_text())["replace"], 9):
        (folder / "pipeline.yaml").write_text(other)
        assert forks(do="run", folder=folder)[0] == 0
        (folder / "pipeline.yaml").write_text(PIPELINE)
        code, _ = forks(
            do="kill_at", folder=folder, call="replace", k=k, side="after", arguments=["--replace"]
        )
        assert code in (-signal.SIGKILL, 0)
        check_resumed(forks, folder, undisturbed, ["--replace"])
        shutil.rmtree(folder / "out")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("n", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_signal_stops_in_time_and_the_run_resumes(forks, undisturbed, folder, signum, n):
    draw = random.Random(int(signum))
    for _ in range(n):
        code, seconds = forks(
            do="slow_run", folder=folder, seconds=1.0, arguments=["--threads=1"],
            stop_after=draw.uniform(0.1, 0.9), once_there=str(folder / "out/_refinery"), signum=int(signum),
        )  # fmt: skip
        assert code == 128 + signum
        assert seconds < 10
        check_resumed(forks, folder, undisturbed)
        shutil.rmtree(folder / "out")


def test_second_run_on_an_output_at_work_is_refused(folder):
    (folder / "out/_refinery").mkdir(parents=True)
    with (folder / "out/_refinery/lock").open("w") as lock:
        lock.write("pid 12345")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = command("run", folder / "pipeline.yaml")
    assert done.code == 4
    assert "another run is at work on this output (pid 12345)" in done.err


FULL_DISK = """
set -e
mount -t tmpfs -o size={size} tmpfs out
set +e
{python} -m refinery run pipeline.yaml --quiet; echo "first $?"
ls out/*.parquet 2>/dev/null
mount -o remount,size=100m out
{python} -m refinery run pipeline.yaml --quiet; echo "second $?"
cp -r out result
"""


@pytest.mark.parametrize(
    "size",
    [
        "24k",
        pytest.param("120k", marks=pytest.mark.slow),
        pytest.param("200k", marks=pytest.mark.slow),
    ],
)
def test_full_disk_ends_with_4_and_the_run_resumes(undisturbed, folder, size):
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("unshare -Urm is not allowed here")
    (folder / "out").mkdir()
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", FULL_DISK.format(python=sys.executable, size=size)],
        cwd=folder, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["first", "4", "second", "0"], done.stderr
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree_bytes(folder / "result") == tree_bytes(undisturbed / "out")


@pytest.fixture(scope="module")
def killed_late(undisturbed, forks, tmp_path_factory):
    """Run that was killed when some of its shards and verdicts stood at their places, some not."""
    folder = tmp_path_factory.mktemp("killed") / "p"
    shutil.copytree(undisturbed, folder, ignore=shutil.ignore_patterns("out"))
    counts = json.loads((undisturbed / "calls.json").read_text())
    code, _ = forks(
        do="kill_at", folder=folder, call="replace", k=counts["replace"] - 4, side="before"
    )
    assert code == -signal.SIGKILL
    assert list(folder.glob("out/part-*"))
    assert list(folder.glob("out/_refinery/staging/*/part-*"))
    return folder


@pytest.mark.parametrize(
    "n_flips", [6, pytest.param(150, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_damaged_work_of_a_killed_run_is_never_used(
    forks, undisturbed, killed_late, folder, n_flips
):
    draw = random.Random(n_flips)
    for _ in range(n_flips):
        shutil.copytree(killed_late / "out", folder / "out")
        files = [p for p in sorted((folder / "out").rglob("*")) if p.is_file() and p.stat().st_size]
        victim = draw.choice(files)
        content = bytearray(victim.read_bytes())
        bit = draw.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        victim.write_bytes(content)
        assert forks(do="run", folder=folder)[0] == 0, (victim.name, bit)
        assert tree_bytes(folder / "out") == tree_bytes(undisturbed / "out"), (victim.name, bit)
        shutil.rmtree(folder / "out")
