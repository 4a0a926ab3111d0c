"""The stock admin: every page of every model loads in few queries, search finds, bad input is explained."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hardware_catalog import models
from hardware_catalog.models import (
    Alias,
    CatalogVersion,
    Device,
    LanguageModel,
    Machine,
    Runtime,
    Source,
    WeightFormat,
)
from tests.catalog.staff import form_values, signed_in

pytestmark = pytest.mark.django_db

REGISTERED = [model for model in admin.site._registry if model._meta.app_label == "hardware_catalog"]
NAMES = [model._meta.model_name for model in REGISTERED]

# Queries of a page of the list, with session and user: a budget that more rows must not raise.
LIST_QUERIES = 10
# Queries of a form: the entry, each inline once, the choices.
FORM_QUERIES = 22
SEARCHES = {
    "device": "4090",
    "machine": "studio m3 ultra 512",
    "languagemodel": "deepseek r1",
    "weightformat": "q4_k_m",
    "kvformat": "q8",
    "runtime": "vllm",
    "source": "techpowerup",
    "vendor": "nvidia",
    "figurenote": "sources disagree",
    "blocktype": "Q4_K",
    "alias": "r1",
    "measurement": "gemma-4-26b",
}


@pytest.fixture
def editor() -> Client:
    return signed_in()


def page(editor: Client, name: str, *arguments: Any, **query: str) -> HttpResponse:
    return editor.get(reverse(f"admin:hardware_catalog_{name}", args=arguments), query)


def counted(editor: Client, name: str, *arguments: Any, **query: str) -> tuple[HttpResponse, int]:
    page(editor, name, *arguments, **query)  # fills what is cached per process
    with CaptureQueriesContext(connection) as queries:
        response = page(editor, name, *arguments, **query)
    return response, len(queries)


@pytest.fixture(scope="module")
def kept_values() -> dict[str, dict[str, Any]]:
    """What the forms at these addresses hold: the same for every test, and slow to draw."""
    return {}


@pytest.fixture
def values_at(editor: Client, kept_values: dict[str, dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """What a browser would send back of a form that can be saved as it is."""

    def read(url: str) -> dict[str, Any]:
        if url not in kept_values:
            values = form_values(editor.get(url))
            with transaction.atomic():
                assert editor.post(url, values).status_code == 302
                transaction.set_rollback(True)
            kept_values[url] = values
        return kept_values[url]

    return read


def test_every_model_of_the_catalog_has_its_admin() -> None:
    inline_only = {"DeviceMemoryOption", "RuntimeSupport", "Citation"}
    catalog_models = {name for name in models.__all__ if name not in {"ENTRY_FIELDS"} | inline_only}
    assert {model.__name__ for model in REGISTERED} == catalog_models


@pytest.mark.parametrize("name", NAMES)
def test_lists_load_within_their_budget(editor: Client, name: str) -> None:
    response, queries = counted(editor, f"{name}_changelist")
    assert response.status_code == 200
    assert queries <= LIST_QUERIES


@pytest.mark.parametrize("name", NAMES)
def test_forms_load_within_their_budget(editor: Client, name: str) -> None:
    model = admin.site._registry[next(m for m in REGISTERED if m._meta.model_name == name)].model
    if model is Alias:
        Alias.objects.create(text="t4", device=Device.objects.get(slug="nvidia-t4"))
    row = model.objects.last()
    response, queries = counted(editor, f"{name}_change", row.pk)
    assert response.status_code == 200
    assert queries <= FORM_QUERIES


@pytest.mark.parametrize("name", [name for name in NAMES if name != "catalogversion"])
def test_empty_forms_load(editor: Client, name: str) -> None:
    assert page(editor, f"{name}_add").status_code == 200


@pytest.mark.parametrize(("name", "text"), SEARCHES.items())
def test_search_finds_something(editor: Client, name: str, text: str) -> None:
    response = page(editor, f"{name}_changelist", q=text)
    assert response.status_code == 200
    assert response.context["cl"].result_count > 0


def test_search_reads_aliases(editor: Client) -> None:
    Alias.objects.create(text="zqx card", device=Device.objects.get(slug="nvidia-t4"))
    response = page(editor, "device_changelist", q="zqx")
    assert [device.slug for device in response.context["cl"].result_list] == ["nvidia-t4"]


def test_more_citations_cost_no_more_queries(editor: Client) -> None:
    """No lookup per row of an inline."""
    device = Device.objects.get(slug="nvidia-t4")
    _, few = counted(editor, "device_change", device.pk)
    for source in Source.objects.exclude(citations__device=device)[:20]:
        device.citation_set.create(source=source)
        device.alias_set.create(text=f"alias {source.pk}")
        device.figure_notes.create(kind="derived", text=f"note {source.pk}")
    _, many = counted(editor, "device_change", device.pk)
    assert many == few


def test_filters_of_devices(editor: Client) -> None:
    for query in (
        {"kind": "gpu"},
        {"notes": "disagreement"},
        {"withdrawn__exact": "0"},
        {"form_factor": "laptop"},
    ):
        response = page(editor, "device_changelist", **query)
        assert response.status_code == 200
        assert response.context["cl"].result_count > 0


@pytest.mark.parametrize(("model", "kind"), [("device", Device), ("languagemodel", LanguageModel)])
def test_only_vendors_with_entries_are_offered(editor: Client, model: str, kind: Any) -> None:
    filters = page(editor, f"{model}_changelist").context["cl"].filter_specs
    offered = next(found for found in filters if found.title == "vendor").lookup_choices
    assert {key for key, _ in offered} == set(kind.objects.values_list("vendor", flat=True))


@pytest.mark.parametrize(
    ("model", "field", "term", "expected"),
    [
        ("machine", "device", "4090", "NVIDIA GeForce RTX 4090"),
        ("languagemodel", "vendor", "deep", "DeepSeek"),
        ("languagemodel", "native_format", "bf16", "BF16"),
        ("citation", "source", "wikipedia", "Wikipedia"),
    ],
)
def test_autocomplete(editor: Client, model: str, field: str, term: str, expected: str) -> None:
    response = editor.get(
        reverse("admin:autocomplete"),
        {"app_label": "hardware_catalog", "model_name": model, "field_name": field, "term": term},
    )
    assert response.status_code == 200
    assert any(expected in result["text"] for result in response.json()["results"])


def test_unknown_figures_show_as_unknown(editor: Client) -> None:
    text = page(editor, "device_changelist", q="RTX Spark PC").content.decode()
    row = re.search(r"NVIDIA RTX Spark PC.*?</tr>", text, re.DOTALL)
    assert row is not None
    assert "unknown" in row.group()


def test_figures_are_written_in_units_of_people(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    response = page(editor, "device_change", device.pk)
    values = form_values(response)
    assert values["bandwidth_bytes_per_s"] == "1008"
    assert values["fp16_flops_per_s"] == "165.2"
    assert values["pcie_bytes_per_s"] == "32"
    text = response.content.decode()
    assert "Memory bandwidth (GB/s)" in text
    assert "no source states it" in text or "Empty: unknown." in text


def test_saving_without_a_change_leaves_a_shipped_entry_shipped(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    url = reverse("admin:hardware_catalog_device_change", args=[device.pk])
    response = editor.post(url, form_values(editor.get(url)))
    assert response.status_code == 302
    device.refresh_from_db()
    assert (device.is_local, device.bandwidth_bytes_per_s) == (False, 1008e9)


@pytest.mark.parametrize("name", ["machine", "languagemodel", "weightformat", "kvformat", "runtime"])
def test_every_kind_of_entry_survives_an_unchanged_save(editor: Client, name: str) -> None:
    model = next(m for m in REGISTERED if m._meta.model_name == name)
    for row in model._default_manager.order_by("slug")[:9:4]:
        url = reverse(f"admin:hardware_catalog_{name}_change", args=[row.pk])
        assert editor.post(url, form_values(editor.get(url))).status_code == 302
        row.refresh_from_db()
        assert not row.is_local, row.slug
    output = io.StringIO()
    call_command("load_catalog", stdout=output)
    assert output.getvalue().endswith("\n0 changes\n")


def test_a_correction_is_kept_by_later_loads(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    url = reverse("admin:hardware_catalog_device_change", args=[device.pk])
    response = editor.post(
        url, form_values(editor.get(url)) | {"bandwidth_bytes_per_s": "1010.5", "fp8_flops_per_s": ""}
    )
    assert response.status_code == 302
    device.refresh_from_db()
    assert (device.is_local, device.bandwidth_bytes_per_s, device.fp8_flops_per_s) == (True, 1010.5e9, None)
    response = editor.post(
        reverse("admin:hardware_catalog_device_changelist"),
        {"action": "take_shipped_back", "_selected_action": [device.pk]},
        follow=True,
    )
    assert "1 entries follow the shipped files again" in response.content.decode()
    device.refresh_from_db()
    assert not device.is_local


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bandwidth_bytes_per_s": "-5"}, "Memory bandwidth must be between 1 and 100,000 GB/s"),
        ({"bandwidth_bytes_per_s": "fast"}, "Enter a number, or leave it empty"),
        ({"bandwidth_bytes_per_s": "nan"}, "Enter a number, or leave it empty"),
        ({"bandwidth_bytes_per_s": "9" * 300}, "Enter a number, or leave it empty"),
        ({"tdp_w": "0"}, "Power must be between 0.5 and 20,000 W"),
        ({"slug": "Not A Slug"}, "A slug is lower-case letters and digits"),
        ({"slug": "nvidia-t4"}, "already exists"),
        ({"memory_options-0-memory_gb": "-24"}, "must be between 0.25 and 100000 GB"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_bad_figures_are_explained(
    editor: Client, values_at: Callable[[str], dict[str, Any]], change: dict[str, str], sentence: str
) -> None:
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    url = reverse("admin:hardware_catalog_device_change", args=[device.pk])
    response = editor.post(url, values_at(url) | change)
    assert response.status_code == 200
    assert sentence in response.content.decode()


def test_a_preset_with_a_memory_size_that_its_device_lacks(editor: Client) -> None:
    machine = Machine.objects.get(slug="mac-studio-m3-ultra-80-core-gpu-512-gb")
    url = reverse("admin:hardware_catalog_machine_change", args=[machine.pk])
    response = editor.post(url, form_values(editor.get(url)) | {"memory_gb": "300"})
    assert "is sold with 96, 256, 512 GB, not 300" in response.content.decode()


def test_an_architecture_that_the_engine_cannot_read(editor: Client) -> None:
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    url = reverse("admin:hardware_catalog_languagemodel_change", args=[model.pk])
    values = form_values(editor.get(url))
    assert editor.post(url, values).status_code == 302
    for config, sentence in (
        ("{}", "required"),
        ('{"hidden_size": 4096}', "The engine cannot read this architecture"),
        ("[1]", "one JSON object"),
    ):
        response = editor.post(url, values | {"config": config})
        assert response.status_code == 200
        assert sentence in response.content.decode()
    response = editor.post(url, values | {"active_params_published": "9000000000"})
    assert "Active parameters cannot be more than all parameters" in response.content.decode()


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ('{"default": "Q9_9"}', "The engine cannot apply these rules to "),
        ('{"cases": [{"tensors": ["output"], "type": "Q4_K"}]}', "The engine cannot apply these rules to "),
        ("[1]", "must be one JSON object"),
        ("{", "Enter a valid JSON"),
    ],
)
def test_rules_of_a_format_that_the_engine_cannot_apply(
    editor: Client, values_at: Callable[[str], dict[str, Any]], rules: str, sentence: str
) -> None:
    entry = WeightFormat.objects.get(slug="q4-k-m")
    url = reverse("admin:hardware_catalog_weightformat_change", args=[entry.pk])
    response = editor.post(url, values_at(url) | {"rules": rules})
    assert response.status_code == 200
    assert sentence in response.content.decode()


def test_a_changed_rule_that_the_engine_understands_is_saved(editor: Client) -> None:
    entry = WeightFormat.objects.get(slug="q8-0")
    url = reverse("admin:hardware_catalog_weightformat_change", args=[entry.pk])
    rules = json.dumps(entry.rules | {"default": "Q5_0"})
    assert editor.post(url, form_values(editor.get(url)) | {"rules": rules}).status_code == 302
    entry.refresh_from_db()
    assert (entry.rules["default"], entry.is_local) == ("Q5_0", True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kv_rule": "magic"}, "memory rules are llama_cpp"),
        ({"backends": '{"a": 1}'}, "Backends must be a JSON list of texts"),
        ({"supports-0-formats": '["fp3"]'}, "Formats: the catalog has no fp3."),
        ({"supports-0-format_families": '["floppy"]'}, "Format families: the catalog has no floppy."),
        (
            {"supports-0-hardware": '{"architectures": ["Voodoo"]}'},
            "Architectures: the catalog has no Voodoo.",
        ),
        ({"supports-0-hardware": '{"colours": ["red"]}'}, "The selectors are vendors, architectures"),
        ({"supports-0-kv_formats": '["q9_9"]'}, "Kv formats: the catalog has no q9_9."),
    ],
)
def test_bad_rules_of_a_runtime_are_explained(
    editor: Client, values_at: Callable[[str], dict[str, Any]], change: dict[str, str], sentence: str
) -> None:
    # one with few rules: the form of one with many takes a second to draw
    runtime = (
        Runtime.objects.annotate(n_rules=Count("supports")).filter(n_rules__gt=0).earliest("n_rules", "slug")
    )
    url = reverse("admin:hardware_catalog_runtime_change", args=[runtime.pk])
    response = editor.post(url, values_at(url) | change)
    assert response.status_code == 200
    assert sentence in response.content.decode()


def test_a_source_tells_what_cites_it(editor: Client) -> None:
    source = Source.objects.get(
        citation__startswith="https://www.techpowerup.com/gpu-specs/geforce-rtx-4090.c3889"
    )
    assert "NVIDIA GeForce RTX 4090" in page(editor, "source_change", source.pk).content.decode()


def test_loads_are_a_record(editor: Client) -> None:
    version = CatalogVersion.objects.latest()
    assert "devices: 625 created" in page(editor, "catalogversion_changelist").content.decode()
    assert page(editor, "catalogversion_add").status_code == 403
    response = editor.post(
        reverse("admin:hardware_catalog_catalogversion_change", args=[version.pk]), {"data_sha256": "0"}
    )
    assert response.status_code == 403


def test_a_device_in_use_is_not_deleted(editor: Client) -> None:
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    response = editor.post(reverse("admin:hardware_catalog_device_delete", args=[device.pk]), {"post": "yes"})
    assert response.status_code == 200
    assert Device.objects.filter(pk=device.pk).exists()


def test_pages_carry_no_inline_style_or_handler(editor: Client) -> None:
    """The strict content policy would block them."""
    device = Device.objects.get(slug="nvidia-t4")
    for name, arguments in (("device_changelist", ()), ("device_change", (device.pk,)), ("runtime_add", ())):
        text = page(editor, name, *arguments).content.decode()
        assert not re.search(r"<[^>]+\sstyle=", text), name
        assert not re.search(r"<[^>]+\son\w+=", text), name
        assert all(
            "nonce=" in tag or "src=" in tag or "type=" in tag for tag in re.findall(r"<script[^>]*>", text)
        ), name
