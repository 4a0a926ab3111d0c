"""The list of machines: products as people know them, made of catalog devices."""

from __future__ import annotations

from dataclasses import dataclass

from hardware_catalog.bounds import BANDWIDTH_BYTES_PER_S, DEVICE_COUNT, MEMORY_GB, YEAR
from hardware_catalog.rows import DeviceRow, MachineRow
from planner.catalog_pages import words
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.devices import bandwidth_gb_per_s
from planner.catalog_pages.lists import Bound, Choice, Column, Holds, Kind
from planner.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class MachineLine:
    """A machine with the device that it is made of."""

    row: MachineRow
    device: DeviceRow

    @property
    def total_memory_gb(self) -> float:
        """Memory of all its devices together."""
        return self.row.memory_gb * self.row.device_count

    @property
    def category_words(self) -> str:
        return words.MACHINE_CATEGORIES[self.row.category]


@per_snapshot
def lines(snapshot: Snapshot) -> dict[str, MachineLine]:
    """Machines by slug, newest first."""
    newest = sorted(snapshot.rows.machines, key=lambda m: (-(m.year or 0), m.name.casefold()))
    return {row.slug: MachineLine(row, snapshot.devices[row.device]) for row in newest}


@per_snapshot
def by_device(snapshot: Snapshot) -> dict[str, list[MachineLine]]:
    """Machines by the slug of the device that they are made of, the smallest first."""
    found: dict[str, list[MachineLine]] = {}
    for line in lines(snapshot).values():
        found.setdefault(line.row.device, []).append(line)
    for held in found.values():
        held.sort(key=lambda m: (m.total_memory_gb, m.row.host_memory_gb or 0, m.row.name))
    return found


def _device_name(snapshot: Snapshot, slug: str) -> str | None:
    device = snapshot.devices.get(slug)
    return None if device is None else device.name


MACHINES = Kind[MachineLine](
    key="machines",
    noun="machine",
    nouns="machines",
    ranked="machine",
    title="Machines",
    lede="Computers, phones and servers as people buy them: the device inside, how many, and the memory chosen.",
    placeholder="macbook air 16 gb, 2 x 3090, pixel 10",
    columns=(
        Column("name", "Machine", lambda m: m.row.name, is_number=False),
        Column("memory", "Memory", lambda m: m.total_memory_gb),
        Column(
            "bandwidth",
            "Bandwidth",
            lambda m: bandwidth_gb_per_s(m.device),
            upwards="slowest first",
            downwards="fastest first",
        ),
        Column("host", "Host memory", lambda m: m.row.host_memory_gb, wide_only=True),
        Column(
            "system",
            "System",
            lambda m: words.OPERATING_SYSTEMS[m.row.operating_system],
            is_number=False,
            wide_only=True,
        ),
        Column(
            "year",
            "Year",
            lambda m: m.row.year,
            wide_only=True,
            upwards="oldest first",
            downwards="newest first",
        ),
    ),
    filters=(
        Choice("kind", "Kind", lambda m: m.row.category, words.MACHINE_CATEGORIES, is_main=True),
        Choice("vendor", "Maker of the device", lambda m: m.device.vendor, is_main=True),
        Bound("memory", "Memory", lambda m: m.total_memory_gb, MEMORY_GB[1], "GB", "24", is_main=True),
        Bound(
            "bandwidth",
            "Bandwidth",
            lambda m: bandwidth_gb_per_s(m.device),
            BANDWIDTH_BYTES_PER_S[1] / 1e9,
            "GB/s",
            "500",
        ),
        Bound("host", "Host memory", lambda m: m.row.host_memory_gb, MEMORY_GB[1], "GB", "64"),
        Bound("count", "Devices", lambda m: m.row.device_count, DEVICE_COUNT[1], "", "2", is_whole=True),
        Bound("year", "Year", lambda m: m.row.year, YEAR[1], "", "2023", is_whole=True),
        Choice("system", "System", lambda m: m.row.operating_system, words.OPERATING_SYSTEMS),
        Holds("device", "With the device", lambda m: m.row.device, _device_name),
    ),
    lines=lines,
    usual_order="newest first",
)
