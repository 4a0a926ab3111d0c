"""Vendors, sources and loads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from hardware_catalog.admin.keeping import KeepingAdmin
from hardware_catalog.models import ENTRY_FIELDS, CatalogVersion, Source, Vendor

SHOWN_ENTRIES = 50


@admin.register(Vendor)
class VendorAdmin(KeepingAdmin):
    """Makers of devices and of language models."""

    list_display = ["name", "device_count", "model_count"]
    ordering = ["name"]
    search_fields = ["name"]
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .annotate(
                devices_total=Count("devices", distinct=True),
                models_total=Count("language_models", distinct=True),
            )
        )

    @admin.display(description="devices", ordering="devices_total")
    def device_count(self, vendor: Any) -> int:
        return int(vendor.devices_total)

    @admin.display(description="language models", ordering="models_total")
    def model_count(self, vendor: Any) -> int:
        return int(vendor.models_total)


@admin.register(Source)
class SourceAdmin(KeepingAdmin):
    """Citations with licence and standing."""

    list_display = ["citation", "title", "licence", "verified", "citation_count"]
    ordering = ["citation"]
    list_filter = ["verified", "licence"]
    search_fields = ["citation", "title", "licence"]
    readonly_fields = ["cited_by"]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["citation", "title", "url"]}),
        ("Licence and standing", {"fields": ["licence", "licence_note", "verified"]}),
        ("Used by", {"fields": ["cited_by"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(citations_total=Count("citations"))

    @admin.display(description="cited by", ordering="citations_total")
    def citation_count(self, source: Any) -> int:
        return int(source.citations_total)

    @admin.display(description="cited by")
    def cited_by(self, source: Source) -> str:
        if source._state.adding:
            return "nothing yet"
        citations = source.citations.select_related(*ENTRY_FIELDS.values())[: SHOWN_ENTRIES + 1]
        names = [str(citation.entry) for citation in citations]
        more = " and more" if len(names) > SHOWN_ENTRIES else ""
        return ", ".join(names[:SHOWN_ENTRIES]) + more or "nothing"


@admin.register(CatalogVersion)
class CatalogVersionAdmin(admin.ModelAdmin):
    """Loads of the shipped files: a record, not to be edited."""

    list_display = ["loaded_at", "data_sha256", "summary"]
    date_hierarchy = "loaded_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="changes")
    def summary(self, version: CatalogVersion) -> str:
        parts = []
        for kind, counts in version.counts.items():
            changed = [
                f"{counts[what]} {what}" for what in ("created", "updated", "withdrawn") if counts.get(what)
            ]
            if changed:
                parts.append(f"{kind.replace('_', ' ')}: {', '.join(changed)}")
        return "; ".join(parts) or "none"
