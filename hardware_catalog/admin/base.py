"""What the admin pages of all entries share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from hardware_catalog import editing, history
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.admin.keeping import KeepingAdmin
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


class KeptFilter(admin.SimpleListFilter):
    """Entries by whether they were added or changed here, or left the shipped files."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("shipped", "as shipped"), ("kept", "kept here"), ("withdrawn", "withdrawn")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "shipped": {"is_local": False, "withdrawn": False},
            "kept": {"is_local": True},
            "withdrawn": {"withdrawn": True},
        }
        return queryset.filter(**chosen.get(self.value() or "", {}))


class EntryAdmin(KeepingAdmin):
    """An entry of the catalog: what is saved here is kept by later loads."""

    form = KnownChoicesForm
    search_fields = ["name", "slug", "alias_set__text"]
    search_help_text = "Name, slug or another name"
    inlines: ClassVar[list[Any]] = [AliasInline, CitationInline]
    actions = ["take_shipped_back"]
    list_per_page = 50
    page_name = ""  # of the public page of an entry

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["catalog-admin.css"]}

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def view_on_site(self, obj: Any) -> str | None:
        """The public page; an entry that is withdrawn has none."""
        if not self.page_name or obj.withdrawn:
            return None
        try:
            return reverse(self.page_name, args=[obj.slug])
        except NoReverseMatch:  # the form holds a slug that is none
            return None

    @admin.display(description="state")
    def state(self, entry: Any) -> str:
        return "withdrawn" if entry.withdrawn else "kept here" if entry.is_local else "shipped"

    @admin.action(description="Take the shipped entries back at the next load", permissions=["change"])
    def take_shipped_back(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = editing.release(self.model, list(queryset.values_list("pk", flat=True)), user=request.user)
        self.message_user(
            request,
            f"{count} entries follow the shipped files again from the next load_catalog; "
            "those that are not shipped will be marked withdrawn.",
        )


class OwnedAdmin(admin.ModelAdmin):
    """Parts of entries on a page of their own: what changes here is a change of their entry."""

    def owner_of(self, obj: Any) -> Any:
        """The entry that the object belongs to."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        stored = self.model._default_manager.filter(pk=obj.pk).first() if change else None
        owners = [self.owner_of(found) for found in (stored, obj) if found is not None]
        for owner in owners:
            history.remember(type(owner), [owner.pk])
        super().save_model(request, obj, form, change)
        self._record(request, owners)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        owner = self.owner_of(obj)
        history.remember(type(owner), [owner.pk])
        super().delete_model(request, obj)
        self._record(request, [owner])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _record(self, request: HttpRequest, owners: list[Any]) -> None:
        for owner in owners:
            editing.mark_edited(type(owner), [owner.pk])
            history.record(type(owner), [owner.pk], user=request.user)
