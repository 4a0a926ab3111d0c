"""Read and check the shipped catalog without a database.

Every problem of every file is told with file, line and reason; nothing is returned unless all is well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hardware_catalog import schema
from hardware_catalog.reading import CatalogError, Found, R, Reader
from hardware_catalog.rows import CatalogRows, FigureNote, SourceRow

__all__ = ["DATA", "CatalogError", "describe_citations", "load_rows"]

DATA = Path(__file__).resolve().parent / "data"
UNNAMED_REPOSITORY = "repository not named"
UNVERIFIED_ROW = FigureNote(
    "",
    "unverified",
    "every figure of this row comes from public files whose repository is not named; none was checked",
)
ALIASED = ("devices", "machines", "models", "formats", "kv_formats", "runtimes")


@dataclass(slots=True)
class _Records:
    """The records of all files, each with the place where it stands."""

    devices: list[Found[schema.DeviceRecord]]
    machines: list[Found[schema.MachineRecord]]
    models: list[Found[schema.ModelRecord]]
    vendors: dict[str, str]  # of models, by slug
    formats: list[Found[schema.FormatRecord]]
    block_types: list[Found[schema.BlockTypeRecord]]
    kv_formats: list[Found[schema.KvFormatRecord]]
    runtimes: list[Found[schema.RuntimeRecord]]
    notes: list[Found[schema.FigureNoteRecord]]
    sites: list[Found[schema.SiteRecord]]
    aliases: dict[str, list[Found[schema.AliasRecord]]]

    def slugs(self, kind: str) -> set[str]:
        return {record.slug for _, _, record in getattr(self, kind)}


def load_rows(data: Path = DATA) -> CatalogRows:
    """The catalog of the directory ``data`` (the shipped one by default), aliases and notes attached.

    Raises CatalogError with every problem found.
    """
    reader = Reader(data)
    records = _read(reader)
    # Where a whole file could not be read, its entries would all seem to be missing.
    if not reader.broken_files:
        _check_references(reader, records)
    if reader.problems:
        raise CatalogError(reader.problems)
    return _with_sources(_rows(records), [site for _, _, site in records.sites])


def describe_citations(citations: Iterable[str], data: Path = DATA) -> list[SourceRow]:
    """What is known of these citations' sites: their licences, and whether they can be checked."""
    reader = Reader(data)
    sites = [record for _, record in reader.csv(data / "sources.csv", schema.SiteRecord)]
    return [_source(citation, sites) for citation in citations]


def _read(reader: Reader) -> _Records:
    """Read every file; repetitions of a slug or name are problems."""
    data = reader.data
    models, vendors = _models(reader)
    formats = reader.json(
        data / "formats.json", {"formats": schema.FormatRecord, "block_types": schema.BlockTypeRecord}
    )
    kv_formats = reader.json(data / "kv_formats.json", {"kv_formats": schema.KvFormatRecord})
    runtimes = reader.json(data / "runtimes.json", {"runtimes": schema.RuntimeRecord})
    aliases = {kind: data / "aliases" / f"{kind}.csv" for kind in ALIASED}
    records = _Records(
        devices=_table(reader, (data / "devices").glob("*.csv"), schema.DeviceRecord, _slug, "device"),
        machines=_table(reader, (data / "machines").glob("*.csv"), schema.MachineRecord, _slug, "machine"),
        models=models,
        vendors=vendors,
        formats=reader.unique(formats["formats"], _slug, "weight format"),
        block_types=reader.unique(formats["block_types"], _name, "block type"),
        kv_formats=reader.unique(kv_formats["kv_formats"], _slug, "KV format"),
        runtimes=reader.unique(runtimes["runtimes"], _slug, "runtime"),
        notes=_table(reader, [data / "device_notes.csv"], schema.FigureNoteRecord, lambda note: note, "note"),
        sites=_table(reader, [data / "sources.csv"], schema.SiteRecord, lambda site: site.match, "match"),
        aliases={
            kind: _table(reader, [path], schema.AliasRecord, lambda a: (a.alias.casefold(), a.slug), "alias")
            for kind, path in aliases.items()
            if path.exists()
        },
    )
    for kind in ALIASED:
        reader.unique(getattr(records, kind), lambda record: _name(record).casefold(), "name")
    return records


def _slug(record: Any) -> str:
    slug: str = record.slug
    return slug


def _name(record: Any) -> str:
    name: str = record.name
    return name


def _table(
    reader: Reader, paths: Iterable[Path], kind: type[R], key: Callable[[R], Hashable], what: str
) -> list[Found[R]]:
    """Unique records of CSV files."""
    found = [(path, line, record) for path in sorted(paths) for line, record in reader.csv(path, kind)]
    return reader.unique(found, key, what)


def _models(reader: Reader) -> tuple[list[Found[schema.ModelRecord]], dict[str, str]]:
    """Language models of every vendor's file, and the vendor of each slug."""
    found: list[Found[schema.ModelRecord]] = []
    vendors: dict[str, str] = {}
    for path in sorted((reader.data / "models").glob("*.json")):
        file = reader.json(path, {"models": schema.ModelRecord}, names=("vendor",))
        found += file["models"]
        vendors |= {record.slug: file["vendor"] for _, _, record in file["models"]}
    return reader.unique(found, _slug, "model"), vendors


def _check_references(reader: Reader, records: _Records) -> None:
    """Whatever a record names must be in the catalog."""
    devices = {record.slug: record for _, _, record in records.devices}
    formats = records.slugs("formats")
    for path, line, note in records.notes:
        if reader.lacks(devices, note.slug):
            reader.fail(path, line, f"no device has the slug {note.slug!r}")
    for path, line, model in records.models:
        if reader.lacks(formats, model.native_format):
            reader.fail(path, line, f"native_format {model.native_format!r} is not a weight format")
    for kind, found in records.aliases.items():
        slugs = records.slugs(kind)
        for path, line, alias in found:
            if reader.lacks(slugs, alias.slug):
                reason = f"alias {alias.alias!r} points to {alias.slug!r}, which is not in the catalog"
                reader.fail(path, line, reason)
    for path, line, machine in records.machines:
        _check_machine(reader, path, line, machine, devices)
    _check_runtimes(reader, records)


def _check_machine(
    reader: Reader,
    path: Path,
    line: int,
    machine: schema.MachineRecord,
    devices: Mapping[str, schema.DeviceRecord],
) -> None:
    for slug in (machine.device, machine.host_device):
        if slug is not None and reader.lacks(devices, slug):
            reader.fail(path, line, f"no device has the slug {slug!r}")
    device = devices.get(machine.device)
    if device and device.memory_gb_options and machine.memory_gb not in device.memory_gb_options:
        options = ", ".join(f"{option:g}" for option in device.memory_gb_options)
        reason = f"memory_gb {machine.memory_gb:g} is not an option of {device.slug} ({options})"
        reader.fail(path, line, reason)


def _check_runtimes(reader: Reader, records: _Records) -> None:
    formats = [record for _, _, record in records.formats]
    known: dict[str, set[str]] = {
        "format family": {record.family for record in formats},
        "weight format": {record.slug for record in formats},
        "speed family": {record.speed_family for record in formats},
        "KV format": records.slugs("kv_formats"),
        "architecture": {record.architecture for _, _, record in records.devices},
    }
    for path, line, runtime in records.runtimes:
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
                for name in sorted(set(names)):
                    if reader.lacks(known[what], name):
                        reader.fail(path, line, f"{runtime.slug}: {name!r} is not a known {what}")


def _rows(records: _Records) -> CatalogRows:
    """Rows of checked records, with their aliases and notes."""
    notes: dict[str, list[FigureNote]] = defaultdict(list)
    for _, _, note in records.notes:
        notes[note.slug].append(note.note())
    aliases: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, found in records.aliases.items():
        for _, _, alias in found:
            aliases[kind, alias.slug].append(alias.alias)
    device_sources = {record.slug: record.sources for _, _, record in records.devices}

    def named(kind: str, record: Any) -> tuple[str, ...]:
        return tuple(aliases.get((kind, record.slug), ()))

    return CatalogRows(
        devices=tuple(
            record.row(tuple(notes.get(record.slug, ())), named("devices", record))
            for _, _, record in records.devices
        ),
        machines=tuple(
            record.row(device_sources[record.device], named("machines", record))
            for _, _, record in records.machines
        ),
        models=tuple(
            record.row(records.vendors[record.slug], named("models", record))
            for _, _, record in records.models
        ),
        formats=tuple(record.row(named("formats", record)) for _, _, record in records.formats),
        kv_formats=tuple(record.row(named("kv_formats", record)) for _, _, record in records.kv_formats),
        runtimes=tuple(record.row(named("runtimes", record)) for _, _, record in records.runtimes),
        block_types={record.name: (record.elements, record.bytes) for _, _, record in records.block_types},
        block_type_rows=tuple(record.row() for _, _, record in records.block_types),
    )


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
