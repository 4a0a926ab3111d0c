"""The stock admin of the catalog."""

from __future__ import annotations

from hardware_catalog.admin import (
    devices,
    formats,
    language_models,
    links,
    machines,
    measurements,
    runtimes,
    sources,
)

__all__ = [
    "devices",
    "formats",
    "language_models",
    "links",
    "machines",
    "measurements",
    "runtimes",
    "sources",
]
