"""Rows of text as measurements of the catalog."""

from __future__ import annotations

from collections.abc import Mapping

from hardware_catalog.measured import FIELD_OF_COLUMN
from hardware_catalog.models import Measurement
from planner.contributions.parsers.columns import NUMBERS, SETTING_COLUMNS, WHOLE_NUMBERS


def measurement_of(fields: Mapping[str, str], slug: str) -> Measurement:
    """The measurement that a checked row says, not saved, without what follows from the catalog."""
    values = {name: _value(column, fields.get(column, "")) for column, name in FIELD_OF_COLUMN.items()}
    settings = {name: fields[name] for name in SETTING_COLUMNS if name != "parallelism" and fields.get(name)}
    return Measurement(
        **values | {"slug": slug, "parallelism": fields.get("parallelism", ""), "settings": settings}
    )


def _value(column: str, text: str) -> str | int | float | None:
    if column in WHOLE_NUMBERS:
        return int(text) if text else None
    if column in NUMBERS:
        return float(text) if text else None
    return text
