"""Predictions of every used measurement by fits that had not seen its tester, its device or its model.

They lie beside the calibration file, so that pages show them without fitting anything again; made by ``judging``.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.engine.intervals import METRICS
from planner.engine.tables import Floats

_TEXTS = frozenset({"id", "metric", "platform"})
Chosen = npt.NDArray[np.bool_] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Values in the metric's own unit (tokens/s; milliseconds for a time to the first token). Arrays of shape [n]."""

    id: npt.NDArray[np.str_]
    metric: npt.NDArray[np.str_]
    platform: npt.NDArray[np.str_]
    measured: Floats
    predicted: Floats  # the tester left out
    low: Floats  # the 90 % interval, made without the tester's fold
    high: Floats
    device_never_seen: Floats  # predicted with the whole device left out
    model_never_seen: Floats  # predicted with the whole model left out

    def __len__(self) -> int:
        return len(self.id)

    def take(self, rows: Chosen) -> HeldOut:
        """The given rows."""
        return HeldOut(**{field.name: getattr(self, field.name)[rows] for field in fields(HeldOut)})

    @property
    def errors(self) -> Floats:
        """|predicted / measured - 1|."""
        return np.asarray(np.abs(self.predicted / self.measured - 1))

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether the measured value lies in its interval."""
        return np.asarray((self.measured >= self.low) & (self.measured <= self.high))

    @property
    def width(self) -> Floats:
        """(high - low) / prediction."""
        return np.asarray((self.high - self.low) / self.predicted)


def written(values: HeldOut) -> str:
    """CSV by metric and id, six significant digits: the same predictions give the same text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(HeldOut)]
    writer.writerow(names)
    order = sorted(
        range(len(values)), key=lambda i: (METRICS.index(str(values.metric[i])), str(values.id[i]))
    )
    columns = [getattr(values, name) for name in names]
    for i in order:
        writer.writerow(_cell(column[i]) for column in columns)
    return text.getvalue()


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def read_held_out(text: str) -> HeldOut:
    """The inverse of ``written``. Raises ``ValueError`` where the text is no such file."""
    rows = list(csv.reader(io.StringIO(text)))
    names = [field.name for field in fields(HeldOut)]
    if not rows or rows[0] != names:
        raise ValueError(f"not a file of held-out predictions: its columns are not {', '.join(names)}")
    columns = list(zip(*rows[1:], strict=True)) or [()] * len(names)
    read: dict[str, Any] = {
        name: np.array(column) if name in _TEXTS else np.array(column, dtype=np.float64)
        for name, column in zip(names, columns, strict=True)
    }
    return HeldOut(**read)
