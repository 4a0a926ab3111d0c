"""From measurements to observations: what ``calibrate`` and ``accuracy`` start from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hardware_catalog.files import load_rows
from hardware_catalog.rows import CatalogRows
from hardware_catalog.tables import catalog_tables
from planner.calibration.cases import CaseReader
from planner.calibration.heldout import HeldOut
from planner.calibration.observations import (
    Outcome,
    Row,
    observations,
    read_measurements,
    usable_cases,
    without_waiting,
)
from planner.calibration.problem import Observations
from planner.calibration.subjects import Subject, subjects


@dataclass(frozen=True, slots=True)
class Data:
    """Measurements as observations, what else is known of each, and what became of every row."""

    observations: Observations
    subjects: tuple[Subject, ...]  # of the observations, in their order
    outcomes: tuple[Outcome, ...]
    sha256: str

    @property
    def platforms(self) -> npt.NDArray[np.str_]:
        """The platform of every observation."""
        return np.array([subject.platform for subject in self.subjects])

    def in_order(self, values: HeldOut) -> list[Subject]:
        """The subjects of held-out predictions, in the order of those."""
        by_id = {subject.id: subject for subject in self.subjects}
        return [by_id[str(name)] for name in values.id]


def load_data(path: Path, more: Sequence[Row] = (), rows: CatalogRows | None = None) -> Data:
    """Read a file of measurements, and further rows of the same columns, against a catalog (the shipped one).

    No database is read. Raises ``OSError`` where there is no such file.
    """
    measured, sha256 = read_measurements(path)
    catalog = load_rows() if rows is None else rows
    kept, outcomes = usable_cases([*measured, *more], CaseReader(catalog))
    tables = catalog_tables(catalog)
    kept, outcomes = without_waiting(catalog, tables, kept, outcomes)
    observed = observations(catalog, tables, kept)
    return Data(
        observations=observed,
        subjects=subjects(catalog, tables, kept, observed.ids.tolist()),
        outcomes=tuple(outcomes),
        sha256=_sha256(sha256, more),
    )


def _sha256(of_file: str, more: Sequence[Row]) -> str:
    """The file's own hash, or one of the file and the further rows together."""
    if not more:
        return of_file
    text = json.dumps([of_file, *(dict(row) for row in more)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
