"""Catalog rows as text and back: what a stored snapshot keeps of the catalog."""

from __future__ import annotations

import json

from pydantic import TypeAdapter

from hardware_catalog.rows import CatalogRows

_ROWS = TypeAdapter(CatalogRows)


def rows_text(rows: CatalogRows) -> str:
    """The rows as JSON, the same text for equal rows.

    A whole number where a fraction may stand becomes one. Keys are sorted: PostgreSQL has an order of its own for them.
    """
    equal = _ROWS.validate_json(_ROWS.dump_json(rows))
    return json.dumps(
        _ROWS.dump_python(equal, mode="json"), ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )


def rows_of_text(text: str) -> CatalogRows:
    """The rows of such a text. Raises ``pydantic.ValidationError`` for any other."""
    return _ROWS.validate_json(text)
