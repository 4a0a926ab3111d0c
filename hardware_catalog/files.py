"""Read and check the shipped catalog without a database.

Every problem of every file is told with file, line and reason; nothing is returned unless all is well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hardware_catalog import schema
from hardware_catalog.reading import CatalogError, Found, R, Reader
from hardware_catalog.rows import CatalogRows, FigureNote, SourceRow

__all__ = ["DATA", "CatalogError", "load_rows"]

DATA = Path(__file__).resolve().parent / "data"
UNNAMED_REPOSITORY = "repository not named"
UNVERIFIED_ROW = FigureNote(
    "",
    "unverified",
    "every figure of this row comes from a public file that nobody can check: its repository is not named",
)
Aliases = Mapping[str, tuple[str, ...]]


def load_rows(data: Path = DATA) -> CatalogRows:
    """The catalog of the directory ``data`` (the shipped one by default), aliases and notes attached.

    Raises CatalogError with every problem found.
    """
    reader = Reader(data)
    sites = _table(reader, [data / "sources.csv"], schema.SiteRecord, lambda site: site.match, "match")
    devices = _table(reader, sorted((data / "devices").glob("*.csv")), schema.DeviceRecord, _slug, "device")
    machines = _table(
        reader, sorted((data / "machines").glob("*.csv")), schema.MachineRecord, _slug, "machine"
    )
    models, vendors = _models(reader)
    formats = _entries(reader, data / "formats.json", "formats", schema.FormatRecord, _slug)
    blocks = _entries(
        reader, data / "formats.json", "block_types", schema.BlockTypeRecord, lambda block: block.name
    )
    kv_formats = _entries(reader, data / "kv_formats.json", "kv_formats", schema.KvFormatRecord, _slug)
    runtimes = _entries(reader, data / "runtimes.json", "runtimes", schema.RuntimeRecord, _slug)
    notes = _device_notes(reader, {device.slug for _, _, device in devices})
    _unique_names(reader, devices, machines)
    _check_machines(reader, machines, {device.slug: device for _, _, device in devices})
    _check_native_formats(reader, models, {item.slug for _, _, item in formats})
    _check_runtimes(reader, runtimes, formats, kv_formats, {device.architecture for _, _, device in devices})
    found: dict[str, list[Found[Any]]] = {
        "devices": devices,
        "machines": machines,
        "models": models,
        "formats": formats,
        "kv_formats": kv_formats,
        "runtimes": runtimes,
    }
    aliases = {
        kind: _aliases(reader, kind, {record.slug for _, _, record in items}) for kind, items in found.items()
    }
    if reader.problems:
        raise CatalogError(reader.problems)
    device_sources = {device.slug: device.sources for _, _, device in devices}
    rows = CatalogRows(
        devices=tuple(
            d.row(notes.get(d.slug, ()), aliases["devices"].get(d.slug, ())) for _, _, d in devices
        ),
        machines=tuple(
            m.row(device_sources[m.device], aliases["machines"].get(m.slug, ())) for _, _, m in machines
        ),
        models=tuple(m.row(vendors[m.slug], aliases["models"].get(m.slug, ())) for _, _, m in models),
        formats=tuple(f.row(aliases["formats"].get(f.slug, ())) for _, _, f in formats),
        kv_formats=tuple(k.row(aliases["kv_formats"].get(k.slug, ())) for _, _, k in kv_formats),
        runtimes=tuple(r.row(aliases["runtimes"].get(r.slug, ())) for _, _, r in runtimes),
        block_types={b.name: (b.elements, b.bytes) for _, _, b in blocks},
        block_type_rows=tuple(b.row() for _, _, b in blocks),
    )
    return _with_sources(rows, [site for _, _, site in sites])


def _slug(record: Any) -> str:
    slug: str = record.slug
    return slug


def _table(
    reader: Reader, paths: Iterable[Path], kind: type[R], key: Callable[[R], Hashable], what: str
) -> list[Found[R]]:
    """Unique records of CSV files."""
    found = [(path, line, record) for path in paths for line, record in reader.csv(path, kind)]
    return reader.unique(found, key, what)


def _entries(
    reader: Reader, path: Path, key: str, kind: type[R], identity: Callable[[R], Hashable]
) -> list[Found[R]]:
    """Unique records of one list of a JSON file."""
    value, text = reader.json(path)
    found = [(path, line, record) for line, record in reader.entries(path, value, text, key, kind)]
    return reader.unique(found, identity, key)


def _models(reader: Reader) -> tuple[list[Found[schema.ModelRecord]], dict[str, str]]:
    """Language models of every vendor's file, and the vendor of each slug."""
    found: list[Found[schema.ModelRecord]] = []
    vendors: dict[str, str] = {}
    for path in sorted((reader.data / "models").glob("*.json")):
        value, text = reader.json(path)
        vendor = value.get("vendor")
        if not isinstance(vendor, str) or not vendor:
            reader.fail(path, 1, '"vendor" must name the maker of these models')
            continue
        for line, record in reader.entries(path, value, text, "models", schema.ModelRecord):
            found.append((path, line, record))
            vendors.setdefault(record.slug, vendor)
    return reader.unique(found, _slug, "model"), vendors


def _device_notes(reader: Reader, slugs: set[str]) -> dict[str, tuple[FigureNote, ...]]:
    path = reader.data / "device_notes.csv"
    notes: dict[str, list[FigureNote]] = defaultdict(list)
    for _, line, record in _table(reader, [path], schema.FigureNoteRecord, lambda note: note, "note"):
        if record.slug in slugs:
            notes[record.slug].append(record.note())
        else:
            reader.fail(path, line, f"no device has the slug {record.slug!r}")
    return {slug: tuple(items) for slug, items in notes.items()}


def _aliases(reader: Reader, kind: str, slugs: set[str]) -> Aliases:
    """Aliases of one kind by slug; a kind without a file has none."""
    path = reader.data / "aliases" / f"{kind}.csv"
    if not path.exists():
        return {}
    aliases: dict[str, list[str]] = defaultdict(list)
    for _, line, record in _table(
        reader, [path], schema.AliasRecord, lambda a: (a.alias.casefold(), a.slug), "alias"
    ):
        if record.slug in slugs:
            aliases[record.slug].append(record.alias)
        else:
            reader.fail(
                path, line, f"alias {record.alias!r} points to {record.slug!r}, which is not in the catalog"
            )
    return {slug: tuple(items) for slug, items in aliases.items()}


def _unique_names(reader: Reader, *tables: list[Found[Any]]) -> None:
    for found in tables:
        reader.unique(found, lambda record: record.name.casefold(), "name")


def _check_machines(
    reader: Reader, machines: list[Found[schema.MachineRecord]], devices: Mapping[str, schema.DeviceRecord]
) -> None:
    for path, line, machine in machines:
        device = devices.get(machine.device)
        if device is None:
            reader.fail(path, line, f"no device has the slug {machine.device!r}")
        elif device.memory_gb_options and machine.memory_gb not in device.memory_gb_options:
            options = ", ".join(f"{option:g}" for option in device.memory_gb_options)
            reader.fail(
                path, line, f"memory_gb {machine.memory_gb:g} is not an option of {device.slug} ({options})"
            )
        if machine.host_device is not None and machine.host_device not in devices:
            reader.fail(path, line, f"no device has the slug {machine.host_device!r}")


def _check_native_formats(reader: Reader, models: list[Found[schema.ModelRecord]], slugs: set[str]) -> None:
    for path, line, model in models:
        if model.native_format not in slugs:
            reader.fail(path, line, f"native_format {model.native_format!r} is not a weight format")


def _check_runtimes(
    reader: Reader,
    runtimes: list[Found[schema.RuntimeRecord]],
    formats: list[Found[schema.FormatRecord]],
    kv_formats: list[Found[schema.KvFormatRecord]],
    architectures: set[str],
) -> None:
    known: dict[str, set[str]] = {
        "format family": {item.family for _, _, item in formats},
        "weight format": {item.slug for _, _, item in formats},
        "speed family": {item.speed_family for _, _, item in formats},
        "KV format": {item.slug for _, _, item in kv_formats},
        "architecture": architectures,
    }
    for path, line, runtime in runtimes:
        for rule in runtime.supports:
            if rule.backend not in runtime.backends:
                reader.fail(path, line, f"{runtime.slug}: {rule.backend!r} is not among its backends")
            named = {
                "format family": rule.format_families,
                "weight format": rule.formats + rule.except_formats,
                "speed family": rule.except_speed_families,
                "KV format": rule.kv_formats,
                "architecture": rule.hardware.architectures,
            }
            for what, names in named.items():
                for name in sorted(set(names) - known[what]):
                    reader.fail(path, line, f"{runtime.slug}: {name!r} is not a known {what}")


def _with_sources(rows: CatalogRows, sites: list[schema.SiteRecord]) -> CatalogRows:
    """Describe every citation of the rows, and mark the devices that rest only on what nobody can check."""
    entries: tuple[Any, ...] = (
        *rows.devices,
        *rows.machines,
        *rows.models,
        *rows.formats,
        *rows.kv_formats,
        *rows.runtimes,
    )
    citations = {citation for entry in entries for citation in entry.sources}
    citations |= {rule["source"] for runtime in rows.runtimes for rule in runtime.supports}
    sources = {citation: _source(citation, sites) for citation in sorted(citations)}
    devices = tuple(
        replace(device, figure_notes=(*device.figure_notes, UNVERIFIED_ROW))
        if all(UNNAMED_REPOSITORY in citation for citation in device.sources)
        else device
        for device in rows.devices
    )
    return replace(rows, devices=devices, sources=tuple(sources.values()))


def _source(citation: str, sites: list[schema.SiteRecord]) -> SourceRow:
    """What is known of one citation: the longest matching site tells its licence and standing."""
    matching = [site for site in sites if site.match in citation]
    site = max(matching, key=lambda candidate: len(candidate.match), default=None)
    link = re.search(r"https?://[^\s()|,]+", citation)
    return SourceRow(
        citation=citation,
        title=site.title if site else "",
        url=link.group().rstrip(".;") if link else "",
        licence=site.licence if site else "",
        licence_note=site.licence_note if site else "",
        verified=UNNAMED_REPOSITORY not in citation and (site.verified if site else True),
    )
