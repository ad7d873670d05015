"""A person, by a file: written with empty labels, filled in with any editor, read back.

CSV or JSON Lines with `id`, `text`, `label`. Rows may be in any order, and some may still be empty;
a label that is none on the scale, an id that is not in the sample and an id twice are refused, all
at once, each with its line.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.atomic import writing_beside
from refinery.errors import ConfigError, Problem
from refinery.labelling.labeller import Answer, Outcome, Sampled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from refinery.labelling.rubric import Rubric

_COLUMNS = ("id", "text", "label")


@dataclass(frozen=True)
class FileLabeller:
    """A file that a person fills in.

    Attributes
    ----------
    name : str
        Of the labeller.
    path : Path
        ``*.csv`` or ``*.jsonl``.
    shown : str
        What messages call the file.
    rubric : Rubric
        Whose scale labels are on.
    """

    name: str
    path: Path
    shown: str
    rubric: Rubric

    def label(self, documents: Sequence[Sampled], note: Callable[[str], object]) -> Outcome:
        """The labels that are filled in so far; writes the file where there is none.

        Raises
        ------
        ConfigError
            With every row that cannot be read.
        """
        if not self.path.exists():
            self._write(documents)
            said = f"{self.name}: fill in the label column of {self.shown} ({self.rubric.allowed()}) and run again"
            note(said)
            return Outcome(waiting=len(documents), notes=[said])
        answers, problems = self._read({document.id for document in documents})
        if problems:
            raise ConfigError(self.shown, problems)
        given = [answers[d.id] for d in documents if d.id in answers]
        return Outcome(answers=given, waiting=len(documents) - len(given))

    def _write(self, documents: Sequence[Sampled]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (
            writing_beside(self.path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            if self.path.suffix == ".csv":
                writer = csv.writer(file)
                writer.writerow(_COLUMNS)
                # A NUL ends a cell in most programs that people open such files with.
                writer.writerows((d.id, d.text.replace("\0", " "), "") for d in documents)
            else:
                rows = ({"id": d.id, "text": d.text, "label": None} for d in documents)
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    def _read(self, known: set[str]) -> tuple[dict[str, Answer], list[Problem]]:
        answers: dict[str, Answer] = {}
        problems: list[Problem] = []
        seen: dict[str, int] = {}
        for line, name, label in self._rows(problems):
            if name not in known:
                message = f"id {name!r} is not in the sample; was the file made for another one?"
                problems.append(Problem(line, 1, "id", message))
            elif name in seen:
                message = f"id {name!r} stands in line {seen[name]} already"
                problems.append(Problem(line, 1, "id", message))
            elif label:
                value = self._value(label)
                if value is None:
                    message = f"{label!r} is no label; allowed: {self.rubric.allowed()}, or empty"
                    problems.append(Problem(line, 1, "label", message))
                else:
                    answers[name] = Answer(name, value, label)
            seen.setdefault(name, line)
        return answers, problems

    def _value(self, label: str) -> int | None:
        # Spreadsheets write whole numbers as 3.0.
        text = label.removesuffix(".0")
        if not text.isascii() or not text.isdigit():
            return None
        return int(text) if self.rubric.least <= int(text) <= self.rubric.greatest else None

    def _rows(self, problems: list[Problem]) -> Iterator[tuple[int, str, str]]:
        """Line (the last of the row), id and label of every row."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            yield from (
                self._csv_rows(file, problems)
                if self.path.suffix == ".csv"
                else self._json_rows(file, problems)
            )

    def _csv_rows(
        self, file: Iterator[str], problems: list[Problem]
    ) -> Iterator[tuple[int, str, str]]:
        before = csv.field_size_limit(sys.maxsize)
        try:
            reader = csv.DictReader(file)
            missing = [n for n in ("id", "label") if n not in (reader.fieldnames or [])]
            if missing:
                found = ", ".join(reader.fieldnames or []) or "none"
                message = f"no column {' and '.join(missing)}; its columns: {found}"
                problems.append(Problem(1, 1, "", message))
                return
            for row in reader:
                yield reader.line_num, row["id"] or "", (row["label"] or "").strip()
        except csv.Error as error:
            problems.append(Problem(reader.line_num, 1, "", f"not CSV: {error}"))
        finally:
            csv.field_size_limit(before)

    def _json_rows(
        self, file: Iterator[str], problems: list[Problem]
    ) -> Iterator[tuple[int, str, str]]:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except ValueError as error:
                problems.append(Problem(line, 1, "", f"not JSON: {error}"))
                continue
            if not isinstance(row, dict) or not isinstance(row.get("id"), str):
                problems.append(Problem(line, 1, "", "expected an object with an id"))
                continue
            label = row.get("label")
            yield line, row["id"], "" if label is None else str(label).strip()
