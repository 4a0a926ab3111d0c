"""Intervals cover what they say on testers that took no part, and widen where less is known."""

from __future__ import annotations

import numpy as np
import pytest

from planner.calibration.conformal import Held, fit_intervals, weighted_quantile


def held(rng: np.random.Generator, families: int = 60, rows: int = 30) -> Held:
    """Each tester has a bias of its own; residuals of group "wide" are three times as large."""
    n = families * rows
    family = np.repeat([f"f{i}" for i in range(families)], rows)
    wide = rng.random(n) < 0.3
    bias = np.repeat(rng.normal(0, 0.1, families), rows)
    scale = np.where(wide, 0.45, 0.15)
    return Held(
        residuals=bias + rng.normal(0, 1, n) * scale,
        family=family,
        groups=[("kind=wide",) if w else ("kind=narrow", "seen_device") for w in wide],
        backend=np.where(rng.random(n) < 0.5, "CUDA", "Metal"),
        judged=np.ones(n, dtype=bool),
    )


def test_nested_coverage_is_nominal_and_by_group():
    data = held(np.random.default_rng(3))
    _, coverage = fit_intervals(data)
    wide = np.array(["kind=wide" in row for row in data.groups])
    assert 0.895 <= coverage.inside.mean() <= 0.93
    assert 0.83 <= coverage.inside[wide].mean() <= 0.97
    assert np.median(coverage.width[wide]) > 1.8 * np.median(coverage.width[~wide])


def test_intervals_cover_testers_drawn_afterwards():
    rng = np.random.default_rng(5)
    intervals, _ = fit_intervals(held(rng))
    fresh = held(rng)
    scale = np.exp([intervals.log_scale + sum(intervals.effects[g] for g in row) for row in fresh.groups])
    ends = np.array([intervals.backend_ends.get(b, intervals.ends) for b in fresh.backend])
    inside = (fresh.residuals >= scale * ends[:, 0]) & (fresh.residuals <= scale * ends[:, 1])
    assert 0.87 <= inside.mean() <= 0.95


def test_a_metric_with_few_testers_is_judged_with_its_teacher():
    rng = np.random.default_rng(8)
    data = held(rng)
    few = Held(data.residuals, data.family, data.groups, data.backend, np.isin(data.family, ["f0", "f1"]))
    intervals, coverage = fit_intervals(few)
    assert coverage.inside.mean() >= 0.9
    assert intervals.ends[0] < 0 < intervals.ends[1]


@pytest.mark.parametrize(("q", "expected"), [(0.05, 1.0), (0.5, 2.0), (0.9, 3.0), (1.0, 3.0)])
def test_weighted_quantile_by_hand(q: float, expected: float):
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), q) == expected
