"""Weight formats, KV formats and block types."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError

from hardware_catalog.admin.base import STATE_FIELDSET, EntryAdmin, KeptFilter
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.admin.figures import FiguresAdmin
from hardware_catalog.admin.keeping import KeepingAdmin
from hardware_catalog.checks import format_problem
from hardware_catalog.models import BlockType, KvFormat, WeightFormat


class WeightFormatForm(KnownChoicesForm):
    """The engine must be able to apply the rules to every model."""

    def clean_rules(self) -> Any:
        rules = self.cleaned_data["rules"]
        if not isinstance(rules, dict) or not rules:
            raise ValidationError("The rules must be one JSON object that is not empty.")
        return rules

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        if "rules" in values and set(self.changed_data) & {"rules", "family"}:
            entry = WeightFormat(
                slug=values.get("slug", ""),
                name=values.get("name", ""),
                family=values.get("family", ""),
                rules=values["rules"],
                nominal_bits_per_weight=values.get("nominal_bits_per_weight"),
            )
            if problem := format_problem(entry):
                raise ValidationError({"rules": problem})
        return values


@admin.register(WeightFormat)
class WeightFormatAdmin(FiguresAdmin, EntryAdmin):
    """Weight formats."""

    form = WeightFormatForm
    list_display = ["name", "slug", "family", "speed_family", "nominal_bits_per_weight", "state"]
    list_filter = ["family", "speed_family", KeptFilter]
    fieldsets = [
        (None, {"fields": ["name", "slug", "family", "speed_family", "nominal_bits_per_weight"]}),
        ("Rules", {"fields": ["rules"], "description": "Which block type each tensor takes."}),
        ("Notes", {"fields": ["notes"]}),
        STATE_FIELDSET,
    ]


@admin.register(KvFormat)
class KvFormatAdmin(FiguresAdmin, EntryAdmin):
    """KV formats."""

    list_display = ["name", "slug", "bits_per_element", "state"]
    list_filter = [KeptFilter]


@admin.register(BlockType)
class BlockTypeAdmin(FiguresAdmin, KeepingAdmin):
    """Block types: so many elements in so many bytes."""

    list_display = ["name", "elements", "bytes", "bits"]
    search_fields = ["name"]
    list_per_page = 200

    @admin.display(description="bits per element")
    def bits(self, block: BlockType) -> str:
        return f"{block.bits_per_element:g}"
