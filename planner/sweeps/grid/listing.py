"""The axes' lists: as a result's readers see them, and the machines as the engine takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from hardware_catalog.rows import DeviceRow, ModelRow
from hardware_catalog.tables import MachineSpec
from planner.engine.units import GIB
from planner.plans.machines import times
from planner.snapshot import Snapshot
from planner.sweeps.grid.axes import Asked
from planner.sweeps.grid.entries import (
    Entries,
    FormatEntry,
    KvFormatEntry,
    MachineEntry,
    ModelEntry,
    RuntimeEntry,
)
from planner.sweeps.grid.support import BaseMachine


class Specs(Sequence[MachineSpec]):
    """Every machine as the engine takes it: each base machine with each count, made when it is asked for."""

    def __init__(self, machines: Sequence[BaseMachine], counts: Sequence[int]) -> None:
        self._machines, self._counts = machines, counts

    def __len__(self) -> int:
        return len(self._machines) * len(self._counts)

    @overload
    def __getitem__(self, place: int) -> MachineSpec: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[MachineSpec]: ...
    def __getitem__(self, place: int | slice) -> MachineSpec | Sequence[MachineSpec]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        base, count = divmod(place, len(self._counts))
        return times(self._machines[base].planned, self._counts[count]).spec


def entries_of(asked: Asked, programs: Sequence[int], snapshot: Snapshot) -> Entries:
    """What the axes hold, in the order of their places. ``programs``: rows of the runtime table."""
    runtimes = snapshot.tables.runtimes
    return Entries(
        machines=tuple(_machine(base, count) for base in asked.machines for count in asked.counts),
        models=tuple(_model(row, snapshot) for row in asked.models),
        formats=tuple(
            FormatEntry(f.slug, f.name, f.family, f.nominal_bits_per_weight) for f in asked.formats
        ),
        kv_formats=tuple(KvFormatEntry(f.slug, f.name) for f in asked.kv_formats),
        runtimes=tuple(_runtime(runtimes.slug[p], runtimes.backend[p], snapshot) for p in programs),
    )


def _machine(base: BaseMachine, count: int) -> MachineEntry:
    planned, question = times(base.planned, count), base.question
    spec = planned.spec
    device, n_devices = spec.device, spec.device_count
    name = planned.name
    if question.device and len(device.memory_options_gb) > 1:
        name = f"{name}, {question.memory_gb:g} GB"
    return MachineEntry(
        slug=question.machine or question.device,
        kind="machine" if question.machine else "device",
        name=name,
        device=device.slug,
        count=count,
        device_count=n_devices,
        memory_gb=spec.memory_bytes / GIB,
        host_memory_gb=spec.host_memory_bytes / GIB,
        operating_system=planned.operating_system,
        category=base.category,
        vendor=device.vendor,
        devices_price_usd=_launch_price_usd(device, n_devices),
        devices_tdp_w=None if device.tdp_w is None else device.tdp_w * n_devices,
    )


def _launch_price_usd(device: DeviceRow, n_devices: int) -> float | None:
    """Launch price of all devices. Of one sold with several memories, sources state one price and not for which."""
    if device.launch_price_usd is None or len(device.memory_options_gb) != 1:
        return None
    return device.launch_price_usd * n_devices


def _model(row: ModelRow, snapshot: Snapshot) -> ModelEntry:
    tables = snapshot.tables
    place = tables.model_row[row.slug]
    return ModelEntry(
        slug=row.slug,
        name=row.name,
        family=row.family,
        vendor=row.vendor,
        n_parameters=float(tables.models.n_parameters[place]),
        n_active_parameters=float(tables.models.active_flops_per_token[place] / 2),
        max_context_tokens=row.max_context_tokens,
    )


def _runtime(slug: str, backend: str, snapshot: Snapshot) -> RuntimeEntry:
    return RuntimeEntry(slug, backend, f"{snapshot.runtimes[slug].name} ({backend})")
