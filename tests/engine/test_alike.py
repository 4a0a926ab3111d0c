"""Machines that formulas cannot tell apart are grouped; those that differ in any figure of speed are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hardware_catalog.tables import MachineSpec, machine_table
from planner.engine.alike import Groups, need_groups, speed_groups
from planner.engine.grid import Axes
from planner.engine.units import GIB
from tests.engine.catalog import rows

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
