"""Bring the measurements of the database to what the file, the catalog and the rules say.

Nothing is read while neither the file, nor the catalog, nor the code that reads names and judges rows has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import JSONField

from hardware_catalog import flags, names, outcomes, trust
from hardware_catalog.counts import Count
from hardware_catalog.measured import FIELD_OF_COLUMN, FURTHER, SHIPPED, texts_of
from hardware_catalog.measurement_file import FILE, MeasurementRecord, read_measurements
from hardware_catalog.models import Device, LanguageModel, Measurement, Runtime, WeightFormat
from hardware_catalog.names.index import NameIndex
from hardware_catalog.outcomes import OutcomeReader
from hardware_catalog.rows import CatalogRows

BATCH = 500
STATED = tuple(FIELD_OF_COLUMN.values())
DERIVED = (
    "device_id",
    "language_model_id",
    "weight_format_id",
    "runtime_id",
    "backend",
    "year",
    "outcome",
    "outcome_reason",
    "rule",
    "flags",
)
# What a row of the file does not say.
NEW: dict[str, Any] = {**FURTHER, "origin": SHIPPED, "is_local": False, "withdrawn": False}
# What of the catalog the reading of names depends on.
READ: Mapping[str, tuple[str, ...]] = {
    "devices": (
        *("slug", "name", "aliases", "kind", "vendor", "architecture", "form_factor", "unified_memory"),
        *(
            "memory_options_gb",
            "memory_type",
            "bandwidth_bytes_per_s",
            "fp16_flops_per_s",
            "fp32_flops_per_s",
        ),
    ),
    "models": (
        *("slug", "name", "aliases", "hf_repo", "family", "config", "native_format"),
        *("params_published", "active_params_published", "release_date"),
    ),
    "formats": ("slug", "name", "aliases", "family", "nominal_bits_per_weight"),
    "runtimes": ("slug", "name", "aliases", "kv_rule", "backends"),
}


def outcomes_digest(data: Path, rows: CatalogRows) -> str:
    """SHA-256 over what outcomes follow from: the file, the live catalog, and the code that reads names and judges."""
    digest = hashlib.sha256()
    for path in (data / FILE, *sorted((data / "aliases").glob("*.csv")), *_code()):
        digest.update(path.read_bytes() if path.exists() else b"")
    for kind, fields in READ.items():
        entries = [[getattr(entry, name) for name in fields] for entry in getattr(rows, kind)]
        digest.update(repr(entries).encode())
    return digest.hexdigest()


def _code() -> Iterable[Path]:
    yield from sorted(Path(names.__file__).parent.glob("*.py"))
    yield from (Path(str(module.__file__)) for module in (outcomes, flags, trust))


def load_measurements(data: Path, rows: CatalogRows, known_sha256: str) -> tuple[Count, str]:
    """Write what differs and tell what changed, with the digest of what it follows from.

    ``rows`` is the live catalog; ``known_sha256`` the digest after the last load. A row that left the file is marked
    withdrawn; one that was corrected or accepted here keeps its texts, and only what follows from them is renewed.
    """
    digest = outcomes_digest(data, rows)
    if digest == known_sha256:
        shipped = Measurement.objects.filter(origin=SHIPPED, is_local=False, withdrawn=False).count()
        return Count(unchanged=shipped, kept=_kept_rows().count()), digest
    records = read_measurements(data)
    if records is None:
        return Count(), known_sha256
    return _write(records, Deriver(rows)), digest


def _kept_rows() -> Any:
    return Measurement.objects.exclude(origin=SHIPPED, is_local=False)


class Deriver:
    """Fills in what follows from the texts of measurements, against one catalog."""

    def __init__(self, rows: CatalogRows, names: NameIndex | None = None) -> None:
        self._reader = OutcomeReader(rows, names)
        self._keys: Mapping[str, Mapping[str, int]] = {
            name: dict(model._default_manager.values_list("slug", "pk"))
            for name, model in (
                ("device", Device),
                ("language_model", LanguageModel),
                ("weight_format", WeightFormat),
                ("runtime", Runtime),
            )
        }

    def derived(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The derived values by column, of a measurement given by its values."""
        found = self._reader.read(texts_of(values))
        date = values["source_date"]
        return {f"{name}_id": keys.get(getattr(found, name)) for name, keys in self._keys.items()} | {
            "backend": found.backend,
            "year": int(date[:4]) if date else None,
            "outcome": found.outcome,
            "outcome_reason": found.reason,
            "rule": found.rule,
            "flags": dict(found.flags),
        }


def derive(
    measurements: Sequence[Measurement], rows: CatalogRows, names_index: NameIndex | None = None
) -> None:
    """Set the derived fields of measurements that were added or edited here; the caller saves them."""
    deriver = Deriver(rows, names_index)
    for measurement in measurements:
        stated = {name: getattr(measurement, name) for name in (*STATED, *FURTHER)}
        for name, value in deriver.derived(stated).items():
            setattr(measurement, name, value)


def _write(records: Iterable[MeasurementRecord], deriver: Deriver) -> Count:
    """Compare rows as plain values: a model's instance for each of them would take longer than all the rest."""
    count = Count()
    stored: dict[str, dict[str, Any]] = {row["slug"]: dict(row) for row in Measurement.objects.values()}
    created: list[dict[str, Any]] = []
    updated: list[dict[str, Any]] = []
    for record in records:
        before = stored.get(record.id)
        if before is not None and (before["is_local"] or before["origin"] != SHIPPED):
            continue
        stored.pop(record.id, None)
        values = NEW | record.fields()
        values |= deriver.derived(values)
        if before is None:
            created.append(values)
        elif any(before[name] != value for name, value in values.items()):
            updated.append(values)
        else:
            count.unchanged += 1
    count.created, count.updated = len(created), len(updated)
    for values in stored.values():
        if values["origin"] != SHIPPED or values["is_local"]:
            count.kept += 1
            derived = deriver.derived(values)
            if any(values[name] != value for name, value in derived.items()):
                updated.append(values | derived)
        elif not values["withdrawn"]:
            count.withdrawn += 1
            updated.append(values | {"withdrawn": True})
    _insert(created)
    _update(updated)
    return count


def _insert(rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert new rows with one prepared statement: several times as quick as statements of many rows."""
    fields = [field for field in Measurement._meta.concrete_fields if not field.primary_key]
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    # the values are of the columns' types already, but for JSON
    prepared = {field.attname: field for field in fields if isinstance(field, JSONField)}
    names = [field.attname for field in fields]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quoted(Measurement._meta.db_table)} ({columns}) VALUES ({marks})",  # noqa: S608
            [
                [
                    prepared[name].get_db_prep_save(row[name], connection) if name in prepared else row[name]
                    for name in names
                ]
                for row in rows
            ],
        )


def _update(rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows that are there already, found again by their slugs."""
    columns = (*STATED, *DERIVED, "withdrawn")
    Measurement.objects.bulk_create(
        [Measurement(**{name: value for name, value in row.items() if name != "id"}) for row in rows],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[name.removesuffix("_id") for name in columns if name != "slug"],
    )
