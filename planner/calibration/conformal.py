"""Intervals by conformal prediction on held-out residuals, scaled by how far such plans usually lie off.

First the usual size of a residual is fitted by group (ridge regression of its logarithm on the groups of
``planner.engine.intervals``), so that a device or runtime that nobody measured gets a wider interval. Then the ends
are quantiles of the scaled residuals (normalized conformal prediction, https://arxiv.org/abs/1604.04173, section 5),
by backend, drawn towards those of all rows where few families measured it. Rows of one source family are not
independent, so the finite-sample correction is measured instead of assumed: of the tails whose intervals cover 90 %
of the rows of families that took no part, those are taken whose intervals are the narrowest.
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
RIDGE = 30.0
# so many families move a backend's quantiles half the way from those of all rows
BACKEND_FAMILIES = 8
MIN_ROWS = 60
# a metric measured by fewer families is judged together with the one that it learns from
MIN_FAMILIES = 8
# shares of residuals left out below and above: all tried, in order
TAILS: tuple[tuple[float, float], ...] = tuple(
    (round(total * below, 6), round(total * (1 - below), 6))
    for total in (0.1, 0.095, 0.09, 0.085, 0.08, 0.075, 0.07, 0.065, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01)
    for below in (0.5, 0.4, 0.3, 0.6, 0.7)
)
COVERAGE = 0.90
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out residuals of one metric: log(measured / predicted) of its value, and each row's groups. Shape [n]."""

    residuals: Floats
    family: Families
    groups: Sequence[Sequence[str]]  # names of the groups that scale a row's interval
    backend: Families
    judged: npt.NDArray[np.bool_]  # rows of the metric itself, whose coverage decides


@dataclass(frozen=True, slots=True)
class Intervals:
    """What intervals are made of: ``exp(residual)`` lies between ``scale * ends`` for nine plans of ten."""

    log_scale: float  # of a plan in no group
    effects: Mapping[str, float]  # by group name, added to the log scale
    ends: tuple[float, float]
    backend_ends: Mapping[str, tuple[float, float]]
    tails: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Nested result: each row's interval as log factors on its prediction, and whether the row lay inside."""

    low: Floats
    high: Floats
    inside: npt.NDArray[np.bool_]

    @property
    def width(self) -> Floats:
        """(high - low) / prediction."""
        return np.asarray(np.exp(self.high) - np.exp(self.low))

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Coverage:
        """The given rows."""
        return Coverage(self.low[rows], self.high[rows], self.inside[rows])


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


def _ends(scaled: Floats, weights: Floats, tails: Sequence[tuple[float, float]]) -> Floats:
    """[tails, 2]: both ends for every pair of tails; 0 lies within."""
    order = np.argsort(scaled, kind="stable")
    values, cumulative = scaled[order], np.cumsum(weights[order]) / np.sum(weights)
    shares = np.array([(below, 1 - above) for below, above in tails])
    ends = values[np.minimum(np.searchsorted(cumulative, shares), len(values) - 1)]
    return np.stack([np.minimum(ends[:, 0], 0.0), np.maximum(ends[:, 1], 0.0)], axis=1)


def _backend_ends(
    scaled: Floats,
    held: Held,
    rows: npt.NDArray[np.int64],
    weights: Floats,
    tails: Sequence[tuple[float, float]],
) -> dict[str, Floats]:
    """Ends [tails, 2] of every backend with enough rows, drawn towards the common ones; "" holds those."""
    common = _ends(scaled, weights, tails)
    result = {"": common}
    for name in np.unique(held.backend[rows]):
        chosen = held.backend[rows] == name
        if chosen.sum() < MIN_ROWS:
            continue
        n_families = len(np.unique(held.family[rows][chosen]))
        share = n_families / (n_families + BACKEND_FAMILIES)
        own = _ends(scaled[chosen], weights[chosen], tails)
        result[str(name)] = share * own + (1 - share) * common
    return result


def _nested(
    held: Held, design: sparse.csr_array, tails: Sequence[tuple[float, float]]
) -> dict[tuple[float, float], Coverage]:
    """Coverage of rows by intervals made without their fold of families, for every pair of tails."""
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
        known = _backend_ends(held.residuals[train] / scale[train], held, train, weights[train], tails)
        ends = np.stack([known.get(str(name), known[""]) for name in held.backend[test]], axis=1)
        low[:, test], high[:, test] = scale[test] * ends[:, :, 0], scale[test] * ends[:, :, 1]
    return {
        pair: Coverage(low[t], high[t], (held.residuals >= low[t]) & (held.residuals <= high[t]))
        for t, pair in enumerate(tails)
    }


def _narrowest(held: Held, nested: Mapping[tuple[float, float], Coverage]) -> tuple[float, float]:
    """Of the tails that cover enough, those with the narrowest intervals; the smallest where none covers enough."""
    judged = (
        held.judged
        if len(np.unique(held.family[held.judged])) >= MIN_FAMILIES
        else np.full_like(held.judged, True)
    )
    weights = family_weights(held.family[judged])
    widths = {
        tails: weighted_quantile(coverage.width[judged], weights, 0.5)
        for tails, coverage in nested.items()
        if np.average(coverage.inside[judged], weights=weights) >= COVERAGE
    }
    return min(widths, key=lambda tails: widths[tails]) if widths else TAILS[-1]


def fit_intervals(held: Held) -> tuple[Intervals, Coverage]:
    """Intervals from all rows, and how intervals made in the same way covered families that took no part."""
    names = sorted({name for row in held.groups for name in row})
    design = _design(held.groups, names)
    weights = family_weights(held.family)
    nested = _nested(held, design, TAILS)
    tails = _narrowest(held, nested)
    mean, effects = _fit_scale(design, held.residuals, weights)
    scaled = held.residuals / np.exp(mean + design @ effects)
    known = _backend_ends(scaled, held, np.arange(len(scaled)), weights, [tails])
    ends = {name: (float(pair[0, 0]), float(pair[0, 1])) for name, pair in known.items()}
    intervals = Intervals(
        log_scale=mean,
        effects=dict(zip(names, effects.tolist(), strict=True)),
        ends=ends.pop(""),
        backend_ends=ends,
        tails=tails,
    )
    return intervals, nested[tails]
