"""Held-out residuals with the groups that scale an interval, and the intervals of every metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planner.calibration.conformal import Coverage, Held, Intervals, fit_intervals
from planner.calibration.problem import METRICS, TIMES, Observations
from planner.engine.intervals import (
    DEVICE_LEVEL,
    RUNTIME_LEVEL,
    SEEN_DEVICE,
    SEEN_RUNTIME,
    SPREAD_LEVELS,
    group_name,
)
from planner.engine.levels import key_of
from planner.engine.tables import Floats

# a time to the first token is prefill and little more: both teach each other's intervals
_LEARNS_FROM = {
    "decode": ("decode",),
    "prefill": ("prefill", "ttft"),
    "ttft": ("prefill", "ttft"),
    "served_decode": ("served_decode",),
    "served_ttft": ("served_ttft",),
}


def value_residuals(observations: Observations, log_seconds: Floats) -> Floats:
    """log(measured / predicted) of each metric's own value: a rate for decode and prefill, a time for TTFT."""
    of_time = observations.log_seconds - log_seconds
    return np.where(np.isin(observations.metric, TIMES), of_time, -of_time)


def _seen(keys: Sequence[str], family: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Whether another source family has the row's key."""
    families: dict[str, set[str]] = {}
    for key, name in zip(keys, family, strict=True):
        families.setdefault(key, set()).add(str(name))
    return np.array([len(families[key]) > 1 for key in keys])


def held_rows(observations: Observations, log_seconds: Floats, metric: str) -> Held:
    """The rows as the interval fit wants them; those of ``metric`` decide.

    A held-out row whose device or runtime no other family measured stands for the unmeasured ones: it bears no group of
    its own device or runtime.
    """
    devices = [key_of(DEVICE_LEVEL, values) for values in observations.values]
    runtimes = [key_of(RUNTIME_LEVEL, values) for values in observations.values]
    device_seen, runtime_seen = _seen(devices, observations.family), _seen(runtimes, observations.family)
    groups = []
    for values, on_device, on_runtime in zip(observations.values, device_seen, runtime_seen, strict=True):
        unseen = {
            level for level, seen in ((DEVICE_LEVEL, on_device), (RUNTIME_LEVEL, on_runtime)) if not seen
        }
        row = [group_name(level, key_of(level, values)) for level in SPREAD_LEVELS if level not in unseen]
        row += [SEEN_DEVICE] * bool(on_device) + [SEEN_RUNTIME] * bool(on_runtime)
        groups.append(tuple(row))
    return Held(
        residuals=value_residuals(observations, log_seconds),
        family=observations.family,
        groups=groups,
        backend=np.array([str(values["backend"]) for values in observations.values]),
        judged=observations.metric == metric,
    )


def fit_all_intervals(
    observations: Observations, log_seconds: Floats
) -> tuple[dict[str, Intervals], dict[str, Coverage]]:
    """Intervals of every metric, and how they covered held-out families (rows of that metric, in order)."""
    intervals, coverage = {}, {}
    for metric in METRICS:
        chosen = np.isin(observations.metric, _LEARNS_FROM[metric])
        if not chosen.any():
            continue
        rows = observations.take(chosen)
        intervals[metric], nested = fit_intervals(held_rows(rows, log_seconds[chosen], metric))
        coverage[metric] = nested.take(rows.metric == metric)
    return intervals, coverage
