"""Machine presets: every Mac as people know it, phones, computers, PCs with cards, servers."""

from __future__ import annotations

import pytest

from hardware_catalog.rows import CatalogRows

# Every Mac since 2020 with Apple silicon: product, chip, and its (GPU cores, memory sizes in GB).
MACS = [
    ("MacBook Air 13", "M1", {7: [8, 16], 8: [8, 16]}),
    ("MacBook Pro 13", "M1", {8: [8, 16]}),
    ("Mac mini", "M1", {8: [8, 16]}),
    ("iMac 24", "M1", {7: [8, 16], 8: [8, 16]}),
    ("MacBook Pro 14", "M1 Pro", {14: [16, 32], 16: [16, 32]}),
    ("MacBook Pro 14", "M1 Max", {24: [32, 64], 32: [32, 64]}),
    ("MacBook Pro 16", "M1 Pro", {16: [16, 32]}),
    ("MacBook Pro 16", "M1 Max", {24: [32, 64], 32: [32, 64]}),
    ("Mac Studio", "M1 Max", {24: [32, 64], 32: [32, 64]}),
    ("Mac Studio", "M1 Ultra", {48: [64, 128], 64: [64, 128]}),
    ("MacBook Air 13", "M2", {8: [8, 16, 24], 10: [8, 16, 24]}),
    ("MacBook Air 15", "M2", {10: [8, 16, 24]}),
    ("MacBook Pro 13", "M2", {10: [8, 16, 24]}),
    ("Mac mini", "M2", {10: [8, 16, 24]}),
    ("Mac mini", "M2 Pro", {16: [16, 32], 19: [16, 32]}),
    ("MacBook Pro 14", "M2 Pro", {16: [16, 32], 19: [16, 32]}),
    ("MacBook Pro 14", "M2 Max", {30: [32, 64], 38: [32, 64, 96]}),
    ("MacBook Pro 16", "M2 Pro", {19: [16, 32]}),
    ("MacBook Pro 16", "M2 Max", {30: [32, 64], 38: [32, 64, 96]}),
    ("Mac Studio", "M2 Max", {30: [32, 64], 38: [32, 64, 96]}),
    ("Mac Studio", "M2 Ultra", {60: [64, 128, 192], 76: [64, 128, 192]}),
    ("Mac Pro", "M2 Ultra", {60: [64, 128, 192], 76: [64, 128, 192]}),
    ("MacBook Pro 14", "M3", {10: [8, 16, 24]}),
    ("MacBook Pro 14", "M3 Pro", {14: [18, 36], 18: [18, 36]}),
    ("MacBook Pro 14", "M3 Max", {30: [36, 96], 40: [48, 64, 128]}),
    ("MacBook Pro 16", "M3 Pro", {18: [18, 36]}),
    ("MacBook Pro 16", "M3 Max", {30: [36, 96], 40: [48, 64, 128]}),
    ("iMac 24", "M3", {8: [8, 16, 24], 10: [8, 16, 24]}),
    ("MacBook Air 13", "M3", {8: [8, 16, 24], 10: [8, 16, 24]}),
    ("MacBook Air 15", "M3", {10: [8, 16, 24]}),
    ("iMac 24", "M4", {8: [16, 24, 32], 10: [16, 24, 32]}),
    ("Mac mini", "M4", {10: [16, 24, 32]}),
    ("Mac mini", "M4 Pro", {16: [24, 48, 64], 20: [24, 48, 64]}),
    ("MacBook Pro 14", "M4", {10: [16, 24, 32]}),
    ("MacBook Pro 14", "M4 Pro", {16: [24, 48], 20: [24, 48]}),
    ("MacBook Pro 14", "M4 Max", {32: [36], 40: [48, 64, 128]}),
    ("MacBook Pro 16", "M4 Pro", {20: [24, 48]}),
    ("MacBook Pro 16", "M4 Max", {32: [36], 40: [48, 64, 128]}),
    ("MacBook Air 13", "M4", {8: [16, 24, 32], 10: [16, 24, 32]}),
    ("MacBook Air 15", "M4", {10: [16, 24, 32]}),
    ("Mac Studio", "M4 Max", {32: [36], 40: [48, 64, 128]}),
    ("Mac Studio", "M3 Ultra", {60: [96, 256], 80: [96, 256, 512]}),
    ("MacBook Pro 14", "M5", {10: [16, 24, 32]}),
    ("MacBook Air 13", "M5", {8: [16, 24, 32], 10: [16, 24, 32]}),
    ("MacBook Air 15", "M5", {10: [16, 24, 32]}),
    ("MacBook Neo", "A18 Pro", {5: [8]}),
    ("MacBook Pro 14", "M5 Pro", {16: [24, 48, 64], 20: [24, 48, 64]}),
    ("MacBook Pro 14", "M5 Max", {32: [36], 40: [48, 64, 128]}),
    ("MacBook Pro 16", "M5 Pro", {20: [24, 48, 64]}),
    ("MacBook Pro 16", "M5 Max", {32: [36], 40: [48, 64, 128]}),
    ("Mac mini", "M6", {12: [16, 24, 32]}),
    ("Mac mini", "M5 Pro", {16: [24, 48, 64], 20: [24, 48, 64]}),
    ("Mac Studio", "M5 Max", {32: [36], 40: [48, 64, 128]}),
    ("Mac Studio", "M5 Ultra", {64: [96], 80: [96, 256, 512]}),
]


def test_every_mac_with_every_bin_and_memory_size(shipped: CatalogRows) -> None:
    expected = {
        f"{product} ({chip}, {cores}-core GPU) {size} GB"
        for product, chip, bins in MACS
        for cores, sizes in bins.items()
        for size in sizes
    }
    assert {row.name for row in shipped.machines if row.category == "mac"} == expected


def test_a_mac_is_made_of_its_bin(shipped: CatalogRows) -> None:
    devices = {row.slug: row for row in shipped.devices}
    for row in shipped.machines:
        if row.category == "mac":
            device = devices[row.device]
            cores = row.name.split("-core")[0].rsplit(" ", 1)[1]
            assert f"({cores}-core GPU" in device.name or "Neo" in row.name, row.slug
            assert (row.operating_system, row.device_count) == ("macos", 1), row.slug
            assert device.unified_memory, row.slug
            assert row.host_memory_gb is None, row.slug
    m6 = {
        row.memory_gb: devices[row.device].bandwidth_bytes_per_s
        for row in shipped.machines
        if "(M6," in row.name
    }
    assert m6 == {16.0: 153.6e9, 24.0: 170e9, 32.0: 170e9}


def test_every_phone_and_tablet_with_each_memory_size(shipped: CatalogRows) -> None:
    presets = {(row.device, row.memory_gb) for row in shipped.machines}
    for row in shipped.devices:
        if row.kind in {"phone", "tablet"}:
            assert {(row.slug, size) for size in row.memory_options_gb} <= presets, row.slug


@pytest.mark.parametrize(
    "name",
    [
        "iPhone 16 Pro (8 GB memory)",
        "Samsung Galaxy S25 Ultra (12 GB memory)",
        "PC with RTX 4090 24 GB, 64 GB memory",
        "PC with 2 × RTX 3090 24 GB, 128 GB memory",
        "PC with Radeon RX 7900 XTX 24 GB, 32 GB memory",
        "PC with Arc B580 12 GB, 32 GB memory",
        "Laptop with RTX 4060 Laptop GPU 8 GB, 16 GB memory",
        "NVIDIA DGX Spark 128 GB",
        "NVIDIA DGX Station (GB300) 252 GB",
        "Strix Halo mini PC (Ryzen AI Max+ 395), Linux, 128 GB",
        "NVIDIA Jetson AGX Orin 64 GB",
        "Raspberry Pi 5 8 GB",
        "Server with 8 × H100 SXM5 80 GB",
        "Server with 8 × Instinct MI300X 192 GB",
        "NVIDIA DGX B200 (8 × B200 180 GB)",
        "Workstation with 4 × RTX PRO 6000 Blackwell Workstation Edition 96 GB, 256 GB memory",
        "Steam Deck OLED 16 GB",
        "PC without graphics card, DDR5-5600 dual-channel, 32 GB",
    ],
)
def test_products_that_people_ask_for(shipped: CatalogRows, name: str) -> None:
    assert name in {row.name for row in shipped.machines}


def test_assumed_figures_say_so(shipped: CatalogRows) -> None:
    """A generic configuration is called one; host memory is in its name."""
    devices = {row.slug: row for row in shipped.devices}
    for row in shipped.machines:
        assumed_host = row.host_memory_gb is not None and row.name.startswith(
            ("PC ", "Laptop ", "Workstation ")
        )
        if assumed_host:
            assert "assumption" in row.notes, row.slug
            assert f"{row.host_memory_gb:g} GB memory" in row.name, row.slug
        if not devices[row.device].memory_options_gb and row.category != "handheld":
            assert "assumption" in row.notes, row.slug


def test_a_host_platform_is_a_computer_with_its_own_memory(shipped: CatalogRows) -> None:
    devices = {row.slug: row for row in shipped.devices}
    for row in shipped.machines:
        if row.host_device is not None:
            assert devices[row.host_device].kind == "computer", row.slug
            assert row.host_memory_gb is not None, row.slug
            assert not devices[row.device].unified_memory, row.slug
