"""Bring the database to what the shipped files say: compare row by row, write only the differences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction

from hardware_catalog import belongings, history, selectors
from hardware_catalog.content import content_of, digest_of
from hardware_catalog.counts import Count
from hardware_catalog.edits import Decide, Edit, Referee, later
from hardware_catalog.files import DATA
from hardware_catalog.measurement_loading import load_measurements
from hardware_catalog.models import (
    BlockType,
    CatalogVersion,
    Device,
    KvFormat,
    LanguageModel,
    Machine,
    Measurement,
    Runtime,
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
# Where the digests of the shipped rows are kept: the model and its key.
SHIPPED: dict[str, tuple[type[models.Model], str]] = {
    **{kind: (model, "slug") for kind, (model, _) in ENTRY_MODELS.items()},
    "sources": (Source, "citation"),
    "block_types": (BlockType, "name"),
    "measurements": (Measurement, "slug"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, and what it left alone."""

    counts: Mapping[str, Count]
    undecided: tuple[Edit, ...]  # edited here, and by now shipped otherwise


@dataclass(slots=True)
class _Difference:
    """Entries of one kind to write."""

    rows: list[Any] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)  # withdrawn before
    unmarked: list[Any] = field(
        default_factory=list
    )  # unchanged, but of unknown digest: of an older database
    count: Count = field(default_factory=Count)


def load(rows: CatalogRows, data_sha256: str, data: Path = DATA, decide: Decide = later) -> Loaded:
    """Write ``rows``, and the measurements of ``data``, to the database in one transaction; tell what changed by kind.

    An entry that is no longer shipped is marked withdrawn, because a plan may still name it; what was added or edited
    here is left alone unless ``decide`` says otherwise. Citations are never deleted.
    """
    with transaction.atomic():
        return _load(rows, data_sha256, data, Referee(decide), again=decide is not later)


def find_edits(rows: CatalogRows, data_sha256: str, data: Path = DATA) -> tuple[Edit, ...]:
    """What a load would leave alone and tell; nothing is written, and nothing is locked afterwards."""
    with transaction.atomic():
        loaded = _load(rows, data_sha256, data, Referee(later), again=True)
        transaction.set_rollback(True)
    return loaded.undecided


def _load(rows: CatalogRows, data_sha256: str, data: Path, referee: Referee, *, again: bool) -> Loaded:
    """``again``: compare measurements also where nothing has changed since they were compared."""
    reason = f"load of the shipped files {data_sha256[:12]}"
    stored = selectors.catalog_rows(include_withdrawn=True)
    differences = {
        kind: _difference(kind, getattr(rows, kind), getattr(stored, kind), referee) for kind in ENTRY_MODELS
    }
    counts = {kind: difference.count for kind, difference in differences.items()}
    counts["block_types"] = _load_blocks(rows, referee, reason)
    counts["sources"] = _load_sources(rows, referee, reason)
    _load_vendors(rows)
    for kind in ENTRY_MODELS:
        _write(kind, differences[kind], reason)
    latest = CatalogVersion.objects.first()
    known = latest.outcomes_sha256 if latest else ""
    measured = load_measurements(data, _live(stored, differences), known, referee, reason, again=again)
    counts["measurements"], outcomes_sha256 = measured
    for (kind, key), digest in referee.settled.items():
        model, key_field = SHIPPED[kind]
        model._default_manager.filter(**{key_field: key}).update(shipped_digest=digest)
    changed = any(count.changes for count in counts.values())
    if changed or latest is None or latest.data_sha256 != data_sha256:
        shown = {
            kind: {name: getattr(count, name) for name in count.__slots__} for kind, count in counts.items()
        }
        CatalogVersion.objects.create(data_sha256=data_sha256, outcomes_sha256=outcomes_sha256, counts=shown)
    elif latest.outcomes_sha256 != outcomes_sha256:
        latest.outcomes_sha256 = outcomes_sha256
        latest.save(update_fields=["outcomes_sha256"])
    return Loaded(counts, tuple(referee.undecided))


def data_digest(data: Path = DATA) -> str:
    """SHA-256 over the names and contents of the data files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in data.rglob("*") if path.suffix in {".csv", ".json"}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(data).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _live(stored: CatalogRows, differences: Mapping[str, _Difference]) -> CatalogRows:
    """The catalog as it is after the load: read again only where the load changed an entry."""
    if any(difference.count.changes for difference in differences.values()):
        return selectors.catalog_rows()
    live: dict[str, Any] = {
        kind: tuple(row for row in getattr(stored, kind) if row.slug not in difference.gone)
        for kind, difference in differences.items()
    }
    return replace(stored, **live)


def _difference(kind: str, shipped: Iterable[Any], stored: Iterable[Any], referee: Referee) -> _Difference:
    model, _ = ENTRY_MODELS[kind]
    columns = ("slug", "is_local", "withdrawn", "shipped_digest")
    states = {state[0]: state[1:] for state in model._default_manager.values_list(*columns)}
    before = {row.slug: row for row in stored}
    difference = _Difference(gone={slug for slug, (_, gone, _) in states.items() if gone})
    count = difference.count
    for row in shipped:
        local, gone, known = states.pop(row.slug, (False, False, None))
        here = before.get(row.slug)
        if here is None:
            difference.rows.append(row)
            count.created += 1
        elif row == here and not gone:
            count.kept, count.unchanged = count.kept + local, count.unchanged + (not local)
            if known is None or (local and known != digest_of(content_of(row))):
                difference.unmarked.append(row)
        elif _may_write(referee, kind, here, row, known, local):
            difference.rows.append(row)
            count.updated += 1
        else:
            count.kept += 1
    for slug, (local, gone, known) in states.items():
        is_own = local and known is None
        if gone:
            count.kept += local
        elif is_own or not _may_write(referee, kind, before[slug], None, known, local):
            count.kept += 1
        else:
            difference.withdrawn.append(slug)
    count.withdrawn = len(difference.withdrawn)
    return difference


def _may_write(referee: Referee, kind: str, here: Any, row: Any, known: str | None, local: bool) -> bool:
    return referee.may_write(
        kind,
        here.slug,
        here=content_of(here),
        shipped=None if row is None else content_of(row),
        known=known,
        is_local=local,
        name=here.name,
    )


def _load_vendors(rows: CatalogRows) -> None:
    names = {row.vendor for row in rows.devices} | {row.vendor for row in rows.models}
    missing = names - set(Vendor.objects.values_list("name", flat=True))
    Vendor.objects.bulk_create([Vendor(name=name) for name in sorted(missing)])


def _load_sources(rows: CatalogRows, referee: Referee, reason: str) -> Count:
    """Create and correct citations; one that nothing cites any more stays for local entries."""
    shipped = {row.citation: content_of(row) for row in rows.sources}
    return _load_simple("sources", shipped, selectors.SOURCE_FIELDS, referee, reason)


def _load_blocks(rows: CatalogRows, referee: Referee, reason: str) -> Count:
    """Create, correct and delete block types; one that was added here stays."""
    shipped = {row.name: content_of(row) for row in rows.block_type_rows}
    count = _load_simple("block_types", shipped, selectors.BLOCK_FIELDS, referee, reason)
    for block in BlockType.objects.exclude(shipped_digest=None).exclude(name__in=shipped):
        here = {name: getattr(block, name) for name in selectors.BLOCK_FIELDS}
        if referee.may_write("block_types", block.name, here=here, shipped=None, known=block.shipped_digest):
            block.delete()
            count.withdrawn += 1
        else:
            count.kept += 1
    return count


def _load_simple(
    kind: str, shipped: Mapping[str, Any], fields: tuple[str, ...], referee: Referee, reason: str
) -> Count:
    """Rows of a table of their own, to which nothing belongs."""
    model, key_field = SHIPPED[kind]
    stored = {row[key_field]: row for row in model._default_manager.values(*fields, "pk", "shipped_digest")}
    count, written, unmarked = Count(), [], []
    for key, content in shipped.items():
        row = stored.get(key)
        here = {name: row[name] for name in fields} if row else None
        if row is None or here is None:
            count.created += 1
        elif here == content:
            count.unchanged += 1
            unmarked += [(digest_of(content), key)] if row["shipped_digest"] is None else []
            continue
        elif not referee.may_write(kind, key, here=here, shipped=content, known=row["shipped_digest"]):
            count.kept += 1
            continue
        else:
            count.updated += 1
        written.append(model(**content, shipped_digest=digest_of(content)))
    _mark(kind, unmarked)
    changed = [stored[getattr(row, key_field)]["pk"] for row in written if getattr(row, key_field) in stored]
    history.remember(model, changed)
    _upsert(model, key_field, written, (*fields, "shipped_digest"))
    history.record(model, changed, reason=reason)
    return count


def _write(kind: str, difference: _Difference, reason: str) -> None:
    """Write the entries of one kind and replace what belongs to them."""
    model, fields = ENTRY_MODELS[kind]
    manager = model._default_manager
    _mark(kind, [(digest_of(content_of(row)), row.slug) for row in difference.unmarked])
    slugs = [*(row.slug for row in difference.rows), *difference.withdrawn]
    if not slugs:
        return
    changed = list(manager.filter(slug__in=slugs).values_list("pk", flat=True))
    history.remember(model, changed)
    manager.filter(slug__in=difference.withdrawn).update(withdrawn=True, is_local=False)
    if difference.rows:
        columns, values = _columns(kind)
        entries = [
            model(
                **{name: getattr(row, name) for name in fields},
                **values(row),
                shipped_digest=digest_of(content_of(row)),
            )
            for row in difference.rows
        ]
        _upsert(model, "slug", entries, (*fields, *columns, "withdrawn", "is_local", "shipped_digest"))
        keys = dict(manager.filter(slug__in=slugs).values_list("slug", "pk"))
        owned = {keys[row.slug]: belongings.of_row(kind, row) for row in difference.rows}
        belongings.write(kind, owned)
    history.record(model, changed, reason=reason)


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


def _mark(kind: str, digests: Iterable[tuple[str, str]]) -> None:
    """Note which shipped row each row was found equal to."""
    model, key = SHIPPED[kind]
    marked = list(digests)
    if marked:
        quoted = connection.ops.quote_name
        statement = f"UPDATE {quoted(model._meta.db_table)} SET shipped_digest = %s WHERE {quoted(key)} = %s"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.executemany(statement, marked)


def _upsert(model: type[models.Model], key: str, entries: list[Any], fields: Iterable[str]) -> None:
    model._default_manager.bulk_create(
        entries,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=[key],
        update_fields=[name for name in fields if name != key],
    )
