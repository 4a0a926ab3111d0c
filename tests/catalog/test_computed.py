"""Figures computed beside the fields: right for the catalog, and a slipped digit stands out."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from hardware_catalog.computed import FIGURES, Computed
from hardware_catalog.models import BlockType, Device, KvFormat, LanguageModel, Machine, WeightFormat
from tests.catalog.staff import form_values, signed_in

pytestmark = pytest.mark.django_db


def stored(obj: object, **changes: object) -> dict[str, Computed]:
    values = {field.name: getattr(obj, field.name) for field in obj._meta.concrete_fields}  # type: ignore[attr-defined]
    if isinstance(obj, Device):
        values["memory_options_gb"] = [option.memory_gb for option in obj.memory_options.all()]
    found = FIGURES[obj._meta.model_name](values | changes)  # type: ignore[attr-defined]
    return {figure.label: figure for figure in found}


def test_a_model_of_known_figures() -> None:
    found = stored(LanguageModel.objects.get(slug="llama-3-1-8b"))
    assert found["Parameters, counted"].value == "8.03 billion"
    assert (
        found["KV cache in F16"].value == "131,072 bytes a token"
    )  # 32 layers x 8 heads x 128 x 2 x 2 bytes
    assert "BF16 16.06 GB" in found["Files"].value
    assert "Q4_K_M 4.913 GB" in found["Files"].value
    assert (
        stored(LanguageModel.objects.get(slug="gpt-oss-120b"))["Read for each token"].value == "5.133 billion"
    )


def test_a_slip_stands_out() -> None:
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    assert not any(figure.is_odd for figure in stored(model).values())
    slipped = model.config | {"num_hidden_layers": 23}
    assert stored(model, config=slipped)["Parameters, counted"].is_odd
    assert stored(model, config={"hidden_size": 1})["Architecture"].is_odd
    card = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    assert stored(card)["Reads its whole memory"].value == "39.1 times a second"
    assert stored(card, bandwidth_bytes_per_s=1008e10)["Reads its whole memory"].is_odd
    assert stored(card, memory_options_gb=[240])["Reads its whole memory"].is_odd
    assert stored(card, int8_ops_per_s=660e15)["Rates beside FP16"].is_odd
    q4 = WeightFormat.objects.get(slug="q4-k-m")
    assert stored(q4)["Bits per weight of Llama-3.1-8B"].value == "4.894"
    assert stored(q4, nominal_bits_per_weight=48.5)["Bits per weight of Llama-3.1-8B"].is_odd
    assert stored(q4, rules={"default": "Q9_9"})["Bits per weight"].is_odd


def test_the_platform_and_what_its_rule_leaves() -> None:
    figure = stored(Device.objects.get(slug="apple-m3-ultra-80-core-gpu"))["A process may use"]
    assert figure.value == "79.4 of 96 GB, 223.5 of 256 GB, 464.0 of 512 GB"
    assert figure.note.startswith("rule macos: ")
    machine = Machine.objects.get(slug="mac-studio-m3-ultra-80-core-gpu-512-gb")
    assert stored(machine)["A process may use"].value == "464.0 of 512 GB"


def test_few_shipped_entries_look_wrong() -> None:
    """A remark that is there half of the time would be read by nobody."""
    devices = Device.objects.select_related("vendor").prefetch_related("memory_options")
    some = [*devices[::25], *LanguageModel.objects.all()[::12], *WeightFormat.objects.all()[::12]]
    odd = [obj for obj in some if any(figure.is_odd for figure in stored(obj).values())]
    assert len(some) > 50
    assert len(odd) <= 2, odd


def test_small_ones() -> None:
    assert stored(BlockType.objects.get(name="Q4_K"))["Bits per element"].value == "4.5"
    assert stored(KvFormat.objects.get(slug="q8_0"))["Beside F16"].value == "0.531 of its bytes"


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_computed_from_nothing(name: str) -> None:
    assert not any(figure.is_odd for figure in FIGURES[name]({}))


def test_the_figures_follow_what_is_typed() -> None:
    editor: Client = signed_in()
    card = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    url = reverse("admin:hardware_catalog_device_change", args=[card.pk])
    page = editor.get(url)
    assert "39.1 times a second" in page.content.decode()
    typed = form_values(page) | {"bandwidth_bytes_per_s": "10080", "tdp_w": "not a number"}
    figures = editor.post(reverse("admin:hardware_catalog_device_figures"), typed).content.decode()
    assert "391 times a second" in figures
    assert "Look again" in figures
    assert Device.objects.get(pk=card.pk).bandwidth_bytes_per_s == 1008e9
    assert editor.get(reverse("admin:hardware_catalog_device_figures")).status_code == 405
