"""The keys of `select`: by what documents are ranked, how they are chosen, how much is kept.

>>> config = SelectConfig(by="textbook", **{"yield": 0.175})
>>> config.rule, config.unit, [ranking.column for ranking in config.rankings]
('top', 'tokens', ['textbook'])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

from pydantic import BeforeValidator, Field, model_validator

from refinery import signal_table as signals
from refinery.config_file import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS_OF_RULES = {
    "temperature": "sample",
    "alpha": "pareto",
    "discard": "curve",
    "max_repeat": "curve",
}
"""Keys that one rule alone reads."""


class SelectOptions(TypedDict, total=False):
    """The keys of `select` beside what it ranks by, its yield and the unit of that."""

    threshold: float
    documents: int
    rule: Literal["top", "sample", "pareto", "curve"]
    temperature: float
    alpha: float
    discard: float
    max_repeat: int
    combine: Literal["max", "mean", "min"]
    buckets: int
    quota: str | Mapping[str, Any]
    diverse: bool
    floor: float


@dataclass(frozen=True)
class Ranking:
    """A column to rank by, and which end of it is best."""

    column: str
    is_lowest_best: bool


def _is_one(value: Any) -> bool:
    is_lowest = isinstance(value, dict) and list(value) == ["lowest"]
    return isinstance(value, str) or (is_lowest and isinstance(value["lowest"], str))


def _check_by(value: Any) -> Any:
    if _is_one(value) or (isinstance(value, list) and value and all(map(_is_one, value))):
        return value
    msg = f"expected a score, {{lowest: SCORE}} or a list of them, found {value!r}"
    raise ValueError(msg)


_One = str | dict[Literal["lowest"], str]
# One message for all spellings, where a failed union would give one for each member.
By = Annotated[_One | list[_One], BeforeValidator(_check_by)]


class QuotaConfig(Section):
    """How a selection is shared out among the values of a column."""

    column: str = Field(
        "source", description="source, a column of the input, or a score that edges cut."
    )
    shares: Literal["proportional", "equal"] | dict[str, Annotated[float, Field(gt=0, le=1)]] = (
        Field(
            "proportional",
            description="As they are alive, alike, or the share of each; the rest is for the others.",
        )
    )
    edges: list[float] = Field(
        default_factory=list, description="Inner edges that cut a score into bins."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> QuotaConfig:
        if isinstance(self.shares, dict) and (total := sum(self.shares.values())) > 1 + 1e-9:
            msg = f"shares make {total:g} together; allowed: 1 at most"
            raise ValueError(msg)
        if self.edges != sorted(set(self.edges)):
            msg = f"edges must rise, found {self.edges}"
            raise ValueError(msg)
        return self


class SelectConfig(Section):
    """Which documents stay, by the rank of a score: the best, a sample, a share of each domain."""

    by: By = Field(
        description="A score or signal, {lowest: NAME} where lower is better; a list of them ranks by all."
    )
    yield_: float | None = Field(None, alias="yield", gt=0.0, le=1.0, description="Share to keep.")
    threshold: float | None = Field(
        None, allow_inf_nan=False, description="Keeps values at least as good, instead of a yield."
    )
    documents: int | None = Field(
        None, ge=1, description="Number of documents to keep, instead of a yield."
    )
    unit: Literal["tokens", "bytes", "documents"] = "tokens"
    of: Literal["read", "alive"] = Field(
        "read", description="Share of what was read, or of what is alive at this step."
    )
    rule: Literal["top", "sample", "pareto", "curve"] = Field(
        "top",
        description="The best; by chance, the better the likelier; repeat the best and discard the worst.",
    )
    temperature: float = Field(
        2.0, ge=0.0, allow_inf_nan=False, description="Of rule sample: 0 is top, much is uniform."
    )
    alpha: float = Field(
        9.0,
        gt=0.0,
        allow_inf_nan=False,
        description="Of rule pareto: keeps if Pareto(alpha) > 1 - score.",
    )
    discard: float = Field(0.4, ge=0.0, lt=1.0, description="Of rule curve: share of the worst.")
    max_repeat: int = Field(7, ge=1, le=1000, description="Of rule curve: most copies of the best.")
    combine: Literal["max", "mean", "min"] = Field(
        "max", description="Of a list: which of the ranks counts."
    )
    buckets: int = Field(20, ge=1, le=10_000, description="Of a list and of rule curve.")
    quota: QuotaConfig | None = Field(None, description="Shares of the values of a column.")
    diverse: bool = Field(
        default=False, description="With documents: the best that also differ from each other."
    )
    floor: float = Field(
        0.9, ge=0.0, lt=1.0, description="Of diverse: documents ranked lower are not looked at."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_quota(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("quota"), str):
            return value | {"quota": {"column": value["quota"]}}
        return value

    @model_validator(mode="after")
    def _is_possible(self) -> SelectConfig:
        problem = self._how_much() or self._stray_key() or self._conflict()
        if problem is not None:
            raise ValueError(problem)
        return self

    def _how_much(self) -> str | None:
        keys = {"yield": self.yield_, "threshold": self.threshold, "documents": self.documents}
        given = [key for key, value in keys.items() if value is not None]
        if len(given) == 1 or (not given and self.rule == "pareto"):
            return None
        found = " and ".join(given) or "none of them"
        return f"how much to keep? Give one of yield, threshold, documents; found {found}"

    def _stray_key(self) -> str | None:
        for key, rule in KEYS_OF_RULES.items():
            if key in self.model_fields_set and self.rule != rule:
                return f"{key} is for rule: {rule}, found rule: {self.rule}"
        if "combine" in self.model_fields_set and not isinstance(self.by, list):
            return "combine is for a list of scores: by: [A, B]"
        if "floor" in self.model_fields_set and not self.diverse:
            return "floor is for diverse: true"
        return None

    def _conflict(self) -> str | None:
        if self.threshold is not None and (self.rule != "top" or self.quota or self.is_combined):
            return "a threshold is of one score and takes no rule or quota; give a yield"
        if self.diverse and (self.documents is None or self.rule != "top" or self.quota):
            return "diverse: true takes documents: N, and no rule or quota"
        if self.rule == "curve" and (self.yield_ is None or self.quota):
            return "rule: curve takes a yield, which counts copies, and no quota"
        if self.rule == "pareto" and self.quota and self.yield_ is None and self.documents is None:
            return "a quota is a share of a yield; give one"
        return None

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """What is ranked by, in order."""
        found = self.by if isinstance(self.by, list) else [self.by]
        return tuple(
            Ranking(signals.canonical(one), is_lowest_best=False)
            if isinstance(one, str)
            else Ranking(signals.canonical(one["lowest"]), is_lowest_best=True)
            for one in found
        )

    @property
    def is_combined(self) -> bool:
        """Whether ranks are what counts, not the score itself: of a list, even of one."""
        return isinstance(self.by, list)

    @property
    def is_random(self) -> bool:
        """Whether the seed has a part in it."""
        return self.rule != "top"

    @property
    def counted(self) -> Literal["tokens", "bytes", "documents"]:
        """The unit of what is kept."""
        return self.unit if self.documents is None else "documents"

    @property
    def columns(self) -> list[str]:
        """Annotation columns it reads, beside weights."""
        quota = [self.quota.column] if self.quota is not None else []
        signatures = ["minhash"] if self.diverse else []
        return [*(ranking.column for ranking in self.rankings), *quota, *signatures]
