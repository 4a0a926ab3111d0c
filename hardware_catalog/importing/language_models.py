"""Language models as a table: the architecture is one column of JSON."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from hardware_catalog import belongings, bounds
from hardware_catalog.checks import architecture_problem
from hardware_catalog.importing.cells import Cell, Json, Listed, Named, Number
from hardware_catalog.importing.tables import Table, columns
from hardware_catalog.models import LanguageModel, Vendor, WeightFormat

CELLS: dict[str, Cell] = {
    "slug": Cell(120, needed=True),
    "name": Cell(200, needed=True),
    "vendor": Named(Vendor, "name", "maker"),
    "family": Cell(200, needed=True),
    "hf_repo": Cell(160, needed=True),
    "params_published": Number(bounds.PARAMETERS, "parameters", whole=True),
    "params_published_source": Cell(600),
    "params_published_note": Cell(),
    "params_check": Cell(1000, needed=True),
    "active_params_published": Number(bounds.PARAMETERS, "parameters", whole=True),
    "active_params_source": Cell(600),
    "native_precision": Cell(200, needed=True),
    "native_format": Named(WeightFormat, "slug", "weight format"),
    "max_context_tokens": Number(bounds.CONTEXT_TOKENS, "tokens", whole=True),
    "license": Cell(120),
    "release_date": Cell(10),
    "release_date_note": Cell(200),
    "sources": Listed("source", 600, needed=True),
    "notes": Cell(),
    "aliases": Listed("name", 200),
    "formula": Json(dict, optional=True),
    "config": Json(dict),
}


class ModelTable(Table):
    """Models, with the names of data/models/*.json."""

    title = "Models"
    related = ("vendor", "native_format")
    COLUMNS = columns(CELLS, {}, belongings.names_of("models"))

    class Meta(Table.Meta):
        model = LanguageModel

    def check(self, instance: LanguageModel) -> None:
        formula = instance.formula
        if formula is not None and (problem := architecture_problem(instance.config, formula)):
            raise ValidationError({"config": problem})
