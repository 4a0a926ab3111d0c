"""CSV as text with a header: every line with its fields or its fault."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from planner.contributions.parsers.rows import FileFault, check_row_count

LONGEST_FIELD = 4_000


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line below the header. ``number`` is its line in the file."""

    number: int
    fields: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file that was read."""

    header: tuple[str, ...]
    lines: tuple[SheetLine, ...]


def read_sheet(text: str) -> Sheet:
    """The lines of a CSV text (commas, semicolons or tabs). Raises ``FileFault`` where it is not one."""
    text = text.lstrip("\n")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    lines: list[SheetLine] = []
    try:
        header = tuple(name.strip() for name in next(reader, []))
        repeated = sorted({name for name in header if name and header.count(name) > 1})
        if repeated:
            raise FileFault(f"Columns are named twice: {', '.join(repeated)[:200]}. Name each once.")
        for values in reader:
            if any(value.strip() for value in values):
                lines.append(_line(reader.line_num, header, values))
                check_row_count(len(lines))
    except csv.Error as error:
        raise FileFault(f"Line {reader.line_num} is not CSV: {error}.") from None
    if not lines:
        raise FileFault("The file has a header, but no rows below it.")
    return Sheet(header, tuple(lines))


def _line(number: int, header: tuple[str, ...], values: list[str]) -> SheetLine:
    fields = dict(zip(header, values, strict=False))
    if len(values) != len(header):
        what = f"the line has {len(values)} fields, the header {len(header)}: check commas and quotes"
        return SheetLine(number, {}, what)
    long = next((name for name, value in fields.items() if len(value) > LONGEST_FIELD), None)
    if long is not None:
        return SheetLine(number, {}, f"{long[:40]} is longer than {LONGEST_FIELD:,} characters")
    return SheetLine(number, fields)
