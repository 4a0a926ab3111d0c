"""The catalog, its tables and the active calibration as one immutable snapshot, addressed by content.

Plans read the snapshot and not the database. A process builds it once and again when something has changed: a load of
the catalog, an edit in the admin, another calibration. Weight tables, the slow part, are kept under ``var/snapshots``
by the hash of what they depend on.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.admin.models import LogEntry

from hardware_catalog.models import CatalogVersion
from hardware_catalog.names.index import NameIndex
from hardware_catalog.published_sizes import PATH as PUBLISHED_SIZES
from hardware_catalog.row_text import rows_text
from hardware_catalog.rows import CatalogRows, DeviceRow, FormatRow, MachineRow, ModelRow, RuntimeRow
from hardware_catalog.selectors import catalog_rows
from hardware_catalog.tables import (
    LIMITS,
    CatalogTables,
    catalog_tables,
    catalog_weights,
    memory_limits,
    model_table,
)
from planner.calibration.activation import ActiveCalibration, activation_state, active_calibration
from planner.engine import weights as engine_weights
from planner.engine.calibration import Calibration
from planner.engine.limits import LimitTable, OverheadTable
from planner.engine.weights import WeightsTable

# how long a process trusts that the catalog has not changed
CHECK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that answers are computed from."""

    sha256: str
    catalog_sha256: str
    rows: CatalogRows
    tables: CatalogTables
    limits: LimitTable
    overheads: OverheadTable
    calibration: Calibration
    active: ActiveCalibration  # the same calibration, with its name
    names: NameIndex
    devices: Mapping[str, DeviceRow]
    machines: Mapping[str, MachineRow]
    models: Mapping[str, ModelRow]
    formats: Mapping[str, FormatRow]
    runtimes: Mapping[str, RuntimeRow]
    # formats by (runtime, backend, device, operating system), filled as questions ask for them
    runnable: dict[tuple[str, str, str, str], tuple[FormatRow, ...]] = field(
        default_factory=dict, compare=False
    )


class _Held:
    """The process's snapshot and the states of the catalog and of the calibration that it was made from."""

    lock = threading.Lock()
    snapshot: Snapshot | None = None
    catalog: tuple[object, ...] = ()
    calibration: tuple[object, ...] = ()
    checked_at = -CHECK_EVERY_S


def current() -> Snapshot:
    """The snapshot of the catalog as it is now (at most two seconds old)."""
    now = time.monotonic()
    if _Held.snapshot is not None and now - _Held.checked_at < CHECK_EVERY_S:
        return _Held.snapshot
    with _Held.lock:
        catalog, calibration = _catalog_state(), activation_state()
        if _Held.snapshot is None or catalog != _Held.catalog:
            _Held.snapshot = build(catalog_rows(), active_calibration())
        elif calibration != _Held.calibration:
            _Held.snapshot = _calibrated(_Held.snapshot, active_calibration())
        _Held.catalog, _Held.calibration = catalog, calibration
        _Held.checked_at = now
        return _Held.snapshot


def _catalog_state() -> tuple[object, ...]:
    """What changes with every load and every edit of the catalog in the admin."""
    version = CatalogVersion.objects.order_by("-pk").values_list("pk", flat=True).first()
    edits = LogEntry.objects.filter(content_type__app_label="hardware_catalog")
    edit = edits.order_by("-pk").values_list("pk", flat=True).first()
    return settings.DATABASES["default"]["NAME"], version, edit


def build(rows: CatalogRows, active: ActiveCalibration) -> Snapshot:
    """The snapshot of these catalog rows with a calibration."""
    limits, overheads = memory_limits()
    tables = catalog_tables(rows, weights=_weights(rows))
    catalog_sha256 = _catalog_content(rows)
    return Snapshot(
        sha256=_content(catalog_sha256, active),
        catalog_sha256=catalog_sha256,
        rows=rows,
        tables=tables,
        limits=limits,
        overheads=overheads,
        calibration=active.calibration,
        active=active,
        names=NameIndex.build(rows),
        devices={d.slug: d for d in rows.devices},
        machines={m.slug: m for m in rows.machines},
        models={m.slug: m for m in rows.models},
        formats={f.slug: f for f in rows.formats},
        runtimes={r.slug: r for r in rows.runtimes},
    )


def _calibrated(snapshot: Snapshot, active: ActiveCalibration) -> Snapshot:
    """The same catalog under another calibration."""
    return replace(
        snapshot,
        sha256=_content(snapshot.catalog_sha256, active),
        calibration=active.calibration,
        active=active,
    )


def _catalog_content(rows: CatalogRows) -> str:
    """The hash of all that answers depend on beside the calibration: the rows, memory rules and published sizes."""
    content = hashlib.sha256(rows_text(rows).encode())
    for path in (LIMITS, PUBLISHED_SIZES):
        content.update(path.read_bytes())
    return content.hexdigest()


def _content(catalog_sha256: str, active: ActiveCalibration) -> str:
    return hashlib.sha256(f"{catalog_sha256}{active.calibration.sha256}".encode()).hexdigest()


def _weights(rows: CatalogRows) -> WeightsTable:
    """Weights of all models in all formats, from the cache where the inputs and the engine's code are the same."""
    key = hashlib.sha256(repr((rows.models, rows.formats, rows.block_types)).encode())
    for source in (*sorted(Path(engine_weights.__file__).parent.rglob("*.py")), PUBLISHED_SIZES):
        key.update(source.read_bytes())
    path = settings.VAR_DIR / "snapshots" / f"weights-{key.hexdigest()[:32]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return WeightsTable(**{f.name: stored[f.name] for f in fields(WeightsTable)})
    table = catalog_weights(rows, model_table(rows.models).architecture)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp.npz")
    np.savez(temporary, allow_pickle=False, **{f.name: getattr(table, f.name) for f in fields(WeightsTable)})
    temporary.replace(path)
    return table
