"""CSV that is safe to open in a spreadsheet, and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import tablib
from import_export.formats.base_formats import CSV, JSON

# A spreadsheet takes a cell that begins like this for a formula; the apostrophe makes it a text again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def safe(text: str) -> str:
    """The text of a cell that no spreadsheet computes."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unsafe(text: str) -> str:
    """The cell as it was before :func:`safe`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


class SafeCsv(CSV):  # type: ignore[misc]
    """CSV whose cells are not formulas; read back, they are what they were."""

    def export_data(self, dataset: tablib.Dataset, **options: Any) -> str:
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerow(dataset.headers)
        writer.writerows([safe(str(cell)) for cell in row] for row in dataset)
        return written.getvalue()

    def create_dataset(self, in_stream: Any, **options: Any) -> tablib.Dataset:
        text = in_stream.decode(self.encoding or "utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
        rows = [row for row in rows if any(row)]
        dataset = tablib.Dataset(headers=[header.strip() for header in rows[0]] if rows else None)
        for number, row in enumerate(rows[1:], 1):
            if len(row) != len(rows[0]):
                raise ValueError(f"row {number} has {len(row)} cells under {len(rows[0])} headers")
            dataset.append([unsafe(cell) for cell in row])
        return dataset


class RowsJson(JSON):  # type: ignore[misc]
    """A list of objects, one for each row, in UTF-8."""

    def export_data(self, dataset: tablib.Dataset, **options: Any) -> str:
        rows = [dict(zip(dataset.headers, row, strict=True)) for row in dataset]
        return json.dumps(rows, ensure_ascii=False, indent=1)

    def create_dataset(self, in_stream: Any, **options: Any) -> tablib.Dataset:
        text = in_stream.decode("utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        rows = json.loads(text)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("the file must be one list of objects")
        headers = list(rows[0]) if rows else []
        dataset = tablib.Dataset(headers=headers or None)
        for number, row in enumerate(rows, 1):
            if set(row) != set(headers):  # a name that is missing would read as an empty cell
                raise ValueError(f"object {number} has other names than the first one")
            dataset.append([_cell(row[name]) for name in headers])
        return dataset


def _cell(value: Any) -> Any:
    """What other programs write as figures, lists or objects becomes the text that a table holds."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


FORMATS = (SafeCsv, RowsJson)
