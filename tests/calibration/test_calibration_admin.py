"""Editors list, import, compare and activate calibrations; others may not, and every choice is logged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from planner.calibration import activation
from planner.calibration.documents import read_document
from planner.calibration.files import SHIPPED
from planner.calibration.models import Activation, CalibrationVersion
from planner.calibration.store import dumps
from planner.engine.calibration import FORMULA_VERSION

pytestmark = pytest.mark.django_db
LIST = "/admin/calibration/calibrationversion/"
ADD = f"{LIST}add/"


def changed(**changes: Any) -> str:
    return dumps(json.loads(SHIPPED.read_text(encoding="utf-8")) | changes)


@pytest.fixture
def other() -> CalibrationVersion:
    """Another version, half as far off in decode."""
    accuracy = json.loads(SHIPPED.read_text(encoding="utf-8"))["accuracy"]
    accuracy["decode"]["by_family"]["median"] /= 2
    document = read_document(changed(accuracy=accuracy))
    return activation.register(document, name="better", origin="imported")


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("editor", "e@example.org", "secret"))
    return client


@pytest.fixture
def reader(client: Client) -> Client:
    """Someone who may look, but not choose."""
    user = get_user_model().objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_calibrationversion"))
    client.force_login(user)
    return client


def upload(text: str | bytes, name: str = "mine") -> dict[str, Any]:
    data = text.encode() if isinstance(text, str) else text
    return {"name": name, "note": "a try", "file": SimpleUploadedFile("calibration.json", data)}


def test_the_list_says_how_right_each_version_is_and_which_answers(editor: Client, other: CalibrationVersion):
    html = editor.get(LIST).content.decode()
    shipped = CalibrationVersion.objects.get(origin="shipped")
    for version in (shipped, other):
        assert version.name in html
        assert f"{version.accuracy['decode']['median'] * 100:.1f} %" in html
    assert html.count('alt="True"') == 1


def test_a_version_is_read_and_cannot_be_edited_or_deleted(editor: Client, other: CalibrationVersion):
    page = editor.get(f"{LIST}{other.pk}/change/")
    assert page.status_code == 200
    assert other.sha256 in page.content.decode()
    assert b'name="name"' not in page.content
    assert editor.post(f"{LIST}{other.pk}/change/", {"name": "x"}).status_code == 403
    assert editor.post(f"{LIST}{other.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_editor_imports_a_file_which_does_not_answer_yet(editor: Client):
    text = changed(data_sha256="0" * 64)
    response = editor.post(ADD, upload(text))
    version = CalibrationVersion.objects.get(name="mine")
    assert response.headers["Location"] == f"{LIST}{version.pk}/change/"
    assert version.document == text
    assert version.created_by.username == "editor"
    assert activation.active_calibration().name != "mine"
    assert LogEntry.objects.filter(object_id=version.pk, change_message__contains="Imported").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "not text in UTF-8"),
        ("not json", "This is not JSON"),
        ('{"schema": "another"}', "its schema is not"),
        (changed(intervals={}), "intervals of decode are missing"),
    ],
)
def test_a_bad_file_is_refused_beside_the_field(editor: Client, text: str | bytes, reason: str):
    response = editor.post(ADD, upload(text))
    assert response.status_code == 200
    assert reason in response.content.decode()
    assert CalibrationVersion.objects.count() == 1


def test_the_same_file_and_a_taken_name_are_refused(editor: Client, other: CalibrationVersion):
    html = editor.post(ADD, upload(other.document, name="better")).content.decode()
    assert "stored already, as “better”" in html
    assert "Another calibration has this name" in html


def test_an_editor_activates_a_version_and_goes_back(editor: Client, other: CalibrationVersion):
    page = editor.get(f"{LIST}{other.pk}/activate/").content.decode()
    assert "median error" in page  # what changes is shown before it is done
    assert Activation.objects.count() == 1
    editor.post(f"{LIST}{other.pk}/activate/", {"reason": "half the error"})
    latest = activation.latest_activation()
    assert (latest.version, latest.activated_by.username, latest.reason) == (
        other,
        "editor",
        "half the error",
    )
    assert LogEntry.objects.filter(object_id=other.pk, change_message__contains="half the error").exists()
    assert "Go back to the shipped file" in editor.get(LIST).content.decode()
    assert "the shipped file" in editor.get("/admin/calibration/activation/").content.decode()
    editor.get(f"{LIST}back/")
    assert activation.latest_activation() == latest
    editor.post(f"{LIST}back/", {"reason": ""})
    assert activation.latest_activation().version is None


def test_an_editor_follows_the_shipped_file_again(editor: Client, other: CalibrationVersion):
    activation.activate(other)
    assert "Follow the shipped file" in editor.get(LIST).content.decode()
    editor.post(f"{LIST}follow-shipped/", {"reason": ""})
    assert activation.latest_activation().version is None
    assert "Follow the shipped file" not in editor.get(LIST).content.decode()


def test_other_formulas_are_refused_with_the_reason(editor: Client):
    document = read_document(changed(formula_version=FORMULA_VERSION + 1))
    version = activation.register(document, name="future", origin="imported")
    reason = f"fitted for formula version {FORMULA_VERSION + 1}"
    assert reason in editor.get(f"{LIST}{version.pk}/activate/").content.decode()
    response = editor.post(f"{LIST}{version.pk}/activate/", {"reason": ""}, follow=True)
    assert reason in response.content.decode()
    assert Activation.objects.count() == 1


def test_who_may_only_look_cannot_choose_or_import(reader: Client, other: CalibrationVersion):
    assert reader.get(LIST).status_code == 200
    assert reader.get(reverse("admin:calibration_compare")).status_code == 200
    for address in (f"{LIST}{other.pk}/activate/", f"{LIST}follow-shipped/", ADD):
        assert reader.post(address, {"reason": ""}).status_code == 403
    assert Activation.objects.count() == 1


def test_two_versions_are_compared_figure_by_figure(editor: Client, other: CalibrationVersion):
    shipped = CalibrationVersion.objects.get(origin="shipped")
    response = editor.post(LIST, {"action": "compare_chosen", "_selected_action": [shipped.pk, other.pk]})
    html = editor.get(response.headers["Location"]).content.decode()
    median = shipped.accuracy["decode"]["median"] * 100
    assert f"{median:.1f} %" in html
    assert f"{median / 2:.1f} %" in html
    assert f"{median / 2 - median:+.1f} points" in html
    assert "Groups that both report" in html
    assert "CUDA" in html


@pytest.mark.parametrize(
    "query", ["", "?left=1", "?left=x&right=y", "?left=999999&right=999999", "?metric=no"]
)
def test_comparing_nothing_asks_again(editor: Client, query: str):
    response = editor.get(f"{reverse('admin:calibration_compare')}{query}")
    assert response.status_code == 200
    assert b"Held-out figures" not in response.content
