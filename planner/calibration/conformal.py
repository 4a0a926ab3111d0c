"""Intervals by split conformal prediction on held-out residuals, by group with fallback to the parent.

For a group with n held-out residuals, the interval's ends are its weighted 5 % and 95 % quantiles with the finite-sample
correction of conformal prediction (rank (n + 1) * q): https://arxiv.org/abs/2107.07511. A group too small, or
from too few source families, takes its parent's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.engine.tables import Floats


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Ends of the interval as log(measured / predicted), with the rows and families they rest on."""

    low: float
    high: float
    rows: int
    families: int


def weighted_quantile(values: Floats, weights: Floats, q: float) -> float:
    """Quantile of a weighted sample, corrected for its effective size; the extremes are returned when q lies outside."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    total = cumulative[-1]
    effective = total**2 / np.sum(weights**2)
    corrected = q + (q - 0.5) / effective  # (n + 1)/n applied to the distance from the median
    position = np.searchsorted(cumulative / total, min(max(corrected, 0.0), 1.0))
    return float(values[order][min(int(position), len(values) - 1)])


def grouped_quantiles(
    residuals: Floats,
    weights: Floats,
    families: npt.NDArray[np.str_],
    groups: Sequence[Sequence[str]],
    *,
    coverage: float = 0.90,
    min_rows: int = 60,
    min_families: int = 4,
) -> dict[str, Quantiles]:
    """Quantiles of every group that has enough rows; ``groups[i]`` names row i's groups, coarse to fine."""
    members: dict[str, list[int]] = {}
    for row, names in enumerate(groups):
        for name in names:
            members.setdefault(name, []).append(row)
    tail = (1.0 - coverage) / 2
    result = {}
    for name in sorted(members):
        rows = np.array(members[name])
        n_families = len(set(families[rows]))
        if name and (len(rows) < min_rows or n_families < min_families):
            continue
        r, w = residuals[rows], weights[rows]
        low, high = weighted_quantile(r, w, tail), weighted_quantile(r, w, 1 - tail)
        result[name] = Quantiles(min(low, 0.0), max(high, 0.0), len(rows), n_families)
    return result


def pick(groups: Sequence[str], known: Mapping[str, Quantiles]) -> str:
    """The finest group, in the given coarse-to-fine order, that has quantiles."""
    return next(name for name in reversed(groups) if name in known)
