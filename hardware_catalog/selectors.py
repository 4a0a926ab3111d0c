"""Read the catalog from the database: the whole of it as rows, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from hardware_catalog.models import (
    ENTRY_FIELDS,
    Alias,
    BlockType,
    Citation,
    Device,
    DeviceMemoryOption,
    FigureNote,
    KvFormat,
    LanguageModel,
    Machine,
    Runtime,
    RuntimeSupport,
    WeightFormat,
)
from hardware_catalog.rows import (
    BlockTypeRow,
    CatalogRows,
    DeviceRow,
    FormatRow,
    KvFormatRow,
    MachineRow,
    ModelRow,
    RuntimeRow,
    SourceRow,
)
from hardware_catalog.rows import FigureNote as FigureNoteRow

Children = dict[int, tuple[Any, ...]]

DEVICE_FIELDS = (
    "slug",
    "name",
    "kind",
    "architecture",
    "year",
    "memory_type",
    "bandwidth_bytes_per_s",
    "bandwidth_is_upper_limit",
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
    "unified_memory",
    "form_factor",
    "notes",
    "bandwidth_basis",
    "carried_by",
)
MACHINE_FIELDS = (
    "slug",
    "name",
    "category",
    "device_count",
    "memory_gb",
    "host_memory_gb",
    "operating_system",
    "year",
    "notes",
)
MODEL_FIELDS = (
    "slug",
    "name",
    "family",
    "hf_repo",
    "config",
    "formula",
    "params_published",
    "params_published_note",
    "params_check",
    "active_params_published",
    "native_precision",
    "max_context_tokens",
    "license",
    "release_date",
    "notes",
    "params_published_source",
    "active_params_source",
    "release_date_note",
)
FORMAT_FIELDS = ("slug", "name", "family", "speed_family", "rules", "nominal_bits_per_weight", "notes")
KV_FORMAT_FIELDS = ("slug", "name", "bits_per_element", "notes")
RUNTIME_FIELDS = ("slug", "name", "kv_rule", "notes")
SUPPORT_FIELDS = (
    "backend",
    "hardware",
    "format_families",
    "formats",
    "except_formats",
    "except_speed_families",
    "kv_formats",
    "execution",
    "notes",
)
BLOCK_FIELDS = ("name", "elements", "bytes", "sources", "notes")
SOURCE_FIELDS = ("citation", "title", "url", "licence", "licence_note", "verified")


def catalog_rows(*, include_withdrawn: bool = False) -> CatalogRows:
    """Everything the engine needs of the catalog, in 12 queries, in the order of the slugs."""
    linked, sources = _Linked(), {}
    for citation in Citation.objects.values_list(
        *ENTRY_FIELDS.values(), *(f"source__{f}" for f in SOURCE_FIELDS)
    ):
        source = SourceRow(*citation[len(ENTRY_FIELDS) :])
        sources[source.citation] = source
        linked.add("citations", citation, source.citation)
    for alias in Alias.objects.values_list(*ENTRY_FIELDS.values(), "text"):
        linked.add("aliases", alias, alias[-1])
    shown = {} if include_withdrawn else {"withdrawn": False}
    runtimes, rule_sources = _runtimes(linked, shown)
    sources |= rule_sources
    blocks = block_types()
    return CatalogRows(
        devices=_devices(linked, shown),
        machines=_machines(linked, shown),
        models=_models(linked, shown),
        formats=tuple(
            FormatRow(**_values(entry, FORMAT_FIELDS), **linked.of("formats", entry))
            for entry in _by_slug(WeightFormat.objects.filter(**shown))
        ),
        kv_formats=tuple(
            KvFormatRow(**_values(entry, KV_FORMAT_FIELDS), **linked.of("kv_formats", entry))
            for entry in _by_slug(KvFormat.objects.filter(**shown))
        ),
        runtimes=runtimes,
        block_types={block.name: (block.elements, block.bytes) for block in blocks},
        block_type_rows=blocks,
        sources=tuple(sources[citation] for citation in sorted(sources)),
    )


class _Linked:
    """Aliases and citations by kind and primary key of their entry."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int], list[str]] = defaultdict(list)

    def add(self, what: str, keys: Iterable[Any], text: str) -> None:
        for kind, key in zip(ENTRY_FIELDS, keys, strict=False):
            if key is not None:
                self._found[what, kind, key].append(text)

    def of(self, kind: str, entry: Any) -> dict[str, Any]:
        return {
            "sources": tuple(self._found.get(("citations", kind, entry.pk), ())),
            "aliases": tuple(self._found.get(("aliases", kind, entry.pk), ())),
        }


def _values(entry: Any, fields: Iterable[str]) -> dict[str, Any]:
    return {field: getattr(entry, field) for field in fields}


def _by_slug(entries: Iterable[Any]) -> list[Any]:
    """In the order of Unicode, whatever order the database has for text: the same rows give the same hash anywhere."""
    return sorted(entries, key=attrgetter("slug"))


def _grouped(pairs: Iterable[tuple[int, Any]]) -> Children:
    found: dict[int, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return {key: tuple(values) for key, values in found.items()}


def _devices(linked: _Linked, shown: dict[str, bool]) -> tuple[DeviceRow, ...]:
    options = _grouped(DeviceMemoryOption.objects.values_list("device_id", "memory_gb"))
    notes = _grouped(
        (device, FigureNoteRow(field, kind, text))
        for device, field, kind, text in FigureNote.objects.values_list("device_id", "field", "kind", "text")
    )
    return tuple(
        DeviceRow(
            **_values(entry, DEVICE_FIELDS),
            **linked.of("devices", entry),
            vendor=entry.vendor.name,
            memory_options_gb=options.get(entry.pk, ()),
            figure_notes=notes.get(entry.pk, ()),
        )
        for entry in _by_slug(Device.objects.filter(**shown).select_related("vendor"))
    )


def _machines(linked: _Linked, shown: dict[str, bool]) -> tuple[MachineRow, ...]:
    return tuple(
        MachineRow(
            **_values(entry, MACHINE_FIELDS),
            **linked.of("machines", entry),
            device=entry.device.slug,
            host_device=entry.host_device.slug if entry.host_device else None,
        )
        for entry in _by_slug(
            Machine.objects.filter(**shown)
            .select_related("device", "host_device")
            .only(*MACHINE_FIELDS, "device__slug", "host_device__slug")
        )
    )


def _models(linked: _Linked, shown: dict[str, bool]) -> tuple[ModelRow, ...]:
    return tuple(
        ModelRow(
            **_values(entry, MODEL_FIELDS),
            **linked.of("models", entry),
            vendor=entry.vendor.name,
            native_format=entry.native_format.slug,
        )
        for entry in _by_slug(
            LanguageModel.objects.filter(**shown)
            .select_related("vendor", "native_format")
            .only(*MODEL_FIELDS, "vendor__name", "native_format__slug")
        )
    )


def _runtimes(linked: _Linked, shown: dict[str, bool]) -> tuple[tuple[RuntimeRow, ...], dict[str, SourceRow]]:
    rules, sources = defaultdict(list), {}
    for rule in RuntimeSupport.objects.select_related("source"):
        rules[rule.runtime_id].append(_values(rule, SUPPORT_FIELDS) | {"source": rule.source.citation})
        sources[rule.source.citation] = SourceRow(*(getattr(rule.source, field) for field in SOURCE_FIELDS))
    rows = tuple(
        RuntimeRow(
            **_values(entry, RUNTIME_FIELDS),
            **linked.of("runtimes", entry),
            backends=tuple(entry.backends),
            supports=tuple(rules.get(entry.pk, ())),
        )
        for entry in _by_slug(Runtime.objects.filter(**shown))
    )
    return rows, sources


def block_types() -> tuple[BlockTypeRow, ...]:
    """Block types by name (one query)."""
    return tuple(
        BlockTypeRow(block.name, block.elements, block.bytes, tuple(block.sources), block.notes)
        for block in sorted(BlockType.objects.all(), key=attrgetter("name"))
    )
