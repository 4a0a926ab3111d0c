"""Machines that formulas cannot tell apart are grouped; those that differ in any figure of speed are not."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from hardware_catalog.tables import MachineSpec, machine_table
from planner.engine.alike import Groups, need_groups, speed_groups
from planner.engine.evaluate import keys_of
from planner.engine.gather import speed_inputs
from planner.engine.grid import Axes
from planner.engine.speed import SpeedInputs
from planner.engine.units import GIB
from tests.engine.catalog import rows
from tests.engine.sweeps import WORKLOADS, sweep_tables

CARD = next(d for d in rows().devices if d.slug == "nvidia-geforce-rtx-4090")
UNKNOWN = replace(CARD, slug="x", bandwidth_bytes_per_s=None)
SPECS = [
    MachineSpec("pc", CARD, 1, 24 * GIB, "nvidia"),
    MachineSpec("pc with more", CARD, 1, 48 * GIB, "nvidia_windows", 64 * GIB, 8e10),
    MachineSpec("two", CARD, 2, 24 * GIB, "nvidia"),
    MachineSpec("faster", replace(CARD, bandwidth_bytes_per_s=2e12), 1, 24 * GIB, "nvidia"),
    MachineSpec("unknown", UNKNOWN, 1, 24 * GIB, "nvidia"),
    MachineSpec("unknown too", UNKNOWN, 1, 16 * GIB, "nvidia"),
]


def test_speed_is_the_devices_whatever_memory_is_around_them() -> None:
    assert speed_groups(machine_table(SPECS)).tolist() == [0, 0, 2, 3, 4, 4]


def test_needs_vary_with_how_many_devices_hold_them() -> None:
    groups = need_groups(machine_table(SPECS))
    assert len(set(groups.tolist())) == 2
    assert groups[2] not in (groups[0], groups[4])


def test_groups_are_handed_to_their_machines() -> None:
    one = np.zeros((1, 1), dtype=np.int64)
    machines = np.array([[0, 2, 1, 5, 4]])  # rows of SPECS
    rows_of = Axes(machines, np.arange(2)[:, None], one, one, one, one)
    groups = Groups.of(rows_of, 1, speed_groups(machine_table(SPECS)))
    assert groups.rows.machine.tolist() == [[0, 2, 5]]
    figures = np.array([[10.0, 12.0, 14.0], [20.0, 22.0, 24.0]])
    out = np.empty((1, 4))
    whole = (slice(0, 2), slice(0, 5))
    groups.spread((slice(1, 2), slice(1, 5)), whole).into(out, figures)
    assert out.tolist() == [[22.0, 20.0, 24.0, 24.0]]


def test_machines_without_likes_are_left_as_they_are() -> None:
    one = np.zeros((1, 1), dtype=np.int64)
    rows_of = Axes(np.array([[0, 2, 3]]), np.arange(2)[:, None], one, one, one, one)
    groups = Groups.of(rows_of, 1, speed_groups(machine_table(SPECS)))
    assert groups.place is None
    assert groups.rows is rows_of


def test_like_machines_have_the_same_figures_of_speed_and_the_same_keys() -> None:
    sweep = sweep_tables(WORKLOADS)
    groups = speed_groups(sweep.machines)
    assert len(set(groups.tolist())) < len(groups)
    keys = keys_of(sweep).machine
    assert all(keys[i] == keys[group] for i, group in enumerate(groups))
    one = np.zeros(1, dtype=np.int64)
    for runtime in range(0, len(sweep.runtimes), 9):
        rest = (one, one, one, one + runtime, one + 3)  # a workload that names its ranks
        own = speed_inputs(sweep, Axes(np.arange(len(groups)), *rest))
        shared = speed_inputs(sweep, Axes(groups, *rest))
        for field in fields(SpeedInputs):
            assert np.array_equal(getattr(own, field.name), getattr(shared, field.name), equal_nan=True)
