"""Which residual quantiles a plan's interval takes: the finest of its groups that the calibration knows.

Groups run from coarse to fine: all rows of the metric, its backend, whether the device has measurements of its own,
and the runtime on the backend. A device or runtime without data thus takes its parent's wider interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.engine.calibration import Calibration
from planner.engine.grid import Axes
from planner.engine.levels import LevelKeys, Pairs
from planner.engine.tables import Floats

METRICS = ("decode", "prefill", "ttft")


def interval_groups(backend: str, kind: str, runtime: str, device_seen: bool) -> tuple[str, ...]:
    """Names of a plan's groups, coarse to fine."""
    seen = "seen" if device_seen else "unseen"
    return (f"{seen}", f"{seen}|{backend}", f"{seen}|{backend}|{kind}", f"{seen}|{backend}|{kind}|{runtime}")


@dataclass(frozen=True, slots=True)
class BoundIntervals:
    """(low, high) as log factors on the metric's own value over (machine row, runtime row), by metric."""

    tables: Mapping[str, tuple[Floats, Floats]]

    def at(self, metric: str, rows: Axes) -> tuple[Floats, Floats]:
        """Log factors of the given plans' interval ends."""
        low, high = self.tables[metric]
        return low[rows.machine, rows.runtime], high[rows.machine, rows.runtime]


def bind_intervals(calibration: Calibration, keys: LevelKeys, machine_pairs: Pairs) -> BoundIntervals:
    """Look up the interval of every (machine, runtime) pair in use; nan elsewhere."""
    seen_devices = calibration.rows.get("weights", {}).get("backend|device", {})
    tables = {}
    for metric in METRICS:
        low = np.full((len(keys.machine), len(keys.runtime)), np.nan)
        high = low.copy()
        for i, j in machine_pairs:
            machine, runtime = keys.machine[i], keys.runtime[j]
            seen = f"{runtime['backend']}|{machine['device']}" in seen_devices
            groups = interval_groups(runtime["backend"], machine["kind"], runtime["runtime"], seen)
            low[i, j], high[i, j] = calibration.interval(metric, groups)
        tables[metric] = (low, high)
    return BoundIntervals(tables)
