"""What the database holds of some objects, in the shape of the shipped rows: what digests and differences are of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models

from hardware_catalog import belongings, selectors
from hardware_catalog.measured import FIELD_OF_COLUMN, FURTHER
from hardware_catalog.models import (
    BlockType,
    Device,
    KvFormat,
    LanguageModel,
    Machine,
    Measurement,
    Runtime,
    Source,
    Vendor,
    WeightFormat,
)

Model = type[models.Model]

# The columns that say something of an object, and where each is found.
FIELDS: Mapping[Model, tuple[str, ...]] = {
    Device: (*selectors.DEVICE_FIELDS, "vendor__name"),
    Machine: (*selectors.MACHINE_FIELDS, "device__slug", "host_device__slug"),
    LanguageModel: (*selectors.MODEL_FIELDS, "vendor__name", "native_format__slug"),
    WeightFormat: selectors.FORMAT_FIELDS,
    KvFormat: selectors.KV_FORMAT_FIELDS,
    Runtime: (*selectors.RUNTIME_FIELDS, "backends"),
    Source: selectors.SOURCE_FIELDS,
    BlockType: selectors.BLOCK_FIELDS,
    Measurement: (*FIELD_OF_COLUMN.values(), *FURTHER),
    Vendor: ("name",),
}


def stored_contents(model: Model, keys: Collection[int]) -> dict[int, dict[str, Any]]:
    """Contents by primary key, equal to those of the rows of :mod:`hardware_catalog.rows`."""
    found = {}
    for row in model._default_manager.filter(pk__in=keys).values("pk", *FIELDS[model]):
        found[row["pk"]] = {name.partition("__")[0]: row[name] for name in FIELDS[model]}
    if model in belongings.KINDS:
        for key, owned in belongings.read(belongings.KINDS[model], list(found)).items():
            found[key] |= owned
    return found
