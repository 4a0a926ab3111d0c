"""Two calibrations side by side: what each reached on testers that its fit had not seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.calibration.documents import accuracy_summary
from planner.calibration.models import CalibrationVersion
from planner.engine.intervals import METRICS
from planner.figures import UNKNOWN

METRIC_NAMES: Mapping[str, str] = {
    "decode": "writing (decode)",
    "prefill": "reading a prompt (prefill)",
    "ttft": "time to the first token",
    "served_decode": "writing of several at a time",
    "served_ttft": "first token of several at a time",
}
FIGURE_NAMES: Mapping[str, str] = {
    "median": "median error",
    "p90": "90th percentile of the error",
    "covered": "90 % interval held",
    "width": "interval's median width over the prediction",
}
COUNT_NAMES: Mapping[str, str] = {"rows": "rows scored", "families": "testers scored"}
ALL_NAMES: Mapping[str, str] = {**FIGURE_NAMES, **COUNT_NAMES}


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One figure of both, in words; ``better`` is "left", "right" or "" where neither is or it is no matter of that."""

    metric: str
    figure: str
    left: str
    right: str
    difference: str
    better: str


def compared(left: CalibrationVersion, right: CalibrationVersion) -> tuple[ComparedFigure, ...]:
    """Every overall figure of both, metric by metric."""
    return tuple(
        figure
        for metric in METRICS
        for figure in _figures(
            METRIC_NAMES[metric], left.accuracy.get(metric, {}), right.accuracy.get(metric, {})
        )
    )


def compared_groups(
    left: CalibrationVersion, right: CalibrationVersion, metric: str, field: str
) -> tuple[ComparedFigure, ...]:
    """The median error of every group of one field ("backend", "runtime", ...) that both files report."""
    ours, theirs = (_groups(version, metric, field) for version in (left, right))
    return tuple(
        figure
        for group in sorted(ours.keys() & theirs.keys())
        for figure in _figures(group, ours[group], theirs[group], names={"median": FIGURE_NAMES["median"]})
    )


def _groups(version: CalibrationVersion, metric: str, field: str) -> dict[str, Mapping[str, float]]:
    report = json.loads(version.document).get("accuracy", {}).get(metric, {}).get("groups", {}).get(field, {})
    return {name: accuracy_summary({"decode": group})["decode"] for name, group in report.items()}


def _figures(
    metric: str,
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    names: Mapping[str, str] = ALL_NAMES,
) -> tuple[ComparedFigure, ...]:
    found = []
    for key, name in names.items():
        ours, theirs = left.get(key), right.get(key)
        if ours is None and theirs is None:
            continue
        counted = key in COUNT_NAMES
        difference, better = "", ""
        if ours is not None and theirs is not None:
            change = theirs - ours
            shown = f"{change:+,.0f}" if counted else f"{change * 100:+.1f} points"
            difference = shown if change else "the same"
            # an interval is to hold nine of ten, not as many as possible
            off = (abs(ours - 0.9), abs(theirs - 0.9)) if key == "covered" else (ours, theirs)
            if not counted and off[0] != off[1]:
                better = "left" if off[0] < off[1] else "right"
        found.append(
            ComparedFigure(metric, name, _shown(ours, counted), _shown(theirs, counted), difference, better)
        )
    return tuple(found)


def _shown(value: float | None, counted: bool) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if counted else f"{value * 100:.1f} %"
