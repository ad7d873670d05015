"""YAML 1.2 with a place for every key, and nothing executable.

Not a general loader: only mappings with string keys, sequences and plain scalars exist here. Tags,
duplicate keys, alias bombs, deep nesting and oversized files are refused, each with its line.
(`PyYAML` reads `no` as False, `1e-5` as a string, and keeps the last of two equal keys.)

>>> document = parse("a: {b: [1, no, 1e-5]}", "example.yaml")
>>> document.data
{'a': {'b': [1, 'no', 1e-05]}}
>>> document.place(("a", "b", 2))
(1, 16)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from refinery.errors import ConfigError, Problem

Path = tuple[str | int, ...]

MAX_BYTES = 1_000_000
"""A pipeline file is written by a person; a larger one is a mistake or an attack."""
MAX_NODES = 100_000
"""Counted after aliases are followed, so an alias bomb meets it."""
MAX_DEPTH = 100

_CORE = "tag:yaml.org,2002:"


@dataclass
class Document:
    """A parsed file: plain data, and where each of its keys and items stands."""

    file: str
    data: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column (from 1) of `path`, or of its nearest parent that has one; else 0, 0."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return (0, 0)

    def problem(self, path: Path, message: str) -> Problem:
        """`message` about `path`, with its place."""
        return Problem(*self.place(path), render_path(path), message)


def render_path(path: Path) -> str:
    """`decide[0].rules.n_tokens` for `("decide", 0, "rules", "n_tokens")`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(text: str, file: str) -> Document:
    """Parse one YAML document.

    Raises
    ------
    ConfigError
        If the text is not YAML, or uses what a pipeline file may not use.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError(file, [Problem(0, 0, "", f"larger than {MAX_BYTES} characters")])
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.Composer = _BoundedComposer
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        message = f"not valid YAML: {error.problem or error.context}"
        raise ConfigError(file, [Problem(line, column, "", message)]) from None
    except (YAMLError, ValueError) as error:
        raise ConfigError(file, [Problem(0, 0, "", f"not valid YAML: {error}")]) from None
    builder = _Builder(file)
    document = Document(
        file, builder.build(node, (), 0) if node is not None else {}, builder.places
    )
    if builder.problems:
        raise ConfigError(file, builder.problems)
    return document


def dump(data: Any) -> str:
    r"""Plain data as YAML that `parse` reads back to the same.

    >>> dump({"a": [1, "no", {}]})
    'a:\n  - 1\n  - no\n  - {}\n'
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    out = StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def parse_scalar(text: str) -> Any:
    """The value that `text` has as a YAML value, for `--set key=value`."""
    return parse(f"value: {text}" if text else "value:", "--set").data["value"]


class _BoundedComposer(Composer):
    """Stops at the depth limit while reading, before nesting costs time or stack."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH + 1:
            mark = self.parser.peek_event().start_mark
            raise MarkedYAMLError(problem="nested too deep", problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Builder:
    """Builds plain data from YAML nodes, collecting all problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._n_nodes = 0

    def build(self, node: Node, path: Path, depth: int) -> Any:
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES or depth > MAX_DEPTH:
            what = "too many values (aliases followed)" if depth <= MAX_DEPTH else "nested too deep"
            # Stop at once: going on is what the limit is there to prevent.
            raise ConfigError(self.file, [self._problem(node, path, what)])
        self.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            self._check_tag(node, path, "seq")
            return [self.build(n, (*path, i), depth + 1) for i, n in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, Any]:
        self._check_tag(node, path, "map")
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.problems.append(self._problem(key_node, path, "a key must be a plain name"))
                continue
            key = str(key_node.value)
            where = (*path, key)
            if key in built:
                first = self.places[where][0]
                message = f"duplicate key, first given in line {first}"
                self.problems.append(self._problem(key_node, where, message))
                continue
            self.places[where] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            built[key] = self.build(value_node, where, depth + 1)
        return built

    def _scalar(self, node: Node, path: Path) -> Any:
        kind = str(node.tag).removeprefix(_CORE)
        text = str(node.value)
        if kind in ("str", "timestamp", "merge", "value"):
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        try:
            if kind == "int":
                return _integer(text)
            if kind == "float":
                return float(
                    text.replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan")
                )
        except ValueError:
            return text
        self.problems.append(self._problem(node, path, f"tag {node.tag} is not allowed"))
        return None

    def _check_tag(self, node: Node, path: Path, kind: str) -> None:
        if str(node.tag) != _CORE + kind:
            self.problems.append(self._problem(node, path, f"tag {node.tag} is not allowed"))

    def _problem(self, node: Node, path: Path, message: str) -> Problem:
        mark = node.start_mark
        return Problem(mark.line + 1, mark.column + 1, render_path(path), message)


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    for prefix, base in (("0x", 16), ("0o", 8), ("0b", 2)):
        if digits.startswith(prefix):
            return sign * int(digits, base)
    return sign * int(digits, 10)
