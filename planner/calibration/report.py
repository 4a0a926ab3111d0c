"""How right predictions are on data they have not seen: errors, coverage, and the folk formulas beside ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.calibration.conformal import Coverage, weighted_quantile
from planner.calibration.crossval import absolute_error, held_out_log_seconds, score
from planner.calibration.folds import family_weights
from planner.calibration.held import fit_all_intervals
from planner.calibration.problem import METRICS, Design, Observations
from planner.calibration.rivals import DECODE_RIVALS
from planner.calibration.settings import FOLDS, SETTINGS
from planner.calibration.store import rounded
from planner.engine.tables import Floats

GROUPED_BY = ("backend", "vendor", "kind", "runtime", "speed_family", "model_kind")
MIN_GROUP_ROWS = 20

Chosen = npt.NDArray[np.bool_]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: rounded(v) if isinstance(v, float) else v for k, v in values.items()}


def coverage_of(coverage: Coverage, family: npt.NDArray[np.str_]) -> dict[str, Any]:
    """Share of rows inside their interval (families weigh min(n, 20)) and the interval's median width."""
    weights = family_weights(family)
    return _plain(
        {
            "covered": float(np.average(coverage.inside, weights=weights)),
            "covered_rows_equal": float(np.mean(coverage.inside)),
            "median_width": float(np.median(coverage.width)),
            "median_width_by_family": weighted_quantile(coverage.width, weights, 0.5),
        }
    )


def _summary(errors: Floats, family: npt.NDArray[np.str_], coverage: Coverage) -> dict[str, Any]:
    return {
        "by_family": _plain(asdict(score(errors, family))),
        "rows_equal": _plain(asdict(score(errors, family, equal_rows=True))),
        "interval": coverage_of(coverage, family),
    }


def accuracy(
    observations: Observations, log_seconds: Floats, coverage: Mapping[str, Coverage]
) -> dict[str, Any]:
    """Held-out error and coverage of every metric, overall and by group; folk formulas on the same rows."""
    report: dict[str, Any] = {}
    for metric in METRICS:
        chosen = observations.metric == metric
        if not chosen.any():
            continue
        rows = observations.take(chosen)
        errors = absolute_error(log_seconds[chosen], rows.log_seconds)
        report[metric] = {
            **_summary(errors, rows.family, coverage[metric]),
            "groups": _groups(rows, errors, coverage[metric]),
        }
        if metric == "decode":
            report[metric]["rivals"] = _rivals(rows)
    return report


def cross_validated(design: Design, report: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Accuracy by source family with its groups, and errors with whole devices and whole models held out."""
    observations = design.observations
    devices = np.array([str(values["device"]) for values in observations.values])
    result: dict[str, Any] = {}
    for name, groups in (
        ("source family", observations.family),
        ("device", devices),
        ("model", observations.model),
    ):
        predicted = held_out_log_seconds(
            design, groups, SETTINGS, FOLDS, partial(report, f"held out by {name}")
        )
        if name == "source family":
            result = accuracy(observations, predicted, fit_all_intervals(observations, predicted)[1])
            continue
        errors = absolute_error(predicted, observations.log_seconds)
        for metric in result:
            chosen = observations.metric == metric
            family = observations.family[chosen]
            result[metric][f"{name}_never_seen"] = {
                "by_family": _plain(asdict(score(errors[chosen], family))),
                "rows_equal": _plain(asdict(score(errors[chosen], family, equal_rows=True))),
            }
    return result


def _rivals(decode: Observations) -> dict[str, Any]:
    return {
        name: {
            "by_family": _plain(asdict(score(errors, decode.family))),
            "rows_equal": _plain(asdict(score(errors, decode.family, equal_rows=True))),
        }
        for name, formula in DECODE_RIVALS.items()
        for errors in (absolute_error(formula(decode.inputs), decode.log_seconds),)
    }


def _groups(rows: Observations, errors: Floats, coverage: Coverage) -> dict[str, Any]:
    """Summaries of every value of every field that has enough rows."""
    result: dict[str, Any] = {}
    for field in GROUPED_BY:
        values = np.array([str(row[field]) for row in rows.values])
        groups = {}
        for value in np.unique(values):
            chosen = values == value
            if chosen.sum() >= MIN_GROUP_ROWS:
                part = coverage.take(chosen)
                groups[str(value)] = {
                    **_summary(errors[chosen], rows.family[chosen], part),
                    "rows": int(chosen.sum()),
                    "families": len(np.unique(rows.family[chosen])),
                }
        result[field] = groups
    return result
