"""Aliases of all entries together."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from hardware_catalog.admin.base import OwnedAdmin
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.models import ENTRY_FIELDS, Alias


@admin.register(Alias)
class AliasAdmin(OwnedAdmin):
    """Other names: the same text may name several entries, which is then asked back."""

    form = KnownChoicesForm
    list_display = ["text", "kind", "entry"]
    list_select_related = list(ENTRY_FIELDS.values())
    search_fields = ["text", *(f"{field}__name" for field in ENTRY_FIELDS.values())]
    autocomplete_fields = list(ENTRY_FIELDS.values())
    list_per_page = 100
    ordering = ["text", "pk"]

    @admin.display(description="kind")
    def kind(self, alias: Alias) -> str:
        return next(
            kind.replace("_", " ") for kind, name in ENTRY_FIELDS.items() if getattr(alias, f"{name}_id")
        )

    def owner_of(self, obj: Alias) -> Any:
        return obj.entry
