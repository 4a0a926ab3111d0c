"""Intervals by conformal prediction on held-out residuals, scaled by how far such plans usually lie off.

First the usual size of a residual is fitted by group (ridge regression of its logarithm on the groups of
``planner.engine.intervals``), so that a device or runtime that nobody measured gets a wider interval. Then the ends
are quantiles of the scaled residuals (normalized conformal prediction, https://arxiv.org/abs/1604.04173, section 5),
by backend, drawn towards those of all rows where few families measured it. Rows of one source family are not
independent, so the finite-sample correction is measured instead of assumed: the tail is the largest that covers 90 %
of the rows of families that took no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planner.calibration.folds import family_weights, folds
from planner.engine.tables import Floats

Families = npt.NDArray[np.str_]
# residuals below this (log units) do not tell groups apart
FLOOR = 0.05
# strength of the ridge: so many (family-weighted) rows move a group half the way
RIDGE = 15.0
# so many families move a backend's quantiles half the way from those of all rows
BACKEND_FAMILIES = 8
MIN_ROWS = 60
TAILS = tuple(np.round(np.arange(0.05, 0.0049, -0.0025), 6))
COVERAGE = 0.90
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out residuals of one metric: log(measured / predicted) of its value, and each row's groups. Shape [n]."""

    residuals: Floats
    family: Families
    groups: Sequence[Sequence[str]]  # names of the groups that scale a row's interval
    backend: Families


@dataclass(frozen=True, slots=True)
class Intervals:
    """What intervals are made of: ``exp(residual)`` lies between ``scale * ends`` for nine plans of ten."""

    log_scale: float  # of a plan in no group
    effects: Mapping[str, float]  # by group name, added to the log scale
    ends: tuple[float, float]
    backend_ends: Mapping[str, tuple[float, float]]
    tail: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Nested result: which rows lay inside, and how wide the interval was, (high - low) / prediction."""

    inside: npt.NDArray[np.bool_]
    width: Floats


def weighted_quantile(values: Floats, weights: Floats, q: float) -> float:
    """Smallest value at which the weighted cumulative share reaches ``q``."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order]) / np.sum(weights)
    return float(values[order][min(int(np.searchsorted(cumulative, q)), len(values) - 1)])


def _design(groups: Sequence[Sequence[str]], names: Sequence[str]) -> sparse.csr_array:
    number = {name: i for i, name in enumerate(names)}
    rows = [i for i, row in enumerate(groups) for _ in row]
    columns = [number[name] for row in groups for name in row]
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(groups), len(names)))


def _fit_scale(design: sparse.csr_array, residuals: Floats, weights: Floats) -> tuple[float, Floats]:
    size = np.log(np.abs(residuals) + FLOOR)
    mean = float(np.sum(weights * size) / np.sum(weights))
    normal = (design.T @ (sparse.diags_array(weights) @ design)).toarray() + RIDGE * np.eye(design.shape[1])
    return mean, np.linalg.solve(normal, design.T @ (weights * (size - mean)))


def _ends(scaled: Floats, weights: Floats, tail: float) -> tuple[float, float]:
    low, high = weighted_quantile(scaled, weights, tail), weighted_quantile(scaled, weights, 1 - tail)
    return min(low, 0.0), max(high, 0.0)


def _backend_ends(
    scaled: Floats, held: Held, rows: npt.NDArray[np.int64], weights: Floats, tail: float
) -> dict[str, tuple[float, float]]:
    """Quantiles of every backend with enough rows, drawn towards the common ones."""
    common, result = _ends(scaled, weights, tail), {}
    for name in np.unique(held.backend[rows]):
        chosen = held.backend[rows] == name
        n_families = len(np.unique(held.family[rows][chosen]))
        if chosen.sum() < MIN_ROWS:
            continue
        own, share = (
            _ends(scaled[chosen], weights[chosen], tail),
            n_families / (n_families + BACKEND_FAMILIES),
        )
        result[str(name)] = (
            share * own[0] + (1 - share) * common[0],
            share * own[1] + (1 - share) * common[1],
        )
    return result


def _nested(held: Held, design: sparse.csr_array, tails: Sequence[float]) -> dict[float, Coverage]:
    """Coverage of rows by intervals made without their fold of families, for every tail."""
    n = len(held.residuals)
    low, high = np.zeros((len(tails), n)), np.zeros((len(tails), n))
    fold = folds(held.family, FOLDS)
    weights = family_weights(held.family)
    for k in range(FOLDS):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        if not len(train) or not len(test):
            continue
        mean, effects = _fit_scale(design[train], held.residuals[train], weights[train])
        scale = np.exp(mean + design @ effects)
        scaled = held.residuals[train] / scale[train]
        for t, tail in enumerate(tails):
            common = _ends(scaled, weights[train], tail)
            own = _backend_ends(scaled, held, train, weights[train], tail)
            ends = np.array([own.get(str(name), common) for name in held.backend[test]])
            low[t, test], high[t, test] = scale[test] * ends[:, 0], scale[test] * ends[:, 1]
    return {
        tail: Coverage(
            (held.residuals >= low[t]) & (held.residuals <= high[t]), np.exp(high[t]) - np.exp(low[t])
        )
        for t, tail in enumerate(tails)
    }


def fit_intervals(held: Held) -> tuple[Intervals, Coverage]:
    """Intervals from all rows, and how intervals made in the same way covered families that took no part."""
    names = sorted({name for row in held.groups for name in row})
    design = _design(held.groups, names)
    weights = family_weights(held.family)
    nested = _nested(held, design, TAILS)
    covered = {tail: float(np.average(c.inside, weights=weights)) for tail, c in nested.items()}
    tail = next((tail for tail in TAILS if covered[tail] >= COVERAGE), TAILS[-1])
    mean, effects = _fit_scale(design, held.residuals, weights)
    scaled = held.residuals / np.exp(mean + design @ effects)
    rows = np.arange(len(held.residuals))
    intervals = Intervals(
        log_scale=mean,
        effects=dict(zip(names, effects.tolist(), strict=True)),
        ends=_ends(scaled, weights, tail),
        backend_ends=_backend_ends(scaled, held, rows, weights, tail),
        tail=tail,
    )
    return intervals, nested[tail]
