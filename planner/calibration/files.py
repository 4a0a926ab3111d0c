"""Where the shipped calibration, what judges it and its measurements lie."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from hardware_catalog.files import DATA
from planner.calibration.heldout import HeldOut, read_held_out
from planner.engine.calibration import Calibration

SHIPPED = Path(__file__).parent / "shipped.json"
MEASUREMENTS = DATA / "measurements.csv"


def held_out_path(calibration: Path) -> Path:
    """Where the held-out predictions of a calibration file lie: "shipped.heldout.csv" beside "shipped.json"."""
    return calibration.with_suffix(".heldout.csv")


def report_path(calibration: Path) -> Path:
    """Where the accuracy report of a calibration file lies: "shipped.accuracy.json" beside "shipped.json"."""
    return calibration.with_suffix(".accuracy.json")


def shipped_calibration() -> Calibration:
    """The calibration that comes with Sizewise. Which one answers: see activation.py."""
    return Calibration.from_json(SHIPPED.read_text(encoding="utf-8"))


def read_report(calibration: Path) -> dict[str, Any]:
    """The accuracy report beside a calibration file."""
    report: dict[str, Any] = json.loads(report_path(calibration).read_text(encoding="utf-8"))
    return report


def shipped_report() -> dict[str, Any]:
    """The accuracy report of the shipped calibration: not to be changed, all readers share it."""
    return _report(report_path(SHIPPED).stat().st_mtime_ns)


def shipped_held_out() -> HeldOut:
    """What was predicted for every used measurement by fits that had not seen its tester; shared like the report."""
    return _held_out(held_out_path(SHIPPED).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _report(changed_at: int) -> dict[str, Any]:
    return read_report(SHIPPED)


@lru_cache(maxsize=1)
def _held_out(changed_at: int) -> HeldOut:
    return read_held_out(held_out_path(SHIPPED).read_text(encoding="utf-8"))
