"""Bring the database to what the shipped files say: compare row by row, write only the differences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import models, transaction

from hardware_catalog import selectors
from hardware_catalog.counts import Count
from hardware_catalog.files import DATA
from hardware_catalog.measurement_loading import load_measurements
from hardware_catalog.models import (
    ENTRY_FIELDS,
    Alias,
    BlockType,
    CatalogVersion,
    Citation,
    Device,
    DeviceMemoryOption,
    FigureNote,
    KvFormat,
    LanguageModel,
    Machine,
    Runtime,
    RuntimeSupport,
    Source,
    Vendor,
    WeightFormat,
)
from hardware_catalog.rows import CatalogRows

BATCH = 400

# Entries in the order in which they may refer to each other, with the columns that the rows give directly.
ENTRY_MODELS: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "formats": (WeightFormat, selectors.FORMAT_FIELDS),
    "kv_formats": (KvFormat, selectors.KV_FORMAT_FIELDS),
    "devices": (Device, selectors.DEVICE_FIELDS),
    "machines": (Machine, selectors.MACHINE_FIELDS),
    "models": (LanguageModel, selectors.MODEL_FIELDS),
    "runtimes": (Runtime, selectors.RUNTIME_FIELDS),
}


@dataclass(slots=True)
class _Difference:
    """Entries of one kind to write."""

    rows: list[Any] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    count: Count = field(default_factory=Count)


def load(rows: CatalogRows, data_sha256: str, data: Path = DATA) -> dict[str, Count]:
    """Write ``rows``, and the measurements of ``data``, to the database in one transaction; tell what changed by kind.

    An entry that is no longer shipped is marked withdrawn, because a plan may still name it; one that was
    added or corrected in the admin is left alone. Block types follow the files; citations are never deleted.
    """
    with transaction.atomic():
        differences = _differences(rows)
        counts = {kind: difference.count for kind, difference in differences.items()}
        counts["block_types"] = _load_blocks(rows)
        counts["sources"] = _load_sources(rows)
        _load_vendors(rows)
        for kind in ENTRY_MODELS:
            _write(kind, differences[kind])
        latest = CatalogVersion.objects.first()
        counts["measurements"], outcomes_sha256 = load_measurements(
            data, selectors.catalog_rows(), latest.outcomes_sha256 if latest else ""
        )
        changed = any(count.changes for count in counts.values())
        if changed or latest is None or latest.data_sha256 != data_sha256:
            shown = {
                kind: {name: getattr(count, name) for name in count.__slots__}
                for kind, count in counts.items()
            }
            CatalogVersion.objects.create(
                data_sha256=data_sha256, outcomes_sha256=outcomes_sha256, counts=shown
            )
        elif latest.outcomes_sha256 != outcomes_sha256:
            latest.outcomes_sha256 = outcomes_sha256
            latest.save(update_fields=["outcomes_sha256"])
    return counts


def data_digest(data: Path = DATA) -> str:
    """SHA-256 over the names and contents of the data files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in data.rglob("*") if path.suffix in {".csv", ".json"}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(data).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _differences(rows: CatalogRows) -> dict[str, _Difference]:
    """What to write, found by comparing each shipped row with the row that the database gives."""
    stored = selectors.catalog_rows(include_withdrawn=True)
    found = {}
    for kind, (model, _) in ENTRY_MODELS.items():
        states = {slug: (local, gone) for slug, local, gone in _states(model)}
        before = {row.slug: row for row in getattr(stored, kind)}
        difference = _Difference()
        for row in getattr(rows, kind):
            local, gone = states.pop(row.slug, (False, False))
            if local:
                difference.count.kept += 1
            elif row.slug not in before:
                difference.rows.append(row)
                difference.count.created += 1
            elif gone or row != before[row.slug]:
                difference.rows.append(row)
                difference.count.updated += 1
            else:
                difference.count.unchanged += 1
        difference.withdrawn = [slug for slug, (local, gone) in states.items() if not local and not gone]
        difference.count.withdrawn = len(difference.withdrawn)
        difference.count.kept += sum(local for local, _ in states.values())
        found[kind] = difference
    return found


def _states(model: type[models.Model]) -> Iterable[tuple[str, bool, bool]]:
    return model._default_manager.values_list("slug", "is_local", "withdrawn")


def _load_vendors(rows: CatalogRows) -> None:
    names = {row.vendor for row in rows.devices} | {row.vendor for row in rows.models}
    missing = names - set(Vendor.objects.values_list("name", flat=True))
    Vendor.objects.bulk_create([Vendor(name=name) for name in sorted(missing)])


def _load_sources(rows: CatalogRows) -> Count:
    """Create and correct citations; one that nothing cites any more stays for local entries."""
    fields = selectors.SOURCE_FIELDS
    stored = {source.citation: source for source in Source.objects.all()}
    count, written = Count(), []
    for row in rows.sources:
        source = stored.get(row.citation)
        values = {name: getattr(row, name) for name in fields}
        if source is None:
            count.created += 1
        elif values == {name: getattr(source, name) for name in fields}:
            count.unchanged += 1
            continue
        else:
            count.updated += 1
        written.append(Source(**values))
    _upsert(Source, "citation", written, fields)
    return count


def _load_blocks(rows: CatalogRows) -> Count:
    stored = {row.name: row for row in selectors.block_types()}
    shipped = {row.name: row for row in rows.block_type_rows}
    changed = [row for name, row in shipped.items() if stored.get(name) != row]
    gone = stored.keys() - shipped.keys()
    BlockType.objects.filter(name__in=gone).delete()
    fields = ("name", "elements", "bytes", "sources", "notes")
    blocks = [BlockType(**{name: getattr(row, name) for name in fields}) for row in changed]
    _upsert(BlockType, "name", blocks, fields)
    created = len(shipped.keys() - stored.keys())
    return Count(created, len(changed) - created, len(shipped) - len(changed), len(gone))


def _write(kind: str, difference: _Difference) -> None:
    """Write the entries of one kind and replace what belongs to them."""
    model, fields = ENTRY_MODELS[kind]
    manager = model._default_manager
    manager.filter(slug__in=difference.withdrawn).update(withdrawn=True)
    if not difference.rows:
        return
    columns, values = _columns(kind)
    entries = [
        model(**{name: getattr(row, name) for name in fields}, **values(row), withdrawn=False)
        for row in difference.rows
    ]
    _upsert(model, "slug", entries, (*fields, *columns, "withdrawn"))
    keys = dict(manager.filter(slug__in=[row.slug for row in difference.rows]).values_list("slug", "pk"))
    _replace_links(kind, difference.rows, keys)
    if kind == "devices":
        _replace_device_children(difference.rows, keys)
    if kind == "runtimes":
        _replace_supports(difference.rows, keys)


def _columns(kind: str) -> tuple[tuple[str, ...], Any]:
    """Columns that need a look-up: their names, and what gives their values for a row."""
    if kind in {"devices", "models"}:
        vendors = dict(Vendor.objects.values_list("name", "pk"))
    if kind == "devices":
        return ("vendor",), lambda row: {"vendor_id": vendors[row.vendor]}
    if kind == "models":
        formats = dict(WeightFormat.objects.values_list("slug", "pk"))
        return ("vendor", "native_format"), lambda row: {
            "vendor_id": vendors[row.vendor],
            "native_format_id": formats[row.native_format],
        }
    if kind == "machines":
        devices = dict(Device.objects.values_list("slug", "pk"))
        return ("device", "host_device"), lambda row: {
            "device_id": devices[row.device],
            "host_device_id": devices[row.host_device] if row.host_device else None,
        }
    if kind == "runtimes":
        return ("backends",), lambda row: {"backends": list(row.backends)}
    return (), lambda row: {}


def _replace_links(kind: str, rows: Iterable[Any], keys: Mapping[str, int]) -> None:
    """Aliases and citations of the entries, in the order of the files."""
    entry = ENTRY_FIELDS[kind]
    sources = dict(Source.objects.values_list("citation", "pk"))
    for link in (Alias, Citation):
        link._default_manager.filter(**{f"{entry}__in": keys.values()}).delete()
    Alias.objects.bulk_create(
        [Alias(**{f"{entry}_id": keys[row.slug]}, text=text) for row in rows for text in row.aliases],
        batch_size=BATCH,
    )
    Citation.objects.bulk_create(
        [
            Citation(**{f"{entry}_id": keys[row.slug]}, source_id=sources[citation])
            for row in rows
            for citation in row.sources
        ],
        batch_size=BATCH,
    )


def _replace_device_children(rows: Iterable[Any], keys: Mapping[str, int]) -> None:
    DeviceMemoryOption.objects.filter(device__in=keys.values()).delete()
    FigureNote.objects.filter(device__in=keys.values()).delete()
    DeviceMemoryOption.objects.bulk_create(
        [
            DeviceMemoryOption(device_id=keys[row.slug], memory_gb=memory_gb)
            for row in rows
            for memory_gb in row.memory_options_gb
        ],
        batch_size=BATCH,
    )
    FigureNote.objects.bulk_create(
        [
            FigureNote(device_id=keys[row.slug], field=note.field, kind=note.kind, text=note.text)
            for row in rows
            for note in row.figure_notes
        ],
        batch_size=BATCH,
    )


def _replace_supports(rows: Iterable[Any], keys: Mapping[str, int]) -> None:
    RuntimeSupport.objects.filter(runtime__in=keys.values()).delete()
    sources = dict(Source.objects.values_list("citation", "pk"))
    RuntimeSupport.objects.bulk_create(
        [
            RuntimeSupport(
                runtime_id=keys[row.slug],
                source_id=sources[rule["source"]],
                **{name: rule[name] for name in selectors.SUPPORT_FIELDS},
            )
            for row in rows
            for rule in row.supports
        ],
        batch_size=BATCH,
    )


def _upsert(model: type[models.Model], key: str, entries: list[Any], fields: Iterable[str]) -> None:
    model._default_manager.bulk_create(
        entries,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=[key],
        update_fields=[name for name in fields if name != key],
    )
