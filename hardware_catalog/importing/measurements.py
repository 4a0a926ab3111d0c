"""Measurements as a table: what is stated travels, what follows from it is derived when it arrives."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from import_export.results import RowResult

from hardware_catalog import selectors
from hardware_catalog.importing.cells import Cell, Json, Number, Word
from hardware_catalog.importing.tables import Table, columns
from hardware_catalog.measured import FIELD_OF_COLUMN, METRICS, OUTCOME_WORDS, OWN, RESOLVED
from hardware_catalog.measurement_loading import Deriver, stated
from hardware_catalog.models import Measurement

MOST = 1e15  # as in measurements.csv
_COUNTS = ("batch", "prompt_tokens", "ctx_depth", "output_tokens")
_FIGURES = (
    *("device_memory_gb", "device_bandwidth_gb_per_s", "model_params_b", "active_params_b"),
    *("model_size_gib", "stddev"),
)
_LENGTHS = {"source_url": 600, "source_date": 10, "source_family": 160}
# Where a row stands: it would be another one if this changed.
PROVENANCE = ("source_url", "source_date", "source_family")


def _cell(field: str) -> Cell:
    if field == "metric":
        return Word(METRICS)
    if field == "value":
        return Number((1e-9, MOST))
    if field == "device_count":
        return Number((1, 4096), "devices", whole=True)
    if field in _COUNTS:
        return Number((0, 10**8), whole=True)
    if field in _FIGURES:
        return Number((0, MOST))
    if field == "notes":
        return Cell(5000)
    return Cell(_LENGTHS.get(field, 200), needed=field in ("slug", "model_text"))


CELLS: dict[str, Cell] = {
    **{field: _cell(field) for field in FIELD_OF_COLUMN.values()},
    "parallelism": Cell(40),
    "settings": Json(dict),
}


class MeasurementTable(Table):
    """Measurements, with the columns of data/measurements.csv and two more."""

    title = "Measurements"
    COLUMNS = columns(CELLS, {field: name for name, field in FIELD_OF_COLUMN.items()})

    class Meta(Table.Meta):
        model = Measurement

    def before_import(self, dataset: Any, **options: Any) -> None:
        super().before_import(dataset, **options)
        self._deriver: Deriver | None = None

    def init_instance(self, row: Any = None) -> Measurement:
        """A row that is added here is the project's own."""
        measurement: Measurement = super().init_instance(row)
        measurement.origin = OWN
        measurement.outcome = RESOLVED  # until it is derived
        return measurement

    def import_instance(self, instance: Any, row: Any, **options: Any) -> None:
        before = {field: getattr(instance, field) for field in PROVENANCE}
        super().import_instance(instance, row, **options)
        moved = [field for field in PROVENANCE if getattr(instance, field) != before[field]]
        if moved and not instance._state.adding:
            raise ValidationError(dict.fromkeys(moved, "says where the row comes from: it stays"))

    def check(self, instance: Measurement) -> None:
        """Derive what becomes of the row: the preview tells it, and it is saved with the row."""
        if self._deriver is None:
            self._deriver = Deriver(selectors.catalog_rows())
        names = (*CELLS,)
        for name, value in self._deriver.derived(stated({n: getattr(instance, n) for n in names})).items():
            setattr(instance, name, value)

    def after_import_row(self, row: Any, row_result: RowResult, **options: Any) -> None:
        found = row_result.instance
        if found is not None and row_result.import_type != RowResult.IMPORT_TYPE_SKIP:
            words = OUTCOME_WORDS[found.outcome]
            row_result.remark = f"{words}: {found.outcome_reason}" if found.outcome_reason else words
