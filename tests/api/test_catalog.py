"""Lists and entries: filters, search, order, pages, unknown figures, sources, and being told that nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from hardware_catalog.models import Device
from planner import snapshot

pytestmark = pytest.mark.django_db
Get = Callable[[str], Any]
LISTS = (
    "devices",
    "machines",
    "models",
    "formats",
    "kv-formats",
    "runtimes",
    "measurements",
    "prices",
    "calibrations",
)


def test_the_root_names_every_list(get: Get) -> None:
    assert set(LISTS) <= get("").keys()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_paged(get: Get, name: str) -> None:
    first = get(f"{name}/?page_size=1")
    assert len(first["results"]) == 1
    assert first["previous"] is None
    if first["count"] > 1:
        second = get(first["next"].partition("/api/v1/")[2])
        assert second["results"] != first["results"]
        assert second["previous"] is not None


def test_a_device_has_every_figure_with_its_sources(get: Get) -> None:
    device = get("devices/nvidia-geforce-rtx-4090/")
    assert device["bandwidth_bytes_per_s"] == 1_008e9
    assert device["memory_options_gb"] == [24]
    assert device["fp4_flops_per_s"] is None  # no source states it
    assert any(source["url"] for source in device["sources"])
    assert {note["field"] for note in device["figure_notes"]} >= {"fp16_flops_per_s"}


def test_filters_hold_together_and_unknown_passes_none(get: Get) -> None:
    found = get("devices/?kind=gpu&vendor=nvidia&memory_gb_min=24&bandwidth_gb_per_s_min=1000&page_size=500")
    assert found["count"] == len(found["results"]) > 3
    for device in found["results"]:
        assert device["kind"] == "gpu"
        assert max(device["memory_options_gb"]) >= 24
        assert device["bandwidth_bytes_per_s"] >= 1000e9
    slugs = [device["slug"] for device in found["results"]]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize("ordering", ["bandwidth", "-bandwidth"])
def test_unknown_figures_come_last_in_any_order(get: Get, ordering: str) -> None:
    figures = []
    for page in (1, 2):
        found = get(f"devices/?ordering={ordering}&page_size=500&page={page}")
        figures += [device["bandwidth_bytes_per_s"] for device in found["results"]]
    known = [figure for figure in figures if figure is not None]
    assert figures == known + [None] * (len(figures) - len(known))
    assert known == sorted(known, reverse=ordering.startswith("-"))


def test_search_finds_names_and_other_names(get: Get) -> None:
    assert get("devices/?search=4090")["results"][0]["slug"] == "nvidia-geforce-rtx-4090"
    assert "llama-3-1-8b" in [model["slug"] for model in get("models/?search=llama3.1:latest")["results"]]
    assert "f16" in [kv["slug"] for kv in get("kv-formats/?search=half")["results"]]


def test_a_model_has_its_configuration_and_sizes(get: Get) -> None:
    model = get("models/llama-3-1-8b/")
    assert model["counted"]["parameters"] == pytest.approx(model["params_published"], rel=0.001)
    sizes = {size["format"]: size for size in model["sizes"]}
    assert sizes["q4-k-m"]["bits_per_weight"] == pytest.approx(4.89, abs=0.01)
    assert model["config"]


def test_prices_are_those_that_a_source_states(get: Get) -> None:
    prices = get("prices/?ordering=-price&page_size=500")["results"]
    assert all(price["price_usd"] > 0 and price["sources"] for price in prices)
    assert get("prices/?device=nvidia-geforce-rtx-4090")["results"][0]["price_usd"] == 1599
    found = get("prices/?search=rtx+4090")["results"]
    assert found[0]["device"] == "nvidia-geforce-rtx-4090"
    assert all("4090" in price["name"] for price in found)


def test_measurements_can_be_filtered_and_stand_beside_their_prediction(get: Get) -> None:
    assert get("measurements/?page_size=1")["count"] > 18_000
    found = get("measurements/?device=nvidia-geforce-rtx-4090&metric=decode_tps_per_seq&ordering=-value")
    assert {row["device"] for row in found["results"]} == {"nvidia-geforce-rtx-4090"}
    values = [row["value"] for row in found["results"]]
    assert values == sorted(values, reverse=True)
    one = get("measurements/apple-axengine-002/")
    assert one["prediction"]["low"] < one["prediction"]["value"] < one["prediction"]["high"]
    assert one["prediction"]["agreement"] in ("inside", "outside")


def test_the_calibration_that_answers_is_listed_with_its_file(get: Get) -> None:
    active = next(c for c in get("calibrations/")["results"] if c["active"])
    assert active in get(f"calibrations/?search={active['name'][3:9]}")["results"]
    assert get("calibrations/?search=nowhere")["results"] == []
    assert active["sha256"] == get("")["calibration"]["sha256"]
    assert get(f"calibrations/{active['sha256']}/")["document"]["schema"] == active["schema"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "devices/?page_size=2",
        "devices/nvidia-geforce-rtx-4090/",
        "measurements/?page_size=2",
        "calibrations/",
    ],
)
def test_nothing_changed_is_told_without_a_body(client: Client, path: str) -> None:
    first = client.get(f"/api/v1/{path}")
    again = client.get(f"/api/v1/{path}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = client.get(f"/api/v1/{path}", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


def test_an_edit_of_the_catalog_changes_the_tags(client: Client) -> None:
    path = "/api/v1/devices/nvidia-geforce-rtx-4090/"
    before = client.get(path).headers["ETag"]
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    Device.objects.filter(pk=device.pk).update(tdp_w=451)
    LogEntry.objects.create(
        user=User.objects.create(username="editor"),
        content_type=ContentType.objects.get_for_model(Device),
        object_id=str(device.pk),
        action_flag=CHANGE,
    )
    snapshot._Held.checked_at = -snapshot.CHECK_EVERY_S
    try:
        after = client.get(path, headers={"If-None-Match": before})
        assert after.status_code == 200
        assert after.json()["tdp_w"] == 451
    finally:
        snapshot._Held.checked_at = -snapshot.CHECK_EVERY_S


def test_an_entry_that_left_the_catalog_is_gone(client: Client) -> None:
    Device.objects.create(slug="old-card", name="Old card", vendor_id=1, kind="gpu", withdrawn=True)
    response = client.get("/api/v1/devices/old-card/")
    assert response.status_code == 410
    assert response.json()["detail"] == "Old card has left the catalog."
