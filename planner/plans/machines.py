"""From a question to the machine that it means: catalog device, memory chosen, host."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hardware_catalog.rows import DeviceRow
from hardware_catalog.tables import MachineSpec, device_platform, preset_spec
from planner.engine.limits import platform_key
from planner.engine.units import GIB
from planner.plans.errors import PlanError
from planner.plans.questions import OwnDevice, Question
from planner.snapshot import Snapshot

OWN_DEVICE_NAME = "Your own machine"


@dataclass(frozen=True, slots=True)
class PlannedMachine:
    """The machine as the engine takes it, and what a person reads of it."""

    spec: MachineSpec
    name: str
    operating_system: str
    notes: tuple[str, ...] = ()


def planned_machine(question: Question, snapshot: Snapshot) -> PlannedMachine:
    """The machine of a question. Raises ``PlanError`` where the catalog lacks it or its memory."""
    if question.own_device is not None:
        return _own(question, question.own_device)
    if question.machine:
        return _preset(question, snapshot)
    return _device(question, snapshot)


def _own(question: Question, own: OwnDevice) -> PlannedMachine:
    device = DeviceRow(
        slug="own",
        name=OWN_DEVICE_NAME,
        kind="gpu",
        vendor="",
        architecture="",
        year=None,
        memory_options_gb=(own.memory_bytes / GIB,),
        memory_type="",
        bandwidth_bytes_per_s=own.bandwidth_bytes_per_s,
        bandwidth_is_upper_limit=False,
        fp32_flops_per_s=None,
        fp16_flops_per_s=own.fp16_flops_per_s,
        bf16_flops_per_s=None,
        fp8_flops_per_s=None,
        int8_ops_per_s=None,
        fp4_flops_per_s=None,
        npu_ops_per_s=None,
        interconnect="",
        pcie_bytes_per_s=None,
        tdp_w=None,
        launch_price_usd=None,
        unified_memory=False,
        form_factor="",
        sources=(),
        notes="",
    )
    spec = MachineSpec(
        slug="own",
        device=device,
        device_count=question.device_count,
        memory_bytes=own.memory_bytes,
        platform=platform_key(kind="gpu"),
        host_memory_bytes=(question.host_memory_gb or 0.0) * GIB,
    )
    return PlannedMachine(spec, OWN_DEVICE_NAME, "")


def _preset(question: Question, snapshot: Snapshot) -> PlannedMachine:
    preset = snapshot.machines.get(question.machine)
    if preset is None:
        raise PlanError("machine", f"The catalog has no machine “{question.machine}”. Choose another.")
    asked = replace(
        preset,
        memory_gb=question.memory_gb or preset.memory_gb,
        host_memory_gb=preset.host_memory_gb if question.host_memory_gb is None else question.host_memory_gb,
    )
    one = PlannedMachine(preset_spec(asked, snapshot.devices), preset.name, preset.operating_system)
    return times(one, question.device_count)


def times(one: PlannedMachine, count: int) -> PlannedMachine:
    """So many of a machine working together, beside the host memory of one."""
    if count == 1:
        return one
    spec = replace(one.spec, device_count=one.spec.device_count * count)
    return replace(one, spec=spec, name=f"{count} × {one.name}")


def _device(question: Question, snapshot: Snapshot) -> PlannedMachine:
    device = snapshot.devices.get(question.device)
    if device is None:
        raise PlanError("device", f"The catalog has no device “{question.device}”. Choose another.")
    notes: tuple[str, ...] = ()
    options = device.memory_options_gb
    memory_gb = question.memory_gb
    if memory_gb is None:
        if not options:
            raise PlanError("memory_gb", f"No source states the memory of {device.name}. Give it in GB.")
        memory_gb = min(options)
        if len(options) > 1:
            sizes = ", ".join(f"{size:g}" for size in options)
            notes = (
                f"It comes with {sizes} GB; the smallest is taken. Choose another under “Memory of one”.",
            )
    spec = MachineSpec(
        slug=device.slug,
        device=device,
        device_count=1,
        memory_bytes=memory_gb * GIB,
        platform=device_platform(device),
        host_memory_bytes=0.0 if device.unified_memory else (question.host_memory_gb or 0.0) * GIB,
    )
    return times(PlannedMachine(spec, device.name, "", notes), question.device_count)
