"""Grids: a flat index range over six axes, by product or by list."""

from __future__ import annotations

import numpy as np
import pytest

from planner.engine.grid import Axes, Grid


def axes(*lengths: int) -> Axes:
    return Axes(*(np.arange(n) for n in lengths))


def test_the_last_axis_runs_fastest() -> None:
    grid = Grid(axes(2, 1, 1, 1, 1, 3))
    assert len(grid) == 6
    rows = grid.rows(0, 6)
    assert rows.machine.tolist() == [0, 0, 0, 1, 1, 1]
    assert rows.workload.tolist() == [0, 1, 2, 0, 1, 2]


def test_a_slice_is_the_same_as_in_the_whole() -> None:
    grid = Grid(axes(3, 2, 2, 1, 2, 5))
    whole, part = grid.rows(0, len(grid)), grid.rows(17, 41)
    for a, b in zip(whole, part, strict=True):
        assert a[17:41].tolist() == b.tolist()


def test_sizes_beyond_64_bits_are_counted() -> None:
    n = 10_000
    assert len(Grid(axes(n, n, n, n, 1, 1))) == n**4


def test_a_list_needs_axes_of_one_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        Grid(axes(2, 2, 2, 2, 2, 3), product=False)


def test_plans_outside_the_grid_are_refused() -> None:
    with pytest.raises(IndexError, match="outside"):
        Grid(axes(2, 1, 1, 1, 1, 1)).rows(0, 3)


def test_pairs_are_those_in_use() -> None:
    listed = Grid(
        Axes(*(np.array([0, 1, 0]) for _ in range(4)), np.array([5, 6, 5]), np.arange(3)), product=False
    )
    assert listed.pairs("machine") == [(0, 5), (1, 6)]
    assert Grid(axes(2, 1, 1, 1, 2, 1)).pairs("machine") == [(0, 0), (0, 1), (1, 0), (1, 1)]
