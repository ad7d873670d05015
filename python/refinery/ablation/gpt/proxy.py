"""The GPT as a proxy of an ablation, beside the n-gram model."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from refinery.ablation.gpt.config import SCALES, SIZES
from refinery.ablation.gpt.windows import measured_windows, pack
from refinery.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from refinery.ablation.gpt.config import GptConfig

VERSION = 3
"""Raised when the same settings give other numbers."""


class Corpus(Protocol):
    """What of a corpus is read: token ids of training and measured documents (LargeList of UInt32)."""

    @property
    def tokenizer(self) -> Any:
        """Has `n_symbols`."""

    @property
    def training(self) -> pa.Array:
        """Training documents."""

    @property
    def measured(self) -> pa.Array:
        """Measured documents."""

    @property
    def starts(self) -> pa.Array:
        """From which token on a measured document counts (UInt64)."""


class Training(Protocol):
    """Documents in the order of training, tokens that are read, and a seed."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """Of `Corpus.training`."""

    @property
    def tokens(self) -> int:
        """Read; more than there are repeats them, in another order."""

    @property
    def seed(self) -> int:
        """Of weights and order."""


class GptProxy:
    """A GPT of one size at one learning rate.

    Parameters
    ----------
    config
        The transformer and its training.
    rate
        Multiplies the learning rate.
    between
        Called between steps; may raise to stop.

    Raises
    ------
    EnvironmentFault
        If JAX or Optax is not installed.
    """

    sees_repetition = True

    def __init__(
        self,
        config: GptConfig | None = None,
        *,
        rate: float = 1.0,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        missing = [name for name in ("jax", "optax") if find_spec(name) is None]
        if missing:
            message = f"the GPT proxy needs {' and '.join(missing)}: pip install 'corpus-refinery[ablate]'"
            raise EnvironmentFault(message)
        self.config = config or SIZES["cpu"]
        self.rate = rate
        self._between = between
        size = f"{self.config.n_parameters / 1e6:.2g}M"
        self.name = f"gpt {size}" + ("" if rate == 1 else f" at 1/{1 / rate:.3g} of the rate")

    def fingerprint(self) -> str:
        """Names all that determines an answer beside the corpus and the training."""
        import jax
        import optax

        versions = f"jax {jax.__version__}, optax {optax.__version__}, {jax.default_backend()}"
        return f"gpt {VERSION}, rate {self.rate!r}, {self.config.model_dump_json()}, {versions}"

    def nats(self, corpus: Corpus, training: Training) -> NDArray[np.float64]:
        """Loss of each measured document in nats, after training."""
        found: NDArray[np.float64] = self.nats_of_all(corpus, [training])[0]
        return found

    def nats_of_all(self, corpus: Corpus, trainings: Sequence[Training]) -> NDArray[np.float64]:
        """The same of several trainings of as many tokens at once, (trainings, documents)."""
        from refinery.ablation.gpt.train import Member, train

        tokens = {training.tokens for training in trainings}
        if len(tokens) != 1:
            message = f"trained together, models read as many tokens; found {sorted(tokens)}"
            raise ValueError(message)
        end = int(corpus.tokenizer.n_symbols)
        budget = tokens.pop()
        members = [
            Member(pack(_documents(corpus.training, t.rows), end, budget), t.seed, self.rate)
            for t in trainings
        ]
        measured = measured_windows(
            _documents(corpus.measured, range(len(corpus.measured))),
            corpus.starts.to_numpy(),
            end=end,
            context=self.config.context,
            stride=max(1, round(self.config.stride * self.config.context)),
        )
        done = train(self.config, end + 1, members, measured, tokens=budget, between=self._between)
        return done.nats


def proxies(scale: str = "cpu") -> tuple[list[GptProxy], str]:
    """The proxies of a scale, its smallest size at three learning rates; and why there are none.

    Parameters
    ----------
    scale
        `cpu`, or `gpu` for the larger sizes, which are left out where there is no GPU.
    """
    why_not = lacking(scale)
    if why_not:
        return [], why_not
    return [GptProxy(SIZES[size], rate=rate) for size, rate in SCALES[scale]], ""


def lacking(scale: str) -> str:
    """Why a scale cannot be run here; empty where it can."""
    if scale == "gpu" and not has_gpu():
        return "no GPU that JAX can use: the larger sizes (2, 8 and 25 M) are skipped"
    return ""


def has_gpu() -> bool:
    """Whether JAX finds a GPU."""
    if find_spec("jax") is None:
        return False
    import jax

    return bool(jax.default_backend() in ("gpu", "cuda", "rocm"))


def _documents(lists: pa.Array, rows: Any) -> list[NDArray[np.uint32]]:
    """The ids of some documents; views of one array."""
    values, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    return [values[offsets[i] : offsets[i + 1]] for i in rows]
