"""From one file to its documents: read, decode, take apart.

What it is: the only place that opens a candidate's file. A file gives one document (its text), or
one per docstring, or one per reference topic. What it is not: a chooser; which files are looked at,
and how many, is for `refinery.demo.origins` and `refinery.demo.choose`.

A file that gives nothing is counted in `Skips` under its reason; nothing is left out in silence.
"""

import ast
import email
import gc
import gzip
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

EXAMPLES_KEPT: Final = 3
"""Names kept per reason: enough to go and look, few enough to read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may hold documents.

    `origin` names it without naming this machine (owner, then path within the owner), so ids are the
    same wherever the same package is installed.
    """

    source: str
    owner: str
    origin: str
    path: Path
    licence: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """One row of the corpus; `n_bytes` is the length of `text` in UTF-8."""

    id: str
    text: str
    source: str
    owner: str
    origin: str
    licence: str | None
    n_bytes: int


@dataclass(slots=True)
class Skips:
    """What was left out: a count and the first few names per reason."""

    reasons: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, reason: str, name: str) -> None:
        """Count `name` under `reason`."""
        count, names = self.reasons.get(reason, (0, []))
        if len(names) < EXAMPLES_KEPT:
            names.append(name)
        self.reasons[reason] = (count + 1, names)

    def to_dict(self) -> dict[str, dict[str, object]]:
        """Give the reasons in alphabetical order, as the manifest shows them."""
        return {
            reason: {"count": count, "examples": names}
            for reason, (count, names) in sorted(self.reasons.items())
        }


def documents_in(candidate: Candidate, skips: Skips) -> Iterator[Document]:
    """Give the documents of one file in the order of the file.

    Parameters
    ----------
    candidate
        The file, and what it is taken for.
    skips
        Counts what gives no document: `unreadable`, `not_utf8`, `unparsable`, `empty`.
    """
    text = read_text(candidate, skips)
    if text is None:
        return
    for part, piece in _take_apart(candidate, text, skips):
        name = f"{candidate.source}:{candidate.origin}{part}"
        size = _utf8_length(piece)
        if size is None:
            skips.add("not_utf8", name)
        elif not piece.strip():
            skips.add("empty", name)
        else:
            yield Document(
                id=name,
                text=piece,
                source=candidate.source,
                owner=candidate.owner,
                origin=candidate.origin,
                licence=candidate.licence,
                n_bytes=size,
            )


def read_text(candidate: Candidate, skips: Skips) -> str | None:
    """Read a file as UTF-8, unpacking `.gz`; None, and counted, where that fails."""
    try:
        data = candidate.path.read_bytes()
        if candidate.path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        skips.add("unreadable", candidate.origin)
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        skips.add("not_utf8", candidate.origin)
        return None


def _utf8_length(text: str) -> int | None:
    # An escape in a string literal can name half a surrogate pair, which no UTF-8 file can hold.
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None


def _take_apart(candidate: Candidate, text: str, skips: Skips) -> Iterator[tuple[str, str]]:
    if candidate.source == "docstring":
        yield from _numbered(docstrings(_parse(candidate, text, skips)))
    elif candidate.source == "reference-topic":
        yield from _numbered(reference_topics(_parse(candidate, text, skips)))
    elif candidate.path.name in {"METADATA", "PKG-INFO"}:
        yield "", long_description(text)
    else:
        yield "", text


def _parse(candidate: Candidate, text: str, skips: Skips) -> ast.Module:
    # Sources warn about their own escapes; that is theirs to hear, not our user's.
    with warnings.catch_warnings(), _no_cycle_search():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text.removeprefix("\ufeff"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            skips.add("unparsable", candidate.origin)
            return ast.Module(body=[], type_ignores=[])


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    # A syntax tree is a million small objects without a cycle: looking for one while it is built
    # took 40 % of the parser's time (14.3 MB of sources: 3.3 s with, 1.9 s without).
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _numbered(named: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Turn names into id suffixes; a name met again (overloads, setters) gets its ordinal."""
    seen: dict[str, int] = {}
    for name, text in named:
        seen[name] = seen.get(name, 0) + 1
        yield f"#{name}" if seen[name] == 1 else f"#{name}~{seen[name]}", text


def docstrings(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Give (qualified name, docstring) of a module, its classes and functions, depth first."""
    stack: list[tuple[str, ast.AST]] = [("", module)]
    while stack:
        name, node = stack.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield name, text
        stack += [(_qualified(name, child), child) for child in reversed(_definitions(node))]


def _definitions(node: ast.AST) -> list[ast.AST]:
    """Find what may hold a definition: never expressions, which are most of a tree."""
    inner = getattr(node, "body", None)
    found = list(inner) if isinstance(inner, list) else []
    for field_name in ("orelse", "handlers", "finalbody"):
        found += getattr(node, field_name, [])
    return [child for child in found if hasattr(child, "body")]


def _qualified(parent: str, node: ast.AST) -> str:
    name = getattr(node, "name", None) if not isinstance(node, ast.ExceptHandler) else None
    if name is None:
        return parent
    return f"{parent}.{name}" if parent else name


def reference_topics(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Give (topic, text) of the table that `pydoc_data/topics.py` assigns, by topic."""
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            table = ast.literal_eval(node.value)
            yield from sorted((str(topic), str(text)) for topic, text in table.items())


def long_description(metadata: str) -> str:
    """Take the long description out of a distribution's core metadata (body, or the old header)."""
    message = email.message_from_string(metadata)
    body = message.get_payload()
    if isinstance(body, str) and body.strip():
        return body
    return str(message.get("Description", ""))
