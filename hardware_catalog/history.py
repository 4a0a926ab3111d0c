"""The history of the catalog's objects: every state that was replaced, who replaced it, when and why; and back.

History begins with the first change: the state before it is written down first. Loads of the shipped files write the
rows that they change, not those that they create: of those the load itself is the record (``CatalogVersion``), and a
row each of 20,000 untouched objects would say nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models, transaction
from django.db.models import signals
from django.utils import timezone
from simple_history.signals import pre_create_historical_record

from hardware_catalog import belongings
from hardware_catalog.content import Difference, differences
from hardware_catalog.models import CatalogVersion

User = AbstractBaseUser | AnonymousUser
BATCH = 400
CREATED, CHANGED, DELETED = "+", "~", "-"
FIRST = "as it was before its first change"


def records_of(model: type[models.Model]) -> Any:
    """The manager of a model's history."""
    manager: Any = model.history  # type: ignore[attr-defined]
    return manager


def remember(model: type[models.Model], keys: Collection[int]) -> None:
    """Write down the state of those objects that have no history yet: they are about to be changed."""
    history = records_of(model)
    for some in batched(keys, BATCH, strict=False):
        known = set(history.filter(id__in=some).values_list("id", flat=True))
        states = _states(model, [key for key in some if key not in known])
        latest = CatalogVersion.objects.first()
        date = latest.loaded_at if latest else timezone.now()
        _write(model, states, kind=CREATED, date=date, reason=FIRST)


def record(
    model: type[models.Model], keys: Collection[int], *, user: User | None = None, reason: str = ""
) -> list[int]:
    """Write down the state of those objects that differ from their latest record; returns their keys."""
    history = records_of(model)
    changed: list[int] = []
    for some in batched(keys, BATCH, strict=False):
        latest: dict[int, Any] = {}
        for row in history.filter(id__in=some).order_by("id", "-history_id"):
            latest.setdefault(row.id, row)
        states = {
            key: state
            for key, state in _states(model, some).items()
            if key not in latest or _values(model, latest[key]) != state
        }
        new = {key: state for key, state in states.items() if key not in latest}
        old = {key: state for key, state in states.items() if key in latest}
        _write(model, new, kind=CREATED, user=user, reason=reason)
        _write(model, old, kind=CHANGED, user=user, reason=reason)
        changed += states
    return changed


def _states(model: type[models.Model], keys: Collection[int]) -> dict[int, dict[str, Any]]:
    """Tracked values by attribute, with what belongs to each entry."""
    if not keys:
        return {}
    names = [field.attname for field in records_of(model).model.tracked_fields]
    found = {row["id"]: dict(row) for row in model._default_manager.filter(pk__in=keys).values(*names)}
    if model in belongings.KINDS:
        for key, owned in belongings.read(belongings.KINDS[model], list(found)).items():
            found[key]["belongings"] = owned
    return found


def _values(model: type[models.Model], row: Any) -> dict[str, Any]:
    names = [field.attname for field in records_of(model).model.tracked_fields]
    values = {name: getattr(row, name) for name in names}
    return values | ({"belongings": row.belongings} if model in belongings.KINDS else {})


def _write(
    model: type[models.Model],
    states: Mapping[int, Mapping[str, Any]],
    *,
    kind: str,
    user: User | None = None,
    reason: str = "",
    date: datetime | None = None,
) -> None:
    row = records_of(model).model
    user_key = user.pk if user is not None else None
    row.objects.bulk_create(
        [
            row(
                **state,
                history_type=kind,
                history_date=date or timezone.now(),
                history_user_id=user_key,
                history_change_reason=reason[:300],
            )
            for state in states.values()
        ],
        batch_size=BATCH,
    )


# what is saved without these pages, such as in a shell


def connect() -> None:
    """Keep the history of objects that are saved or deleted by hand: called once, when the program starts."""
    signals.pre_save.connect(_before_saving)
    signals.pre_delete.connect(_before_deleting)
    pre_create_historical_record.connect(_with_belongings)


def _before_saving(sender: Any, instance: Any, raw: bool = False, **_: Any) -> None:
    tracked = hasattr(sender._meta, "simple_history_manager_attribute")
    if tracked and instance.pk and not raw and not hasattr(instance, "skip_history_when_saving"):
        remember(sender, [instance.pk])


def _before_deleting(sender: Any, instance: Any, **_: Any) -> None:
    if hasattr(sender._meta, "simple_history_manager_attribute"):
        record(sender, [instance.pk], reason="as it was when it was deleted")


def _with_belongings(sender: Any, instance: Any, history_instance: Any, **_: Any) -> None:
    kind = belongings.KINDS.get(type(instance))
    if kind and instance.pk:
        history_instance.belongings = belongings.read(kind, [instance.pk])[instance.pk]


# reading


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an object in its history."""

    key: int  # of the record
    when: datetime
    who: str
    what: str  # created, changed, deleted
    reason: str
    changes: tuple[Difference, ...]  # from the state before
    is_now: bool


WHAT = {CREATED: "first state", CHANGED: "changed", DELETED: "deleted"}


def versions(model: type[models.Model], key: int) -> list[Version]:
    """The states of one object, the latest first, each with what it changed."""
    rows = list(records_of(model).filter(id=key).select_related("history_user").order_by("history_id"))
    contents = _contents(model, rows)
    found = []
    for number, (row, content) in enumerate(zip(rows, contents, strict=True)):
        before = contents[number - 1] if number else None
        found.append(
            Version(
                key=row.history_id,
                when=row.history_date,
                who=str(row.history_user or ""),
                what=WHAT[row.history_type],
                reason=row.history_change_reason or "",
                changes=differences(before, content) if before is not None else (),
                is_now=number == len(rows) - 1,
            )
        )
    return found[::-1]


def since(model: type[models.Model], version: Any) -> tuple[Difference, ...]:
    """How the object differs now from one of its records: what putting that state back would change."""
    now = _states(model, [version.id])
    then = _values(model, version)
    both = list(_named(model, [now.get(version.id, {}), then]))
    return differences(both[0], both[1])


def _contents(model: type[models.Model], rows: Iterable[Any]) -> list[dict[str, Any]]:
    return list(_named(model, [_values(model, row) for row in rows]))


def _named(model: type[models.Model], states: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """States as people read them: names in place of keys, belongings beside the fields."""
    links = {field.attname: field for field in model._meta.concrete_fields if field.is_relation}
    names: dict[str, dict[Any, str]] = {}
    for attname, field in links.items():
        keys = {state.get(attname) for state in states} - {None}
        related: Any = field.related_model
        names[attname] = {row.pk: str(row) for row in related._default_manager.filter(pk__in=keys)}
    for state in states:
        named = {
            links[name].name if name in links else name: names[name].get(value, value)
            if name in links
            else value
            for name, value in state.items()
            if name not in ("id", "belongings")
        }
        yield named | state.get("belongings", {})


# going back


@transaction.atomic
def restore(model: type[models.Model], version: Any, *, user: User | None = None) -> Any:
    """Make the object what it was in one of its records, with all that belonged to it; returns the object.

    Raises ``ValidationError`` where that state is no longer possible, such as a slug that another entry has by now.
    """
    remember(model, [version.id])
    entry = version.instance
    entry._state.adding = not model._default_manager.filter(pk=version.id).exists()
    entry.full_clean()
    entry.save_without_historical_record()
    if model in belongings.KINDS:
        belongings.write(belongings.KINDS[model], {entry.pk: version.belongings})
    when = f"{timezone.localtime(version.history_date):%Y-%m-%d %H:%M}"
    record(model, [entry.pk], user=user, reason=f"put back to the state of {when} UTC")
    return entry
