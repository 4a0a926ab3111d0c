"""One calibration from data to files: fit, held-out predictions, intervals, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.calibration.crossval import training_weights
from planner.calibration.fit import solve
from planner.calibration.held import fit_all_intervals
from planner.calibration.heldout import HeldOut
from planner.calibration.judging import TESTER, held_out, held_out_logs
from planner.calibration.load import Data
from planner.calibration.problem import METRICS, Design
from planner.calibration.report import accuracy_report, summaries
from planner.calibration.settings import FOLDS, SETTINGS
from planner.calibration.store import document, dumps, sha256_of

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The calibration document, the predictions that judged it, and the report of its accuracy."""

    document: dict[str, Any]
    held_out: HeldOut
    report: dict[str, Any]


def calibrate(data: Data, report: Report, processes: int | None = None, n_folds: int = FOLDS) -> Calibrated:
    """Fit and judge these measurements. Deterministic, whatever the number of processes."""
    observations = data.observations
    design = Design.build(observations)
    logs = held_out_logs(design, report, processes, n_folds)
    intervals, coverage = fit_all_intervals(observations, logs[TESTER])
    values = held_out(observations, logs, coverage, data.platforms)
    problem = design.problem(SETTINGS, np.arange(len(observations)), training_weights(observations))
    fit = solve(problem, SETTINGS, lambda i, _: report("fit", i, SETTINGS.max_iterations))
    calibration = document(
        parameters=problem.parameters,
        fit=fit,
        intervals=intervals,
        data_sha256=data.sha256,
        rows_by_metric={metric: int(np.sum(observations.metric == metric)) for metric in METRICS},
        accuracy=summaries(data.in_order(values), values),
    )
    return Calibrated(
        document=calibration,
        held_out=values,
        report=accuracy_report(
            data.in_order(values),
            values,
            data.outcomes,
            data_sha256=data.sha256,
            calibration_sha256=sha256_of(dumps(calibration)),
        ),
    )


def judge(data: Data, report: Report, processes: int | None = None) -> HeldOut:
    """Cross-validate without fitting the calibration itself: the predictions that ``calibrate`` would judge by."""
    design = Design.build(data.observations)
    logs = held_out_logs(design, report, processes)
    coverage = fit_all_intervals(data.observations, logs[TESTER])[1]
    return held_out(data.observations, logs, coverage, data.platforms)
