"""Machine presets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError

from hardware_catalog.admin.base import STATE_FIELDSET, EntryAdmin
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.models import Machine


class MachineForm(KnownChoicesForm):
    """A preset may only have a memory size that its device is sold with."""

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        device, memory_gb = values.get("device"), values.get("memory_gb")
        if device is not None and memory_gb is not None:
            options = [option.memory_gb for option in device.memory_options.all()]
            if options and memory_gb not in options:
                sizes = ", ".join(f"{option:g}" for option in options)
                raise ValidationError({"memory_gb": f"{device} is sold with {sizes} GB, not {memory_gb:g}."})
        return values


@admin.register(Machine)
class MachineAdmin(EntryAdmin):
    """Machine presets."""

    form = MachineForm
    list_display = [
        "name",
        "category",
        "device",
        "device_count",
        "memory_gb",
        "host_memory_gb",
        "operating_system",
    ]
    list_filter = ["category", "operating_system", "is_local", "withdrawn", "year"]
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
