"""What each file of hardware_catalog/data may hold: one pydantic model per record, and how it becomes a row.

Records are written in units that people read (GB, GB/s, TFLOPS), rows in SI units. An empty cell is unknown.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hardware_catalog import bounds
from hardware_catalog.rows import (
    BlockTypeRow,
    DeviceRow,
    FigureNote,
    FormatRow,
    KvFormatRow,
    MachineRow,
    ModelRow,
    RuntimeRow,
)

SEPARATOR = " | "

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
NoteKind = Literal["disagreement", "derived", "inferred", "upper_limit", "unverified"]


def _cell(value: object) -> object:
    """An empty CSV cell is an unknown figure."""
    return None if value == "" else value


def _numbers(value: object) -> object:
    return [part for part in value.split("|") if part] if isinstance(value, str) else value


def _citations(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(SEPARATOR) if part.strip()]


def _between(low_high: tuple[float, float], scale: float = 1.0) -> Any:
    """Field bounds of a figure written in units of ``scale`` SI units."""
    low, high = low_high
    return Field(ge=low / scale, le=high / scale, allow_inf_nan=False)


Sources = Annotated[tuple[str, ...], BeforeValidator(_citations)]
Year = Annotated[Annotated[int, _between(bounds.YEAR)] | None, BeforeValidator(_cell)]
GbPerS = Annotated[
    Annotated[float, _between(bounds.BANDWIDTH_BYTES_PER_S, 1e9)] | None, BeforeValidator(_cell)
]
LinkGbPerS = Annotated[
    Annotated[float, _between(bounds.LINK_BYTES_PER_S, 1e9)] | None, BeforeValidator(_cell)
]
TeraOpsPerS = Annotated[Annotated[float, _between(bounds.OPS_PER_S, 1e12)] | None, BeforeValidator(_cell)]
Watts = Annotated[Annotated[float, _between(bounds.POWER_W)] | None, BeforeValidator(_cell)]
Usd = Annotated[Annotated[float, _between(bounds.PRICE_USD)] | None, BeforeValidator(_cell)]
MemoryGb = Annotated[float, _between(bounds.MEMORY_GB)]
OptionalMemoryGb = Annotated[MemoryGb | None, BeforeValidator(_cell)]
OptionalSlug = Annotated[Slug | None, BeforeValidator(_cell)]


class Record(BaseModel):
    """A record of a data file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _si(value: float | None, scale: float) -> float | None:
    # Through the shortest decimal, so that "68.25 GB/s" is exactly 68250000000.0.
    return None if value is None else float(round(value * scale))


class DeviceRecord(Record):
    """One row of data/devices/*.csv."""

    slug: Slug
    name: Name
    kind: Literal["gpu", "apple", "phone", "tablet", "computer", "accelerator"]
    vendor: Name
    architecture: str
    year: Year
    form_factor: Literal["", "desktop", "laptop", "handheld", "phone", "tablet", "server", "board"]
    memory_gb_options: Annotated[tuple[MemoryGb, ...], BeforeValidator(_numbers)]
    memory_type: str
    bandwidth_gb_per_s: GbPerS
    bandwidth_basis: str
    bandwidth_is_upper_limit: bool
    fp32_tflops: TeraOpsPerS
    fp16_dense_tflops: TeraOpsPerS
    bf16_dense_tflops: TeraOpsPerS
    fp8_dense_tflops: TeraOpsPerS
    int8_dense_tops: TeraOpsPerS
    fp4_dense_tflops: TeraOpsPerS
    npu_tops: TeraOpsPerS
    interconnect: str
    pcie_gb_per_s: LinkGbPerS
    tdp_w: Watts
    launch_price_usd: Usd
    unified_memory: bool
    carried_by: str
    sources: Annotated[Sources, Field(min_length=1)]
    notes: str

    @model_validator(mode="after")
    def _memory_options_rise(self) -> DeviceRecord:
        if list(self.memory_gb_options) != sorted(set(self.memory_gb_options)):
            raise ValueError("memory_gb_options must rise and not repeat")
        return self

    def row(self, figure_notes: tuple[FigureNote, ...], aliases: tuple[str, ...]) -> DeviceRow:
        return DeviceRow(
            slug=self.slug,
            name=self.name,
            kind=self.kind,
            vendor=self.vendor,
            architecture=self.architecture,
            year=self.year,
            memory_options_gb=self.memory_gb_options,
            memory_type=self.memory_type,
            bandwidth_bytes_per_s=_si(self.bandwidth_gb_per_s, 1e9),
            bandwidth_is_upper_limit=self.bandwidth_is_upper_limit,
            fp32_flops_per_s=_si(self.fp32_tflops, 1e12),
            fp16_flops_per_s=_si(self.fp16_dense_tflops, 1e12),
            bf16_flops_per_s=_si(self.bf16_dense_tflops, 1e12),
            fp8_flops_per_s=_si(self.fp8_dense_tflops, 1e12),
            int8_ops_per_s=_si(self.int8_dense_tops, 1e12),
            fp4_flops_per_s=_si(self.fp4_dense_tflops, 1e12),
            npu_ops_per_s=_si(self.npu_tops, 1e12),
            interconnect=self.interconnect,
            pcie_bytes_per_s=_si(self.pcie_gb_per_s, 1e9),
            tdp_w=self.tdp_w,
            launch_price_usd=self.launch_price_usd,
            unified_memory=self.unified_memory,
            form_factor=self.form_factor,
            sources=self.sources,
            notes=self.notes,
            figure_notes=figure_notes,
            aliases=aliases,
            bandwidth_basis=self.bandwidth_basis,
            carried_by=self.carried_by,
        )


class FigureNoteRecord(Record):
    """One row of data/device_notes.csv: what a reader must know of one figure of a device."""

    slug: Slug
    field: Literal[
        "",
        "architecture",
        "year",
        "memory_options_gb",
        "memory_type",
        "bandwidth_bytes_per_s",
        "fp32_flops_per_s",
        "fp16_flops_per_s",
        "bf16_flops_per_s",
        "fp8_flops_per_s",
        "int8_ops_per_s",
        "fp4_flops_per_s",
        "npu_ops_per_s",
        "interconnect",
        "pcie_bytes_per_s",
        "tdp_w",
        "launch_price_usd",
    ]
    kind: NoteKind
    text: Annotated[str, Field(min_length=1, max_length=1000)]

    def note(self) -> FigureNote:
        return FigureNote(field=self.field, kind=self.kind, text=self.text)


class MachineRecord(Record):
    """One row of data/machines/*.csv; no sources: the preset says nothing beyond its device's row."""

    slug: Slug
    name: Name
    category: Literal["mac", "phone", "tablet", "laptop", "desktop", "mini_pc", "handheld", "server", "board"]
    device: Slug
    device_count: Annotated[int, _between(bounds.DEVICE_COUNT)]
    memory_gb: MemoryGb
    host_memory_gb: OptionalMemoryGb
    host_device: OptionalSlug
    operating_system: Literal["macos", "ios", "ipados", "android", "windows", "linux"]
    year: Year
    sources: Sources
    notes: str

    def row(self, device_sources: tuple[str, ...], aliases: tuple[str, ...]) -> MachineRow:
        values = self.model_dump()
        values["sources"] = self.sources or device_sources
        return MachineRow(**values, aliases=aliases)


class ModelRecord(Record):
    """One entry of data/models/*.json."""

    slug: Slug
    name: Name
    family: Name
    hf_repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$", max_length=160)]
    params_published: Annotated[int, _between(bounds.PARAMETERS)] | None
    params_published_source: str
    params_published_note: str
    params_check: Annotated[str, Field(min_length=1)]
    active_params_published: Annotated[int, _between(bounds.PARAMETERS)] | None
    active_params_source: str
    native_precision: Name
    native_format: Slug
    max_context_tokens: Annotated[int, _between(bounds.CONTEXT_TOKENS)] | None
    license: str
    release_date: Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
    release_date_note: str
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str
    formula: dict[str, Any] | None
    config: dict[str, Any]

    @model_validator(mode="after")
    def _active_at_most_total(self) -> ModelRecord:
        active, total = self.active_params_published, self.params_published
        if active is not None and total is not None and active > total:
            raise ValueError(f"active_params_published {active} is more than params_published {total}")
        return self

    def row(self, vendor: str, aliases: tuple[str, ...]) -> ModelRow:
        return ModelRow(**self.model_dump(), vendor=vendor, aliases=aliases)


class BlockTypeRecord(Record):
    """One block type of data/formats.json: so many elements in so many bytes."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=40)]
    elements: Annotated[int, _between(bounds.BLOCK_ELEMENTS)]
    bytes: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str = ""

    @model_validator(mode="after")
    def _bits_are_sane(self) -> BlockTypeRecord:
        if self.bytes * 8 / self.elements > bounds.BITS_PER_ELEMENT_MAX:
            raise ValueError(f"{self.bytes * 8 / self.elements:g} bits per element is more than 64")
        return self

    def row(self) -> BlockTypeRow:
        return BlockTypeRow(**self.model_dump())


class FormatRecord(Record):
    """One weight format of data/formats.json."""

    slug: Slug
    name: Name
    family: Name
    speed_family: Name
    rules: dict[str, Any]
    nominal_bits_per_weight: Annotated[float, Field(gt=0, le=bounds.BITS_PER_ELEMENT_MAX)] | None
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str = ""

    def row(self, aliases: tuple[str, ...]) -> FormatRow:
        return FormatRow(**self.model_dump(), aliases=aliases)


class KvFormatRecord(Record):
    """One entry of data/kv_formats.json."""

    slug: Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=40)]
    name: Name
    bits_per_element: Annotated[float, Field(gt=0, le=bounds.BITS_PER_ELEMENT_MAX)]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str = ""

    def row(self, aliases: tuple[str, ...]) -> KvFormatRow:
        return KvFormatRow(**self.model_dump(), aliases=aliases)


class HardwareRecord(Record):
    """Which devices a rule means: every given selector must match; an absent one matches everything."""

    vendors: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    operating_systems: tuple[str, ...] = ()


class SupportRecord(Record):
    """One rule of a runtime: on this backend and hardware it runs these formats.

    ``format_families`` and ``formats`` (slugs) add up; ``except_formats`` (slugs) and ``except_speed_families``
    take away. ``execution`` tells whether it also computes in that format.
    """

    backend: Name
    hardware: HardwareRecord = HardwareRecord()
    format_families: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    except_formats: tuple[str, ...] = ()
    except_speed_families: tuple[str, ...] = ()
    kv_formats: tuple[str, ...] = ()
    execution: Literal["native", "weight_only", "emulated"] = "native"
    source: Annotated[str, Field(min_length=1)]
    notes: str = ""


class RuntimeRecord(Record):
    """One entry of data/runtimes.json."""

    slug: Slug
    name: Name
    kv_rule: Name
    backends: Annotated[tuple[str, ...], Field(min_length=1)]
    supports: Annotated[tuple[SupportRecord, ...], Field(min_length=1)]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    notes: str = ""

    def row(self, aliases: tuple[str, ...]) -> RuntimeRow:
        supports = tuple(rule.model_dump(mode="json") for rule in self.supports)
        return RuntimeRow(**self.model_dump(exclude={"supports"}), supports=supports, aliases=aliases)


class AliasRecord(Record):
    """One row of data/aliases/*.csv; an alias may name several entries (then it is asked back)."""

    alias: Annotated[str, Field(min_length=1, max_length=200)]
    slug: Annotated[str, Field(min_length=1, max_length=120)]
    note: str
    source: str


class SiteRecord(Record):
    """One row of data/sources.csv: what is known of the licence of every citation that contains ``match``."""

    match: Name
    title: str
    licence: str
    licence_note: str
    verified: bool
