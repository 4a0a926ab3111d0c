"""Where the shipped calibration and its measurements lie."""

from __future__ import annotations

from pathlib import Path

from hardware_catalog.files import DATA
from planner.engine.calibration import Calibration

SHIPPED = Path(__file__).parent / "shipped.json"
MEASUREMENTS = DATA / "measurements.csv"


def shipped_calibration() -> Calibration:
    """The calibration that comes with Sizewise. Which one answers: see activation.py."""
    return Calibration.from_json(SHIPPED.read_text(encoding="utf-8"))
