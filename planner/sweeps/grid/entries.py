"""What a sweep's axes hold, by number: the rows of its files name entries of these lists."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class MachineEntry:
    """One machine of the sweep: a preset or a device with one of its memory sizes, so many times."""

    slug: str  # of the preset or the device
    kind: str  # "machine" | "device"
    name: str  # as pages show it, with count and memory
    device: str  # slug of the device
    count: int  # how many presets or devices; a preset may hold several devices itself
    device_count: int  # devices in all
    memory_gb: float  # of one device
    host_memory_gb: float
    operating_system: str
    category: str  # of the preset; the device's kind for a device
    vendor: str
    devices_price_usd: float | None  # launch price of all its devices; None: no source states it
    devices_tdp_w: float | None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    slug: str
    name: str
    family: str
    vendor: str
    n_parameters: float
    n_active_parameters: float
    max_context_tokens: int | None


@dataclass(frozen=True, slots=True)
class FormatEntry:
    slug: str
    name: str
    family: str
    bits_per_weight: float | None  # nominal; a plan's own are its weights over the model's parameters


@dataclass(frozen=True, slots=True)
class KvFormatEntry:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class RuntimeEntry:
    slug: str
    backend: str
    name: str  # "llama.cpp (CUDA)"


@dataclass(frozen=True, slots=True)
class Entries:
    """All of a sweep's lists."""

    machines: tuple[MachineEntry, ...]
    models: tuple[ModelEntry, ...]
    formats: tuple[FormatEntry, ...]
    kv_formats: tuple[KvFormatEntry, ...]
    runtimes: tuple[RuntimeEntry, ...]


_ENTRIES = TypeAdapter(Entries)


def as_json(entries: Entries) -> dict[str, object]:
    """The entries as the database keeps them."""
    written: dict[str, object] = _ENTRIES.dump_python(entries, mode="json")
    return written


def of_json(data: object) -> Entries:
    """The entries that the database kept."""
    return _ENTRIES.validate_python(data)
