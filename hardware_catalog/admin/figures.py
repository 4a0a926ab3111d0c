"""Computed figures beside the fields of a form, renewed while somebody types."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from hardware_catalog.computed import FIGURES, Computed

_SIZE = re.compile(r"memory_options-\d+-memory_gb")


class FiguresAdmin(admin.ModelAdmin):
    """Objects of which figures are computed: those of :data:`hardware_catalog.computed.FIGURES`."""

    change_form_template = "admin/hardware_catalog/computed_form.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_figures"
        view = self.admin_site.admin_view(self.figures_view)
        return [path("figures/", view, name=name), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> Any:
        """The form, with the figures of what is stored, or of what was just sent."""
        obj = options.get("obj")
        if request.method == "POST":
            figures = self._figures_of_form(request)
        else:
            figures = self._figures(self._stored(obj)) if obj is not None else []
        context |= {
            "figures": figures,
            "figures_url": f"admin:{self.opts.app_label}_{self.opts.model_name}_figures",
        }
        return super().render_change_form(request, context, *args, **options)

    def figures_view(self, request: HttpRequest) -> HttpResponse:
        """The figures of the fields as they are typed: nothing is saved."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        context = {"figures": self._figures_of_form(request)}
        return TemplateResponse(request, "admin/hardware_catalog/figures.html", context)

    def _figures_of_form(self, request: HttpRequest) -> list[Computed]:
        """What can be read of the fields; the form itself tells what cannot."""
        form = self.get_form(request)(request.POST)
        values: dict[str, Any] = {}
        for name, field in form.fields.items():
            raw = field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
            try:
                values[name] = field.clean(raw)
            except ValidationError:
                continue
        sizes = [_number(text) for name, text in request.POST.items() if _SIZE.fullmatch(name)]
        values["memory_options_gb"] = sorted(size for size in sizes if size)
        return self._figures(values)

    def _stored(self, obj: Any) -> dict[str, Any]:
        values = {field.name: getattr(obj, field.name) for field in self.model._meta.concrete_fields}
        if hasattr(obj, "memory_options"):
            values["memory_options_gb"] = [option.memory_gb for option in obj.memory_options.all()]
        return values

    def _figures(self, values: dict[str, Any]) -> list[Computed]:
        return FIGURES[str(self.opts.model_name)](values)


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < 1e9 else None
