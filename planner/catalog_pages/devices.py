"""The list of devices: graphics cards, chips, phones, computers, accelerators."""

from __future__ import annotations

from hardware_catalog.bounds import BANDWIDTH_BYTES_PER_S, MEMORY_GB, PRICE_USD, YEAR
from hardware_catalog.rows import DeviceRow
from planner.catalog_pages import words
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.lists import Bound, Choice, Column, Kind
from planner.snapshot import Snapshot


def most_memory_gb(device: DeviceRow) -> float | None:
    """The largest memory that the device is sold with."""
    return max(device.memory_options_gb, default=None)


def bandwidth_gb_per_s(device: DeviceRow) -> float | None:
    return None if device.bandwidth_bytes_per_s is None else device.bandwidth_bytes_per_s / 1e9


def flops_16_bit(device: DeviceRow) -> float | None:
    """Dense FLOP/s at 16 bits: FP16, or BF16 where only that is stated (as the engine takes it)."""
    return device.fp16_flops_per_s or device.bf16_flops_per_s


@per_snapshot
def lines(snapshot: Snapshot) -> dict[str, DeviceRow]:
    """Devices by slug, newest first."""
    newest = sorted(snapshot.rows.devices, key=lambda d: (-(d.year or 0), d.name.casefold()))
    return {device.slug: device for device in newest}


DEVICES = Kind[DeviceRow](
    key="devices",
    noun="device",
    nouns="devices",
    ranked="device",
    title="Devices",
    lede="Graphics cards, chips, phones and computers, with the memory and bandwidth that decide what they can run.",
    placeholder="4090, m4 max, snapdragon 8",
    columns=(
        Column("name", "Device", lambda d: d.name, is_number=False),
        Column("memory", "Memory", most_memory_gb),
        Column(
            "bandwidth", "Bandwidth", bandwidth_gb_per_s, upwards="slowest first", downwards="fastest first"
        ),
        Column(
            "compute",
            "FP16",
            flops_16_bit,
            wide_only=True,
            upwards="slowest first",
            downwards="fastest first",
        ),
        Column("power", "Power", lambda d: d.tdp_w, wide_only=True),
        Column("price", "Launch price", lambda d: d.launch_price_usd, wide_only=True),
        Column(
            "year", "Year", lambda d: d.year, wide_only=True, upwards="oldest first", downwards="newest first"
        ),
    ),
    filters=(
        Choice("vendor", "Maker", lambda d: d.vendor, is_main=True),
        Choice("kind", "Kind", lambda d: d.kind, words.DEVICE_KINDS, is_main=True),
        Bound("memory", "Memory", most_memory_gb, MEMORY_GB[1], "GB", "24", is_main=True),
        Bound(
            "bandwidth",
            "Bandwidth",
            bandwidth_gb_per_s,
            BANDWIDTH_BYTES_PER_S[1] / 1e9,
            "GB/s",
            "500",
        ),
        Bound("year", "Year", lambda d: d.year, YEAR[1], "", "2022", is_whole=True),
        Bound(
            "price",
            "Launch price",
            lambda d: d.launch_price_usd,
            PRICE_USD[1],
            "USD",
            "800",
            is_most=True,
        ),
        Choice("made", "Made for", lambda d: d.form_factor, words.FORM_FACTORS),
    ),
    lines=lines,
    usual_order="newest first",
)
