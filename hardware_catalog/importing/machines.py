"""Machine presets as a table."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from hardware_catalog import belongings, bounds
from hardware_catalog.checks import memory_size_problem
from hardware_catalog.importing.cells import Cell, Listed, Named, Number, Word
from hardware_catalog.importing.tables import Table, columns
from hardware_catalog.models import Device, Machine

CELLS: dict[str, Cell] = {
    "slug": Cell(120, needed=True),
    "name": Cell(200, needed=True),
    "category": Word(bounds.MACHINE_CATEGORIES),
    "device": Named(Device, "slug", "device"),
    "device_count": Number(bounds.DEVICE_COUNT, "devices", whole=True),
    "memory_gb": Number(bounds.MEMORY_GB, "GB"),
    "host_memory_gb": Number(bounds.MEMORY_GB, "GB"),
    "host_device": Named(Device, "slug", "device", needed=False),
    "operating_system": Word(bounds.OPERATING_SYSTEMS),
    "year": Number(bounds.YEAR, whole=True),
    "sources": Listed("source", 600),
    "notes": Cell(),
    "aliases": Listed("name", 200),
}


class MachineTable(Table):
    """Presets, with the columns of data/machines/*.csv."""

    title = "Machines"
    related = ("device", "host_device")
    COLUMNS = columns(CELLS, {}, belongings.names_of("machines"))

    class Meta(Table.Meta):
        model = Machine

    def check(self, instance: Machine) -> None:
        if problem := memory_size_problem(instance.device, instance.memory_gb):
            raise ValidationError({"memory_gb": problem})

    def before_save_instance(self, instance: Any, row: Any, **options: Any) -> None:
        """A preset that says nothing beyond its device's row rests on the device's sources, as in the files."""
        if not instance.owned["sources"]:
            owned = belongings.read("devices", [instance.device_id])[instance.device_id]
            instance.owned = instance.owned | {"sources": owned["sources"]}
