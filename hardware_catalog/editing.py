"""What people do to the catalog: each change is marked as theirs, and kept in the history with their name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models, transaction

from hardware_catalog import history, selectors
from hardware_catalog.content import digest_of
from hardware_catalog.measured import SHIPPED
from hardware_catalog.measurement_loading import derive
from hardware_catalog.models import Measurement
from hardware_catalog.stored import stored_contents

User = history.User


def mark_edited(model: type[models.Model], keys: Collection[int]) -> list[int]:
    """Mark those as kept here that differ from what was shipped, and no others; returns the newly marked.

    Sources, vendors and block types bear no mark: their digests tell.
    """
    if not _bears_mark(model):
        return []
    objects = model._default_manager.filter(pk__in=keys)
    if model is Measurement:
        objects = objects.filter(origin=SHIPPED)
    known = {
        key: (digest, local) for key, digest, local in objects.values_list("pk", "shipped_digest", "is_local")
    }
    contents = stored_contents(model, list(known))
    edited = {key for key, (digest, _) in known.items() if digest != digest_of(contents[key])}
    for is_edited, some in ((True, edited), (False, known.keys() - edited)):
        model._default_manager.filter(pk__in=some).exclude(is_local=is_edited).update(is_local=is_edited)
    return [key for key in edited if not known[key][1]]


def release(model: type[models.Model], keys: Collection[int], *, user: User | None = None) -> int:
    """Let the next load take the shipped rows in place of those that are kept here; returns how many."""
    released = model._default_manager.filter(pk__in=keys, is_local=True)
    if model is Measurement:
        released = released.filter(origin=SHIPPED)
    found = list(released.values_list("pk", flat=True))
    history.remember(model, found)
    # as it stands, it counts as loaded: the next load sees no edit
    model._default_manager.filter(pk__in=found).update(is_local=False, shipped_digest=None)
    history.record(model, found, user=user, reason="to follow the shipped files again")
    return len(found)


@transaction.atomic
def restore(model: type[models.Model], version: Any, *, user: User | None = None) -> Any:
    """Put an object back to one of its recorded states. Raises ``ValidationError`` where that is not possible."""
    entry = history.restore(model, version, user=user)
    if model is Measurement:
        derive([entry], selectors.catalog_rows())
        entry.save_without_historical_record()
    elif _bears_mark(model):
        mark_edited(model, [entry.pk])
        history.record(model, [entry.pk], user=user, reason="differs from the shipped entry: kept here")
    return entry


def _bears_mark(model: type[models.Model]) -> bool:
    return any(field.name == "is_local" for field in model._meta.concrete_fields)
