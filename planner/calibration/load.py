"""From the shipped files to observations: what ``calibrate`` and ``accuracy`` start from. No database is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hardware_catalog.files import load_rows
from hardware_catalog.tables import catalog_tables
from planner.calibration.cases import CaseReader
from planner.calibration.observations import Outcome, observations, read_measurements, usable_cases
from planner.calibration.problem import Observations


@dataclass(frozen=True, slots=True)
class Data:
    """Measurements as observations, and what became of every row of the file."""

    observations: Observations
    outcomes: tuple[Outcome, ...]
    sha256: str


def load_data(path: Path) -> Data:
    """Read a file of measurements against the shipped catalog. Raises ``OSError`` where there is none."""
    measured, sha256 = read_measurements(path)
    rows = load_rows()
    kept, outcomes = usable_cases(measured, CaseReader(rows))
    return Data(observations(rows, catalog_tables(rows), kept), tuple(outcomes), sha256)
