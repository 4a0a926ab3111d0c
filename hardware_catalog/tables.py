"""From catalog entries to the engine's tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hardware_catalog.published_sizes import load_published_sizes, ollama_sizes, preferred_sizes
from hardware_catalog.rows import (
    CatalogRows,
    DeviceRow,
    FormatRow,
    KvFormatRow,
    MachineRow,
    ModelRow,
    RuntimeRow,
)
from planner.engine.architecture import Architecture, architecture_from_config
from planner.engine.kv import KV_RULES
from planner.engine.limits import LimitTable, OverheadTable, limit_table, overhead_table, platform_key
from planner.engine.links import DIRECT, NO_LINK, THROUGH_HOST
from planner.engine.quantize import WeightFormat, weight_format
from planner.engine.tables import FormatTable, KvFormatTable, MachineTable, ModelTable, RuntimeTable
from planner.engine.units import GIB
from planner.engine.weights import WeightsTable, weights_table, with_published_sizes

LIMITS = Path(__file__).parent / "data" / "limits.json"

# Prompt tokens read at a time where nothing else is asked for, by cache rule: llama.cpp's and ik_llama.cpp's
# n_ubatch (https://github.com/ggml-org/llama.cpp/blob/master/common/common.h), mlx-lm's prefill_step_size
# (https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/generate.py), vLLM's max_num_batched_tokens with
# chunked prefill (https://docs.vllm.ai/en/latest/configuration/optimization.html).
_BATCH_TOKENS: Mapping[str, int] = {
    "llama_cpp": 512,
    "ik_llama": 512,
    "rotating": 2048,
    "paged": 2048,
    "paged_flat": 2048,
    "full": 2048,
}


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


def device_platform(device: DeviceRow, operating_system: str = "") -> str:
    """Key of the memory-limit rule of a device under an operating system ("": the usual one)."""
    return platform_key(
        kind=device.kind,
        vendor=device.vendor,
        operating_system=operating_system,
        unified_memory=device.unified_memory,
    )


def preset_spec(preset: MachineRow, devices: Mapping[str, DeviceRow]) -> MachineSpec:
    """The preset as it is sold; ``devices`` by slug."""
    device, host = devices[preset.device], devices.get(preset.host_device or "")
    unknown = float("nan")
    return MachineSpec(
        slug=preset.slug,
        device=device,
        device_count=preset.device_count,
        memory_bytes=preset.memory_gb * GIB,
        platform=device_platform(device, preset.operating_system),
        host_memory_bytes=0.0 if device.unified_memory else (preset.host_memory_gb or 0.0) * GIB,
        host_bandwidth_bytes_per_s=unknown if host is None else (host.bandwidth_bytes_per_s or unknown),
    )


def machine_table(specs: Sequence[MachineSpec]) -> MachineTable:
    """One row per machine. Dense BF16 stands in for FP16 where only that is published (tensor units run both alike)."""
    devices = [spec.device for spec in specs]
    links = [device_link(d) for d in devices]
    return MachineTable(
        slug=tuple(spec.slug for spec in specs),
        device=tuple(d.slug for d in devices),
        vendor=tuple(d.vendor for d in devices),
        architecture=tuple(d.architecture for d in devices),
        kind=tuple(d.kind for d in devices),
        form_factor=tuple(d.form_factor for d in devices),
        platform=tuple(spec.platform for spec in specs),
        device_count=np.array([spec.device_count for spec in specs], dtype=np.int64),
        memory_bytes=_figures([spec.memory_bytes for spec in specs]),
        bandwidth_bytes_per_s=_figures([d.bandwidth_bytes_per_s for d in devices]),
        fp16_flops_per_s=_figures([d.fp16_flops_per_s or d.bf16_flops_per_s for d in devices]),
        fp32_flops_per_s=_figures([d.fp32_flops_per_s for d in devices]),
        matrix_flops_per_s=_figures([_matrix_flops_per_s(d) for d in devices]),
        fp8_flops_per_s=_figures([d.fp8_flops_per_s for d in devices]),
        fp4_flops_per_s=_figures([d.fp4_flops_per_s for d in devices]),
        link_kind=np.array([kind for kind, _ in links], dtype=np.int64),
        link_bytes_per_s=_figures([rate for _, rate in links]),
        unified_memory=np.array([d.unified_memory for d in devices], dtype=np.bool_),
        host_memory_bytes=_figures([spec.host_memory_bytes for spec in specs]),
        host_bandwidth_bytes_per_s=_figures([spec.host_bandwidth_bytes_per_s for spec in specs]),
        pcie_bytes_per_s=_figures([d.pcie_bytes_per_s for d in devices]),
    )


# NVLink's stated rate counts both directions
_NVLINK = re.compile(r"\bNVLink(?: bridge)? (\d+) GB/s(?! to )")


def device_link(device: DeviceRow) -> tuple[int, float | None]:
    """Kind of link between devices of this model, and its bytes/s in one direction."""
    stated = _NVLINK.search(device.interconnect)
    if stated:
        return DIRECT, float(stated.group(1)) * 1e9 / 2
    if device.pcie_bytes_per_s:
        return THROUGH_HOST, device.pcie_bytes_per_s
    return NO_LINK, None


def _matrix_flops_per_s(device: DeviceRow) -> float | None:
    """Rate of the matrix units in FP16: GeForce cards halve it with FP32 accumulation, but not the INT8 rate."""
    fp16, int8 = device.fp16_flops_per_s or device.bf16_flops_per_s, device.int8_ops_per_s
    return max((rate for rate in (fp16, int8 and int8 / 2) if rate), default=None)


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


def published_weights(
    table: WeightsTable, models: Sequence[ModelRow], formats: Sequence[FormatRow]
) -> WeightsTable:
    """The table with the published sizes of formats that no closed rule describes."""
    approximate = [f.slug for f in formats if f.rules.get("approximate")]
    return _with_sizes(table, preferred_sizes(load_published_sizes(), approximate), models, formats)


def ollama_weights(
    table: WeightsTable, models: Sequence[ModelRow], formats: Sequence[FormatRow]
) -> WeightsTable:
    """The table with the sizes of what Ollama itself serves, where its quantizer follows no rule."""
    return _with_sizes(table, ollama_sizes(load_published_sizes()), models, formats)


def _with_sizes(
    table: WeightsTable,
    sizes: Mapping[tuple[str, str], int],
    models: Sequence[ModelRow],
    formats: Sequence[FormatRow],
) -> WeightsTable:
    """The table scaled to sizes by (model slug, format slug)."""
    rows = {model.slug: i for i, model in enumerate(models)}
    columns = {fmt.slug: j for j, fmt in enumerate(formats)}
    published = np.full(table.total_bytes.shape, np.nan)
    for (model, fmt), size in sizes.items():
        if model in rows and fmt in columns:
            published[rows[model], columns[fmt]] = size
    return with_published_sizes(table, published)


def memory_limits(path: Path = LIMITS) -> tuple[LimitTable, OverheadTable]:
    """What platforms let a process use, and what runtimes take beside a model."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return limit_table(data), overhead_table(data)


def format_table(formats: Sequence[FormatRow]) -> FormatTable:
    """One row per weight format."""
    return FormatTable(
        slug=tuple(f.slug for f in formats),
        speed_family=tuple(f.speed_family for f in formats),
        bits_per_weight=_figures([f.nominal_bits_per_weight for f in formats]),
        approximate=np.array([bool(f.rules.get("approximate")) for f in formats], dtype=np.bool_),
    )


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
        kv_rule=np.array([KV_RULES.index(runtime.kv_rule) for runtime, _ in rows], dtype=np.int64),
        batch_tokens=np.array([_BATCH_TOKENS[runtime.kv_rule] for runtime, _ in rows], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class CatalogTables:
    """The tables that do not depend on a question, with row numbers by slug."""

    models: ModelTable
    formats: FormatTable
    kv_formats: KvFormatTable
    runtimes: RuntimeTable
    weights: WeightsTable
    ollama_weights: WeightsTable  # as ``weights``, with the layouts of Ollama's own library
    model_row: Mapping[str, int]
    format_row: Mapping[str, int]
    kv_format_row: Mapping[str, int]
    runtime_row: Mapping[tuple[str, str], int]


def catalog_weights(rows: CatalogRows, architectures: Sequence[Architecture | None]) -> WeightsTable:
    """Weights of all models in all formats; published sizes where a format has no closed rule."""
    by_rule = weights_table(architectures, weight_formats(rows.formats, rows.block_types))
    return published_weights(by_rule, rows.models, rows.formats)


def catalog_tables(rows: CatalogRows, weights: WeightsTable | None = None) -> CatalogTables:
    """Build the tables of models, formats, KV formats and runtimes."""
    models, formats = model_table(rows.models), format_table(rows.formats)
    kv_formats, runtimes = kv_format_table(rows.kv_formats), runtime_table(rows.runtimes)
    if weights is None:
        weights = catalog_weights(rows, models.architecture)
    return CatalogTables(
        models=models,
        formats=formats,
        kv_formats=kv_formats,
        runtimes=runtimes,
        weights=weights,
        ollama_weights=ollama_weights(weights, rows.models, rows.formats),
        model_row={slug: i for i, slug in enumerate(models.slug)},
        format_row={slug: i for i, slug in enumerate(formats.slug)},
        kv_format_row={slug: i for i, slug in enumerate(kv_formats.slug)},
        runtime_row={pair: i for i, pair in enumerate(zip(runtimes.slug, runtimes.backend, strict=True))},
    )
