"""Names as people and sources write them, resolved to catalog entries (no Django, no database)."""

from __future__ import annotations

from hardware_catalog.names.index import NameIndex
from hardware_catalog.names.resolution import Part, Resolution

__all__ = ["NameIndex", "Part", "Resolution"]
