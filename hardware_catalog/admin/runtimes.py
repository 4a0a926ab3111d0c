"""Runtimes and what each runs where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from hardware_catalog.admin.base import STATE_FIELDSET, EntryAdmin, KeptFilter
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.models import Device, KvFormat, Runtime, RuntimeSupport, WeightFormat

SELECTORS = ("vendors", "architectures", "kinds", "operating_systems")


def _words(value: Any, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValidationError(f'{what} must be a JSON list of texts, e.g. ["a", "b"].')
    return value


def _known(value: Any, what: str, known: Iterable[str]) -> list[str]:
    words = _words(value, what)
    unknown = sorted(set(words) - set(known))
    if unknown:
        raise ValidationError(f"{what}: the catalog has no {', '.join(unknown)}.")
    return words


class RuntimeForm(KnownChoicesForm):
    """Backends are a list, and the memory rule is one that the engine has."""

    def clean_backends(self) -> list[str]:
        backends = _words(self.cleaned_data["backends"], "Backends")
        if not backends:
            raise ValidationError("A runtime needs at least one backend.")
        return backends

    def clean_kv_rule(self) -> str:
        from planner.engine.kv import KV_RULES  # late: it imports numpy, which most commands do without

        rule: str = self.cleaned_data["kv_rule"]
        if rule not in KV_RULES:
            raise ValidationError(f"The engine's memory rules are {', '.join(KV_RULES)}.")
        return rule


class SupportForm(KnownChoicesForm):
    """A rule may only name what the catalog has."""

    def clean_hardware(self) -> dict[str, list[str]]:
        hardware = self.cleaned_data["hardware"] or {}
        if not isinstance(hardware, dict) or set(hardware) - set(SELECTORS):
            raise ValidationError(f"The selectors are {', '.join(SELECTORS)}.")
        selectors = {key: _words(hardware.get(key, []), key) for key in SELECTORS}
        if selectors["architectures"]:
            known = Device.objects.values_list("architecture", flat=True).distinct()
            _known(selectors["architectures"], "Architectures", known)
        return selectors

    def clean_format_families(self) -> list[str]:
        return self._clean_known("format_families", WeightFormat.objects.values_list("family", flat=True))

    def clean_formats(self) -> list[str]:
        return self._clean_known("formats", WeightFormat.objects.values_list("slug", flat=True))

    def clean_except_formats(self) -> list[str]:
        return self._clean_known("except_formats", WeightFormat.objects.values_list("slug", flat=True))

    def clean_except_speed_families(self) -> list[str]:
        families = WeightFormat.objects.values_list("speed_family", flat=True)
        return self._clean_known("except_speed_families", families)

    def clean_kv_formats(self) -> list[str]:
        return self._clean_known("kv_formats", KvFormat.objects.values_list("slug", flat=True))

    def _clean_known(self, name: str, known: QuerySet[Any]) -> list[str]:
        value = self.cleaned_data[name] or []
        return _known(value, name.replace("_", " ").capitalize(), known) if value else []


class SupportInline(admin.StackedInline):
    """The runtime's rules."""

    model = RuntimeSupport
    form = SupportForm
    extra = 0
    autocomplete_fields = ["source"]
    classes = ["collapse"]
    fields = [
        ("backend", "execution"),
        "hardware",
        ("format_families", "formats"),
        ("except_formats", "except_speed_families"),
        "kv_formats",
        "source",
        "notes",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuntimeSupport]:
        return super().get_queryset(request).select_related("source")


@admin.register(Runtime)
class RuntimeAdmin(EntryAdmin):
    """Runtimes."""

    form = RuntimeForm
    list_display = ["name", "slug", "kv_rule", "backend_names", "state"]
    list_filter = ["kv_rule", KeptFilter]
    inlines = [SupportInline, *EntryAdmin.inlines]
    fieldsets = [
        (None, {"fields": ["name", "slug", "kv_rule", "backends"]}),
        ("Notes", {"fields": ["notes"]}),
        STATE_FIELDSET,
    ]

    @admin.display(description="backends")
    def backend_names(self, runtime: Runtime) -> str:
        return ", ".join(runtime.backends)
