"""Products that are not each other, however alike their names: a wrong entry is worse than none."""

from __future__ import annotations

import pytest

from hardware_catalog.names import NameIndex
from hardware_catalog.rows import CatalogRows

APART = [
    ("RTX 4090", "RTX 4090 Laptop"),
    ("RTX 5090", "RTX 5090 Laptop GPU"),
    ("RTX 4070", "RTX 4070 Ti"),
    ("RTX 4070 Ti", "RTX 4070 Ti SUPER"),
    ("RTX 4070 SUPER", "RTX 4070 Ti SUPER"),
    ("RTX 4080", "RTX 4080 SUPER"),
    ("RTX 4090", "RTX 4090 D"),
    ("GTX 1660", "GTX 1660 Ti"),
    ("RX 7900 XT", "RX 7900 XTX"),
    ("RX 7900 GRE", "RX 7900 XT"),
    ("RX 6800", "RX 6800 XT"),
    ("RTX A6000", "RTX 6000 Ada"),
    ("Quadro RTX 6000", "RTX 6000 Ada"),
    ("RTX PRO 6000 Blackwell Workstation Edition", "RTX PRO 6000 Blackwell Max-Q"),
    ("A100 PCIe 40GB", "A100 PCIe 80GB"),
    ("V100 PCIe 16GB", "V100 SXM2 16GB"),
    ("H100 PCIe", "H100 SXM5"),
    ("H100 NVL", "H100 PCIe"),
    ("RTX 3080 10GB", "RTX 3080 12GB"),
    ("RTX 3060 12GB", "RTX 3060 Ti"),
    ("M3 Max 30-core", "M3 Max 40-core"),
    ("M4 Max 14-core CPU", "M4 Max 16-core CPU"),
    ("M2 Pro", "M2 Max"),
    ("Jetson Orin Nano 8GB", "Jetson Orin Nano Super 8GB"),
    ("Galaxy S24", "Galaxy S24 Ultra"),
    ("iPhone 15", "iPhone 15 Pro"),
    ("iPhone 15 Pro", "iPhone 15 Pro Max"),
    ("Pixel 9", "Pixel 9 Pro"),
    ("Raspberry Pi 4", "Raspberry Pi 5"),
    ("MI300X", "MI325X"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_products_are_two_entries(names: NameIndex, one: str, other: str) -> None:
    first, second = names.resolve_device(one), names.resolve_device(other)
    assert first.slug, first.reason
    assert second.slug, second.reason
    assert first.slug != second.slug


@pytest.mark.parametrize(
    "text",
    [
        "RTX 1080",
        "GTX 2080",
        "GTX 4090",
        "RX 4090",
        "Quadro 6000",
        "A6000 Ada",
        "RTX 3060 8GB",
        "RTX 3090 Max-Q",
        "RTX 2080 Super Max-Q",
        "V100-SXM3-32GB",
        "RTX 4090 Ti",
        "RTX 5095",
        "Apple M9 Max",
        "Apple M3 Max 50-core GPU",
        "Galaxy A16",
        "vivo X100",
        "OPPO Find X7",
        "Orange Pi 4",
        "Banana Pi 5",
        "iPhone 15 Ultra",
        "RTX",
        "GeForce",
        "laptop",
        "GPU",
    ],
)
def test_what_the_catalog_has_not_is_not_taken_for_its_neighbour(names: NameIndex, text: str) -> None:
    found = names.resolve_device(text)
    assert found.slug == ""
    assert found.status in ("not_in_catalog", "ambiguous")
    assert found.reason


def test_a_refusal_names_its_neighbours(names: NameIndex) -> None:
    found = names.resolve_device("RTX 4090 Ti")
    assert "nvidia-geforce-rtx-4090" in {slug for slug, _ in found.candidates}
    found = names.resolve_model("Llama-3.1-9B")
    assert any(slug.startswith("llama-3-1") for slug, _ in found.candidates)


def test_every_entry_is_found_by_its_own_names(names: NameIndex, shipped: CatalogRows) -> None:
    rows = shipped
    wrong = [d.slug for d in rows.devices for n in (d.slug, d.name) if names.resolve_device(n).slug != d.slug]
    wrong += [m.slug for m in rows.models for n in (m.slug, m.name) if names.resolve_model(n).slug != m.slug]
    wrong += [m.slug for m in rows.machines if names.resolve_machine_or_device(m.name).slug != m.slug]
    wrong += [f.slug for f in rows.formats if names.resolve_format(f.slug).slug != f.slug]
    wrong += [
        r.slug for r in rows.runtimes for n in (r.slug, r.name) if names.resolve_runtime(n).slug != r.slug
    ]
    wrong += [k.slug for k in rows.kv_formats if names.resolve_kv_format(k.name).slug != k.slug]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "SuperLlama-3.1-8B",
        "Llama-3.1-9B",
        "Llama-3.5-8B",
        "Qwen3-9B",
        "Qwen9-8B",
        "Qwen2.5-VL-72B",
        "Qwen2.5-Omni-7B",
        "Qwen1.5-7B",
        "qwen:7b",
        "command-r:35b",
        "Jamba 1.5 Mini",
        "Mixtral 4x7B",
        "gpt-oss-40b",
        "Pixtral 12B",
        "DeepSeek-V9",
    ],
)
def test_another_architecture_is_not_taken(names: NameIndex, text: str) -> None:
    found = names.resolve_model(text)
    assert (found.status, found.slug) == ("not_in_catalog", "")
    assert found.reason


def test_edited_copies_keep_the_architecture(names: NameIndex) -> None:
    found = names.resolve_model("huihui-ai/Llama-3.1-8B-Instruct-abliterated")
    assert (found.status, found.slug) == ("ok", "llama-3-1-8b")
    assert "edited" in found.reason


def test_a_cpu_run_on_a_card_is_the_unknown_host(names: NameIndex) -> None:
    found = names.resolve_device("NVIDIA GeForce RTX 4090", backend="CPU")
    assert (found.status, found.processor) == ("not_in_catalog", "cpu")
