"""The stock admin of the catalog."""

from __future__ import annotations

from django.contrib import admin

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

admin.site.site_header = admin.site.site_title = "Sizewise"

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
