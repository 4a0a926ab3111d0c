"""Hosts with accelerators: the accelerator, its count, the host and the host's memory."""

from __future__ import annotations

import pytest

from hardware_catalog.names import NameIndex


def test_a_host_with_cards(names: NameIndex) -> None:
    found = names.resolve_device(
        "AMD EPYC 9355 (12x DDR5-6400) + 2x NVIDIA GeForce RTX 3090 24GB", backend="CPU+CUDA"
    )
    assert (found.status, found.slug, found.count) == ("composite", "nvidia-geforce-rtx-3090", 2)
    assert found.memory_gb == 24.0
    assert found.host_slug == "amd-epyc-9005-turin-1-socket"
    assert found.host_bandwidth_bytes_per_s == 12 * 6400e6 * 8
    assert [(part.role, part.slug, part.count) for part in found.parts] == [
        ("host", "amd-epyc-9005-turin-1-socket", 1),
        ("device", "nvidia-geforce-rtx-3090", 2),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "i9-13900K + RTX 4090",
        "RTX 4090 / i9-13900K / 64GB",
        "RTX 4090, Intel Core i9-13900K, 64GB DDR5",
        "RTX 4090 with Intel Core i9-13900K",
        "Intel Core i9-13900K and RTX 4090",
        "RTX 4090 i9-13900K",
    ],
)
def test_a_processor_beside_a_card_is_its_host(names: NameIndex, text: str) -> None:
    found = names.resolve_device(text)
    assert (found.status, found.slug, found.count) == ("composite", "nvidia-geforce-rtx-4090", 1)
    assert found.host_slug.startswith("intel-core-13th-14th-gen-desktop")
    assert found.host_memory_gb in (None, 64.0)


@pytest.mark.parametrize(
    ("text", "host_gb"),
    [
        ("RTX 4090 + 128GB DDR5", 128.0),
        ("RTX 4090 with 64GB RAM", 64.0),
        ("RTX 4090 24GB, 96GB system memory", 96.0),
        ("2x RTX 3090 and 1.5TB DDR4", 1536.0),
    ],
)
def test_memory_beside_a_card_is_the_hosts(names: NameIndex, text: str, host_gb: float) -> None:
    found = names.resolve_device(text)
    assert found.status == "composite"
    assert found.host_memory_gb == host_gb
    assert found.memory_gb in (None, 24.0)


@pytest.mark.parametrize(
    "text", ["RTX 3060 12GB RAM", "RTX 3060, 12GB", "RTX 5090 32GB GDDR7", "2x RTX 3090, 48GB"]
)
def test_a_cards_own_memory_is_not_the_hosts(names: NameIndex, text: str) -> None:
    found = names.resolve_device(text)
    assert found.status == "ok"
    assert found.host_memory_gb is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2x RTX 3090", 2),
        ("4 × RTX 3090", 4),
        ("RTX 3090 x8", 8),
        ("RTX 3090 (2x)", 2),
        ("dual 3090", 2),
        ("8xRTX3090", 8),
        ("RTX 3090", None),
        ("16 x NVIDIA GeForce RTX 3090", 16),
    ],
)
def test_counts(names: NameIndex, text: str, count: int | None) -> None:
    found = names.resolve_device(text)
    assert (found.status, found.slug, found.count) == ("ok", "nvidia-geforce-rtx-3090", count)


def test_several_kinds_of_card_have_no_single_entry(names: NameIndex) -> None:
    found = names.resolve_device("RTX 4090 + 2x RTX 3090")
    assert (found.status, found.slug, found.answerable) == ("composite", "", False)
    assert {(part.slug, part.count) for part in found.parts} == {
        ("nvidia-geforce-rtx-4090", 1),
        ("nvidia-geforce-rtx-3090", 2),
    }


def test_a_card_beside_a_mobile_processor_is_asked_back(names: NameIndex) -> None:
    found = names.resolve_device("Ryzen 7 5800H + RTX 3060")
    assert found.status == "ambiguous"
    assert not found.answerable
    assert names.resolve_device("Ryzen 7 5800H + RTX 3060 eGPU").status == "composite"
    laptop = names.resolve_device("laptop with Ryzen 7 5800H + RTX 3060")
    assert laptop.slug == "nvidia-geforce-rtx-3060-laptop-gpu"


@pytest.mark.parametrize(
    ("text", "backend", "processor"),
    [
        ("AMD Ryzen AI MAX+ 395 w/ Radeon 8060S", "Vulkan", "igpu"),
        ("AMD Ryzen AI MAX+ 395 w/ Radeon 8060S", "CPU", "cpu"),
        ("AMD Ryzen 9 5950X 16-Core Processor (znver3)", "CPU", "cpu"),
        ("Apple M2 Pro (19-core GPU)", "Metal", "gpu"),
        ("Apple M2 Pro (19-core GPU)", "CPU", "cpu"),
        ("Samsung Galaxy S24 Ultra", "QNN (NPU)", "npu"),
        ("NVIDIA GeForce RTX 4090", "CUDA", "gpu"),
    ],
)
def test_which_processor_ran(names: NameIndex, text: str, backend: str, processor: str) -> None:
    assert names.resolve_device(text, backend=backend).processor == processor


def test_the_stated_memory_gives_the_bandwidth(names: NameIndex) -> None:
    told = names.resolve_device("AMD Ryzen 9 5950X (2x DDR4-3600)")
    assert told.bandwidth_bytes_per_s == 2 * 3600e6 * 8
    assert not told.bandwidth_assumed
    assert names.resolve_device("AMD Ryzen 9 5950X").bandwidth_assumed
    assert names.resolve_device("AMD Ryzen 9 5950X 51.2 GB/s").bandwidth_bytes_per_s == 51.2e9
    assert not names.resolve_device("Intel Core i7-1165G7 (LPDDR4X-4267)").bandwidth_assumed


def test_presets_from_words(names: NameIndex) -> None:
    found = names.resolve_machine_or_device("macbook pro m3 max 64gb")
    assert (found.kind, found.status, found.memory_gb) == ("machine", "ok", 64.0)
    assert found.slug.startswith("macbook-pro-")
    found = names.resolve_machine_or_device("RTX 5090 + 64GB RAM")
    assert (found.kind, found.slug, found.host_memory_gb) == (
        "machine",
        "pc-with-rtx-5090-32-gb-64-gb-memory",
        64.0,
    )
    assert names.resolve_machine("RTX 5090 with 63 GB").status == "not_in_catalog"
