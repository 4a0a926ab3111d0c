"""What reading a file gives: rows with the project's columns, each with what is wrong with it, or one fault of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# A file of measurements is small: 5,000 rows of llama-bench's JSON with all its samples stay under 2 MB at 400 bytes.
MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5_000


class FileFault(ValueError):
    """The file as a whole gives no rows. The message says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not a measurement: the column (a name of the file's or of the form's) and what to do."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row of the file. ``fields`` are texts by column of :mod:`columns`; empty texts are left out.

    ``number`` is the line of a text file, or the entry of a JSON list, counted from 1. ``spare_model`` is another
    name of the same model, for where ``fields["model"]`` (a file name) is not known.
    """

    number: int
    fields: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    spare_model: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read. ``unit`` is what ``ParsedRow.number`` counts: "line" or "entry"."""

    kind: str
    kind_name: str
    unit: str
    rows: tuple[ParsedRow, ...]
    remarks: tuple[str, ...] = ()


def one_problem(number: int, column: str, reason: str, fields: Mapping[str, str] | None = None) -> ParsedRow:
    """A row that is refused for one reason."""
    return ParsedRow(number, fields or {}, (Problem(column, reason),))


def check_row_count(count: int) -> None:
    """Raise ``FileFault`` where a file has too many rows."""
    if count > MAX_ROWS:
        raise FileFault(f"The file has more than {MAX_ROWS:,} rows: split it into several files.")
