"""An export that nobody touched changes nothing when it is imported: the whole catalog, in both formats."""

from __future__ import annotations

import pytest

from hardware_catalog.importing.devices import DeviceTable, LaunchPriceTable
from hardware_catalog.importing.formats import FORMATS, RowsJson, SafeCsv, safe, unsafe
from hardware_catalog.importing.language_models import ModelTable
from hardware_catalog.importing.machines import MachineTable
from hardware_catalog.importing.measurements import MeasurementTable
from hardware_catalog.importing.tables import Table
from hardware_catalog.models import Device, Machine, Measurement

pytestmark = pytest.mark.django_db

TABLES = (DeviceTable, LaunchPriceTable, MachineTable, ModelTable)


def exported(table: type[Table], file_format: type = SafeCsv) -> str:
    text: str = file_format().export_data(table().export(table().get_queryset()))
    return text


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("table", TABLES)
def test_an_untouched_export_changes_nothing(table: type[Table], file_format: type) -> None:
    dataset = file_format().create_dataset(exported(table, file_format))
    result = table().import_data(dataset, dry_run=False)
    totals = {word: n for word, n in result.totals.items() if n}
    assert totals == {"skip": table._meta.model.objects.count()}
    assert [*result.base_errors, *result.rows] == []
    assert not table._meta.model.objects.filter(is_local=True).exists()
    assert not table._meta.model.history.exists()


def test_an_untouched_export_of_all_measurements_changes_nothing() -> None:
    result = MeasurementTable().import_data(SafeCsv().create_dataset(exported(MeasurementTable)))
    assert {word: n for word, n in result.totals.items() if n} == {"skip": 18_166}
    assert not Measurement.history.exists()


def test_an_export_holds_what_belongs_to_an_entry_in_the_units_of_the_files() -> None:
    dataset = RowsJson().create_dataset(exported(DeviceTable, RowsJson))
    row = next(row for row in dataset.dict if row["slug"] == "apple-m3-ultra-80-core-gpu")
    assert row["memory_gb_options"] == "96|256|512"
    assert row["bandwidth_gb_per_s"] == "819"
    assert row["sources"].count(" | ") == Device.objects.get(slug=row["slug"]).citation_set.count() - 1
    noted = next(row for row in dataset.dict if row["slug"] == "nvidia-geforce-rtx-4090")
    assert '"field": "fp16_flops_per_s", "kind": "derived"' in noted["figure_notes"]
    assert any(row["aliases"] for row in dataset.dict)


def test_what_was_written_by_hand_comes_back_as_it_was() -> None:
    """Cells in other words, such as 24.0 for 24: read, compared, found equal."""
    text = "slug,memory_gb,host_memory_gb,operating_system\n"
    machine = Machine.objects.exclude(host_memory_gb=None).first()
    assert machine is not None
    text += f"{machine.slug},{machine.memory_gb:.3f}, {machine.host_memory_gb} ,{machine.operating_system}\n"
    result = MachineTable().import_data(SafeCsv().create_dataset(text))
    assert {word: n for word, n in result.totals.items() if n} == {"skip": 1}


@pytest.mark.parametrize(
    "text", ["=1+1", "@SUM(A1)", "-help", "+x", "\tx", "'=1", "''=1", "plain", "'quoted'", "", "-5", "+1.5e3"]
)
def test_no_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    assert unsafe(safe(text)) == text
    assert not safe(text).startswith(("=", "@", "-h", "+x", "\t"))
