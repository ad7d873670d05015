"""Broken pipeline files: every problem at once, at its line, with the nearest valid name; no data read."""

import re
import textwrap

import pytest

from conftest import command, write_file
from refinery.ablation.config import AblationConfig
from refinery.config import Config, load_pipeline, parse_pipeline, parse_size
from refinery.config_file import validated
from refinery.errors import ConfigError
from refinery.labelling.config import LabellingConfig
from refinery.plan import build_plan
from refinery.training.config import TrainingConfig
from refinery.yaml_file import parse

GOOD = """\
version: 1
input:
  - path: raw/*.parquet
    id: id
annotate:
  signals: [kl3m]
  tokens: {tokenizer: cl100k_base}
  scores: []
  minhash: {ngram: 5, bands: 14, rows_per_band: 8}
decide:
  - rules: {n_tokens: {min: 100}}
  - exact_duplicates: {}
  - near_duplicates: {keep: first}
  - select: {by: n_words, yield: 0.5}
output: {path: out}
resources: {threads: 2}
seed: 17
"""


def broken(line, old, new, path, message, *, name=None):
    """One case: `old` becomes `new` in GOOD, and `path` is complained about at `line`."""
    assert GOOD.count(old) == 1, old
    return pytest.param(
        GOOD.replace(old, new), line, path, message, id=name or f"{path}={new.strip()[:40]!r}"
    )


def step(new, path, message):
    return broken(12, "exact_duplicates: {}", new, f"decide[1].{path}".rstrip("."), message)


CASES = [
    # unknown keys, at every level
    broken(2, "input:", "inputs:", "inputs", "no such key; did you mean input?"),
    broken(17, "seed: 17", "sed: 17", "sed", "no such key; did you mean seed?"),
    broken(17, "seed: 17", "quux: 17", "quux", "no such key; allowed: version, input, annotate"),
    broken(4, "    id: id", "    ids: id", "input[0].ids", "did you mean id?"),
    broken(4, "    id: id", "    on_badfile: fail", "input[0].on_badfile", "did you mean on_bad_file?"),
    broken(6, "signals: [", "signal: [", "annotate.signal", "did you mean signals?"),
    broken(7, "{tokenizer:", "{tokeniser:", "annotate.tokens.tokeniser", "did you mean tokenizer?"),
    broken(8, "scores: []", "scores: [{name: a, model: builtin/textbook, lable: x}]", "annotate.scores[0].lable", "did you mean label?"),
    broken(9, "ngram: 5", "ngrams: 5", "annotate.minhash.ngrams", "did you mean ngram?"),
    step("exact_duplicate: {}", "exact_duplicate", "did you mean exact_duplicates?"),
    step("exact_duplicates: {keeps: first}", "exact_duplicates.keeps", "did you mean keep?"),
    step("near_duplicates: {treshold: 0.5}", "near_duplicates.treshold", "did you mean threshold?"),
    step("select: {by: n_words, yields: 0.5}", "select.yields", "did you mean yield?"),
    step("rules: {n_tokens: {mim: 3}}", "rules.n_tokens.mim", "did you mean min?"),
    broken(15, "{path: out}", "{path: out, shard_byte: 1}", "output.shard_byte", "did you mean shard_bytes?"),
    broken(16, "threads: 2", "thread: 2", "resources.thread", "did you mean threads?"),
    # wrong types
    broken(1, "version: 1", "version: 2", "version", "found 2"),
    broken(1, "version: 1", "version: one", "version", "found 'one'"),
    broken(3, "path: raw/*.parquet", "path: 7", "input[0].path", "found 7"),
    broken(3, "path: raw/*.parquet", "path:", "input[0].path", "found None"),
    broken(4, "    id: id", "    id: 7", "input[0].id", "valid string"),
    broken(4, "    id: id", "    text: [a]", "input[0].text", "valid string"),
    broken(4, "    id: id", "    format: xml", "input[0].format", "found 'xml'"),
    broken(4, "    id: id", "    format: parqet", "input[0].format", "did you mean parquet?"),
    broken(4, "    id: id", "    on_bad_file: ignore", "input[0].on_bad_file", "'fail' or 'quarantine'"),
    broken(6, "[kl3m]", "kl3m", "annotate.signals", "expected a list, found 'kl3m'"),
    broken(6, "[kl3m]", "[[kl3m]]", "annotate.signals[0]", "valid string"),
    broken(8, "scores: []", "scores: [{model: builtin/textbook}]", "annotate.scores[0]", "annotate.scores[0].name is required"),
    broken(8, "scores: []", "scores: [{name: 'a b', model: builtin/textbook}]", "annotate.scores[0].name", "pattern"),
    broken(9, "{ngram: 5, bands: 14, rows_per_band: 8}", "[5, 14, 8]", "annotate.minhash", "expected a mapping with keys such as ngram, bands"),
    step("exact_duplicates: {keep: best}", "exact_duplicates.keep", "found 'best'"),
    step("near_duplicates: {verify: perhaps}", "near_duplicates.verify", "found 'perhaps'"),
    step("near_duplicates: {keep: {lowest: n_words}}", "near_duplicates.keep", "highest"),
    step("near_duplicates: {keep: datatroves}", "near_duplicates.keep", "expected first, longest, datatrove or {highest: SCORE}"),
    step("near_duplicates: {keep: datatrove, verify: true}", "near_duplicates", "leave verify out"),
    step("near_duplicates: {keep: datatrove}", "near_duplicates.keep", "set annotate.minhash.profile to datatrove or datatrove_sha1, found refinery"),
    step("exact_duplicates: {keep: datatrove}", "exact_duplicates.keep", "found 'datatrove'"),
    broken(9, "ngram: 5", "profile: datatrov", "annotate.minhash.profile", "did you mean datatrove?"),
    step("select: {by: n_words, yield: half}", "select.yield", "found 'half'"),
    step("select: {by: n_words, yield: 0.5, unit: words}", "select.unit", "'tokens', 'bytes' or 'documents'"),
    step("select: {by: n_words, yield: 0.5, unit: token}", "select.unit", "did you mean tokens?"),
    step("rules: {n_tokens: 100}", "rules.n_tokens", "expected bounds such as {min: 1, max: 2}, found 100"),
    step("rules: {n_tokens: {min: many}}", "rules.n_tokens.min", "number"),
    step("rules: {n_tokens: {}}", "rules.n_tokens", "no bound given"),
    step("rules: 7", "rules", "found 7"),
    step("{}", "", "exactly one key, found 0"),
    step("exact_duplicates: {}\n    near_duplicates: {}", "", "exactly one key, found 2"),
    broken(15, "{path: out}", "{shard_bytes: 1}", "output", "output.path is required"),
    broken(15, "{path: out}", "{path: out, format: csv}", "output.format", "'parquet' or 'jsonl.zst'"),
    broken(15, "{path: out}", "{path: out, view: html}", "output.view", "no such view 'html'; there are: text"),
    broken(17, "seed: 17", "seed: abc", "seed", "found 'abc'"),
    broken(17, "seed: 17", "seed: 1.5", "seed", "found 1.5"),
    # out of range, bad sizes
    broken(9, "ngram: 5", "ngram: 0", "annotate.minhash.ngram", "greater than or equal to 1, found 0"),
    broken(9, "bands: 14", "bands: 100000", "annotate.minhash.bands", "less than or equal to 1000"),
    step("near_duplicates: {threshold: 1.5}", "near_duplicates.threshold", "less than or equal to 1"),
    step("near_duplicates: {threshold: .nan}", "near_duplicates.threshold", "nan"),
    step("select: {by: n_words, yield: 0}", "select.yield", "greater than 0"),
    step("select: {by: n_words, yield: 17.5}", "select.yield", "less than or equal to 1"),
    step("rules: {n_tokens: {min: .nan}}", "rules.n_tokens.min", "finite"),
    broken(15, "{path: out}", "{path: out, shard_bytes: 5 parsecs}", "output.shard_bytes", "is not a size"),
    broken(15, "{path: out}", "{path: out, shard_bytes: 0}", "output.shard_bytes", "greater than 0"),
    broken(15, "{path: out}", "{path: out, shard_bytes: -1MB}", "output.shard_bytes", "is not a size"),
    broken(15, "{path: out}", "out", "output", "expected a mapping with keys such as path, shard_bytes"),
    step("[exact_duplicates]", "", "expected a mapping with keys such as rules, exact_duplicates"),
    broken(16, "threads: 2", "threads: 0", "resources.threads", "greater than or equal to 1"),
    broken(16, "threads: 2", "threads: some", "resources.threads", "found 'some'"),
    broken(16, "threads: 2", "memory: lots", "resources.memory", "is not a size"),
    broken(17, "seed: 17", "seed: -1", "seed", "greater than or equal to 0"),
    # what the parser itself refuses
    broken(17, "seed: 17", "seed: 1\nseed: 2", "seed", "duplicate key, first given in line 17", name="duplicate key"),
    broken(12, "exact_duplicates: {}", "exact_duplicates: {keep: first, keep: longest}", "decide[1].exact_duplicates.keep", "duplicate key"),
    broken(17, "seed: 17", "seed: !!python/object/apply:os.system [id]", "seed", "is not allowed", name="python tag"),
    broken(17, "seed: 17", "seed: !secret 17", "seed", "tag !secret is not allowed"),
    broken(15, "{path: out}", "!!set {path, out}", "output", "is not allowed"),
    broken(16, "{path: out}", "{path: out", "", "not valid YAML", name="unclosed brace"),
    # names that do not exist
    broken(6, "[kl3m]", "[kl4m]", "annotate.signals[0]", "no such family of signals 'kl4m'; did you mean kl3m?"),
    broken(7, "cl100k_base", "cl100_base", "annotate.tokens.tokenizer", "did you mean cl100k_base?"),
    broken(7, "cl100k_base", "absent.json", "annotate.tokens.tokenizer", "no such file"),
    broken(8, "scores: []", "scores: [{name: a, model: absent.bin}]", "annotate.scores[0].model", "absent.bin"),
    broken(8, "scores: []", "scores: [{name: n_words, model: absent.bin}]", "annotate.scores[0].name", "already the name of a column"),
    broken(11, "{n_tokens:", "{n_token:", "decide[0].rules.n_token", "did you mean n_tokens?"),
    broken(11, "{n_tokens: {min: 100}}", "datatrove/gopher", "decide[0].rules", "no such profile 'datatrove/gopher'"),
    step("rules: [{n_tokens: {min: 1}}, {n_wrds: {min: 1}}]", "rules[1].n_wrds", "did you mean n_words?"),
    step("near_duplicates: {keep: {highest: n_word}}", "near_duplicates.keep.highest", "did you mean n_words?"),
    broken(14, "by: n_words", "by: n_wods", "decide[3].select.by", "did you mean n_words?"),
    broken(15, "{path: out}", "{path: out, columns: [n_woords]}", "output.columns[0]", "did you mean n_words?"),
    # files
    broken(3, "raw/*.parquet", "row/*.parquet", "input[0].path", "'row/*.parquet' matches no file"),
    broken(3, "raw/*.parquet", "[raw/*.parquet, absent.jsonl]", "input[0].path", "'absent.jsonl' matches no file"),
    broken(3, "raw/*.parquet", "raw/a.parqet", "input[0].path", "matches no file; did you mean a.parquet?"),
    broken(3, "raw/*.parquet", "gone/a.parqet", "input[0].path", "'gone/a.parqet' matches no file (looked"),
    broken(3, "raw/*.parquet", "raw/gone.parquet", "input[0].path", "'raw/gone.parquet' matches no file (looked"),
    broken(3, "raw/*.parquet", "pipeline.yaml", "input[0].path", "no format is known by that name"),
    broken(3, "- path: raw/*.parquet", "- path: raw/*.parquet\n  - path: raw/a.parquet", "input[1].path", "matched by two inputs"),
    broken(15, "{path: out}", "{path: raw}", "output.path", "holds the input raw/a.parquet"),
    broken(15, "{path: out}", "{path: .}", "output.path", "holds the input raw/a.parquet"),
    broken(4, "    id: id", "    id: di", "input[0].id", "raw/a.parquet: no column 'di'"),
    broken(4, "    id: id", "    text: txet", "input[0].text", "did you mean text?"),
    broken(4, "    id: id", "    source: sourc", "input[0].source", "no column 'sourc'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("config")
    write_file(home / "raw" / "a.parquet", [{"id": "1", "text": "one"}])
    return home


def problems_of(folder, text):
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        build_plan(load_pipeline(folder / "pipeline.yaml"))
    return caught.value


def test_the_good_file_is_good(folder):
    (folder / "pipeline.yaml").write_text(GOOD, encoding="utf-8")
    assert build_plan(load_pipeline(folder / "pipeline.yaml")).steps


def test_there_are_enough_cases():
    assert len(CASES) >= 60


@pytest.mark.parametrize(("text", "line", "path", "message"), CASES)
def test_broken_file_names_line_key_and_remedy(folder, text, line, path, message):
    error = problems_of(folder, text)
    assert error.exit_code == 2
    found = {(problem.line, problem.path): problem.message for problem in error.problems}
    if "input[1]" in path or name_is_inserted(text):
        found = {(line, key): said for (_, key), said in found.items()}
    assert (line, path) in found, error
    assert message in found[line, path]
    place = f"{folder / 'pipeline.yaml'}:"
    assert all(said.startswith(place) for said in str(error).splitlines())


def name_is_inserted(text):
    """Whether a case adds lines before the one complained about."""
    return len(text.splitlines()) > len(GOOD.splitlines()) and "seed: 2" in text


def test_all_problems_come_at_once(folder):
    text = (
        GOOD.replace("id: id", "idd: id")
        .replace("yield: 0.5", "yield: 5")
        .replace("seed: 17", "seed: x")
    )
    assert [p.path for p in problems_of(folder, text).problems] == [
        "input[0].idd",
        "decide[3].select.yield",
        "seed",
    ]
    text = (
        GOOD.replace("raw/*", "absent/*").replace("n_tokens", "n_tokns").replace("[kl3m]", "[kl4m]")
    )
    found = [p.path for p in problems_of(folder, text).problems]
    assert found == ["input[0].path", "annotate.signals[0]", "decide[0].rules.n_tokns"]


@pytest.mark.parametrize("text", ["", "- a", "just text", "7", "null", "[]"])
def test_file_that_is_no_mapping_is_refused(folder, text):
    assert problems_of(folder, text).exit_code == 2


def test_folder_that_holds_other_files_is_refused_and_left_alone(folder, cli):
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "thesis.txt").write_text("precious")
    (folder / "pipeline.yaml").write_text(GOOD.replace("path: out", "path: mine"))
    done = cli("run", folder / "pipeline.yaml")
    assert (done.code, "thesis.txt" in done.err) == (2, True)
    assert [p.name for p in (folder / "mine").iterdir()] == ["thesis.txt"]


def test_output_inside_an_input_folder_is_refused(folder):
    text = GOOD.replace("raw/*.parquet", "raw").replace("path: out", "path: raw/out")
    (problem,) = problems_of(folder, text).problems
    assert (problem.line, problem.path) == (15, "output.path")
    assert "lies inside the input folder" in problem.message


def test_a_broken_config_is_refused_before_any_data_is_read(tmp_path, cli):
    # A file that is no Parquet at all: whoever opens it says so, and exits with 3.
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.parquet").write_bytes(b"no parquet")
    (tmp_path / "pipeline.yaml").write_text(
        GOOD.replace("seed: 17", "seed: x").replace("[kl3m]", "[kl4m]")
    )
    for name in ("run", "validate"):
        done = cli(name, tmp_path / "pipeline.yaml")
        assert done.code == 2
        assert f"{tmp_path}/pipeline.yaml:17:1: seed:" in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_every_file_that_lacks_a_column_is_named_before_any_is_read(tmp_path):
    for name, key in (("a", "id"), ("b", "Id"), ("c", "key")):
        write_file(tmp_path / "raw" / f"{name}.parquet", [{key: "1", "text": "one"}])
    error = problems_of(tmp_path, GOOD)
    assert [p.message.split(":")[0] for p in error.problems] == ["raw/b.parquet", "raw/c.parquet"]
    assert {(p.line, p.path) for p in error.problems} == {(4, "input[0].id")}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512MB", 512 * 10**6),
        ("1GiB", 2**30),
        ("1.5 kB", 1500),
        ("7", 7),
        (7, 7),
        ("2tb", 2 * 10**12),
        ("10B", 10),
    ],
)
def test_sizes_are_powers_of_ten_unless_they_say_i(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("seed=3", "seed", 3),
        ("output.path=elsewhere/", "output.path", "elsewhere/"),
        ("resources.threads=5", "resources.threads", 5),
        ("input[0].text=body", "input.0.text", "body"),
        ("decide[0].rules.n_tokens.min=7", "decide.0.rules.n_tokens.min", 7),
        ("output.shard_bytes=1GiB", "output.shard_bytes", 2**30),
    ],
)
def test_set_changes_one_key(assignment, key, value):
    found = parse_pipeline(GOOD, overrides=[assignment]).config
    for part in key.split("."):
        if isinstance(found, list):
            found = found[int(part)]
        else:
            found = found[part] if isinstance(found, dict) else getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    "assignment", ["seed", "=3", "decide[9].rules=x", "seed.a=3", "seed=[", "sed=3", "seed=-1"]
)
def test_set_that_cannot_be_is_refused(assignment):
    with pytest.raises(ConfigError) as caught:
        parse_pipeline(GOOD, overrides=[assignment])
    assert "Traceback" not in str(caught.value)


SINGLE = {
    AblationConfig: "pool: {input: {path: a}}\nfamilies: {}\noutput: {path: out}",
    Config: "input: {path: a}\noutput: {path: out}",
    LabellingConfig: "input: {path: a}\noutput: out\nlabellers: {name: anna, file: a.csv}",
    TrainingConfig: "input: {path: a}\noutput: m.bin\npositives: {path: a}",
}
"""Files of every command with --set, their lists of one written without the list."""


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (AblationConfig, "pool.input[0].path"),
        (Config, "input[0].path"),
        (Config, "input.path"),
        (LabellingConfig, "input[0].path"),
        (LabellingConfig, "labellers[0].file"),
        (TrainingConfig, "input[0].path"),
        (TrainingConfig, "positives[0].path"),
    ],
)
def test_set_takes_an_entry_without_its_list_for_a_list_of_one(model, key):
    found = validated(parse(SINGLE[model], "file"), model, [f"{key}=other.csv"])
    for part in key.replace("[0]", "").split("."):
        found = getattr(found[0] if isinstance(found, list) else found, part)
    assert found == "other.csv"


def test_set_replaces_an_entry_that_is_written_without_its_list():
    found = parse_pipeline(SINGLE[Config], overrides=["input[0]={path: b, text: body}"])
    assert [(entry.path, entry.text) for entry in found.config.input] == [("b", "body")]


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("input[1].text", "input[1]"),
        ("output[0].path", "output.0"),
        ("decide[0].rules", "decide[0]"),
    ],
)
def test_set_makes_no_entries(key, place):
    with pytest.raises(ConfigError, match=re.escape(place)):
        parse_pipeline(SINGLE[Config], overrides=[f"{key}=a"])


def test_schema_accepts_what_the_model_accepts_and_names_every_key():
    from refinery.config import json_schema

    shown = str(json_schema())
    for key in (
        "input",
        "annotate",
        "decide",
        "on_bad_file",
        "rows_per_band",
        "yield",
        "shard_bytes",
        "threads",
    ):
        assert f"'{key}'" in shown


def test_no_public_name_is_also_a_module():
    # `import refinery.run` would replace the function `refinery.run` by the module.
    import pkgutil

    import refinery

    modules = {module.name for module in pkgutil.iter_modules(refinery.__path__)}
    assert len(modules) > 10
    assert not modules & set(refinery.__all__)


def test_cli_prints_one_line_a_problem_as_editors_link_them(folder, cli):
    (folder / "pipeline.yaml").write_text(textwrap.dedent(GOOD).replace("seed: 17", "sed: 17"))
    done = cli("validate", folder / "pipeline.yaml")
    assert done.code == 2
    assert done.err.splitlines() == [
        f"refinery: {folder}/pipeline.yaml:17:1: sed: no such key; did you mean seed?"
    ]


def test_validate_of_a_good_file_says_what_it_found(folder):
    (folder / "pipeline.yaml").write_text(GOOD)
    done = command("validate", folder / "pipeline.yaml")
    assert done.code == 0
    assert "valid; 1 input files, 4 steps" in done.out
