"""Held-out judgement: by source family, by whole device, by whole model.

A fold's rows are predicted by a fit that saw none of its groups, so a tester, a device or a model is always new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.calibration.fit import Settings, log_coefficients, solve
from planner.calibration.problem import Observations, build_problem, predict_log_seconds
from planner.engine.tables import Floats

# a family counts as at most this many rows, so that one tester's sweep does not decide
FAMILY_CAP = 20
# families with fewer rows are reported, not scored
MIN_FAMILY_ROWS = 5


@dataclass(frozen=True, slots=True)
class Score:
    """Absolute relative error of predictions: weighted median and 90th percentile, and the rows behind them."""

    median: float
    p90: float
    rows: int
    families: int


def family_weights(family: npt.NDArray[np.str_], cap: int = FAMILY_CAP) -> Floats:
    """min(n, cap) / n for each row of a family of n rows."""
    names, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    return np.asarray(np.minimum(counts, cap) / counts)[inverse]


def training_weights(observations: Observations) -> Floats:
    """Row weights of the fit: families tempered to the square root of their size, older rows lighter."""
    keys = np.char.add(np.char.add(observations.family, "|"), observations.metric)
    names, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return (np.sqrt(np.minimum(counts, 400)) / counts)[inverse] * observations.date_weight * 2.0


def folds(groups: npt.NDArray[np.str_], n_folds: int) -> npt.NDArray[np.int64]:
    """Fold number of every row: whole groups, largest first into the emptiest fold, ties by a stable hash."""
    names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = sorted(
        range(len(names)), key=lambda i: (-counts[i], hashlib.sha256(str(names[i]).encode()).hexdigest())
    )
    size = np.zeros(n_folds)
    fold_of = np.zeros(len(names), dtype=np.int64)
    for i in order:
        fold_of[i] = int(np.argmin(size))
        size[fold_of[i]] += counts[i]
    return fold_of[inverse]


def held_out_log_seconds(
    observations: Observations,
    groups: npt.NDArray[np.str_],
    settings: Settings,
    n_folds: int = 10,
    report: Callable[[int, int], None] | None = None,
) -> Floats:
    """Predicted log seconds of every row by a fit that saw none of the row's group."""
    fold = folds(groups, n_folds)
    predicted = np.full(len(observations), np.nan)
    for k in range(n_folds):
        train, test = observations.take(fold != k), observations.take(fold == k)
        if not len(test):
            continue
        problem = build_problem(train, settings, training_weights(train))
        fit = solve(problem, settings, standard_errors=False)
        held_out = build_problem(test, settings, np.ones(len(test)), problem.parameters)
        predicted[fold == k] = predict_log_seconds(test, log_coefficients(held_out, fit.effects))
        if report:
            report(k + 1, n_folds)
    return predicted


def absolute_error(predicted_log_seconds: Floats, log_seconds: Floats) -> Floats:
    """|predicted / measured - 1| of the rate (tokens per second)."""
    return np.abs(np.expm1(log_seconds - predicted_log_seconds))


def score(errors: Floats, family: npt.NDArray[np.str_], *, equal_rows: bool = False) -> Score:
    """Median and 90th percentile; families weigh min(n, 20) rows and need five to be scored."""
    names, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    kept = counts[inverse] >= MIN_FAMILY_ROWS
    e = errors[kept]
    if not len(e):
        return Score(float("nan"), float("nan"), 0, 0)
    w = np.ones(len(e)) if equal_rows else family_weights(family[kept])
    order = np.argsort(e, kind="stable")
    cumulative = np.cumsum(w[order]) / np.sum(w)
    at = lambda q: float(e[order][np.searchsorted(cumulative, q)])  # noqa: E731
    return Score(at(0.5), at(0.9), len(e), int(np.sum(counts >= MIN_FAMILY_ROWS)))


def scores_by(
    errors: Floats, observations: Observations, labels: Mapping[str, npt.NDArray[np.str_]]
) -> dict[str, dict[str, Score]]:
    """Scores of every value of every labelling (platform, runtime, ...)."""
    return {
        name: {
            str(value): score(errors[values == value], observations.family[values == value])
            for value in np.unique(values)
        }
        for name, values in labels.items()
    }
