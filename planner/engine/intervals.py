"""How far measurements of such plans lie from predictions: the interval around each speed.

A plan's interval is ``prediction * exp(scale * end)``: the scale is a sum of effects of the plan's groups, the ends are
quantiles by backend. Being measured at all is a group too, so a device or runtime without data gets a wider interval.
The calibration holds both, from residuals of source families that the prediction had not seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.engine.calibration import Calibration, IntervalRule
from planner.engine.factors import Factors, LogEffects, PairsInUse
from planner.engine.levels import Level, axis_of
from planner.engine.tables import Floats

METRICS = ("decode", "prefill", "ttft", "served_decode", "served_ttft")
# of plans with several sequences or devices, by the metric of one sequence on one device
SERVED: Mapping[str, str] = {"decode": "served_decode", "ttft": "served_ttft"}
# Each doubt that no measurement here has tested (weights on the host) raises the interval's ends to this power: a
# judgement until such plans have residuals of their own.
DOUBT_POWER = 1.5
# groups whose rows may lie further off than others'
SPREAD_LEVELS: tuple[Level, ...] = (
    ("backend",),
    ("backend", "kind"),
    ("backend", "vendor"),
    ("runtime", "backend"),
    ("speed_family",),
    ("model_kind",),
)
SEEN_DEVICE, SEEN_RUNTIME = "seen_device", "seen_runtime"
DEVICE_LEVEL: Level = ("backend", "device")
RUNTIME_LEVEL: Level = ("runtime", "backend")
# the coefficient whose data say whether a device or a runtime has been measured
MAIN_COEFFICIENT: Mapping[str, str] = {
    "decode": "weights",
    "prefill": "prefill",
    "ttft": "prefill",
    "served_decode": "weights",
    "served_ttft": "prefill",
}


def group_name(level: Level, key: str) -> str:
    """Name of a group in the calibration file."""
    return f"{'|'.join(level)}={key}"


@dataclass(frozen=True, slots=True)
class BoundInterval:
    """One metric's scale as factors over (axis row, runtime row), and its ends per runtime row."""

    scale: Factors
    low: Floats
    high: Floats


# by metric
BoundIntervals = Mapping[str, BoundInterval]


def bind_intervals(calibration: Calibration, pairs: PairsInUse) -> BoundIntervals:
    """Sum the effects of every pair of rows in use, and look up each runtime's ends."""
    bound = {}
    for metric in METRICS:
        rule = rule_of(calibration, metric)
        sums = _log_scales(rule, pairs, calibration.rows.get(MAIN_COEFFICIENT[metric], {}))
        ends = np.array(
            [rule.backend_ends.get(str(row["backend"]), rule.ends) for row in pairs.keys.runtime]
        ).reshape(-1, 2)
        bound[metric] = BoundInterval(pairs.factors(sums), ends[:, 0], ends[:, 1])
    return bound


def rule_of(calibration: Calibration, metric: str) -> IntervalRule:
    """The metric's rule; where no served plan has been measured, that of one sequence on one device, in doubt."""
    known = calibration.intervals.get(metric)
    if known is not None:
        return known
    base = next(single for single, served in SERVED.items() if served == metric)
    rule = calibration.intervals[base]
    return replace(rule, log_scale=rule.log_scale + math.log(DOUBT_POWER))


def _log_scales(
    rule: IntervalRule, pairs: PairsInUse, measured: Mapping[str, Mapping[str, int]]
) -> LogEffects:
    sums = pairs.sum(SPREAD_LEVELS, rule.level_effects)
    sums["runtime"] = sums["runtime"] + rule.log_scale
    for group, seen_level in ((SEEN_DEVICE, DEVICE_LEVEL), (SEEN_RUNTIME, RUNTIME_LEVEL)):
        known, (keys, _) = measured.get("|".join(seen_level), {}), pairs.level(seen_level)
        seen = np.array([key in known for key in keys]) * rule.effects.get(group, 0.0)
        axis = axis_of(seen_level)
        sums[axis] = sums[axis] + seen if axis in sums else seen
    return sums
