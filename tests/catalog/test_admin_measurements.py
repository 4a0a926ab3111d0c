"""Editors correct what a measurement says; where it stands stays, and what follows from it is derived anew."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from hardware_catalog.measured import FLAGS, OWN
from hardware_catalog.models import Measurement

pytestmark = pytest.mark.django_db
KEPT = "apple-axengine-002"


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("editor", "editor@example.org", "secret"))
    return client


def form_values(editor: Client, address: str) -> dict[str, object]:
    """What a browser would send back when nothing is changed."""
    values: dict[str, object] = {}
    for bound in editor.get(address).context["adminform"].form:
        value = bound.value()
        if value is not None and value is not False:
            values[bound.html_name] = value
            if bound.field.show_hidden_initial:
                values[bound.html_initial_name] = value
    return values


def address_of(slug: str) -> str:
    pk = Measurement.objects.get(slug=slug).pk
    return reverse("admin:hardware_catalog_measurement_change", args=[pk])


def test_a_corrected_name_is_kept_and_read_anew(editor: Client) -> None:
    address = address_of(KEPT)
    response = editor.post(address, form_values(editor, address) | {"device_text": "Apple M3 Max"})
    assert response.status_code == 302
    kept = Measurement.objects.get(slug=KEPT)
    assert (kept.device_text, kept.is_local) == ("Apple M3 Max", True)
    assert kept.outcome == "resolved"  # its 128 GB and 614 GB/s still tell which
    editor.post(address, form_values(editor, address) | {"device_text": "Voodoo 2"})
    kept.refresh_from_db()
    assert (kept.outcome, kept.device) == ("not_in_catalog", None)
    assert "Voodoo 2" in kept.outcome_reason


def test_saving_without_a_change_leaves_a_shipped_row_shipped(editor: Client) -> None:
    address = address_of(KEPT)
    assert editor.post(address, form_values(editor, address)).status_code == 302
    assert not Measurement.objects.get(slug=KEPT).is_local


def test_where_a_measurement_stands_cannot_be_changed(editor: Client) -> None:
    address = address_of(KEPT)
    before = Measurement.objects.get(slug=KEPT)
    forged = {"source_url": "https://example.org/forged", "slug": "forged", "outcome": "ambiguous"}
    editor.post(address, form_values(editor, address) | forged)
    after = Measurement.objects.get(pk=before.pk)
    assert (after.slug, after.source_url, after.outcome) == (before.slug, before.source_url, before.outcome)
    assert editor.post(address.replace("change", "delete")).status_code == 403


def test_a_row_added_here_is_the_projects_own(editor: Client) -> None:
    address = reverse("admin:hardware_catalog_measurement_add")
    values = {
        "slug": "own-4090-1",
        "device_text": "RTX 4090",
        "model_text": "Llama 3.1 8B",
        "format_text": "Q4_K_M",
        "runtime_text": "llama.cpp",
        "metric": "decode_tps_per_seq",
        "value": "130",
        "settings": "{}",
    }
    assert editor.post(address, values).status_code == 302
    own = Measurement.objects.get(slug="own-4090-1")
    assert (own.origin, own.outcome) == (OWN, "resolved")
    assert own.device is not None
    assert own.device.slug == "nvidia-geforce-rtx-4090"


def test_the_actions(editor: Client) -> None:
    Measurement.objects.filter(slug=KEPT).update(device=None, outcome="ambiguous", is_local=True)
    pk = Measurement.objects.get(slug=KEPT).pk
    changelist = reverse("admin:hardware_catalog_measurement_changelist")
    for action in ("read_again", "take_shipped_back"):
        assert editor.post(changelist, {"action": action, "_selected_action": [pk]}).status_code == 302
    kept = Measurement.objects.get(slug=KEPT)
    assert (kept.outcome, kept.is_local) == ("resolved", False)
    assert kept.device is not None


@pytest.mark.parametrize("flag", FLAGS)
def test_rows_can_be_filtered_by_flag(editor: Client, flag: str) -> None:
    changelist = reverse("admin:hardware_catalog_measurement_changelist")
    found = editor.get(changelist, {"flag": flag}).context["cl"].result_count
    assert found == Measurement.objects.filter(flags__has_key=flag).count() > 0
