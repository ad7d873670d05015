"""An ablation stops within a training, not behind it."""

import os
import signal

import numpy as np
import pytest
from planted import write_ablation

from refinery.ablation.command import ablate
from refinery.engine import Interrupted


@pytest.fixture(scope="module")
def ablation_folder(tmp_path_factory):
    return write_ablation(tmp_path_factory.mktemp("ablation"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what JAX and Optax say to each other
def test_ctrl_c_stops_in_the_midst_of_a_training(monkeypatch, ablation_folder):
    """A training that never ends is stopped by the signal; what is stored is whole."""
    pytest.importorskip("jax")
    pytest.importorskip("optax")
    from refinery.ablation.gpt import SIZES, GptConfig

    tiny = GptConfig(layers=1, width=16, heads=2, context=32)
    steps = []

    def endless(*_, **__):
        while True:
            steps.append(1)
            if len(steps) == 5:
                os.kill(os.getpid(), signal.SIGINT)
            yield np.zeros((16, 33), np.int32)

    monkeypatch.setattr("refinery.ablation.gpt.train.batches", endless)
    monkeypatch.setattr("refinery.ablation.gpt.train.n_steps", lambda *_: 10**9)
    monkeypatch.setitem(SIZES, "cpu", tiny)
    changes = ["proxy=gpt", "resources={threads: 1}", "output.path=stopped/"]
    with pytest.raises(Interrupted) as stopped:
        ablate(ablation_folder / "ablation.yaml", changes)
    assert stopped.value.exit_code == 130
    assert len(steps) < 10**4
    assert list((ablation_folder / "stopped" / "results").iterdir()) == []
