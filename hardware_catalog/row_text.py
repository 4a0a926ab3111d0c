"""Catalog rows as text and back: what a stored snapshot keeps of the catalog."""

from __future__ import annotations

from pydantic import TypeAdapter

from hardware_catalog.rows import CatalogRows

_ROWS = TypeAdapter(CatalogRows)


def rows_text(rows: CatalogRows) -> str:
    """The rows as JSON, the same text for equal rows (a whole number where a fraction may stand becomes one)."""
    return _ROWS.dump_json(_ROWS.validate_json(_ROWS.dump_json(rows))).decode()


def rows_of_text(text: str) -> CatalogRows:
    """The rows of such a text. Raises ``pydantic.ValidationError`` for any other."""
    return _ROWS.validate_json(text)
