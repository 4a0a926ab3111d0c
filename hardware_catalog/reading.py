"""Read records from CSV and JSON files, remembering every problem with its file, line and reason."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from hardware_catalog.schema import Record

R = TypeVar("R", bound=Record)
Found = tuple[Path, int, R]  # a record with the file and line where it stands


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a data file, and where."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class CatalogError(ValueError):
    """The data files are not a catalog; ``problems`` says why, in order of file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Reader:
    """Reads records of one data directory and remembers every problem."""

    data: Path
    problems: list[Problem] = field(default_factory=list)
    # What could not be read: references to it are not reported as well.
    broken_names: set[str] = field(default_factory=set)
    broken_files: set[Path] = field(default_factory=set)

    def fail(self, path: Path, line: int, reason: str) -> None:
        """Remember a problem of one row."""
        self.problems.append(Problem(str(path.relative_to(self.data)), line, reason))

    def fail_file(self, path: Path, line: int, reason: str) -> None:
        """Remember a problem that hides the rest of the file."""
        self.fail(path, line, reason)
        self.broken_files.add(path)

    def lacks(self, known: Container[str], name: str) -> bool:
        """Whether a name is dangling; names of rows that have a problem themselves are not."""
        return name not in known and name not in self.broken_names

    def text(self, path: Path) -> str:
        """The text of a file; "" after a problem."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.fail_file(path, 1, f"cannot be read: {error}")
            return ""
        if "\0" in text:
            self.fail_file(path, text[: text.index("\0")].count("\n") + 1, "holds a NUL byte")
            return ""
        if not text.strip():
            self.fail_file(path, 1, "is empty")
            return ""
        return text

    def record(self, kind: type[R], values: Any, path: Path, line: int) -> R | None:
        """The record that the values make; None after a problem."""
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                self.fail(path, line, _reason(item))
            if isinstance(values, dict) and isinstance(slug := values.get("slug"), str):
                self.broken_names.add(slug)
            return None

    def csv(self, path: Path, kind: type[R]) -> Iterator[tuple[int, R]]:
        """Records of a CSV file with the lines they begin on; a row with more or fewer cells is an error."""
        reader = csv.reader(io.StringIO(self.text(path), newline=""), strict=True)
        columns = list(kind.model_fields)
        line = 1
        try:
            for number, cells in enumerate(reader):
                start, line = line, reader.line_num + 1
                if number == 0:
                    if cells != columns:
                        self.fail_file(
                            path, 1, f"the columns must be {','.join(columns)}, not {','.join(cells)}"
                        )
                        return
                elif len(cells) != len(columns):
                    self.fail(path, start, f"ragged row: {len(cells)} cells instead of {len(columns)}")
                    self.broken_names.update(cells[:1])
                elif record := self.record(kind, dict(zip(columns, cells, strict=True)), path, start):
                    yield start, record
        except csv.Error as error:
            self.fail_file(path, line, f"not CSV: {error}")

    def json(
        self, path: Path, lists: Mapping[str, type[Record]], names: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The records of a JSON file's lists and its texts ``names``, by key; a broken file's lists are empty."""
        nothing: dict[str, Any] = {key: [] for key in lists}
        if not (text := self.text(path)):
            return nothing
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            self.fail_file(path, error.lineno, f"not JSON: {error.msg}")
            return nothing
        if not isinstance(value, dict) or any(not isinstance(value.get(key), list) for key in lists):
            self.fail_file(path, 1, f"must be one JSON object with {', '.join(lists)}, each a list")
            return nothing
        if any(not isinstance(value.get(name), str) or not value[name] for name in names):
            self.fail_file(path, 1, f"must name its {', '.join(names)}")
            return nothing
        records = {key: self._entries(path, text, key, kind) for key, kind in lists.items()}
        return {name: value[name] for name in names} | records

    def _entries(self, path: Path, text: str, key: str, kind: type[R]) -> list[Found[R]]:
        found = ((self.record(kind, item, path, line), line) for item, line in _items_with_lines(text, key))
        return [(path, line, record) for record, line in found if record]

    def unique(self, found: Iterable[Found[R]], key: Callable[[R], Hashable], what: str) -> list[Found[R]]:
        """The records without repetitions of a key; each repetition is a problem."""
        first: dict[Hashable, tuple[Path, int]] = {}
        kept = []
        for path, line, record in found:
            name = key(record)
            if name in first:
                there, its_line = first[name]
                place = f"{there.relative_to(self.data)}:{its_line}"
                self.fail(path, line, f"{what} {name!r} is already at {place}")
            else:
                first[name] = path, line
                kept.append((path, line, record))
        return kept


def _reason(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "row"
    message = item["msg"].removeprefix("Value error, ")
    shown = repr(item["input"])
    return f"{where}: {message}" + (f" (got {shown})" if len(shown) <= 80 else "")


def _items_with_lines(text: str, key: str) -> Iterator[tuple[Any, int]]:
    """Items of the list that follows the first ``"key": [`` of a valid JSON text, each with its line."""
    decoder = json.JSONDecoder()
    opening = re.search(rf'"{key}"\s*:\s*\[', text)
    position, line, counted = (opening.end() if opening else len(text)), 1, 0
    while start := re.compile(r"[\s,]*(?=[^\s,\]])").match(text, position):
        line += text.count("\n", counted, start.end())
        counted = start.end()
        item, position = decoder.raw_decode(text, start.end())
        yield item, line
