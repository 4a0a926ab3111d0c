"""What is predicted for measurements, many at once: one call of the engine for all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from hardware_catalog.measured import row_of
from hardware_catalog.models import Measurement
from hardware_catalog.tables import LIMITS
from planner.calibration.case_files import CaseLine
from planner.calibration.noted import stated_in_notes
from planner.calibration.predictions import ANSWER_COLUMNS, Predictor, server_utilization
from planner.snapshot import Snapshot, current

OK = "ok"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for one measurement, in the unit of its metric: tokens/s, ms or bytes.

    Without an answer ``value``, ``low`` and ``high`` are ``None`` and ``reason`` says why; with one, ``reason`` says
    what makes it less certain than usual, "" for nothing.
    """

    value: float | None
    low: float | None
    high: float | None
    status: str
    reason: str
    format_name: str = ""
    runtime_name: str = ""

    def holds(self, measured: float) -> bool | None:
        """Whether the interval holds the measured value; ``None`` without an interval."""
        return None if self.low is None or self.high is None else self.low <= measured <= self.high


class _Held:
    """The process's predictor and the snapshot that it was made from."""

    snapshot: Snapshot | None = None
    predictor: Predictor


def predictor(snapshot: Snapshot) -> Predictor:
    """The predictor of a snapshot, made once."""
    if _Held.snapshot is not snapshot:
        # two threads may both make one: each is whole, and the later one stays
        _Held.predictor = Predictor(
            rows=snapshot.rows,
            tables=snapshot.tables,
            calibration=snapshot.calibration,
            limits=snapshot.limits,
            overheads=snapshot.overheads,
            names=snapshot.names,
            utilization=server_utilization(json.loads(LIMITS.read_text(encoding="utf-8"))),
        )
        _Held.snapshot = snapshot
    return _Held.predictor


def predict(measurements: Iterable[Measurement], snapshot: Snapshot | None = None) -> dict[str, Prediction]:
    """Predictions by the measurements' slugs."""
    rows = [row_of(measurement) for measurement in measurements]
    if not rows:
        return {}
    lines = [CaseLine(i, row | stated_in_notes(row)) for i, row in enumerate(rows)]
    answers = predictor(snapshot or current()).answer(lines)
    return {row["id"]: _prediction(answer) for row, answer in zip(rows, answers, strict=True)}


def _prediction(answer: tuple[str, ...]) -> Prediction:
    told = dict(zip(ANSWER_COLUMNS, answer, strict=True))
    value, low, high = (
        float(told[name]) if told["status"] == OK else None for name in ("prediction", "low", "high")
    )
    return Prediction(value, low, high, told["status"], told["reason"], told["format"], told["runtime"])
