"""What the admin pages of all entries share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.models import Alias, Citation

STATE_FIELDSET: Any = ("State", {"fields": ["is_local", "withdrawn"]})


class AliasInline(admin.TabularInline):
    """Other names of the entry."""

    model = Alias
    fields = ["text"]
    extra = 1
    verbose_name = "other name"
    verbose_name_plural = "other names"
    classes = ["collapse"]


class CitationInline(admin.TabularInline):
    """Sources of the entry's figures."""

    model = Citation
    form = KnownChoicesForm
    fields = ["source"]
    autocomplete_fields = ["source"]
    extra = 1
    verbose_name = "source"
    verbose_name_plural = "sources"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Citation]:
        return super().get_queryset(request).select_related("source")


class EntryAdmin(admin.ModelAdmin):
    """An entry of the catalog: what is saved here is kept by later loads."""

    form = KnownChoicesForm
    search_fields = ["name", "slug", "alias_set__text"]
    search_help_text = "Name, slug or another name"
    inlines: ClassVar[list[Any]] = [AliasInline, CitationInline]
    actions = ["take_shipped_back"]
    list_per_page = 50
    save_on_top = True
    show_full_result_count = False

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Keep what a person added or changed: load_catalog then leaves the entry alone."""
        super().save_related(request, form, formsets, change)
        edited = not change or any(formset.has_changed() for formset in formsets)
        edited = edited or bool(set(form.changed_data) - {"is_local"})
        if edited and not form.instance.is_local:
            form.instance.is_local = True
            form.instance.save(update_fields=["is_local"])
            self.message_user(
                request, "Later loads of the catalog keep this entry as it is now.", messages.INFO
            )

    @admin.action(description="Take the shipped entries back at the next load", permissions=["change"])
    def take_shipped_back(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = queryset.filter(is_local=True).update(is_local=False)
        self.message_user(
            request,
            f"{count} entries follow the shipped files again from the next load_catalog; "
            "those that are not shipped will be marked withdrawn.",
        )
