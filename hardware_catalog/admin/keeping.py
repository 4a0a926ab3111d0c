"""Saving in the admin: each change is marked as made here, and kept in the history, which can be gone back in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from hardware_catalog import editing, history

KEPT_NOW = "Later loads of the catalog keep this entry as it is now."


class KeepingAdmin(admin.ModelAdmin):
    """Objects with a history: who changed what and when, and the way back."""

    save_on_top = True
    show_full_result_count = False
    history_template = "admin/hardware_catalog/history.html"
    restore_template = "admin/hardware_catalog/restore.html"

    # saving

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        if change:
            history.remember(self.model, [obj.pk])
        if change and "is_local" in form.changed_data and not obj.is_local:
            obj.shipped_digest = None  # as it stands, it counts as loaded: the next load may replace it
        obj.skip_history_when_saving = True  # what belongs to it is not saved yet
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Mark what a person added or changed: load_catalog then leaves it alone."""
        super().save_related(request, form, formsets, change)
        edited = not change or any(formset.has_changed() for formset in formsets)
        if edited or set(form.changed_data) - {"is_local"}:
            self.mark(request, form.instance)
        history.record(self.model, [form.instance.pk], user=request.user)

    def mark(self, request: HttpRequest, obj: Any) -> None:
        """Note that a person changed the object, and tell that loads keep it."""
        if editing.mark_edited(self.model, [obj.pk]):
            self.message_user(request, KEPT_NOW, messages.INFO)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj._history_user = request.user
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    # history

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_restore"
        view = self.admin_site.admin_view(self.restore_view)
        return [path("<int:key>/history/<int:version>/", view, name=name), *super().get_urls()]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """All states of the object, the latest first, each with what it changed."""
        key = unquote(object_id)
        obj = self.get_object(request, key)
        found = history.versions(self.model, int(key)) if key.isdigit() else []
        if obj is None and not found:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        context = {
            "versions": found,
            "original": obj,
            "key": key,
            "name": str(obj) if obj is not None else "deleted",
            "may_restore": self._may_restore(request, obj),
            "restore_url": f"admin:{self.opts.app_label}_{self.opts.model_name}_restore",
        }
        return self._page(request, self.history_template, f"History of {context['name']}", **context)

    def restore_view(self, request: HttpRequest, key: int, version: int) -> HttpResponse:
        """Show what going back to a state would change; posted, go back."""
        state = history.records_of(self.model).filter(id=key, history_id=version).first()
        if state is None:
            raise Http404
        obj = self.get_object(request, str(key))
        if not self._may_restore(request, obj):
            raise PermissionDenied
        refusal = ""
        if request.method == "POST":
            try:
                restored = editing.restore(self.model, state, user=request.user)
            except ValidationError as error:
                refusal = " ".join(error.messages)
            else:
                return self._restored(request, restored, state)
        return self._page(
            request,
            self.restore_template,
            f"Go back to the state of {state.history_date:%Y-%m-%d %H:%M} UTC",
            original=obj,
            name=str(obj) if obj is not None else "deleted",
            key=key,
            state=state,
            differences=history.since(self.model, state),
            refusal=refusal,
        )

    def _may_restore(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, obj)

    def _restored(self, request: HttpRequest, obj: Model, state: Any) -> HttpResponse:
        when = f"{state.history_date:%Y-%m-%d %H:%M} UTC"
        self.log_change(request, obj, f"Put back to the state of {when}.")
        self.message_user(request, f"{obj} is again as it was at {when}.", messages.SUCCESS)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[obj.pk]))

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        shared = self.admin_site.each_context(request)
        return TemplateResponse(
            request,
            template,
            {**shared, "opts": self.opts, "title": title, "is_nav_sidebar_enabled": False, **context},
        )
