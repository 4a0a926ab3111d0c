"""Measurements: what the source states may be corrected, where it stands may not, what follows is derived."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hardware_catalog import selectors
from hardware_catalog.measured import FLAGS, OWN, SHIPPED
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
class MeasurementAdmin(admin.ModelAdmin):
    """Measurements: what is corrected here is kept by later loads; what follows from it is derived at once."""

    list_display = ["slug", "device_text", "model_text", "format_text", "metric", "value", "outcome", "state"]
    list_filter = ["outcome", FlagFilter, "metric", "origin", "year", "backend", "is_local", "withdrawn"]
    search_fields = ["slug", "device_text", "model_text", "format_text", "runtime_text", "source_family"]
    search_help_text = "Id, device, model, format, program or source"
    ordering = ["slug"]
    actions = ["take_shipped_back", "read_again"]
    list_per_page = 50
    save_on_top = True
    show_full_result_count = False
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
        """Keep what a person corrected, and derive what follows from it."""
        if not change:
            obj.origin = OWN
        elif obj.origin == SHIPPED and set(form.changed_data) - {"is_local"}:
            obj.is_local = True
            self.message_user(
                request, "Later loads of the catalog keep this measurement as it is now.", messages.INFO
            )
        derive([obj], selectors.catalog_rows())
        super().save_model(request, obj, form, change)

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
        count = queryset.filter(origin=SHIPPED, is_local=True).update(is_local=False)
        self.message_user(request, f"{count} rows follow the shipped file again from the next load_catalog.")

    @admin.action(description="Read the names again with the catalog as it is now", permissions=["change"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Measurement]) -> None:
        found = list(queryset)
        derive(found, selectors.catalog_rows())
        fields = (*DERIVED, "backend", "year")
        Measurement.objects.bulk_update(found, fields, batch_size=50)
        self.message_user(request, f"{len(found)} rows read again.")
