"""From catalog entries to the engine's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hardware_catalog.rows import CatalogRows, DeviceRow, FormatRow, KvFormatRow, ModelRow, RuntimeRow
from planner.engine.architecture import Architecture, architecture_from_config
from planner.engine.quantize import WeightFormat, weight_format
from planner.engine.tables import FormatTable, KvFormatTable, MachineTable, ModelTable, RuntimeTable
from planner.engine.weights import WeightsTable, weights_table

GIB = 2.0**30


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """One machine to plan for: equal devices, the memory chosen, and the host around them."""

    slug: str
    device: DeviceRow
    device_count: int
    memory_bytes: float  # of one device; nan: unknown
    platform: str  # key of the memory-limit rule
    host_memory_bytes: float = 0.0
    host_bandwidth_bytes_per_s: float = float("nan")


def machine_table(specs: Sequence[MachineSpec]) -> MachineTable:
    """One row per machine. Dense BF16 stands in for FP16 where only that is published (tensor units run both alike)."""
    devices = [spec.device for spec in specs]
    return MachineTable(
        slug=tuple(spec.slug for spec in specs),
        device=tuple(d.slug for d in devices),
        vendor=tuple(d.vendor for d in devices),
        architecture=tuple(d.architecture for d in devices),
        kind=tuple(d.kind for d in devices),
        platform=tuple(spec.platform for spec in specs),
        device_count=np.array([spec.device_count for spec in specs], dtype=np.int64),
        memory_bytes=_figures([spec.memory_bytes for spec in specs]),
        bandwidth_bytes_per_s=_figures([d.bandwidth_bytes_per_s for d in devices]),
        fp16_flops_per_s=_figures([d.fp16_flops_per_s or d.bf16_flops_per_s for d in devices]),
        fp32_flops_per_s=_figures([d.fp32_flops_per_s for d in devices]),
        unified_memory=np.array([d.unified_memory for d in devices], dtype=np.bool_),
        host_memory_bytes=_figures([spec.host_memory_bytes for spec in specs]),
        host_bandwidth_bytes_per_s=_figures([spec.host_bandwidth_bytes_per_s for spec in specs]),
        pcie_bytes_per_s=_figures([d.pcie_bytes_per_s for d in devices]),
    )


def _figures(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def architecture_of(model: ModelRow) -> Architecture | None:
    """The model's architecture, or ``None`` where too little of it is published."""
    return None if model.formula is None else architecture_from_config(model.config, model.formula)


def model_table(models: Sequence[ModelRow]) -> ModelTable:
    """One row per model."""
    return ModelTable.build([m.slug for m in models], [architecture_of(m) for m in models])


def weight_formats(
    formats: Sequence[FormatRow], block_types: Mapping[str, tuple[int, float]]
) -> list[WeightFormat]:
    """The engine's view of the weight formats."""
    return [weight_format(row, block_types) for row in formats]


def format_table(formats: Sequence[FormatRow]) -> FormatTable:
    """One row per weight format."""
    return FormatTable(tuple(f.slug for f in formats), tuple(f.speed_family for f in formats))


def kv_format_table(formats: Sequence[KvFormatRow]) -> KvFormatTable:
    """One row per KV format, keys and values alike."""
    bits = _figures([f.bits_per_element for f in formats])
    return KvFormatTable(tuple(f.slug for f in formats), bits, bits.copy())


def runtime_table(runtimes: Sequence[RuntimeRow]) -> RuntimeTable:
    """One row per (runtime, backend)."""
    rows = [(runtime, backend) for runtime in runtimes for backend in runtime.backends]
    return RuntimeTable(
        slug=tuple(runtime.slug for runtime, _ in rows),
        backend=tuple(backend for _, backend in rows),
        kv_rule=tuple(runtime.kv_rule for runtime, _ in rows),
    )


@dataclass(frozen=True, slots=True)
class CatalogTables:
    """The tables that do not depend on a question, with row numbers by slug."""

    models: ModelTable
    formats: FormatTable
    kv_formats: KvFormatTable
    runtimes: RuntimeTable
    weights: WeightsTable
    model_row: Mapping[str, int]
    format_row: Mapping[str, int]
    kv_format_row: Mapping[str, int]
    runtime_row: Mapping[tuple[str, str], int]


def catalog_tables(rows: CatalogRows) -> CatalogTables:
    """Build the tables of models, formats, KV formats and runtimes."""
    models, formats = model_table(rows.models), format_table(rows.formats)
    kv_formats, runtimes = kv_format_table(rows.kv_formats), runtime_table(rows.runtimes)
    return CatalogTables(
        models=models,
        formats=formats,
        kv_formats=kv_formats,
        runtimes=runtimes,
        weights=weights_table(models.architecture, weight_formats(rows.formats, rows.block_types)),
        model_row={slug: i for i, slug in enumerate(models.slug)},
        format_row={slug: i for i, slug in enumerate(formats.slug)},
        kv_format_row={slug: i for i, slug in enumerate(kv_formats.slug)},
        runtime_row={pair: i for i, pair in enumerate(zip(runtimes.slug, runtimes.backend, strict=True))},
    )
