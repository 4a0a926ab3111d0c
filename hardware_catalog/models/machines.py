"""Machine presets: products as people know them, made of catalog devices."""

from __future__ import annotations

from django.db import models

from hardware_catalog import bounds
from hardware_catalog.models.base import CatalogEntry
from hardware_catalog.models.constraints import as_choices, between, one_of
from hardware_catalog.models.devices import Device


class Machine(CatalogEntry):
    """A preset: devices and how many, memory chosen, host memory, operating system."""

    category = models.CharField(max_length=20, choices=as_choices(bounds.MACHINE_CATEGORIES))
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="machines")
    device_count = models.PositiveSmallIntegerField("devices", default=1)
    memory_gb = models.FloatField("memory of one device (GB)", help_text="Unified: of the machine.")
    host_memory_gb = models.FloatField("host memory (GB)", null=True, blank=True)
    host_device = models.ForeignKey(
        Device,
        verbose_name="host platform",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="host_of",
    )
    operating_system = models.CharField(max_length=20, choices=as_choices(bounds.OPERATING_SYSTEMS))
    year = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta(CatalogEntry.Meta):
        constraints = [
            one_of("category", bounds.MACHINE_CATEGORIES),
            one_of("operating_system", bounds.OPERATING_SYSTEMS),
            between("device_count", bounds.DEVICE_COUNT, "devices", optional=False),
            between("memory_gb", bounds.MEMORY_GB, "GB", optional=False),
            between("host_memory_gb", bounds.MEMORY_GB, "GB"),
            between("year", bounds.YEAR, "(a year)"),
        ]
