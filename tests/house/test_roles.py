"""Roles: an editor keeps the catalog, a reviewer judges measurements, an admin does everything."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

CATALOG = (
    *("device", "machine", "languagemodel", "weightformat", "kvformat", "blocktype", "runtime"),
    *("alias", "source", "vendor", "figurenote", "measurement"),
)


def set_up(*arguments: str) -> str:
    out = io.StringIO()
    call_command("setup_roles", *arguments, stdout=out)
    return out.getvalue()


def member(role: str) -> Client:
    User.objects.create_user("ada")
    set_up(f"--{role}=ada")
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    return client


def page(client: Client, name: str) -> int:
    return client.get(reverse(f"admin:{name}")).status_code


def test_running_it_again_changes_nothing_and_puts_right_what_was_changed() -> None:
    assert set_up().count(", made (") == 3
    assert set_up().count(", as it was (") == 3
    Group.objects.get(name="editor").permissions.clear()
    assert "editor: 51 permissions, 51 added, 0 taken away" in set_up()
    assert set(Group.objects.values_list("name", flat=True)) == {"editor", "reviewer", "admin"}


def test_an_editor_keeps_the_catalog_and_nothing_else() -> None:
    client = member("editor")
    for name in CATALOG:
        assert page(client, f"hardware_catalog_{name}_changelist") == 200
        assert page(client, f"hardware_catalog_{name}_add") == 200
    assert page(client, "hardware_catalog_device_import") == 200
    for name in ("contributions_contribution", "auth_user", "calibration_calibrationversion"):
        assert page(client, f"{name}_changelist") == 403


def test_a_reviewer_judges_and_reads() -> None:
    client = member("reviewer")
    assert page(client, "contributions_contribution_changelist") == 200
    assert page(client, "hardware_catalog_device_changelist") == 200
    assert page(client, "hardware_catalog_device_export") == 200
    for name in ("hardware_catalog_device_add", "hardware_catalog_device_import", "auth_user_changelist"):
        assert page(client, name) == 403
    assert User.objects.get(username="ada").has_perm("contributions.judge_contribution")


def test_an_admin_does_everything() -> None:
    client = member("admin")
    for name in ("hardware_catalog_device", "contributions_contribution", "auth_user", "axes_accessattempt"):
        assert page(client, f"{name}_changelist") == 200
    assert User.objects.get(username="ada").has_perm("calibration.activate_calibrationversion")


def test_people_join_by_name() -> None:
    User.objects.create_user("ada")
    assert "ada is editor" in set_up("--editor", "ada", "--reviewer", "ada")
    ada = User.objects.get(username="ada")
    assert ada.is_staff
    assert sorted(ada.groups.values_list("name", flat=True)) == ["editor", "reviewer"]
    with pytest.raises(CommandError, match="there is no user 'bob'"):
        set_up("--admin", "bob")
