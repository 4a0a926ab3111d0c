"""Measurements: what the source states may be corrected, where it stands may not, what follows is derived."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hardware_catalog import editing, selectors
from hardware_catalog.admin.base import KeptFilter
from hardware_catalog.admin.exchange import ExchangeAdmin
from hardware_catalog.admin.keeping import KeepingAdmin
from hardware_catalog.importing.measurements import MeasurementTable
from hardware_catalog.measured import FLAGS, OWN
from hardware_catalog.measurement_loading import derive
from hardware_catalog.models import Measurement

PROVENANCE = ("slug", "origin", "source_url", "source_date", "source_family")
DERIVED = (
    "outcome",
    "outcome_reason",
    "rule",
    "flags",
    "device",
    "language_model",
    "weight_format",
    "runtime",
)


class FlagFilter(admin.SimpleListFilter):
    """Rows with one remark."""

    title = "flag"
    parameter_name = "flag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(flag, flag.replace("_", " ")) for flag in FLAGS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Measurement]) -> QuerySet[Measurement]:
        return queryset.filter(flags__has_key=self.value()) if self.value() in FLAGS else queryset


@admin.register(Measurement)
class MeasurementAdmin(ExchangeAdmin, KeepingAdmin):
    """Measurements: what is corrected here is kept by later loads; what follows from it is derived at once."""

    resource_classes = (MeasurementTable,)

    list_display = ["slug", "device_text", "model_text", "format_text", "metric", "value", "outcome", "state"]
    list_filter = ["outcome", FlagFilter, "metric", "origin", "year", "backend", KeptFilter]
    search_fields = ["slug", "device_text", "model_text", "format_text", "runtime_text", "source_family"]
    search_help_text = "Id, device, model, format, program or source"
    ordering = ["slug"]
    actions = ["take_shipped_back", "read_again"]
    list_per_page = 50
    fieldsets = [
        (
            "Where it stands",
            {"fields": ["slug", "origin", "source", "source_date", "source_family", "notes"]},
        ),
        ("What was measured", {"fields": ["metric", "value", "stddev"]}),
        (
            "What ran, as the source writes it",
            {
                "fields": [
                    "device_text",
                    "device_count",
                    "device_memory_gb",
                    "device_bandwidth_gb_per_s",
                    "model_text",
                    "model_params_b",
                    "active_params_b",
                    "format_text",
                    "model_size_gib",
                    "runtime_text",
                    "runtime_version",
                    "backend_text",
                    "parallelism",
                ]
            },
        ),
        ("Workload", {"fields": ["batch", "prompt_tokens", "ctx_depth", "output_tokens", "settings"]}),
        ("What became of it", {"fields": list(DERIVED)}),
        ("State", {"fields": ["is_local", "withdrawn"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Measurement]:
        found = super().get_queryset(request)
        return found.select_related("device", "language_model", "weight_format", "runtime")

    def get_fieldsets(self, request: HttpRequest, obj: Measurement | None = None) -> Any:
        """A new row is the project's own: its source is typed in, and nothing is derived yet."""
        if obj is not None:
            return self.fieldsets
        place = (
            "Where it stands",
            {"fields": ["slug", "source_url", "source_date", "source_family", "notes"]},
        )
        return [
            place,
            *(part for part in self.fieldsets[1:] if part[0] not in ("What became of it", "State")),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Measurement | None = None) -> tuple[str, ...]:
        return () if obj is None else (*PROVENANCE, "source", *DERIVED)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a shipped row would come back, and others are history: withdraw it

    def save_model(self, request: HttpRequest, obj: Measurement, form: ModelForm, change: bool) -> None:
        """Derive what follows from what a person wrote; a row that is added here is the project's own."""
        if not change:
            obj.origin = OWN
        derive([obj], selectors.catalog_rows())
        super().save_model(request, obj, form, change)

    def view_on_site(self, obj: Measurement) -> str | None:
        return None if obj.withdrawn else reverse("measurements:measurement", args=[obj.slug])

    @admin.display(description="source")
    def source(self, measurement: Measurement) -> SafeString | str:
        url = measurement.source_url
        return format_html('<a href="{}" rel="noreferrer">{}</a>', url, url) if url else "none"

    @admin.display(description="state")
    def state(self, measurement: Measurement) -> str:
        return (
            "withdrawn"
            if measurement.withdrawn
            else "kept here"
            if measurement.is_local
            else measurement.origin
        )

    @admin.action(description="Take the shipped rows back at the next load", permissions=["change"])
    def take_shipped_back(self, request: HttpRequest, queryset: QuerySet[Measurement]) -> None:
        count = editing.release(self.model, list(queryset.values_list("pk", flat=True)), user=request.user)
        self.message_user(request, f"{count} rows follow the shipped file again from the next load_catalog.")

    @admin.action(description="Read the names again with the catalog as it is now", permissions=["change"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Measurement]) -> None:
        found = list(queryset)
        derive(found, selectors.catalog_rows())
        fields = (*DERIVED, "backend", "year")
        Measurement.objects.bulk_update(found, fields, batch_size=50)
        self.message_user(request, f"{len(found)} rows read again.")
