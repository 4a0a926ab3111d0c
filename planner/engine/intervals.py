"""How far measurements of such plans lie from predictions: the interval around each speed.

A plan's interval is ``prediction * exp(scale * end)``: the scale is a sum of effects of the plan's groups, the ends are
quantiles by backend. Being measured at all is a group too, so a device or runtime without data gets a wider interval.
The calibration holds both, from residuals of source families that the prediction had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.engine.calibration import Calibration, IntervalRule
from planner.engine.grid import Axes
from planner.engine.levels import Level, LevelKeys, Pairs, PairTables, bind_levels, key_of
from planner.engine.tables import Floats

METRICS = ("decode", "prefill", "ttft")
# Each doubt that no measurement here has tested (weights on the host, several sequences, split layers) raises the
# interval's ends to this power: a judgement until such plans have residuals of their own.
DOUBT_POWER = 1.5
# groups whose rows may lie further off than others'
SPREAD_LEVELS: tuple[Level, ...] = (
    ("backend",),
    ("backend", "kind"),
    ("runtime", "backend"),
    ("backend", "device"),
    ("speed_family",),
    ("model_kind",),
)
SEEN_DEVICE, SEEN_RUNTIME = "seen_device", "seen_runtime"
# the coefficient whose data say whether a device or a runtime has been measured
MAIN_COEFFICIENT: Mapping[str, str] = {"decode": "weights", "prefill": "prefill", "ttft": "prefill"}


def group_name(level: Level, key: str) -> str:
    """Name of a group in the calibration file."""
    return f"{'|'.join(level)}={key}"


@dataclass(frozen=True, slots=True)
class BoundIntervals:
    """Log scales over (axis row, runtime row) and ends per runtime row, by metric."""

    scales: Mapping[str, PairTables]
    ends: Mapping[str, tuple[Floats, Floats]]

    def at(self, metric: str, rows: Axes) -> tuple[Floats, Floats]:
        """Log factors on the metric's value at both ends of the given plans' intervals."""
        tables = self.scales[metric]
        scale = np.exp(
            tables["machine"][rows.machine, rows.runtime]
            + tables["model"][rows.model, rows.runtime]
            + tables["format"][rows.format, rows.runtime]
            + tables["runtime"][0, rows.runtime]
        )
        low, high = self.ends[metric]
        return scale * low[rows.runtime], scale * high[rows.runtime]


def bind_intervals(calibration: Calibration, keys: LevelKeys, pairs: Mapping[str, Pairs]) -> BoundIntervals:
    """Sum the effects of every pair of rows in use, and look up each runtime's ends."""
    scales, ends = {}, {}
    for metric in METRICS:
        rule = calibration.intervals[metric]
        scales[metric] = _scale_tables(rule, keys, pairs, calibration.rows.get(MAIN_COEFFICIENT[metric], {}))
        chosen = [rule.backend_ends.get(str(row["backend"]), rule.ends) for row in keys.runtime]
        ends[metric] = (np.array([low for low, _ in chosen]), np.array([high for _, high in chosen]))
    return BoundIntervals(scales, ends)


def _scale_tables(
    rule: IntervalRule, keys: LevelKeys, pairs: Mapping[str, Pairs], measured: Mapping[str, Mapping[str, int]]
) -> PairTables:
    effects: dict[str, dict[str, float]] = {}
    for name, effect in rule.effects.items():
        level, _, key = name.partition("=")
        effects.setdefault(level, {})[key] = effect
    tables = bind_levels(SPREAD_LEVELS, effects, keys, pairs)
    tables["runtime"] += rule.log_scale
    devices, runtimes = measured.get("backend|device", {}), measured.get("runtime|backend", {})
    for i, j in pairs["machine"]:
        if key_of(("backend", "device"), {**keys.machine[i], **keys.runtime[j]}) in devices:
            tables["machine"][i, j] += rule.effects.get(SEEN_DEVICE, 0.0)
    for _, j in pairs["runtime"]:
        if key_of(("runtime", "backend"), keys.runtime[j]) in runtimes:
            tables["runtime"][0, j] += rule.effects.get(SEEN_RUNTIME, 0.0)
    return tables
