"""The catalog in the database: a copy of the shipped files, plus what is added and corrected in the admin."""

from __future__ import annotations

from hardware_catalog.models.base import CatalogVersion, Source, Vendor
from hardware_catalog.models.devices import Device, DeviceMemoryOption, FigureNote
from hardware_catalog.models.formats import BlockType, KvFormat, WeightFormat
from hardware_catalog.models.language_models import LanguageModel
from hardware_catalog.models.links import ENTRY_FIELDS, Alias, Citation
from hardware_catalog.models.machines import Machine
from hardware_catalog.models.measurement import Measurement
from hardware_catalog.models.runtimes import Runtime, RuntimeSupport

__all__ = [
    "ENTRY_FIELDS",
    "Alias",
    "BlockType",
    "CatalogVersion",
    "Citation",
    "Device",
    "DeviceMemoryOption",
    "FigureNote",
    "KvFormat",
    "LanguageModel",
    "Machine",
    "Measurement",
    "Runtime",
    "RuntimeSupport",
    "Source",
    "Vendor",
    "WeightFormat",
]
