"""Machines that a formula cannot tell apart: what they have in common is worked out once.

Presets of one chip, or of one card with different host memory, differ in what they may use and not in how fast they
are; machines with as many devices need the same memory. A group of such machines is named by a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.engine.boxes import Box, box_shape, cutter, inside, replaced
from planner.engine.columns import Array
from planner.engine.grid import Axes
from planner.engine.tables import Floats, Ints, MachineTable

# what the speed formulas and the calibration's levels never read: only limits and offloading do
_NOT_OF_SPEED = frozenset(
    {"slug", "platform", "memory_bytes", "host_memory_bytes", "host_bandwidth_bytes_per_s"}
)


def need_groups(machines: MachineTable) -> Ints:
    """Per machine row: all that the memory formulas read of it."""
    return machines.device_count * 2 + machines.unified_memory


def speed_groups(machines: MachineTable) -> Ints:
    """Per machine row: the first row with the same figures of speed."""
    columns = [getattr(machines, f.name) for f in fields(MachineTable) if f.name not in _NOT_OF_SPEED]
    # unknown figures are alike, though nan is not equal to itself
    values = (
        [None if value != value else value for value in column.tolist()]
        if isinstance(column, np.ndarray)
        else column
        for column in columns
    )
    first: dict[tuple[object, ...], int] = {}
    return np.array(
        [first.setdefault(key, i) for i, key in enumerate(zip(*values, strict=True))], dtype=np.int64
    )


@dataclass(frozen=True, slots=True)
class Groups:
    """The machines of a mesh by group."""

    rows: Axes  # the mesh with one machine of each group
    machine_axis: int  # dimension along which machines vary
    place: Ints | None  # of each machine, its group's place along that dimension; None: each is its own
    shape: tuple[int, ...]  # of a figure that varies along every dimension, with groups for machines

    @classmethod
    def of(cls, rows: Axes, machine_axis: int, groups: Ints) -> Groups:
        """Group the machines of a mesh by ``groups``, one number per machine row."""
        machines, place = rows.machine, None
        # one machine is alone, and so are those of a list, one to a plan
        if machines.size > 1 and machines.shape != rows.model.shape:
            _, first, of_group = np.unique(groups[machines.ravel()], return_index=True, return_inverse=True)
            if len(first) < machines.size:
                shape = replaced(machines.shape, machine_axis, -1)
                rows, place = rows._replace(machine=machines.ravel()[first].reshape(shape)), of_group
        return cls(rows, machine_axis, place, np.broadcast_shapes(*(axis.shape for axis in rows)))

    def spread(self, box: Box, outer: Box) -> Spread:
        """What hands the figures of groups, arrays over ``outer``, to the machines of ``box``, both within the mesh."""
        axis = self.machine_axis
        shape, within = list(box_shape(outer)), list(inside(box, outer))
        if self.place is None:
            return Spread(tuple(within), shape, axis, None)
        shape[axis] = self.shape[axis]
        within[axis] = slice(0, shape[axis])
        return Spread(tuple(within), shape, axis, self.place[box[axis]])


class Spread:
    """Hands figures of groups, arrays that broadcast to ``shape``, to the machines of a box."""

    def __init__(self, box: Box, shape: Sequence[int], machine_axis: int, place: Ints | None) -> None:
        self.cut = cutter(box, shape)
        self._machine_axis = machine_axis
        self._place = place

    def into(self, out: Array, figures: Floats) -> None:
        """Write the figures of the box's plans."""
        found = self.cut(figures)
        axis, place = self._machine_axis, self._place
        if place is None or found.shape[axis] == 1:
            np.copyto(out, found)
        elif replaced(found.shape, axis, len(place)) == out.shape:
            found.take(place, axis, out, "clip")  # straight into place; "clip" needs no buffer
        else:
            np.copyto(out, found.take(place, axis))

    def some(self, figures: Floats, machines: Ints) -> Floats:
        """The figures of some of the box's machines."""
        found, axis = self.cut(figures), self._machine_axis
        if found.shape[axis] == 1:
            return found
        return found.take(machines if self._place is None else self._place[machines], axis)
