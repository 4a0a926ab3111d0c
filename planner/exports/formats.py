"""Formats of exports: what DuckDB writes of each, and what stands before the rows and after a failure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.exports.tables import ExportColumn

INCOMPLETE = "This export is incomplete: it failed here. Export it again."
# what a spreadsheet takes for the beginning of a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMULA_SQL = "'=', '+', '-', '@', chr(9), chr(13)"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file."""

    key: str
    words: str
    extension: str
    content_type: str
    options: str  # of COPY
    header: Callable[[Sequence[ExportColumn]], bytes]
    failure: bytes  # what the file ends with where it is not whole; b"": such a file cannot be opened
    select: Callable[[Sequence[ExportColumn]], str]
    text: Callable[[str], str]  # how it writes a text that is looked up


def value_sql(column: ExportColumn) -> str:
    """The column's value."""
    if not column.values:
        return column.sql
    return f"list_extract($values_{column.name}::{_list_type(column)}, {column.sql} + 1)"


def lists(columns: Sequence[ExportColumn], text: Callable[[str], str]) -> dict[str, list[Any]]:
    """Parameters with the values that columns look up, texts as the format writes them."""
    return {
        f"values_{column.name}": [text(value) if isinstance(value, str) else value for value in column.values]
        for column in columns
        if column.values
    }


def _list_type(column: ExportColumn) -> str:
    if column.is_text:
        return "VARCHAR[]"
    known = [value for value in column.values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "BOOLEAN[]"
    return "BIGINT[]" if all(isinstance(value, int) for value in known) else "DOUBLE[]"


def _named(parts: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f'{sql} AS "{name}"' for name, sql in parts)


def _plain(columns: Sequence[ExportColumn]) -> str:
    return _named([(column.name, value_sql(column)) for column in columns])


def _nothing(_: Sequence[ExportColumn]) -> bytes:
    return b""


def _same(text: str) -> str:
    return text


# CSV


def _csv_select(columns: Sequence[ExportColumn]) -> str:
    return _named([(column.name, _csv_sql(column)) for column in columns])


def _csv_sql(column: ExportColumn) -> str:
    value = value_sql(column)
    if column.values or not column.is_text:
        return value
    return f"CASE WHEN left({value}, 1) IN ({_FORMULA_SQL}) THEN '''' || {value} ELSE {value} END"


def csv_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_line(cells: Sequence[str]) -> bytes:
    """A line of a CSV file."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()


def _csv_header(columns: Sequence[ExportColumn]) -> bytes:
    return csv_line([column.name for column in columns])


# Markdown


def _markdown_select(columns: Sequence[ExportColumn]) -> str:
    cells = " || ' | ' || ".join(_markdown_sql(column) for column in columns)
    return f"'| ' || {cells} || ' |' AS line"


def _markdown_sql(column: ExportColumn) -> str:
    value = f"coalesce(({value_sql(column)})::VARCHAR, '')"
    if column.values or not column.is_text:
        return value
    for sign, written in _MARKDOWN.items():
        value = f"replace({value}, chr({ord(sign)}), '{written}')"
    return value


# a table's cell is one line, without signs of its own and without markup
_MARKDOWN: Mapping[str, str] = {"&": "&amp;", "<": "&lt;", "\\": "\\\\", "|": "\\|", "\n": " ", "\r": " "}


def markdown_text(text: str) -> str:
    """A text as the cell of a table."""
    for sign, written in _MARKDOWN.items():
        text = text.replace(sign, written)
    return text


def _markdown_header(columns: Sequence[ExportColumn]) -> bytes:
    names = " | ".join(column.name for column in columns)
    rules = " | ".join("---" if column.is_text else "---:" for column in columns)
    return f"| {names} |\n| {rules} |\n".encode()


FORMATS: Mapping[str, Format] = {
    found.key: found
    for found in (
        Format(
            key="csv",
            words="CSV",
            extension="csv",
            content_type="text/csv; charset=utf-8; header=present",
            options="FORMAT csv, HEADER false",
            header=_csv_header,
            failure=csv_line([INCOMPLETE]),
            select=_csv_select,
            text=csv_text,
        ),
        Format(
            key="jsonl",
            words="JSON lines",
            extension="jsonl",
            content_type="application/jsonl",
            options="FORMAT json",
            header=_nothing,
            failure=json.dumps({"incomplete": INCOMPLETE}).encode() + b"\n",
            select=_plain,
            text=_same,
        ),
        Format(
            key="parquet",
            words="Parquet",
            extension="parquet",
            content_type="application/vnd.apache.parquet",
            options="FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 65536",
            header=_nothing,
            failure=b"",
            select=_plain,
            text=_same,
        ),
        Format(
            key="md",
            words="Markdown",
            extension="md",
            content_type="text/markdown; charset=utf-8",
            options="FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'",
            header=_markdown_header,
            failure=f"\n**{INCOMPLETE}**\n".encode(),
            select=_markdown_select,
            text=markdown_text,
        ),
    )
}
