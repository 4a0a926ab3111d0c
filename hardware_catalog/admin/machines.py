"""Machine presets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError

from hardware_catalog.admin.base import STATE_FIELDSET, EntryAdmin, KeptFilter
from hardware_catalog.admin.exchange import ExchangeAdmin
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.admin.figures import FiguresAdmin
from hardware_catalog.checks import memory_size_problem
from hardware_catalog.importing.machines import MachineTable
from hardware_catalog.models import Machine


class MachineForm(KnownChoicesForm):
    """A preset may only have a memory size that its device is sold with."""

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        device, memory_gb = values.get("device"), values.get("memory_gb")
        if device is None or memory_gb is None:
            return values
        if problem := memory_size_problem(device, memory_gb):
            raise ValidationError({"memory_gb": problem})
        return values


@admin.register(Machine)
class MachineAdmin(ExchangeAdmin, FiguresAdmin, EntryAdmin):
    """Machine presets."""

    resource_classes = (MachineTable,)
    page_name = "catalog:machine"

    form = MachineForm
    list_display = [
        "name",
        "category",
        "device",
        "device_count",
        "memory_gb",
        "host_memory_gb",
        "operating_system",
        "state",
    ]
    list_filter = ["category", "operating_system", KeptFilter, "year"]
    list_select_related = ["device"]
    autocomplete_fields = ["device", "host_device"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "category", "operating_system", "year"]}),
        ("Devices", {"fields": ["device", "device_count", "memory_gb"]}),
        (
            "Host",
            {
                "fields": ["host_memory_gb", "host_device"],
                "description": "Separate memory of the host; empty for unified memory and where it is not stated.",
            },
        ),
        ("Notes", {"fields": ["notes"]}),
        STATE_FIELDSET,
    ]
