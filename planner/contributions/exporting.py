"""Contributions as the project's CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from planner.contributions.parsers.columns import MEASUREMENT_COLUMNS, NUMBERS, SETTING_COLUMNS, WHOLE_NUMBERS

_FIGURES = frozenset(NUMBERS) | frozenset(WHOLE_NUMBERS)


def as_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows under the header of measurements.csv, and those further settings that any of them has."""
    listed = list(rows)
    settings = [column for column in SETTING_COLUMNS if any(row.get(column) for row in listed)]
    columns = (*MEASUREMENT_COLUMNS, *settings)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(column, row.get(column, "")) for column in columns] for row in listed)
    return text.getvalue()


def _cell(column: str, text: str) -> str:
    # a spreadsheet takes a text that begins so for a formula
    return (
        f"'{text}" if column not in _FIGURES and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    )
