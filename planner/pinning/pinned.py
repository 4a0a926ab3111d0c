"""Keep the snapshot that something was computed from, and get it back to compute the same again.

The catalog is edited and calibrations change; a sweep that runs for hours, or a plan that is opened a year later,
must not notice. A snapshot is kept once, under the hash of its content.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict

from hardware_catalog.row_text import rows_of_text, rows_text
from planner.calibration.activation import ActiveCalibration, calibration_text
from planner.engine.calibration import FORMULA_VERSION, Calibration
from planner.pinning.models import PinnedSnapshot
from planner.snapshot import Snapshot, build, current

# snapshots of other days that a process keeps at hand
HELD = 2


class CannotRebuild(Exception):
    """A kept snapshot cannot be computed with here; the message says why."""


class _Rebuilt:
    lock = threading.Lock()
    snapshots: OrderedDict[str, Snapshot] = OrderedDict()


def pin(snapshot: Snapshot) -> PinnedSnapshot:
    """Keep a snapshot; the same one is kept once."""
    known = PinnedSnapshot.objects.filter(sha256=snapshot.sha256).first()
    if known is not None:
        return known
    active = snapshot.active
    content = {
        "rows": rows_text(snapshot.rows),
        "calibration": calibration_text(snapshot.calibration.sha256),
        "calibration_rows": dict(active.rows),
        "calibration_accuracy": {metric: dict(figures) for metric, figures in active.accuracy.items()},
        "measured_until": active.measured_until,
    }
    kept, _ = PinnedSnapshot.objects.get_or_create(
        sha256=snapshot.sha256,
        defaults={
            "formula_version": FORMULA_VERSION,
            "calibration_name": active.name,
            "document": zlib.compress(json.dumps(content).encode()),
        },
    )
    return kept


def pinned(sha256: str) -> Snapshot:
    """The kept snapshot of this hash: the current one where it is the same, else rebuilt from what was kept.

    Raises ``CannotRebuild`` where none is kept, or where this program's formulas or rules are not those of then.
    """
    now = current()
    if now.sha256 == sha256:
        return now
    with _Rebuilt.lock:
        if sha256 not in _Rebuilt.snapshots:
            _Rebuilt.snapshots[sha256] = _rebuilt(sha256)
            while len(_Rebuilt.snapshots) > HELD:
                _Rebuilt.snapshots.popitem(last=False)
        _Rebuilt.snapshots.move_to_end(sha256)
        return _Rebuilt.snapshots[sha256]


def _rebuilt(sha256: str) -> Snapshot:
    kept = PinnedSnapshot.objects.filter(sha256=sha256).first()
    if kept is None:
        raise CannotRebuild("The catalog and calibration that it was computed from are no longer kept.")
    if kept.formula_version != FORMULA_VERSION:
        raise CannotRebuild(
            f"It was computed with formula version {kept.formula_version}, and this program has version "
            f"{FORMULA_VERSION}. Ask it anew."
        )
    content = json.loads(zlib.decompress(kept.document))
    calibration = Calibration.from_json(content["calibration"])
    active = ActiveCalibration(
        calibration=calibration,
        name=kept.calibration_name,
        registered=kept.created,
        rows=content["calibration_rows"],
        accuracy=content["calibration_accuracy"],
        measured_until=content["measured_until"],
    )
    snapshot = build(rows_of_text(content["rows"]), active)
    if snapshot.sha256 != sha256:
        raise CannotRebuild(
            "It was computed with another version of this program, whose memory rules or file sizes differ. "
            "Ask it anew."
        )
    return snapshot
