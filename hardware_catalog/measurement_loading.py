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

from hardware_catalog import flags, history, names, outcomes, trust
from hardware_catalog.content import digest_of
from hardware_catalog.counts import Count
from hardware_catalog.edits import Referee
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


def load_measurements(
    data: Path,
    rows: CatalogRows,
    known_sha256: str,
    referee: Referee | None = None,
    reason: str = "",
    *,
    again: bool = False,
) -> tuple[Count, str]:
    """Write what differs and tell what changed, with the digest of what it follows from.

    ``rows`` is the live catalog; ``known_sha256`` the digest after the last load: where it is the same, nothing is read
    unless ``again``. A row that left the file is marked withdrawn; one that was edited or accepted here keeps its
    texts unless ``referee`` says otherwise, and what follows from them is renewed.
    """
    digest = outcomes_digest(data, rows)
    if digest == known_sha256 and not again:
        shipped = Measurement.objects.filter(origin=SHIPPED, is_local=False, withdrawn=False).count()
        return Count(unchanged=shipped, kept=_kept_rows().count()), digest
    records = read_measurements(data)
    if records is None:
        return Count(), known_sha256
    return _Comparison(Deriver(rows), referee or Referee()).write(records, reason), digest


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
        values = {name: getattr(measurement, name) for name in (*STATED, *FURTHER)}
        for name, value in deriver.derived(values).items():
            setattr(measurement, name, value)


def stated(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the source says of a measurement, given by its values: what an edit changes and a digest is of."""
    return {name: values[name] for name in (*STATED, *FURTHER)}


class _Comparison:
    """Rows compared as plain values: a model's instance for each of them would take longer than all the rest."""

    def __init__(self, deriver: Deriver, referee: Referee) -> None:
        self._deriver = deriver
        self._referee = referee
        self._count = Count()
        self._created: list[dict[str, Any]] = []
        self._updated: list[dict[str, Any]] = []
        self._restated: list[int] = []  # keys of those whose own words change, too
        self._unmarked: list[tuple[str, str]] = []
        self._kept: set[str] = set()

    def write(self, records: Iterable[MeasurementRecord], reason: str) -> Count:
        """Bring the table to the records, and tell what changed."""
        stored = {row["slug"]: dict(row) for row in Measurement.objects.values()}
        for record in records:
            before = stored.get(record.id)
            if before is not None and before["origin"] != SHIPPED:
                continue
            shipped = NEW | record.fields()
            if before is None:
                self._add(shipped)
            elif self._may_write(before, shipped):
                del stored[record.id]
                self._update(before, shipped)
            else:
                self._kept.add(record.id)
        for before in stored.values():
            self._leave(before)
        history.remember(Measurement, self._restated)
        _insert(self._created)
        _update(self._updated)
        _mark(self._unmarked)
        history.record(Measurement, self._restated, reason=reason)
        return self._count

    def _may_write(self, before: Mapping[str, Any], shipped: Mapping[str, Any] | None) -> bool:
        here = stated(before)
        if shipped is not None and not before["is_local"] and here == stated(shipped):
            return True
        return self._referee.may_write(
            "measurements",
            before["slug"],
            here=here,
            shipped=None if shipped is None else stated(shipped),
            known=before["shipped_digest"],
            is_local=before["is_local"],
        )

    def _add(self, shipped: dict[str, Any]) -> None:
        self._count.created += 1
        values = shipped | self._deriver.derived(shipped)
        self._created.append(values | {"shipped_digest": digest_of(stated(shipped))})

    def _update(self, before: Mapping[str, Any], shipped: dict[str, Any]) -> None:
        values = shipped | self._deriver.derived(shipped)
        changed = [name for name, value in values.items() if before[name] != value]
        if not changed:
            self._count.unchanged += 1
            if before["shipped_digest"] is None:
                self._unmarked.append((digest_of(stated(shipped)), before["slug"]))
            return
        self._count.updated += 1
        if set(changed) - set(DERIVED):
            self._restated.append(before["id"])
        self._updated.append(values | {"shipped_digest": digest_of(stated(shipped))})

    def _leave(self, before: dict[str, Any]) -> None:
        """A row that the file does not have, or that stays as it was edited here."""
        is_shipped = before["origin"] == SHIPPED
        if is_shipped and before["withdrawn"] and not before["is_local"]:
            return
        has_left = is_shipped and before["slug"] not in self._kept
        if has_left and self._may_write(before, None):
            self._count.withdrawn += 1
            self._restated.append(before["id"])
            self._updated.append(before | {"withdrawn": True, "is_local": False})
            return
        self._count.kept += 1
        derived = self._deriver.derived(before)
        if any(before[name] != value for name, value in derived.items()):
            self._updated.append(before | derived)


def _mark(digests: Sequence[tuple[str, str]]) -> None:
    """Note which shipped row each row was found equal to."""
    table = connection.ops.quote_name(Measurement._meta.db_table)
    with connection.cursor() as cursor:
        if digests:
            cursor.executemany(f"UPDATE {table} SET shipped_digest = %s WHERE slug = %s", digests)  # noqa: S608


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
    columns = (*STATED, *FURTHER, *DERIVED, "withdrawn", "is_local", "shipped_digest")
    Measurement.objects.bulk_create(
        [Measurement(**{name: value for name, value in row.items() if name != "id"}) for row in rows],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[name.removesuffix("_id") for name in columns if name != "slug"],
    )
