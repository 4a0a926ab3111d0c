"""One calibration from data to file: fit, held-out residuals, intervals, accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from planner.calibration.conformal import Quantiles, grouped_quantiles
from planner.calibration.crossval import absolute_error, family_weights, held_out_log_seconds, score, training_weights
from planner.calibration.fit import Settings, solve
from planner.calibration.problem import METRICS, Observations, build_problem
from planner.calibration.rivals import DECODE_RIVALS
from planner.calibration.store import document, rounded
from planner.engine.intervals import interval_groups
from planner.engine.tables import Floats

# Prior standard deviations of level effects (log units), chosen by held-out error; others take the default.
# Processors and compute bases differ by factors, runtimes and formats by shares.
SETTINGS = Settings(
    level_sd={
        "backend": 0.6,
        "peak_basis": 2.0,
        "peak_basis|backend": 1.0,
        "layer:backend": 1.0,
        "first_token:backend": 1.0,
    },
    default_sd=0.2,
)
FOLDS = 10

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions of every row by fits that saw nothing of its source family."""

    log_seconds: Floats
    # whether another family of the training folds measured the row's device on its backend
    device_seen: np.ndarray


def hold_out_families(observations: Observations, report: Report) -> HeldOut:
    """Cross-validate by source family."""
    predicted = held_out_log_seconds(
        observations, observations.family, SETTINGS, FOLDS, lambda k, n: report("cross-validation by source", k, n)
    )
    devices = np.array([f"{v['backend']}|{v['device']}" for v in observations.values])
    families: dict[str, set[str]] = {}
    for device, family in zip(devices, observations.family, strict=True):
        families.setdefault(str(device), set()).add(str(family))
    seen = np.array([len(families[str(device)]) > 1 for device in devices])
    return HeldOut(predicted, seen)


def residuals(observations: Observations, held_out: HeldOut) -> Floats:
    """log(measured / predicted) of each metric's own value: a rate for decode and prefill, a time for TTFT."""
    of_time = observations.log_seconds - held_out.log_seconds
    return np.where(observations.metric == "ttft", of_time, -of_time)


def intervals(observations: Observations, held_out: HeldOut) -> dict[str, dict[str, Quantiles]]:
    """Residual quantiles of every metric by group."""
    errors = residuals(observations, held_out)
    result = {}
    for metric in METRICS:
        rows = observations.metric == metric
        groups = [
            ("", *interval_groups(v["backend"], v["kind"], v["runtime"], bool(s)))
            for v, s, chosen in zip(observations.values, held_out.device_seen, rows, strict=True)
            if chosen
        ]
        family = observations.family[rows]
        result[metric] = grouped_quantiles(errors[rows], family_weights(family), family, groups)
    return result


def accuracy(observations: Observations, held_out: HeldOut) -> dict[str, Any]:
    """Held-out error of every metric, and of the folk formulas on the same rows."""
    errors = absolute_error(held_out.log_seconds, observations.log_seconds)
    report: dict[str, Any] = {}
    for metric in METRICS:
        rows = observations.metric == metric
        if not rows.any():
            continue
        family = observations.family[rows]
        report[metric] = {
            "by_family": _plain(asdict(score(errors[rows], family))),
            "rows_equal": _plain(asdict(score(errors[rows], family, equal_rows=True))),
        }
    decode = observations.take(observations.metric == "decode")
    report["decode"]["rivals"] = {
        name: _plain(asdict(score(absolute_error(formula(decode.inputs), decode.log_seconds), decode.family)))
        for name, formula in DECODE_RIVALS.items()
    }
    return report


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: rounded(v) if isinstance(v, float) else v for k, v in values.items()}


def calibrate(observations: Observations, data_sha256: str, report: Report) -> dict[str, Any]:
    """The calibration document of these observations. Deterministic."""
    problem = build_problem(observations, SETTINGS, training_weights(observations))
    fit = solve(problem, SETTINGS, lambda i, _: report("fit", i, SETTINGS.max_iterations))
    held_out = hold_out_families(observations, report)
    return document(
        parameters=problem.parameters,
        fit=fit,
        intervals=intervals(observations, held_out),
        data_sha256=data_sha256,
        rows_by_metric={metric: int(np.sum(observations.metric == metric)) for metric in METRICS},
        accuracy=accuracy(observations, held_out),
    )
