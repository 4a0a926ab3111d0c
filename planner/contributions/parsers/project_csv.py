"""The project's own CSV: the columns of measurements.csv, or those of `manage.py predict` and a value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from planner.contributions.parsers.columns import (
    COLUMNS,
    LENGTHS,
    METRIC_ALIASES,
    METRIC_UNITS,
    NUMBERS,
    SHORT,
    WHOLE_NUMBERS,
)
from planner.contributions.parsers.figures import figure, plain, within
from planner.contributions.parsers.rows import FileFault, ParsedRow, Problem, Reading, one_problem
from planner.contributions.parsers.sheet import Sheet

KIND = "project_csv"
KIND_NAME = "Sizewise CSV"
_NEEDED = ("metric", "value")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_MEMORY_METRICS = ("weights_bytes", "kv_bytes", "kv_tokens")


def is_header(header: tuple[str, ...]) -> bool:
    """Whether a header is the project's."""
    return all(name in header for name in _NEEDED)


def read_sheet(sheet: Sheet) -> Reading:
    """The rows of the project's CSV. Raises ``FileFault`` where a needed column is missing."""
    missing = [name for name in ("model", *_NEEDED) if name not in sheet.header]
    if missing:
        raise FileFault(
            f"The columns {', '.join(missing)} are missing; the known columns are {', '.join(COLUMNS)}."
        )
    rows = tuple(
        one_problem(line.number, "line", line.fault) if line.fault else _row(line.number, line.fields)
        for line in sheet.lines
    )
    return Reading(KIND, KIND_NAME, "line", rows, _remarks(sheet.header))


def _remarks(header: tuple[str, ...]) -> tuple[str, ...]:
    told = []
    for name in header:
        if name and name not in COLUMNS:
            near = difflib.get_close_matches(name.lower(), COLUMNS, n=1, cutoff=0.75)
            hint = f" (did you mean {near[0]}?)" if near else ""
            told.append(f"The column “{name[:60]}” is not known and was left out{hint}.")
    return tuple(told[:10])


def _row(number: int, given: Mapping[str, str]) -> ParsedRow:
    fields: dict[str, str] = {}
    problems = []
    for column in COLUMNS:
        text = _unquoted(given.get(column, "").strip())
        if not text:
            continue
        try:
            fields[column] = checked(column, text)
        except ValueError as error:
            problems.append(Problem(column, f"{column}: {error}"))
    for column in _NEEDED:
        if column not in fields and not any(problem.column == column for problem in problems):
            problems.append(Problem(column, f"{column} is empty: write it in the file"))
    return ParsedRow(number, fields, tuple(problems))


def _unquoted(text: str) -> str:
    """The text without the mark that an export puts before what a spreadsheet would take for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def checked(column: str, text: str) -> str:
    """The text as it is stored. Raises ``ValueError`` with what is wrong with it."""
    if column in WHOLE_NUMBERS:
        value = within(figure(text), *WHOLE_NUMBERS[column])
        if value != int(value):
            raise ValueError(f"“{text[:40]}” is not a whole number")
        return str(int(value))
    if column in NUMBERS:
        return plain(within(figure(text), *NUMBERS[column]))
    if column == "metric":
        return _metric(text)
    if column == "source_date" and not _DATE.fullmatch(text):
        raise ValueError(f"“{text[:40]}” is not a date such as 2026-05-18")
    if column == "source_url" and not re.match(r"https?://[^\s/]+", text):
        raise ValueError(f"“{text[:60]}” is not an address that begins with https://")
    longest = LENGTHS.get(column, SHORT)
    if len(text) > longest:
        raise ValueError(f"the text has {len(text):,} characters; at most {longest:,} are kept")
    return text


def _metric(text: str) -> str:
    name = METRIC_ALIASES.get(text, text)
    if name in METRIC_UNITS:
        return name
    if name in _MEMORY_METRICS:
        raise ValueError(f"{name} can be predicted, but not contributed: only {', '.join(METRIC_UNITS)}")
    raise ValueError(f"there is no metric “{text[:40]}”; known: {', '.join(METRIC_UNITS)}")
