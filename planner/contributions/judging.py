"""What the catalog and the calibration say of rows: the outcome, and our prediction with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hardware_catalog.measured import row_of
from hardware_catalog.outcomes import Outcome, OutcomeReader
from planner.contributions.conversion import measurement_of
from planner.measurements.predicting import Prediction, predict
from planner.snapshot import Snapshot, current


@dataclass(frozen=True, slots=True)
class Judged:
    """One row beside what we say of it; ``device`` and ``model`` are the entries' names, "" where there is none."""

    fields: Mapping[str, str]
    measured: float  # in the unit of the metric
    outcome: Outcome
    prediction: Prediction
    device: str
    model: str

    @property
    def ratio(self) -> float | None:
        """Measured over predicted."""
        return self.measured / self.prediction.value if self.prediction.value else None

    @property
    def outlier_score(self) -> float | None:
        """How far the value lies from the prediction, where the 90 % interval reaches 1 on that side; in factors.

        The interval is that of testers whom the fit had not seen, so one of ten good rows scores more than 1.
        """
        told = self.prediction
        if not told.value or not told.low or not told.high or self.measured <= 0:
            return None
        factor = math.log(self.measured / told.value)
        reach = math.log(told.high / told.value) if factor > 0 else math.log(told.value / told.low)
        return abs(factor) / reach if reach > 0 else None

    @property
    def inside(self) -> bool | None:
        """Whether the interval holds the measured value."""
        return self.prediction.holds(self.measured)


class _Held:
    """The process's reader of outcomes, and the snapshot that it was made from."""

    snapshot: Snapshot | None = None
    reader: OutcomeReader


def _reader(snapshot: Snapshot) -> OutcomeReader:
    if _Held.snapshot is not snapshot:
        # two threads may both make one: each is whole, and the later one stays
        _Held.reader = OutcomeReader(snapshot.rows, snapshot.names)
        _Held.snapshot = snapshot
    return _Held.reader


def judge(rows: Sequence[Mapping[str, str]]) -> list[Judged]:
    """Outcome and prediction of complete rows (texts by column), all predictions in one call of the engine."""
    snapshot = current()
    measurements = [measurement_of(row, f"row-{i}") for i, row in enumerate(rows)]
    predictions = predict(measurements, snapshot)
    judged = []
    for row, measurement in zip(rows, measurements, strict=True):
        outcome = _reader(snapshot).read(row_of(measurement))
        device, model = snapshot.devices.get(outcome.device), snapshot.models.get(outcome.language_model)
        judged.append(
            Judged(
                fields=row,
                measured=measurement.value,
                outcome=outcome,
                prediction=predictions[measurement.slug],
                device=device.name if device else "",
                model=model.name if model else "",
            )
        )
    return judged
