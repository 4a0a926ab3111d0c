"""The shape in which catalog entries travel: from the files to the database, and from either to the engine.

Plain frozen dataclasses without Django, so that calibration and tests read the catalog without a database.
Units are in the names; ``None`` means that no source states the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FigureNote:
    """What a reader must know about one figure: a disagreement, a derivation, an upper limit, no check."""

    field: str
    kind: str  # "disagreement" | "derived" | "inferred" | "upper_limit" | "unverified"
    text: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One catalog device: a GPU, an Apple chip, a phone, a tablet, a computer or an accelerator."""

    slug: str
    name: str
    kind: str  # "gpu" | "apple" | "phone" | "tablet" | "computer" | "accelerator"
    vendor: str
    architecture: str
    year: int | None
    memory_options_gb: tuple[float, ...]  # vendor-nominal GB, each 2**30 bytes of DRAM
    memory_type: str
    bandwidth_bytes_per_s: float | None
    bandwidth_is_upper_limit: bool
    fp32_flops_per_s: float | None
    fp16_flops_per_s: float | None
    bf16_flops_per_s: float | None
    fp8_flops_per_s: float | None
    int8_ops_per_s: float | None
    fp4_flops_per_s: float | None
    npu_ops_per_s: float | None
    interconnect: str
    pcie_bytes_per_s: float | None  # per direction
    tdp_w: float | None
    launch_price_usd: float | None
    unified_memory: bool
    form_factor: str  # one of bounds.FORM_FACTORS; "": several or unknown
    sources: tuple[str, ...]
    notes: str
    figure_notes: tuple[FigureNote, ...] = ()
    aliases: tuple[str, ...] = ()
    bandwidth_basis: str = ""  # how the bandwidth is known, where the source says more than the figure
    carried_by: str = ""  # products that carry this chip


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A preset: a product as people know it, made of catalog devices."""

    slug: str
    name: str
    category: str  # "mac" | "phone" | "tablet" | "laptop" | "desktop" | "mini_pc" | "server" | "board"
    device: str  # device slug
    device_count: int
    memory_gb: float  # memory of one device (unified: of the machine), vendor-nominal GB
    host_memory_gb: float | None  # separate host memory (None for unified machines and where not stated)
    host_device: str | None  # device slug of the host CPU platform
    operating_system: str  # "macos" | "ios" | "ipados" | "android" | "windows" | "linux"
    year: int | None
    sources: tuple[str, ...]
    notes: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A language model: its published architecture and totals."""

    slug: str
    name: str
    family: str
    vendor: str
    hf_repo: str
    config: Mapping[str, Any]
    formula: Mapping[str, Any] | None  # None: too little of the architecture is published
    params_published: float | None
    params_published_note: str
    params_check: str  # why computed and published differ, or "ok"
    active_params_published: float | None
    native_precision: str
    native_format: str  # slug of the weight format that stores the native precision
    max_context_tokens: int | None
    license: str
    release_date: str
    sources: tuple[str, ...]
    notes: str = ""
    aliases: tuple[str, ...] = ()
    params_published_source: str = ""
    active_params_source: str = ""
    release_date_note: str = ""


@dataclass(frozen=True, slots=True)
class FormatRow:
    """A weight format: exact bits per tensor class, as rules over block types."""

    slug: str
    name: str
    family: str  # "gguf" | "safetensors" | "mlx" | "exl2" | "exl3" | "mobile" | ...
    # formats whose kernels behave alike: "k_quant", "legacy_quant", "iq", "f16", "fp8", "mxfp4", "int4_group"
    speed_family: str
    rules: Mapping[str, Any]
    nominal_bits_per_weight: float | None
    sources: tuple[str, ...]
    notes: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KvFormatRow:
    """How the KV cache is stored."""

    slug: str
    name: str
    bits_per_element: float
    sources: tuple[str, ...]
    notes: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuntimeRow:
    """A program that runs models, and what it can run where."""

    slug: str
    name: str
    kv_rule: (
        str  # "llama_cpp" | "ik_llama" | "paged" | "rotating" | ...: which memory rules of the engine apply
    )
    backends: tuple[str, ...]
    # (backend, hardware: vendor/architecture/kind selectors, format families or slugs) triples that run
    supports: tuple[Mapping[str, Any], ...]
    sources: tuple[str, ...]
    notes: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockTypeRow:
    """So many elements in so many bytes."""

    name: str
    elements: int
    bytes: float
    sources: tuple[str, ...]
    notes: str = ""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A citation as entries write it, with what is known of its licence and standing."""

    citation: str  # the text in the entries' ``sources``
    title: str
    url: str  # "" when the citation names none
    licence: str  # "" when the site states none that we know of
    licence_note: str
    verified: bool  # False: nobody can check it, or the site is known to be unreliable


@dataclass(frozen=True, slots=True)
class CatalogRows:
    """Everything the engine, the calibration and the name resolver need of the catalog."""

    devices: tuple[DeviceRow, ...]
    machines: tuple[MachineRow, ...]
    models: tuple[ModelRow, ...]
    formats: tuple[FormatRow, ...]
    kv_formats: tuple[KvFormatRow, ...]
    runtimes: tuple[RuntimeRow, ...]
    # block types by name: (elements per block, bytes per block), e.g. "Q4_K": (256, 144)
    block_types: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    block_type_rows: tuple[BlockTypeRow, ...] = ()  # the same with their sources
    sources: tuple[SourceRow, ...] = ()  # every citation of the entries above
