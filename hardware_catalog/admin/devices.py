"""Devices with their memory sizes and what is known of each figure."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Field, QuerySet
from django.forms import Field as FormField
from django.http import HttpRequest

from hardware_catalog import bounds
from hardware_catalog.admin.base import STATE_FIELDSET, EntryAdmin, KeptFilter, OwnedAdmin
from hardware_catalog.admin.exchange import ExchangeAdmin
from hardware_catalog.admin.fields import FigureField
from hardware_catalog.admin.figures import FiguresAdmin
from hardware_catalog.importing.devices import DeviceTable, LaunchPriceTable
from hardware_catalog.models import Device, DeviceMemoryOption, FigureNote
from hardware_catalog.models.constraints import as_choices
from hardware_catalog.models.devices import RATE_FIELDS
from hardware_catalog.written import FIGURES


class MemoryOptionInline(admin.TabularInline):
    """Memory sizes that the device is sold with; none: the form asks."""

    model = DeviceMemoryOption
    extra = 1


class FigureNoteInline(admin.TabularInline):
    """Disagreements, derivations, upper limits and unchecked figures."""

    model = FigureNote
    extra = 0


class NotesFilter(admin.SimpleListFilter):
    """Devices by what is noted of their figures."""

    title = "notes"
    parameter_name = "notes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return as_choices(bounds.NOTE_KINDS)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        value = self.value()
        return queryset.filter(figure_notes__kind=value).distinct() if value else queryset


@admin.register(Device)
class DeviceAdmin(ExchangeAdmin, FiguresAdmin, EntryAdmin):
    """Devices: an empty figure is unknown."""

    resource_classes = (DeviceTable, LaunchPriceTable)
    page_name = "catalog:device"

    list_display = ["name", "kind", "vendor", "architecture", "year", "memory", "bandwidth", "fp16", "state"]
    list_filter = [
        "kind",
        "form_factor",
        NotesFilter,
        "unified_memory",
        KeptFilter,
        ("vendor", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["vendor"]
    autocomplete_fields = ["vendor"]
    inlines = [MemoryOptionInline, FigureNoteInline, *EntryAdmin.inlines]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "slug"),
                    ("kind", "form_factor", "year"),
                    ("vendor", "architecture"),
                    "carried_by",
                ]
            },
        ),
        (
            "Memory",
            {
                "fields": [
                    ("memory_type", "unified_memory"),
                    ("bandwidth_bytes_per_s", "bandwidth_is_upper_limit", "bandwidth_basis"),
                ],
                "description": "Sizes in vendor's GB (2**30 bytes each), bandwidth in decimal GB/s, the peak.",
            },
        ),
        (
            "Compute",
            {
                "fields": [RATE_FIELDS[:3], RATE_FIELDS[3:6], RATE_FIELDS[6]],
                "description": "Dense, FP32 (INT32) accumulation; figures with sparsity are twice these.",
            },
        ),
        (
            "Link, power and price",
            {"fields": ["interconnect", ("pcie_bytes_per_s", "tdp_w", "launch_price_usd")]},
        ),
        ("Notes", {"fields": ["notes"]}),
        STATE_FIELDSET,
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        return super().get_queryset(request).prefetch_related("memory_options")

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> FormField | None:
        figure = FIGURES.get(db_field.name)
        if figure is None:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return FigureField(figure)

    @admin.display(description="memory (GB)")
    def memory(self, device: Device) -> str:
        return ", ".join(f"{option.memory_gb:g}" for option in device.memory_options.all()) or "unknown"

    @admin.display(description="bandwidth (GB/s)", ordering="bandwidth_bytes_per_s")
    def bandwidth(self, device: Device) -> str:
        if device.bandwidth_bytes_per_s is None:
            return "unknown"
        return f"{'up to ' if device.bandwidth_is_upper_limit else ''}{device.bandwidth_bytes_per_s / 1e9:g}"

    @admin.display(description="FP16 (TFLOPS)", ordering="fp16_flops_per_s")
    def fp16(self, device: Device) -> str:
        return "unknown" if device.fp16_flops_per_s is None else f"{device.fp16_flops_per_s / 1e12:g}"


@admin.register(FigureNote)
class FigureNoteAdmin(OwnedAdmin):
    """All notes on figures, to review them together."""

    list_display = ["device", "field", "kind", "text"]
    list_filter = ["kind", "field"]
    list_select_related = ["device"]
    search_fields = ["device__name", "text"]
    autocomplete_fields = ["device"]
    list_per_page = 50

    def owner_of(self, obj: FigureNote) -> Device:
        return obj.device
