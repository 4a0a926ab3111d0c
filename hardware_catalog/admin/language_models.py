"""Language models."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError

from hardware_catalog.admin.base import STATE_FIELDSET, EntryAdmin, KeptFilter
from hardware_catalog.admin.exchange import ExchangeAdmin
from hardware_catalog.admin.fields import KnownChoicesForm
from hardware_catalog.admin.figures import FiguresAdmin
from hardware_catalog.checks import architecture_problem
from hardware_catalog.importing.language_models import ModelTable
from hardware_catalog.models import LanguageModel


class LanguageModelForm(KnownChoicesForm):
    """The engine must be able to read the architecture that is saved."""

    def clean(self) -> dict[str, Any] | None:
        values = super().clean() or self.cleaned_data
        config, formula = values.get("config"), values.get("formula")
        if config is not None and not isinstance(config, dict):
            raise ValidationError({"config": "The configuration must be one JSON object."})
        if formula is not None and not isinstance(formula, dict):
            raise ValidationError({"formula": "The formula must be one JSON object, or empty."})
        if config and formula and (problem := architecture_problem(config, formula)):
            raise ValidationError({"config": problem})
        return values


@admin.register(LanguageModel)
class LanguageModelAdmin(ExchangeAdmin, FiguresAdmin, EntryAdmin):
    """Language models."""

    resource_classes = (ModelTable,)
    page_name = "catalog:model"

    form = LanguageModelForm
    list_display = [
        "name",
        "family",
        "vendor",
        "billions",
        "active_billions",
        "native_precision",
        "total_check",
        "license",
        "state",
    ]
    list_filter = [
        KeptFilter,
        ("vendor", admin.RelatedOnlyFieldListFilter),
        ("native_format", admin.RelatedOnlyFieldListFilter),
        "family",
    ]
    list_select_related = ["vendor"]
    search_fields = [*EntryAdmin.search_fields, "hf_repo", "family"]
    autocomplete_fields = ["vendor", "native_format"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "family", "vendor", "hf_repo"]}),
        (
            "Size",
            {
                "fields": [
                    "params_published",
                    "params_published_source",
                    "params_published_note",
                    "params_check",
                    "active_params_published",
                    "active_params_source",
                ]
            },
        ),
        ("Precision and context", {"fields": ["native_precision", "native_format", "max_context_tokens"]}),
        ("Release", {"fields": ["license", "release_date", "release_date_note"]}),
        ("Architecture", {"fields": ["formula", "config"], "classes": ["collapse"]}),
        ("Notes", {"fields": ["notes"]}),
        STATE_FIELDSET,
    ]

    @admin.display(description="parameters (10⁹)", ordering="params_published")
    def billions(self, model: LanguageModel) -> str:
        return _billions(model.params_published)

    @admin.display(description="active (10⁹)", ordering="active_params_published")
    def active_billions(self, model: LanguageModel) -> str:
        return _billions(model.active_params_published)

    @admin.display(description="computed total", ordering="params_check")
    def total_check(self, model: LanguageModel) -> str:
        return model.params_check if len(model.params_check) <= 40 else f"{model.params_check[:39]}…"


def _billions(parameters: int | None) -> str:
    return "unknown" if parameters is None else f"{parameters / 1e9:.4g}"
