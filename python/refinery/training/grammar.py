r"""Sentences made by rules in a YAML file: examples of a kind that no text at hand has enough of.

A rule is a list of alternatives, and `{rule}` in one stands for an alternative of another; a rule's
alternatives can also be a column of a file. What it is: a way to write down what a class says, with the words of
others around it. What it is not: a model of language; a classifier that sees nothing else learns the
grammar.

>>> from random import Random
>>> grammar = parse_grammar("rules: {greeting: ['{word} there', '{word}'], word: [hello, hi]}")
>>> grammar.sentence("greeting", Random(1))
'hello there'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from refinery.config_file import Section, load_document, validated
from refinery.errors import ConfigError, nearest
from refinery.training.conditions import meets
from refinery.training.config import Where
from refinery.yaml_file import Document, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

_MARKS = (".", "!", ",", "")
_GAP = re.compile(r"\{([^{}]*)\}")


class _Rule(Section):
    """A list of alternatives, or a column of a Parquet file that holds them."""

    any_of: list[str] = Field(default_factory=list)
    path: str | None = None
    column: str | None = None
    where: Where = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> _Rule:
        if self.path is None and not self.any_of:
            msg = "has no alternative"
            raise ValueError(msg)
        if (self.path is None) != (self.column is None):
            msg = "path and column belong together"
            raise ValueError(msg)
        return self


def _as_rule(value: Any) -> Any:
    return {"any_of": value} if isinstance(value, list) else value


class _GrammarFile(Section):
    """A whole grammar file."""

    version: Literal[1] = 1
    rules: dict[str, Annotated[_Rule, BeforeValidator(_as_rule)]]


@dataclass(frozen=True)
class Grammar:
    """Rules by name, each a list of alternatives."""

    rules: dict[str, list[str]]

    def __contains__(self, rule: str) -> bool:
        return rule in self.rules

    def sentence(self, rule: str, draw: Random) -> str:
        """One sentence of a rule."""
        return _GAP.sub(lambda gap: self.sentence(gap[1], draw), draw.choice(self.rules[rule]))

    def chunk(
        self, rule: str, draw: Random, around: Sequence[str], lengths: tuple[int, int]
    ) -> str:
        """A sentence, and where it is shorter than a drawn length, more words before or after.

        Half of the chunks go on with sentences of the same rule for as long as they fit, all with the
        same mark between them, or none; the rest of the words are another text's.

        Parameters
        ----------
        rule : str
            What the sentences are.
        draw : Random
            Decides everything.
        around : sequence of str
            Texts that the other words are of; both classes' sentences stand among the same.
        lengths : (int, int)
            Shortest and longest chunk, in words; the length is drawn log-uniformly.
        """
        shortest, longest = lengths
        size = round(shortest * (longest / shortest) ** draw.random())
        goes_on, mark = draw.random() < 0.5, draw.choice(_MARKS)
        found = self.sentence(rule, draw).split()
        while goes_on and len(found) < size:
            more = self.sentence(rule, draw).split()
            goes_on = len(found) + len(more) <= size
            if goes_on:
                found = [*found[:-1], found[-1] + mark, *more]
        other = _stretch(around, size - len(found), draw)
        return " ".join([*other, *found] if draw.random() < 0.5 else [*found, *other])


def _stretch(texts: Sequence[str], n_words: int, draw: Random) -> list[str]:
    """Consecutive words of one of the texts, `n_words` where it has as many."""
    if n_words < 1 or not texts:
        return []
    words = draw.choice(texts).split()
    start = draw.randrange(max(1, len(words) - n_words + 1))
    return words[start : start + n_words]


def load_grammar(path: Path) -> Grammar:
    """Reads and checks a grammar; paths in it are relative to it.

    Raises
    ------
    ConfigError
        With every problem of the file and its lines.
    FileNotFoundError
        If it, or a file of words, is not there.
    """
    return _checked(load_document(path), path.parent)


def parse_grammar(text: str, folder: Path | None = None) -> Grammar:
    """A grammar from YAML text."""
    return _checked(parse(text, "grammar.yaml"), folder or Path())


def _checked(document: Document, folder: Path) -> Grammar:
    found = validated(document, _GrammarFile).rules
    rules = {name: [*rule.any_of, *_column(rule, folder)] for name, rule in found.items()}
    problems = [
        document.problem(("rules", name), message)
        for name, alternatives in rules.items()
        for message in _mistakes(name, alternatives, rules)
    ]
    if problems:
        raise ConfigError(document.file, problems)
    return Grammar(rules)


def _column(listed: _Rule, folder: Path) -> list[str]:
    if listed.path is None or listed.column is None:
        return []
    path = folder / listed.path
    if not path.exists():
        raise FileNotFoundError(2, "no such file of words", str(path))
    frame = pl.read_parquet(path).filter(meets(listed.where))
    # A brace would be a gap.
    words = frame[listed.column].drop_nulls().cast(pl.String).str.replace_all(r"[{}]", "")
    return words.unique().sort().to_list()


def _mistakes(name: str, alternatives: list[str], rules: dict[str, list[str]]) -> Iterable[str]:
    if not alternatives:
        yield "finds no word"
    asked = sorted({gap for text in alternatives for gap in _GAP.findall(text)})
    unknown = [gap for gap in asked if gap not in rules]
    yield from (f"no such rule {gap!r}{nearest(gap, rules)}" for gap in unknown)
    if name in _reached(name, rules):
        yield "leads to itself"


def _reached(name: str, rules: dict[str, list[str]]) -> set[str]:
    """The rules that a sentence of a rule can go through."""
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        gaps = {gap for text in rules.get(ahead.pop(), []) for gap in _GAP.findall(text)}
        ahead += sorted(gaps - seen)
        seen |= gaps
    return seen
