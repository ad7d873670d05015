"""`refinery ablate`: an ablation file from beginning to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.ablation.config import AblationConfig, load_ablation
from refinery.ablation.experiment import Experiment
from refinery.ablation.output import publish
from refinery.engine import Silent
from refinery.errors import VoidAblationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from refinery.ablation.judge import Verdict
    from refinery.ablation.proxy import Proxy
    from refinery.engine import Progress

GATES = ("random", "random_again", "oracle", "inverse")


@dataclass(frozen=True)
class Ablation:
    """A finished ablation."""

    config: AblationConfig
    verdict: Verdict
    out: Path

    def check(self) -> None:
        """Raise where it is void.

        Raises
        ------
        VoidAblationError
            With the gates that did not hold.
        """
        if self.verdict.is_void:
            failed = [gate.name for gate in self.verdict.gates if not gate.holds]
            raise VoidAblationError(str(self.out), failed)


def ablate(
    file: str | Path,
    overrides: Sequence[str] = (),
    *,
    quick: bool = False,
    proxy: Proxy | None = None,
    progress: Progress | None = None,
) -> Ablation:
    """Run an ablation file and write its page, picture and tables.

    Parameters
    ----------
    file
        An ablation file.
    overrides
        `key.path=value` assignments.
    quick
        The gates and the main arm only, at the main yield, with two seeds.
    proxy
        What stands for a large model; the n-gram model by default.
    progress
        What is told while it works.

    Raises
    ------
    ConfigError
        Before anything is computed.
    DataError
        As `Experiment.run`.
    """
    config, folder = load_ablation(file, overrides)
    if quick:
        config = gates_only(config)
    outcome = Experiment(config, folder, progress=progress).run(proxy)
    return Ablation(config, publish(outcome, folder / config.data), outcome.out)


def ablate_all(
    file: str | Path,
    overrides: Sequence[str] = (),
    *,
    proxies: Sequence[str] = (),
    scale: str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> list[Ablation]:
    """Run an ablation file once, or as often as proxies, or sizes of the GPT, are asked for.

    Raises
    ------
    ConfigError, DataError, EnvironmentFault
        As `ablate`.
    """
    if scale is not None:
        return ablate_at_scale(file, overrides, scale=scale, quick=quick, progress=progress)
    if len(set(proxies)) > 1:
        return ablate_by_proxies(file, overrides, proxies=proxies, quick=quick, progress=progress)
    chosen = [*overrides, *(f"proxy={proxy}" for proxy in proxies)]
    return [ablate(file, chosen, quick=quick, progress=progress)]


def ablate_at_scale(
    file: str | Path,
    overrides: Sequence[str] = (),
    *,
    scale: str,
    quick: bool = False,
    progress: Progress | None = None,
) -> list[Ablation]:
    """Run an ablation file once for each size and learning rate of the GPT proxy.

    Each is an ablation of its own, in a folder beside that of the file: `out-gpt-8M`.

    Parameters
    ----------
    scale
        `cpu`, or `gpu`: the larger sizes. Without a GPU they are skipped, and that is noted.

    Raises
    ------
    ConfigError, DataError, EnvironmentFault
        As `ablate`.
    """
    from refinery.ablation import gpt

    why_not = gpt.lacking(scale)
    if why_not:
        (progress or Silent()).note(why_not)
        return []
    return [
        ablate(file, beside(file, overrides, name, chosen), quick=quick, progress=progress)
        for name, chosen in (
            (
                f"gpt-{size}" + ("" if rate == 1 else f"-rate-{rate:.3g}"),
                ["proxy=gpt", f"gpt.size={size}", f"gpt.rate={rate!r}"],
            )
            for size, rate in gpt.SCALES[scale]
        )
    ]


def ablate_by_proxies(
    file: str | Path,
    overrides: Sequence[str] = (),
    *,
    proxies: Sequence[str],
    quick: bool = False,
    progress: Progress | None = None,
) -> list[Ablation]:
    """Run an ablation file once for each proxy, over the same pool, arms and seeds.

    Each is an ablation of its own, in a folder beside that of the file: `out-ngram`, `out-gpt`. Fixed
    compute is measured with the GPT alone: passes that suit one proxy are none for the other.

    Raises
    ------
    ConfigError, DataError, EnvironmentFault
        As `ablate`.
    """
    found = []
    for proxy in dict.fromkeys(proxies):
        chosen = [f"proxy={proxy}", *(["regimes=[tokens]"] if proxy == "ngram" else [])]
        options = beside(file, overrides, proxy, chosen)
        found.append(ablate(file, options, quick=quick, progress=progress))
    return found


def beside(
    file: str | Path, overrides: Sequence[str], name: str, chosen: Sequence[str]
) -> list[str]:
    """Overrides for an ablation in a folder of its own, `OUT-name`, over one annotated pool."""
    output = load_ablation(file, overrides)[0].output
    out = output.path.rstrip("/")
    pool = output.pool or f"{out}-pool"
    return [*overrides, *chosen, f"output.path={out}-{name}", f"output.pool={pool}"]


def gates_only(config: AblationConfig) -> AblationConfig:
    """The same with what the gates need, and the main arm."""
    main = config.main_arm
    arms = [arm for arm in config.arms if arm.kind in GATES or arm is main]
    changes = {"arms": arms, "yields": [config.main_yield], "seeds": 2, "regimes": ["tokens"]}
    return config.model_copy(update=changes)
