"""`manage.py setup_roles`: who may do what in the admin, as groups."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

CATALOG = "hardware_catalog"
# What a person keeps true by hand; loads of the shipped files are a record.
EDITED = (
    *("device", "devicememoryoption", "figurenote", "machine", "languagemodel", "weightformat", "kvformat"),
    *("blocktype", "runtime", "runtimesupport", "alias", "citation", "source", "vendor", "measurement"),
)
# Parts of an entry, which go when the entry is corrected. Entries themselves are withdrawn: a plan may name them.
DELETED = ("devicememoryoption", "figurenote", "runtimesupport", "alias", "citation")
CALIBRATION = ("calibrationversion", "activation")
# Tables of the framework that no page of the admin shows.
NOT_SHOWN = ("contenttypes", "sessions")


@dataclass(frozen=True, slots=True)
class Role:
    """A group and what its members may do, as "app.codename"."""

    name: str
    what: str
    permissions: frozenset[str]


def _may(app: str, actions: Iterable[str], models: Iterable[str]) -> frozenset[str]:
    return frozenset(f"{app}.{action}_{model}" for model in models for action in actions)


def _roles() -> tuple[Role, ...]:
    view = _may(CATALOG, ("view",), (*EDITED, "catalogversion"))
    editor = view | _may(CATALOG, ("add", "change"), EDITED) | _may(CATALOG, ("delete",), DELETED)
    reviewer = view | _may("contributions", ("view", "change", "judge"), ("contribution",))
    every = Permission.objects.exclude(content_type__app_label__in=NOT_SHOWN)
    admin = frozenset(
        f"{p.content_type.app_label}.{p.codename}" for p in every.select_related("content_type")
    )
    return (
        Role("editor", "keeps the catalog true", editor),
        Role(
            "reviewer",
            "judges visitors' measurements",
            reviewer | _may("calibration", ("view",), CALIBRATION),
        ),
        Role("admin", "does everything, and says who may do what", admin),
    )


class Command(BaseCommand):
    """Running it again changes nothing, or puts right what was changed by hand."""

    help = (
        "Make the groups editor, reviewer and admin with their permissions; with names, put people into them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for role in ("editor", "reviewer", "admin"):
            parser.add_argument(
                f"--{role}",
                action="append",
                default=[],
                metavar="NAME",
                help=f"let this user be {role}, and log in to the admin",
            )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        known = {
            f"{permission.content_type.app_label}.{permission.codename}": permission
            for permission in Permission.objects.select_related("content_type")
        }
        for role in _roles():
            group = self._set_up(role, known)
            for name in options[role.name]:
                self._join(name, group)

    def _set_up(self, role: Role, known: Mapping[str, Permission]) -> Group:
        missing = sorted(role.permissions - known.keys())
        if missing:
            raise CommandError(f"the database lacks {', '.join(missing)}: run manage.py migrate first")
        group, is_new = Group.objects.get_or_create(name=role.name)
        wanted = {known[name].pk for name in role.permissions}
        before = set(group.permissions.values_list("pk", flat=True))
        group.permissions.set(wanted)
        added, taken = len(wanted - before), len(before - wanted)
        done = "made" if is_new else "as it was" if before == wanted else f"{added} added, {taken} taken away"
        self.stdout.write(f"{role.name}: {len(wanted)} permissions, {done} ({role.what})")
        return group

    def _join(self, name: str, group: Group) -> None:
        model = get_user_model()
        user: Any = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
        if user is None:
            raise CommandError(
                f"there is no user {name!r}: make one first, in the admin or by createsuperuser"
            )
        user.groups.add(group)
        if not user.is_staff:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        self.stdout.write(f"{name} is {group.name}")
