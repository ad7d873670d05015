"""What a second run finds done, what it makes again, and what it refuses to touch."""

import os
import shutil

import pytest

from conftest import (
    PIPELINE,
    command,
    identities,
    kept_rows,
    make_rows,
    read_frames,
    run_here,
    tree_bytes,
    verdicts,
    write_file,
)
from refinery.errors import ConfigError, DamageError, ParameterError, PlanMismatchError
from refinery.verify import verify


@pytest.fixture(scope="module")
def finished(tmp_path_factory, corpus):
    """A finished run that no test changes."""
    folder = tmp_path_factory.mktemp("finished")
    write_file(folder / "raw/a.parquet", corpus[:140])
    write_file(folder / "raw/b.parquet", corpus[140:])
    run_here(folder)
    return folder


@pytest.fixture
def done(finished, tmp_path):
    """A copy of it that a test may change, times kept."""
    shutil.copytree(finished, tmp_path / "p", copy_function=shutil.copy2)
    return tmp_path / "p"


def rewritten(before, after):
    return {name for name in after if before.get(name) != after[name]}


def test_nothing_is_left_in_staging(finished):
    assert list((finished / "out/_refinery/staging").iterdir()) == []


def test_second_run_writes_nothing(done):
    before, content = identities(done / "out"), tree_bytes(done / "out")
    outcome = command("run", done / "pipeline.yaml")
    assert outcome.code == 0, outcome.err
    assert "nothing to do" in outcome.out
    assert rewritten(before, identities(done / "out")) <= {"_refinery/lock"}
    assert tree_bytes(done / "out") == content


@pytest.mark.parametrize("threads", [1, 3])
def test_other_threads_are_the_same_plan(done, threads):
    before = identities(done / "out")
    run_here(done, **{"resources.threads": threads})
    assert rewritten(before, identities(done / "out")) <= {"_refinery/lock"}


@pytest.mark.parametrize("folder", ["renamed", "deep/er"])
def test_a_moved_project_is_the_same_plan(done, tmp_path, folder):
    (tmp_path / folder).parent.mkdir(parents=True, exist_ok=True)
    done.rename(tmp_path / folder)
    before = identities(tmp_path / folder / "out")
    run_here(tmp_path / folder)
    assert rewritten(before, identities(tmp_path / folder / "out")) <= {"_refinery/lock"}


MUTATIONS = {
    "threshold": (PIPELINE.replace("min: 30", "min: 31"), "n_chars"),
    "bound removed": (PIPELINE.replace(", n_words: {min: 4}", ""), "n_words"),
    "order of steps": (PIPELINE.replace("  - exact_duplicates: {}\n", "").replace("output:", "  - exact_duplicates: {}\noutput:"), "exact_duplicates"),
    "keep": (PIPELINE.replace("keep: longest", "keep: first"), "near_duplicates"),
    "yield": (PIPELINE.replace("yield: 0.4", "yield: 0.41"), "0.41"),
    "shard size": (PIPELINE.replace("60kB", "61kB"), "write.shard_bytes: 60000 became 61000"),
    "format": (PIPELINE.replace("path: out,", "path: out, format: jsonl.zst,"), "'parquet' became 'jsonl.zst'"),
    "columns": (PIPELINE.replace("path: out,", "path: out, columns: [n_tokens],"), "n_tokens"),
    "signals": (PIPELINE + "annotate: {signals: [kl3m]}", "kl3m"),
    "tokenizer": (PIPELINE + "annotate: {tokens: {tokenizer: o200k_base}}", "annotate.tokenizer"),
    "minhash": (PIPELINE + "annotate: {minhash: {bands: 7}}", "annotate.minhash.bands: 14 became 7"),
    "source": (PIPELINE.replace(", source: source", ""), "source"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_another_plan_is_refused_with_the_difference_and_nothing_is_touched(done, name):
    text, difference = MUTATIONS[name]
    before = tree_bytes(done / "out")
    with pytest.raises(PlanMismatchError) as caught:
        run_here(done, text)
    assert caught.value.exit_code == 2
    assert difference in "\n".join(caught.value.differences)
    assert tree_bytes(done / "out") == before


def test_replace_gives_what_a_fresh_run_gives_and_reuses_annotations(done, tmp_path):
    text = PIPELINE.replace("min: 30", "min: 200").replace("yield: 0.4", "yield: 0.2")
    before = identities(done / "out/_refinery/annotations")
    run_here(done, text, replace=True)
    assert identities(done / "out/_refinery/annotations") == before
    shutil.copytree(done / "raw", tmp_path / "fresh/raw")
    run_here(tmp_path / "fresh", text)
    assert tree_bytes(done / "out") == tree_bytes(tmp_path / "fresh/out")


def test_replace_by_other_annotations_and_back_again_reuses_both(done):
    first = tree_bytes(done / "out")
    before = identities(done / "out/_refinery/annotations")
    run_here(done, MUTATIONS["signals"][0], replace=True)
    assert not set(identities(done / "out/_refinery/annotations")) & set(before)
    run_here(done, replace=True)
    assert identities(done / "out/_refinery/annotations") == before
    assert {k: v for k, v in tree_bytes(done / "out").items() if "unused" not in k} == first
    verify(done / "out")


def test_fewer_shards_leave_none_of_the_old_ones(done):
    assert (done / "out/part-00001.parquet").exists()
    run_here(done, PIPELINE.replace("60kB", "1GB"), replace=True)
    assert [p.name for p in (done / "out").glob("part-*")] == ["part-00000.parquet"]


@pytest.mark.parametrize("change", ["added", "removed", "renamed"])
def test_changed_set_of_inputs_is_another_plan(done, change):
    if change == "added":
        write_file(done / "raw/c.parquet", make_rows(5, seed=9))
    elif change == "removed":
        (done / "raw/b.parquet").unlink()
    else:
        (done / "raw/b.parquet").rename(done / "raw/z.parquet")
    with pytest.raises(PlanMismatchError) as caught:
        run_here(done)
    expected = {
        "added": ["inputs: raw/c.parquet was added"],
        "removed": ["inputs: raw/b.parquet was removed"],
        "renamed": ["inputs: raw/b.parquet was removed", "inputs: raw/z.parquet was added"],
    }
    assert caught.value.differences == expected[change]


def test_added_input_annotates_only_itself(done):
    before = identities(done / "out/_refinery/annotations")
    write_file(done / "raw/c.parquet", make_rows(5, seed=9))
    run = run_here(done, replace=True)
    after = identities(done / "out/_refinery/annotations")
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    assert run.ledger["documents"]["in"] == 245


def test_changed_content_of_equal_size_and_time_is_noticed(done):
    path = done / "raw/a.parquet"
    info, content = path.stat(), bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert path.stat().st_size == info.st_size
    with pytest.raises(PlanMismatchError) as caught:
        run_here(done)
    assert [d.split(":")[1].strip() for d in caught.value.differences] == ["raw/a.parquet.sha256"]


@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "empty"])
@pytest.mark.parametrize(
    "victim", ["part-00001.parquet", "report.html", "_refinery/annotations", "_refinery/decisions"]
)
def test_damaged_file_is_made_again_and_the_others_stay(done, victim, harm):
    out = done / "out"
    content, before = tree_bytes(out), identities(out)
    path = out / victim if (out / victim).is_file() else min((out / victim).iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    harmed = {"flip": bytes(data), "cut": bytes(data[: len(data) // 2]), "empty": b""}
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(harmed[harm])
    with pytest.raises(DamageError, match=path.name):
        verify(out)
    run_here(done)
    assert tree_bytes(out) == content
    name = path.relative_to(out).as_posix()
    assert rewritten(before, identities(out)) <= {
        name,
        "_refinery/manifest.json",
        "_refinery/run.json",
        "_refinery/lock",
    }


@pytest.mark.parametrize("harm", [b"", b"{}", b"[]", b"\x80\x04K\x01.", b"{" * 5000, None])
def test_damaged_manifest_is_written_again_and_no_shard(done, harm):
    out = done / "out"
    content, before = tree_bytes(out), identities(out, "part-*")
    if harm is None:
        (out / "_refinery/manifest.json").unlink()
    else:
        (out / "_refinery/manifest.json").write_bytes(harm)
    run_here(done)
    assert tree_bytes(out) == content
    assert identities(out, "part-*").keys() == before.keys()


def test_sample_goes_to_a_folder_of_its_own_and_is_a_subset(done):
    before = identities(done / "out")
    run = run_here(done, sample=0.3)
    assert run.path == done / "out-sample"
    assert rewritten(before, identities(done / "out")) == set()
    sampled = set(run.decisions.collect()["id"])
    everyone = set(read_frames(done / "out/_refinery/decisions")["id"])
    assert sampled < everyone
    assert 0.15 < len(sampled) / len(everyone) < 0.45


def test_sample_is_the_same_documents_whatever_the_files(done, tmp_path, corpus):
    expected = verdicts(run_here(done, sample=0.3))
    write_file(tmp_path / "other/raw/x.jsonl", corpus[::-1])
    assert verdicts(run_here(tmp_path / "other", sample=0.3)) == expected


def test_sample_of_everything_is_everything(done):
    assert verdicts(run_here(done, sample=1.0)) == verdicts(run_here(done))


@pytest.mark.parametrize("sample", [0, -0.1, 1.1])
def test_sample_outside_its_range_is_refused(done, sample):
    with pytest.raises(ParameterError):
        run_here(done, sample=sample)


@pytest.mark.parametrize("value", ["0", "200%", "some", "-1%"])
def test_sample_that_is_no_share_is_a_usage_error(done, value):
    assert command("run", done / "pipeline.yaml", f"--sample={value}").code == 2


def test_dry_run_writes_nothing(project):
    outcome = command("run", project / "pipeline.yaml", "--dry-run")
    assert (outcome.code, (project / "out").exists()) == (0, False)
    assert "240 documents" in outcome.out


def test_file_put_into_the_output_is_refused_by_name(done):
    (done / "out/notes.parquet").write_text("mine")
    with pytest.raises(ConfigError, match=r"notes\.parquet"):
        run_here(done)
    assert (done / "out/notes.parquet").read_text() == "mine"


def test_output_that_is_a_file_or_a_link_is_refused(done):
    (done / "other").mkdir()
    (done / "link").symlink_to(done / "other")
    (done / "file").write_text("mine")
    for name in ("link", "file"):
        with pytest.raises(ConfigError, match="is not a folder"):
            run_here(done, PIPELINE.replace("path: out", f"path: {name}"))
    assert list((done / "other").iterdir()) == []


def test_linked_state_folder_is_not_followed(done, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(done / "out/_refinery/staging")
    (done / "out/_refinery/staging").symlink_to(tmp_path / "elsewhere")
    assert command("run", done / "pipeline.yaml").code == 4
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_kept_rows_are_what_the_verdicts_say(finished):
    decided = read_frames(finished / "out/_refinery/decisions")
    assert [row["id"] for row in kept_rows(finished / "out")] == decided.filter("kept")[
        "id"
    ].to_list()
