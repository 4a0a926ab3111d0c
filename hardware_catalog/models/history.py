"""The history of each object: one row for every state that a person or a load replaced.

A row of an entry also keeps what belongs to the entry (its other names, sources, memory sizes, notes, rules), which
live in tables of their own: an entry is put back whole or not at all. :mod:`hardware_catalog.history` writes these.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


class Belongings(models.Model):
    """What belonged to an entry at the time, as :mod:`hardware_catalog.belongings` reads it."""

    belongings = models.JSONField(default=dict)

    class Meta:
        abstract = True


# History is only ever asked for by the key of its object.
NOT_SEARCHED = (
    "slug",
    "name",
    "citation",
    "vendor",
    "device",
    "host_device",
    "native_format",
    "source_family",
)


class Records(HistoricalRecords):  # type: ignore[misc]
    """History of one model; a person who was deleted since is a blank, and reasons may be long."""

    def __init__(self, **options: Any) -> None:
        reason = models.CharField(max_length=300, null=True)
        super().__init__(history_change_reason_field=reason, no_db_index=list(NOT_SEARCHED), **options)


class EntryRecords(Records):
    """History of the entries of every kind."""

    def __init__(self) -> None:
        super().__init__(inherit=True, bases=[Belongings], excluded_fields=["shipped_digest"])
