r"""The ablation file's model: pool, evaluation works, arms, yields, seeds.

Not here: what an arm keeps (`arms`), and whether files and models exist (`pool`, `works`).

>>> config = parse_ablation("pool: {input: {path: raw/*.parquet}}\nfamilies: {}\noutput: {path: out/}")
>>> config.main_yield, [arm.name for arm in config.arms][:3]
(0.175, ['random', 'random_again', 'length_matched'])
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from refinery.ablation.ngram import MEMORY, ORDER, VOCABULARY
from refinery.config import InputConfig, ScoreConfig, Size
from refinery.config_file import CheckedFile, OneOrMany, Section
from refinery.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TARGETS = ("near", "far", "qa")
"""Families that a filter is for; the primary number weighs them equally."""
FAMILIES = (*TARGETS, "pool", "avoid")

ArmKind = Literal[
    "full", "random", "random_again", "length_matched", "length", "rules", "top", "sample",
    "quota", "dsir", "ppl_low", "ppl_mid", "oracle", "inverse", "shuffled", "run",
]  # fmt: skip
RULES = (
    "datatrove/gopher_quality",
    "datatrove/gopher_repetition",
    "c4",
    "datatrove/fineweb_quality",
)
"""What an arm of kind `rules` asks for by default: Gopher, C4 and FineWeb, each on the text as it was read."""
_RULELESS = ("full", "random", "random_again", "length_matched", "oracle", "run")
"""Kinds that are what others are compared with, or have made their choice: rules would change what they mean."""


class Where(Section):
    """Which rows of a column: every condition that is given must hold."""

    equals: str | list[str] | None = None
    contains: str | None = None
    prefix: str | None = None


def _where(value: Any) -> Any:
    return {"equals": value} if isinstance(value, str | list) else value


class WorkConfig(Section):
    """Text of one work, or of several that a column tells apart."""

    path: str | Annotated[list[str], Field(min_length=1)] = Field(
        description="A file or glob, or several: .parquet, .jsonl (.gz, .zst), .csv, .arrow."
    )
    name: str | None = Field(None, description="Of the work; its file's name by default.")
    by: str | None = Field(None, description="Column of which each value is a work.")
    parts: int | None = Field(
        None, ge=2, description="Cut into this many by a hash of the ids, where text has no works."
    )
    where: dict[str, Annotated[Where, BeforeValidator(_where)]] = Field(default_factory=dict)
    text: str = Field("text", description="Column whose loss is measured.")
    context: str | None = Field(None, description="Column that stands before it, not measured.")
    id: str = Field("id", description="Column of ids; what has one of these is not in the pool.")


class ArmConfig(Section):
    """One way to choose documents."""

    kind: ArmKind
    name: str = ""
    by: str | None = Field(None, description="Score or signal; the file's `filter` by default.")
    lowest: bool = Field(default=False, description="Lower is better.")
    tau: float = Field(2.0, gt=0, description="Temperature of `sample`, in standard deviations.")
    column: str | None = Field(
        None, description="Of the domains of `quota`; without one they are found in the text."
    )
    rules: Any = Field(
        None,
        description="As in a pipeline file: who may be kept at all, before the arm's own choice. "
        "Kind `rules` draws at random among those, and has a default.",
    )
    target: list[WorkConfig] | None = Field(
        None, description="Text that `dsir` draws after: as works, none of them measured."
    )
    run: str | None = Field(None, description="Output folder of a finished run, of `run`.")
    yields: list[Annotated[float, Field(gt=0, le=1)]] | None = Field(
        None, description="The main yield by default, and every yield for `top`."
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        data = {"kind": value} if isinstance(value, str) else value
        if not isinstance(data, dict) or "kind" not in data:
            return data
        own = {"rules": list(RULES)} if data["kind"] == "rules" else {}
        return {"name": str(data["kind"])} | own | data

    @model_validator(mode="after")
    def _complete(self) -> ArmConfig:
        if self.kind == "run" and self.run is None:
            msg = "an arm of kind run needs run: the output folder of a finished run"
            raise ValueError(msg)
        if (self.kind == "dsir") != bool(self.target):
            msg = "target: what an arm of kind dsir draws after; it needs one, and no other kind takes it"
            raise ValueError(msg)
        if self.rules is not None and self.kind in _RULELESS:
            allowed = ", ".join(kind for kind in get_args(ArmKind) if kind not in _RULELESS)
            msg = f"an arm of kind {self.kind} takes no rules; kinds that do: {allowed}"
            raise ValueError(msg)
        takes_rules = self.rules is not None or self.kind == "rules"
        if takes_rules and not (isinstance(self.rules, str | list | dict) and self.rules):
            msg = f"rules: expected profiles, or bounds such as {{n_words: {{min: 50}}}}, found {self.rules!r}"
            raise ValueError(msg)
        return self


class PoolConfig(Section):
    """What is drawn from: documents after what every arm shares, such as removing duplicates."""

    input: OneOrMany[InputConfig] = Field(min_length=1)
    decide: list[Any] = Field(
        default_factory=lambda: ["exact_duplicates", "near_duplicates"],
        description="Steps of a pipeline, for all arms alike.",
    )
    scores: list[ScoreConfig] = Field(
        default_factory=lambda: [ScoreConfig(name="textbook", model="builtin/textbook")]
    )
    bytes: Size | None = Field(None, description="A sample of this size, by a hash of the ids.")
    held_out: Size = Field(10**6, description="Text of the pool that only measures coverage.")
    held_out_works: int = Field(8, ge=6, description="Parts of it, by a hash of the ids.")


class TokenizerConfig(Section):
    """The one tokenizer of all arms, trained on the pool before any filter."""

    vocabulary: int = Field(VOCABULARY, gt=256)
    bytes: Size = Field(2 * 10**6, description="Of the sample that it is trained on.")


class NgramConfig(Section):
    """The n-gram proxy."""

    order: int = Field(ORDER, ge=1, le=8)
    memory: Size = MEMORY


class GptChoice(Section):
    """The GPT proxy: one of its named sizes, at a share of its learning rate."""

    size: Literal["cpu", "2M", "8M", "25M"] = "cpu"
    rate: float = Field(1.0, gt=0, le=1, description="1, 1/3 and 1/10 should order arms alike.")
    evaluations: int = Field(
        3,
        ge=1,
        le=20,
        description="Over the last steps, whose mean is the result; each costs time.",
    )


class ComputeConfig(Section):
    """Fixed compute: an arm repeats what it keeps for as many tokens as the whole pool has."""

    passes: list[Annotated[float, Field(gt=0, le=100)]] | None = Field(
        None,
        min_length=1,
        description="Compute, in passes over the whole pool. 0.25, 1 and 4 by default; the n-gram proxy, "
        "which learns nothing from repeats, has 0.25, 0.5 and 1, and no more than 1.",
    )
    arms: list[str] | None = Field(
        None, description="Names of arms; by default the filter's and finished runs."
    )
    yields: list[Annotated[float, Field(gt=0, le=1)]] | None = Field(
        None, description="Of those at which the arms are measured; the main one by default."
    )
    seeds: int | None = Field(None, ge=2, le=100, description="`seeds` by default.")
    tokens: int | None = Field(
        None,
        ge=1000,
        description="Of the longest training: the pool is a sample that fits. `max_tokens` by default.",
    )


class OutputConfig(Section):
    """Where results go."""

    path: str
    pool: str | None = Field(
        None, description="Of the run that annotates the pool; ablations of one pool may share it."
    )


class ResourcesConfig(Section):
    """What the ablation may use; never changes a result."""

    threads: Annotated[int, Field(ge=1, le=4096)] | Literal["all"] = "all"


_ARMS = (
    "random", "random_again", "length_matched", "length", "rules", "ppl_low", "ppl_mid", "top",
    "sample", "quota", "oracle", "inverse", "shuffled",
)  # fmt: skip
_GATES = ("random", "random_again", "oracle", "inverse")
_PASSES = {"gpt": [0.25, 1.0, 4.0], "ngram": [0.25, 0.5, 1.0]}
_METRIC = {"kind": "top", "name": "metric", "by": "kl3m.score", "lowest": True}


class AblationConfig(Section):
    """A whole ablation file."""

    version: Literal[1] = 1
    data: str = Field(".", description="Folder that paths of pool and works are relative to.")
    pool: PoolConfig
    filter: str = Field("textbook", description="The score that is judged; higher is better.")
    families: dict[Literal["near", "far", "qa", "avoid"], list[WorkConfig]]
    work_bytes: Size = Field(100_000, description="Text of a work that is measured, at most.")
    arms: list[ArmConfig] = Field(
        default_factory=lambda: [ArmConfig.model_validate(arm) for arm in (*_ARMS, _METRIC)]
    )
    yields: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        [0.5, 0.25, 0.175, 0.1, 0.05], description="Shares of the pool's tokens."
    )
    main_yield: float = Field(0.175, gt=0, le=1, description="Of the primary comparison.")
    seeds: int = Field(5, ge=2, le=100)
    sweep_seeds: int = Field(3, ge=2, le=100, description="Seeds of yields beside the main one.")
    draw: float = Field(0.8, gt=0, le=1, description="Share of the pool that a seed draws from.")
    proxy: Literal["ngram", "gpt"] = Field(
        "ngram", description="What stands for a large model: seconds, or minutes, a training."
    )
    gpt: GptChoice = Field(default_factory=GptChoice)
    max_tokens: int | None = Field(
        None, ge=1000, description="Of a training, for all arms alike; for slow proxies."
    )
    regimes: list[Literal["tokens", "compute"]] = Field(
        ["tokens"],
        description="What is held fixed. `compute` also asks whether the filter pays when it must repeat.",
    )
    compute: ComputeConfig = Field(default_factory=ComputeConfig)
    ngram: NgramConfig = Field(default_factory=NgramConfig)
    tokenizer: TokenizerConfig = Field(default_factory=TokenizerConfig)
    output: OutputConfig
    resources: ResourcesConfig = Field(default_factory=ResourcesConfig)
    seed: int = Field(17, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _has_gates(self) -> AblationConfig:
        missing = [kind for kind in _GATES if kind not in {arm.kind for arm in self.arms}]
        if missing:
            msg = f"arms: {', '.join(missing)} are what the gates compare; add them"
            raise ValueError(msg)
        names = [arm.name for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"arms: {', '.join(twice)} occur twice; give them names"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _can_hold_compute(self) -> AblationConfig:
        if "tokens" not in self.regimes:
            msg = "regimes: must have tokens: what is worth a token there predicts the crossing at fixed compute"
            raise ValueError(msg)
        if "compute" in self.regimes:
            problems = list(self._compute_problems())
            if problems:
                raise ValueError("; ".join(problems))
        return self

    def _compute_problems(self) -> Iterator[str]:
        most = max(self.compute_passes)
        if self.proxy == "ngram" and most > 1:
            yield (
                f"compute.passes: {most:g} reads the pool more than once, from which proxy ngram learns "
                "nothing; have at most 1, or proxy: gpt"
            )
        names = [arm.name for arm in self.arms if arm.kind != "full"]
        for name in self.compute_arms:
            if name not in names:
                yield f"compute.arms: no arm {name!r}{nearest(name, names)}"
        if not self.compute_arms:
            yield "compute.arms: name one; neither the filter nor a finished run is among the arms"
        for arm in self.arms:
            absent = set(self.compute_yields) - set(self.yields_of(arm))
            if arm.name in self.compute_arms and absent:
                listed = ", ".join(f"{y:g}" for y in sorted(absent))
                yield f"compute.yields: {arm.name} is not measured at {listed}; add it to its yields"

    @property
    def compute_arms(self) -> list[str]:
        """Names of the arms at fixed compute."""
        if self.compute.arms is not None:
            return self.compute.arms
        main = [self.main_arm.name] if self.main_arm else []
        return [*main, *(arm.name for arm in self.arms if arm.kind == "run")]

    @property
    def compute_passes(self) -> list[float]:
        """Compute in passes over the whole pool, rising."""
        return sorted(set(self.compute.passes or _PASSES[self.proxy]))

    @property
    def compute_yields(self) -> list[float]:
        """Yields at fixed compute."""
        return self.compute.yields or [self.main_yield]

    @property
    def main_arm(self) -> ArmConfig | None:
        """The arm that the primary comparison is about: the best by `filter`."""
        found = (a for a in self.arms if a.kind == "top" and a.by in (None, self.filter))
        return next(found, None)

    def yields_of(self, arm: ArmConfig) -> list[float]:
        """The yields at which an arm is drawn, the main one first."""
        if arm.kind == "full":
            return [1.0]
        own = arm.yields or (self.yields if arm.kind == "top" else [])
        return [self.main_yield, *(y for y in own if y != self.main_yield)]


class AblationFile(CheckedFile[AblationConfig]):
    """An ablation file, checked."""

    model = AblationConfig
    title = "ablation"


def load_ablation(
    file: str | Path, overrides: Sequence[str] | None = None
) -> tuple[AblationConfig, Path]:
    """An ablation file, checked, and the folder that its paths are relative to.

    Raises as `CheckedFile.load`.
    """
    found = AblationFile.load(file, overrides)
    return found.config, found.folder


def parse_ablation(text: str) -> AblationConfig:
    """An ablation file's text, checked."""
    return AblationFile.parse(text).config
