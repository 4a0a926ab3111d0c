"""The history of each object: who changed what, when and why, and the way back with all that belongs to it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from hardware_catalog import history
from hardware_catalog.models import Alias, Device, FigureNote, Measurement, Runtime, Source, Vendor
from planner import snapshot
from tests.catalog.staff import form_values, signed_in

pytestmark = pytest.mark.django_db
CARD = "nvidia-geforce-rtx-4090"


@pytest.fixture
def editor() -> Client:
    return signed_in()


def address(obj: Device | Source | Runtime | Measurement, page: str = "change", *more: int) -> str:
    return reverse(f"admin:hardware_catalog_{obj._meta.model_name}_{page}", args=[obj.pk, *more])


def change(editor: Client, obj: Device | Source | Runtime | Measurement, **values: str) -> None:
    url = address(obj)
    response = editor.post(url, form_values(editor.get(url)) | values)
    assert response.status_code == 302


@pytest.fixture
def changed(editor: Client) -> Device:
    """A card whose power, names and notes an editor changed."""
    card = Device.objects.get(slug=CARD)
    change(
        editor,
        card,
        **{"tdp_w": "451", "alias_set-0-text": "forty ninety", "figure_notes-0-DELETE": "on"},
    )
    return card


def test_the_page_tells_who_changed_what(editor: Client, changed: Device) -> None:
    page = editor.get(address(changed, "history")).content.decode()
    assert "editor" in page
    assert "<strong>power</strong>: <del>450 W</del> → <ins>451 W</ins>" in page
    assert "<strong>other names</strong>: <del>none</del> → <ins>forty ninety</ins>" in page
    assert "notes on figures" in page
    assert "as it was before its first change" in page
    assert page.count("to this state") == 1


def test_what_was_never_changed_says_so(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-t4")
    assert "nothing has changed since" in editor.get(address(device, "history")).content.decode()
    assert editor.get(reverse("admin:hardware_catalog_device_history", args=[10**9])).status_code == 404


def test_going_back_brings_everything_back(editor: Client, changed: Device) -> None:
    notes = FigureNote.objects.filter(device=changed).count()
    first = Device.history.filter(id=changed.pk).earliest()
    back = address(changed, "restore", first.history_id)
    shown = editor.get(back).content.decode()
    assert "<del>451 W</del>" in shown
    assert Device.objects.get(pk=changed.pk).tdp_w == 451
    before = snapshot._catalog_state()
    done = editor.post(back, follow=True).content.decode()
    assert "is again as it was at" in done
    card = Device.objects.get(pk=changed.pk)
    assert (card.tdp_w, card.is_local) == (450, False)  # it is as shipped again
    assert not card.alias_set.filter(text="forty ninety").exists()
    assert card.figure_notes.count() == notes + 1
    assert snapshot._catalog_state() != before
    latest = Device.history.filter(id=card.pk).latest()
    assert str(latest.history_user) == "editor"
    assert latest.history_change_reason.startswith("put back to the state of ")
    assert "in this very state now" in editor.get(back).content.decode()


def test_going_back_can_itself_be_undone(editor: Client, changed: Device) -> None:
    edited = Device.history.filter(id=changed.pk).latest()
    editor.post(address(changed, "restore", Device.history.filter(id=changed.pk).earliest().history_id))
    editor.post(address(changed, "restore", edited.history_id))
    card = Device.objects.get(pk=changed.pk)
    assert (card.tdp_w, card.is_local) == (451, True)
    assert card.alias_set.filter(text="forty ninety").exists()


def test_a_state_that_is_no_longer_possible_is_refused(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-t4")
    change(editor, device, slug="nvidia-t4-old")
    Device.objects.filter(slug="nvidia-l4").update(slug="nvidia-t4")
    first = Device.history.filter(id=device.pk).earliest()
    response = editor.post(address(device, "restore", first.history_id))
    assert "That state is no longer possible." in response.content.decode()
    assert Device.objects.get(pk=device.pk).slug == "nvidia-t4-old"


def test_a_deleted_entry_comes_back(editor: Client) -> None:
    device = Device.objects.create(
        slug="made-up", name="Made up", kind="gpu", vendor=Vendor.objects.get(name="NVIDIA"), is_local=True
    )
    device.memory_options.create(memory_gb=24)
    Alias.objects.create(device=device, text="mu")
    key = device.pk
    editor.post(address(device, "delete"), {"post": "yes"})
    assert not Device.objects.filter(pk=key).exists()
    page = editor.get(reverse("admin:hardware_catalog_device_history", args=[key])).content.decode()
    assert "deleted" in page
    state = Device.history.filter(id=key).exclude(history_type="-").latest()
    url = reverse("admin:hardware_catalog_device_restore", args=[key, state.history_id])
    assert editor.post(url).status_code == 302
    again = Device.objects.get(pk=key)
    assert [option.memory_gb for option in again.memory_options.all()] == [24]
    assert [alias.text for alias in again.alias_set.all()] == ["mu"]


def test_other_names_and_notes_on_their_own_pages_are_changes_of_their_entry(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-t4")
    values = {"text": "tee four", "device": device.pk}
    assert editor.post(reverse("admin:hardware_catalog_alias_add"), values).status_code == 302
    device.refresh_from_db()
    assert device.is_local
    first, now = Device.history.filter(id=device.pk).order_by("history_id")
    assert "tee four" not in first.belongings["aliases"]
    assert "tee four" in now.belongings["aliases"]
    alias = Alias.objects.get(text="tee four")
    editor.post(reverse("admin:hardware_catalog_alias_delete", args=[alias.pk]), {"post": "yes"})
    device.refresh_from_db()
    assert not device.is_local
    assert Device.history.filter(id=device.pk).count() == 3


def test_runtimes_sources_and_measurements_have_theirs(editor: Client) -> None:
    runtime = Runtime.objects.get(slug="llama-cpp")
    change(editor, runtime, **{"supports-0-notes": "checked"})
    assert "rules" in editor.get(address(runtime, "history")).content.decode()
    first = Runtime.history.filter(id=runtime.pk).earliest()
    rules = runtime.supports.count()
    editor.post(address(runtime, "restore", first.history_id))
    assert not runtime.supports.filter(notes="checked").exists()
    assert runtime.supports.count() == rules

    source = Source.objects.order_by("pk").first()
    assert source is not None
    change(editor, source, licence="mine")
    editor.post(address(source, "restore", Source.history.filter(id=source.pk).earliest().history_id))
    assert Source.objects.get(pk=source.pk).licence == source.licence

    measurement = Measurement.objects.get(slug="apple-axengine-002")
    url = address(measurement)
    form = editor.get(url).context["adminform"].form
    values = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}
    editor.post(url, values | {"device_text": "Voodoo 2"})
    assert Measurement.objects.get(pk=measurement.pk).outcome == "not_in_catalog"
    first = Measurement.history.filter(id=measurement.pk).earliest()
    editor.post(address(measurement, "restore", first.history_id))
    measurement.refresh_from_db()
    assert (measurement.outcome, measurement.is_local) == ("resolved", False)


def test_a_change_in_a_shell_is_kept_too() -> None:
    device = Device.objects.get(slug="nvidia-t4")
    device.tdp_w = 71
    device.save()
    first, now = history.versions(Device, device.pk)[::-1]
    assert [str(difference) for difference in now.changes] == ["power: 70 W → 71 W"]
    assert (first.who, now.who) == ("", "")


def test_reading_needs_no_right_to_go_back(changed: Device) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_device"))
    client = Client()
    client.force_login(reader)
    assert "to this state" not in client.get(address(changed, "history")).content.decode()
    first = Device.history.filter(id=changed.pk).earliest()
    assert client.post(address(changed, "restore", first.history_id)).status_code == 403
    assert Device.objects.get(pk=changed.pk).tdp_w == 451
