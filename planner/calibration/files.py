"""Where calibration files lie and which one is active."""

from __future__ import annotations

from pathlib import Path

from hardware_catalog.files import DATA
from planner.engine.calibration import Calibration

SHIPPED = Path(__file__).parent / "shipped.json"
MEASUREMENTS = DATA / "measurements.csv"


def active_calibration() -> Calibration:
    """The calibration that answers use."""
    return Calibration.from_json(SHIPPED.read_text(encoding="utf-8"))
