"""Held-out judgement: by source family, by whole device, by whole model.

A fold's rows are predicted by a fit that saw none of its groups, so a tester, a device or a model is always new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.calibration.fit import Settings, solve
from planner.calibration.folds import family_weights, folds
from planner.calibration.problem import Design, Observations
from planner.engine.tables import Floats

# a family counts as at most so many rows of a metric while fitting, where more rows tell formats and models apart
TRAINING_CAP = 200
# of several sequences and devices, each model on a device in a runtime is a unit of its own; most are one tester's
SERVED_CAP = 100
# families with fewer rows are reported, not scored
MIN_FAMILY_ROWS = 5


@dataclass(frozen=True, slots=True)
class Score:
    """Absolute relative error of predictions: weighted median and 90th percentile, and the rows behind them."""

    median: float
    p90: float
    rows: int
    families: int


def training_weights(observations: Observations) -> Floats:
    """Row weights of the fit: a family counts as at most 200 rows of a metric, a served set-up 100; old rows less."""
    keys = np.char.add(np.char.add(observations.family, "|"), observations.metric)
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    cap = np.where(np.char.startswith(observations.metric, "served"), SERVED_CAP, TRAINING_CAP)
    return np.minimum(counts[inverse], cap) / counts[inverse] * observations.date_weight


def held_out_log_seconds(
    design: Design,
    groups: npt.NDArray[np.str_],
    settings: Settings,
    n_folds: int = 10,
    report: Callable[[int, int], None] | None = None,
) -> Floats:
    """Predicted log seconds of every row by a fit that saw none of the row's group."""
    fold = folds(groups, n_folds)
    predicted = np.full(len(groups), np.nan)
    for k in range(n_folds):
        train, test = fold != k, fold == k
        if not test.any():
            continue
        weights = training_weights(design.observations.take(train))
        fit = solve(design.problem(settings, train, weights), settings, standard_errors=False)
        predicted[test] = design.predict(fit.effects, test)
        if report:
            report(k + 1, n_folds)
    return predicted


def absolute_error(predicted_log_seconds: Floats, log_seconds: Floats) -> Floats:
    """|predicted / measured - 1| of the rate (tokens per second)."""
    return np.abs(np.expm1(log_seconds - predicted_log_seconds))


def score(errors: Floats, family: npt.NDArray[np.str_], *, equal_rows: bool = False) -> Score:
    """Median and 90th percentile; families weigh min(n, 20) rows and need five to be scored."""
    _, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    kept = counts[inverse] >= MIN_FAMILY_ROWS
    e = errors[kept]
    if not len(e):
        return Score(float("nan"), float("nan"), 0, 0)
    w = np.ones(len(e)) if equal_rows else family_weights(family[kept])
    order = np.argsort(e, kind="stable")
    cumulative = np.cumsum(w[order]) / np.sum(w)
    median, p90 = (float(e[order][np.searchsorted(cumulative, q)]) for q in (0.5, 0.9))
    return Score(median, p90, len(e), int(np.sum(counts >= MIN_FAMILY_ROWS)))
