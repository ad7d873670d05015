"""The command line: its exit codes, what it loads, and that it stays quiet where it should."""

import importlib.util
import json
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command

from conftest import child_environment, command, write_file
from refinery.cli.app import app
from refinery.cli.help import EXIT_CODES
from refinery.cli.start import hidden

SMALL = "input: {path: raw/*, id: id}\noutput: {path: out}\n"


@pytest.fixture
def folder(tmp_path):
    write_file(tmp_path / "raw/a.parquet", [{"id": str(i), "text": f"text {i}"} for i in range(5)])
    (tmp_path / "pipeline.yaml").write_text(SMALL)
    return tmp_path


def change(folder, text):
    (folder / "pipeline.yaml").write_text(text)


def spoil(folder):
    (folder / "raw/b.parquet").write_bytes(b"no parquet")


def repeat_an_id(folder):
    write_file(folder / "raw/b.jsonl", [{"id": "3", "text": "again"}])


def damage_the_result(folder):
    assert command("run", folder / "pipeline.yaml", "-q").code == 0
    (folder / "out/part-00000.parquet").write_bytes(b"")


def finish_another_plan(folder):
    assert command("run", folder / "pipeline.yaml", "-q").code == 0
    change(folder, SMALL + "decide: [{exact_duplicates: {}}]\n")


def finish(folder):
    assert command("run", folder / "pipeline.yaml", "-q").code == 0


def make_state_a_file(folder):
    (folder / "out").mkdir()
    (folder / "out/_refinery").write_text("")


def nothing(folder):
    pass


CODES = [
    ("run", nothing, ["run", "pipeline.yaml"], 0),
    ("run again", finish, ["run", "pipeline.yaml"], 0),
    ("replace", finish_another_plan, ["run", "pipeline.yaml", "--replace"], 0),
    ("set", nothing, ["run", "pipeline.yaml", "--set", "output.path=other", "--threads", "1"], 0),
    ("sample", nothing, ["run", "pipeline.yaml", "--sample", "50%"], 0),
    ("dry run", nothing, ["run", "pipeline.yaml", "--dry-run"], 0),
    ("validate", nothing, ["validate", "pipeline.yaml"], 0),
    ("verify", finish, ["verify", "out"], 0),
    ("report", finish, ["report", "out"], 0),
    ("clean", finish, ["clean", "out"], 0),
    ("clean nowhere", nothing, ["clean", "absent"], 2),
    ("schema", nothing, ["schema"], 0),
    ("explain all", nothing, ["explain"], 0),
    ("explain one", nothing, ["explain", "n_words"], 0),
    ("no command", nothing, ["refine"], 2),
    ("no option", nothing, ["run", "pipeline.yaml", "--fast"], 2),
    ("no argument", nothing, ["run"], 2),
    ("threads 0", nothing, ["run", "pipeline.yaml", "--threads", "0"], 2),
    ("set nonsense", nothing, ["run", "pipeline.yaml", "--set", "nonsense"], 2),
    ("no such file", nothing, ["run", "absent.yaml"], 2),
    ("a folder as file", nothing, ["validate", "raw"], 2),
    ("explain unknown", nothing, ["explain", "n_wrds"], 2),
    ("broken config", lambda f: change(f, SMALL + "sed: 3"), ["run", "pipeline.yaml"], 2),
    ("no match", lambda f: change(f, SMALL.replace("raw", "row")), ["run", "pipeline.yaml"], 2),
    ("another plan", finish_another_plan, ["run", "pipeline.yaml"], 2),
    ("verify nowhere", nothing, ["verify", "absent"], 2),
    ("report nowhere", nothing, ["report", "absent"], 2),
    ("bad file", spoil, ["run", "pipeline.yaml"], 3),
    ("duplicate ids", repeat_an_id, ["run", "pipeline.yaml"], 3),
    ("damage", damage_the_result, ["verify", "out"], 3),
    ("no result", nothing, ["verify", "raw"], 3),
    ("state is a file", make_state_a_file, ["run", "pipeline.yaml"], (2, 4)),
]


@pytest.mark.parametrize(
    ("prepare", "arguments", "code"), [c[1:] for c in CODES], ids=[c[0] for c in CODES]
)
def test_exit_code(folder, prepare, arguments, code):
    prepare(folder)
    done = command(*arguments, cwd=folder)
    assert done.code in (code if isinstance(code, tuple) else (code,)), done.err
    assert "Traceback" not in done.err
    assert bool(done.err) == bool(done.code)


def test_a_bug_is_5_with_a_traceback_and_a_panic_too(folder):
    for error in ("ZeroDivisionError()", "type('PanicException', (BaseException,), {})()"):
        program = (
            "import refinery.runner as r, sys\n"
            f"def bug(*a, **k): raise {error}\n"
            "r.execute = bug\nsys.argv = ['refinery', 'run', 'pipeline.yaml']\n"
            "from refinery.cli import main\nmain()"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, env=child_environment(), capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 5
        assert "Traceback" in done.stderr
        assert "this is a bug of refinery" in done.stderr


def loaded_by(folder, *arguments):
    program = (
        "import sys, json\nsys.argv = ['refinery', *sys.argv[1:]]\nfrom refinery.cli import main\n"
        "try: main()\nfinally: sys.stderr.write('LOADED' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=folder, env=child_environment(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(done.stderr.partition("LOADED")[2])), done.stdout


@pytest.mark.slow
def test_a_run_loads_neither_numpy_nor_pandas(folder):
    pytest.importorskip("pandas")
    loaded, _ = loaded_by(folder, "run", "pipeline.yaml", "-q")
    assert "polars.dataframe.frame" in loaded
    # Polars registers stand-ins of both under their names.
    assert not {"numpy.core", "numpy._core", "pandas.core"} & loaded


def test_a_hidden_package_is_there_again_afterwards():
    sys.modules.pop("this", None)
    with hidden({"this"}), pytest.raises(ModuleNotFoundError, match="'this'"):
        importlib.import_module("this")
    assert importlib.util.find_spec("this") is not None


@pytest.mark.parametrize(("given", "used"), [(None, "-1"), ("50", "50")])
def test_a_run_tells_the_allocator_to_keep_memory_before_it_is_loaded(folder, given, used):
    program = """
import os, sys
from refinery.cli import app, main
def loaded():
    print(os.environ.get("MIMALLOC_PURGE_DELAY"), "pyarrow" in sys.modules)
app.import_pyarrow = loaded
main()
"""
    environment = child_environment()
    environment.pop("MIMALLOC_PURGE_DELAY", None)
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "pipeline.yaml", "-q"],
        cwd=folder,
        env=environment | ({"MIMALLOC_PURGE_DELAY": given} if given else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.split()[:2]) == (0, [used, "False"]), done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_loads_nothing_heavy(folder, arguments):
    loaded, shown = loaded_by(folder, *arguments)
    assert "Usage" in shown
    assert "refinery.cli.app" in loaded
    # typer itself loads pydantic where that is installed.
    heavy = {"polars", "pyarrow", "numpy", "ruamel.yaml", "refinery._core", "refinery.config"}
    assert not heavy & loaded


def test_package_loads_nothing_heavy():
    program = "import sys, refinery; print([m for m in ('polars', 'pyarrow', 'refinery._core') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_run_as_a_module_prints_the_funnel_and_where_the_result_is(folder):
    done = subprocess.run(
        [sys.executable, "-m", "refinery", "run", "pipeline.yaml"],
        cwd=folder, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "read" in done.stdout
    assert "1 shards" in done.stdout
    assert str(folder / "out") in done.stdout


def test_quiet_prints_nothing(folder):
    done = command("run", "pipeline.yaml", "--quiet", cwd=folder)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_clean_removes_what_the_result_does_not_need_and_nothing_else(folder):
    finish(folder)
    change(folder, SMALL + "annotate: {signals: [kl3m]}\n")
    assert command("run", "pipeline.yaml", "-q", "--replace", cwd=folder).code == 0
    assert len(list((folder / "out/_refinery/unused").iterdir())) == 1
    assert command("clean", "out", cwd=folder).code == 0
    assert list((folder / "out/_refinery/unused").iterdir()) == []
    assert command("verify", "out", cwd=folder).code == 0


def test_relative_paths_are_relative_to_the_file(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert command("run", folder / "pipeline.yaml", "-q", cwd=elsewhere).code == 0
    assert (folder / "out/part-00000.parquet").exists()
    assert list(elsewhere.iterdir()) == []


def test_difference_to_another_plan_is_printed(folder):
    finish_another_plan(folder)
    done = command("run", "pipeline.yaml", cwd=folder)
    assert "holds the complete result of another plan" in done.err
    assert "decide.steps" in done.err


def every_command():
    """The words of every command, and what parses its arguments."""
    waiting = [((), get_command(app))]
    while waiting:
        words, command = waiting.pop()
        if hasattr(command, "commands"):
            waiting += [((*words, name), one) for name, one in command.commands.items()]
        else:
            yield words, command


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*pair, id=" ".join(pair[0])) for pair in every_command()]
)
def test_help_of_every_command_shows_examples_that_parse_and_the_exit_codes(words, command):
    *examples, codes = command.epilog.split("\n\n")
    assert codes == EXIT_CODES
    assert examples
    for example in examples:
        given = shlex.split(example.partition(" > ")[0])
        assert tuple(given[: 2 + len(words)]) == ("$", "refinery", *words)
        command.make_context(words[-1], given[2 + len(words) :])
