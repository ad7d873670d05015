"""Windows of the GPT proxy: every token once, each behind what precedes it; and its settings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinery.ablation import command as commands
from refinery.ablation.config import load_ablation
from refinery.ablation.gpt import SIZES, GptConfig, GptProxy, proxies
from refinery.ablation.gpt.windows import batches, measured_windows, pack
from refinery.engine import Silent
from refinery.errors import EnvironmentFault

END = 9


def ids(*values):
    return np.array(values, np.uint32)


def test_documents_are_packed_behind_end_tokens():
    documents = [ids(1, 2), ids(3), ids(4, 5, 6)]
    assert pack(documents, END, 100).tolist() == [END, 1, 2, END, 3, END, 4, 5, 6, END]
    assert pack(documents, END, 4).tolist() == [END, 1, 2, END, 3]  # four targets


def test_an_epoch_takes_every_window_once_in_an_order_of_its_own():
    stream = np.arange(8 * 12 + 1, dtype=np.int32)
    rows = np.concatenate(list(batches(stream, context=8, batch=4, steps=6, seed=3)))
    assert (np.diff(rows, axis=1) == 1).all()
    first, second = rows[:12, 0] // 8, rows[12:24, 0] // 8
    assert sorted(first) == sorted(second) == list(range(12))
    assert first.tolist() != second.tolist()
    again = np.concatenate(list(batches(stream, context=8, batch=4, steps=6, seed=3)))
    other = np.concatenate(list(batches(stream, context=8, batch=4, steps=6, seed=4)))
    assert (rows == again).all()
    assert (rows != other).any()


def test_a_stream_shorter_than_a_window_fills_one():
    (only,) = batches(np.array([9, 1, 2], np.int32), context=5, batch=1, steps=1, seed=0)
    assert only.tolist() == [[9, 1, 2, 9, 1, 2]]


@settings(max_examples=60)
@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    context=st.integers(2, 12),
    data=st.data(),
)
def test_every_measured_token_is_scored_once_behind_what_precedes_it(lengths, context, data):
    stride = data.draw(st.integers(1, context))
    starts = [data.draw(st.integers(0, n)) for n in lengths]
    documents = [np.arange(100 * i, 100 * i + n).astype(np.uint32) for i, n in enumerate(lengths)]
    found = measured_windows(
        documents, np.array(starts, np.uint64), end=END + 1000, context=context, stride=stride
    )
    scored = []
    for inputs, targets, counts, i in zip(
        found.inputs, found.targets, found.counts, found.document, strict=True
    ):
        for at in np.flatnonzero(counts):
            target = int(targets[at])
            scored.append(target)
            before = int(inputs[at])
            assert before == (target - 1 if target % 100 else END + 1000)
            assert target // 100 == i
            # As much context as promised, or all that there is.
            assert at >= min(context - stride, target % 100)
    expected = [
        100 * i + t
        for i, (n, s) in enumerate(zip(lengths, starts, strict=True))
        for t in range(s, n)
    ]
    assert sorted(scored) == expected


def test_sizes_have_the_parameters_of_their_names():
    for name, millions in (("cpu", 0.79), ("2M", 2), ("8M", 8), ("25M", 25)):
        assert SIZES[name].n_parameters / 1e6 == pytest.approx(millions, rel=0.03)
    assert SIZES["cpu"].flops_per_token(2048) == pytest.approx(6.3e6, rel=0.01)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="width 100 must be a multiple of heads 3"):
        GptConfig(width=100, heads=3)
    with pytest.raises(ValueError, match="of an even one with rope"):
        GptConfig(width=15, heads=3)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("refinery.ablation.gpt.proxy.find_spec", lambda _: None)
    with pytest.raises(EnvironmentFault, match=r"needs jax and optax: pip install .*\[ablate\]"):
        GptProxy()
    found, why_not = proxies("gpu")
    assert found == []
    assert why_not.startswith("no GPU that JAX can use")


def test_a_scale_is_an_ablation_for_each_size_and_rate(tmp_path, monkeypatch):
    file = tmp_path / "ablation.yaml"
    file.write_text("pool: {input: {path: raw}}\nfamilies: {}\noutput: {path: out/}\n")
    asked = []
    monkeypatch.setattr(commands, "ablate", lambda _, overrides, **__: asked.append(overrides))
    monkeypatch.setattr("refinery.ablation.gpt.lacking", lambda _: "")
    commands.ablate_at_scale(file, ["seeds=3"], scale="gpu")
    configs = [load_ablation(file, overrides)[0] for overrides in asked]
    assert [(c.gpt.size, round(c.gpt.rate, 2)) for c in configs] == [
        ("2M", 1.0), ("2M", 0.33), ("2M", 0.1), ("8M", 1.0), ("25M", 1.0),
    ]  # fmt: skip
    assert {(c.proxy, c.seeds) for c in configs} == {("gpt", 3)}
    assert [c.output.path for c in configs][1:4] == [
        "out-gpt-2M-rate-0.333",
        "out-gpt-2M-rate-0.1",
        "out-gpt-8M",
    ]


def test_a_scale_without_its_machine_is_skipped_and_said(tmp_path, monkeypatch):
    said = []
    progress = Silent()
    monkeypatch.setattr(progress, "note", said.append)
    monkeypatch.setattr("refinery.ablation.gpt.proxy.has_gpu", lambda: False)
    assert (
        commands.ablate_at_scale(tmp_path / "none.yaml", [], scale="gpu", progress=progress) == []
    )
    assert said == ["no GPU that JAX can use: the larger sizes (2, 8 and 25 M) are skipped"]
