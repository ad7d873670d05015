"""`refinery label` as a process that is interrupted, and over a finished run."""

import json
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from endpoint import Endpoint

import refinery as rf
from conftest import child_environment
from refinery.labelling import parse_labelling
from refinery.labelling.sampling import draw_sample


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-m", "refinery", "label", "label.yaml"],
        cwd=folder, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_interrupted_command_goes_on_where_it_was(tmp_path, write):
    write(tmp_path / "raw.jsonl", [{"id": f"d{i}", "text": f"text {i} good"} for i in range(40)])
    with Endpoint(seconds=0.3) as endpoint:
        (tmp_path / "label.yaml").write_text(
            "input: {path: raw.jsonl, id: id}\noutput: labels\nsample: {documents: 30, min_words: 1}\n"
            f"labellers: {{name: robot, endpoint: '{endpoint.url}', model: m, concurrency: 2, requests_per_minute: 6000}}\n"
        )
        first = start(tmp_path)
        while len(endpoint.requests) < 6:
            time.sleep(0.05)
        first.send_signal(signal.SIGINT)
        first.communicate()
        assert first.returncode == 130
        kept = (tmp_path / "labels" / "answers.jsonl").read_text().splitlines()
        # What was under way was waited for: every request that was made is kept.
        assert len(kept) == len(endpoint.requests) < 30
        assert all(json.loads(line)["label"] == 1 for line in kept)
        second = start(tmp_path)
        out, _ = second.communicate()
        assert second.returncode == 0
        assert "robot: 30 labelled, 0 waiting, 0 failed" in out
        assert len(endpoint.requests) == 30


@pytest.mark.slow
def test_sample_over_a_run_is_of_what_is_alive_and_of_every_score(tmp_path, write):
    rows = [
        {"id": f"d{i:03}", "text": " ".join(["word"] * (i % 50 + 1) + [str(i)])} for i in range(400)
    ]
    write(tmp_path / "raw.parquet", rows)
    rf.Pipeline.build(
        input="raw.parquet", output="refined", id="id",
        decide=[{"rules": {"n_words": {"min": 20}}}, {"select": {"by": "n_words", "yield": 0.3}}],
        folder=tmp_path,
    ).run()  # fmt: skip
    recipe = parse_labelling(
        "input: {path: raw.parquet, id: id}\nrun: refined\noutput: labels\n"
        "sample: {documents: 60, min_words: 1, score: n_words}\nlabellers: {name: a, file: a.csv}\n",
        folder=tmp_path,
    )
    sample = draw_sample(recipe)
    words = [len(document.text.split()) for document in sample]
    assert len(sample) == 60
    # Selected or not, but never what the rule dropped.
    assert min(words) >= 20
    assert min(words) < 25
    assert max(words) > 46
    alive = rf.Run(tmp_path / "refined").decisions.filter(
        pl.col("kept") | (pl.col("dropped_by") == "not_selected")
    )
    assert sum(d.weight for d in sample) == pytest.approx(alive.collect().height, rel=0.05)
