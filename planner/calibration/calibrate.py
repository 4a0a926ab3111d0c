"""One calibration from data to file: fit, held-out predictions, intervals, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from planner.calibration.crossval import held_out_log_seconds, training_weights
from planner.calibration.fit import solve
from planner.calibration.held import fit_all_intervals
from planner.calibration.problem import METRICS, Design, Observations
from planner.calibration.report import accuracy
from planner.calibration.settings import FOLDS, SETTINGS
from planner.calibration.store import document

Report = Callable[[str, int, int], None]


def calibrate(observations: Observations, data_sha256: str, report: Report) -> dict[str, Any]:
    """The calibration document of these observations. Deterministic."""
    design = Design.build(observations)
    problem = design.problem(SETTINGS, np.arange(len(observations)), training_weights(observations))
    fit = solve(problem, SETTINGS, lambda i, _: report("fit", i, SETTINGS.max_iterations))
    predicted = held_out_log_seconds(
        design,
        observations.family,
        SETTINGS,
        FOLDS,
        lambda k, n: report("cross-validation by source family", k, n),
    )
    intervals, coverage = fit_all_intervals(observations, predicted)
    return document(
        parameters=problem.parameters,
        fit=fit,
        intervals=intervals,
        data_sha256=data_sha256,
        rows_by_metric={metric: int(np.sum(observations.metric == metric)) for metric in METRICS},
        accuracy=accuracy(observations, predicted, coverage),
    )
