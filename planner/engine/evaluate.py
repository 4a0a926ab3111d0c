"""Evaluate plans: memory, verdict and speed in blocks, so that peak memory does not grow with the grid.

One code path computes one plan or ten million: a page, a sweep, ``manage.py predict`` and the calibration's
accuracy report all come through here and cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from planner.engine.alike import Groups, need_groups, speed_groups
from planner.engine.boxes import Box, box_shape, flat_boxes, split
from planner.engine.calibration import BoundCoefficients, Calibration
from planner.engine.columns import Array, Columns
from planner.engine.factors import PairsInUse
from planner.engine.gather import is_served, speed_inputs
from planner.engine.grid import Axes, Grid
from planner.engine.intervals import BoundIntervals, bind_intervals
from planner.engine.levels import LevelKeys, level_keys
from planner.engine.memory import MemoryRules, plan_limits, plan_need
from planner.engine.part import Part
from planner.engine.speeds import SpeedFactors, SpeedFigures
from planner.engine.tables import Ints, ModelShapes, Tables

# Plans whose columns are made at a time, and whose speeds are, with groups for machines: arrays that stay in a
# processor's caches and are yet long beside the cost of calling numpy.
BLOCK_PLANS = 65_536
STRIP_PLANS = 32_768
# Plans that share a part's figures, and needs worked out at a time: they bound the memory of an evaluation.
PART_PLANS = 2**20
PART_NEEDS = 65_536
PART_MACHINES = 65_536


@dataclass(frozen=True, slots=True)
class Block:
    """Some plans of a grid: every column in the shape of a box, and where the box lies."""

    where: Box  # in an array of the grid's shape
    columns: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]


class Bound(NamedTuple):
    """What plans take from the tables, whatever their workloads; arrays broadcast to their mesh."""

    shapes: ModelShapes
    factors: SpeedFactors


@dataclass(frozen=True, slots=True)
class Engine:
    """Tables with a calibration bound to them: ready to evaluate one grid over them."""

    tables: Tables
    rules: MemoryRules
    coefficients: BoundCoefficients
    intervals: BoundIntervals
    speed_groups: Ints  # per machine row: see alike.py

    @classmethod
    def build(
        cls,
        tables: Tables,
        rules: MemoryRules,
        calibration: Calibration,
        grid: Grid,
        keys: LevelKeys | None = None,
        groups: Ints | None = None,
    ) -> Engine:
        """Bind a calibration's effects and intervals to the rows of the tables that a grid uses.

        ``keys`` and ``groups`` are the tables' own (levels.level_keys, alike.speed_groups of the machines): given for
        several grids, they are made once.
        """
        groups = speed_groups(tables.machines) if groups is None else groups
        pairs = PairsInUse(keys_of(tables) if keys is None else keys, grid, groups)
        return cls(tables, rules, calibration.bind(pairs), bind_intervals(calibration, pairs), groups)

    def evaluate(self, grid: Grid, start: int = 0, stop: int | None = None) -> Columns:
        """Columns of the plans ``start`` to ``stop`` (exclusive; the whole grid by default)."""
        stop = len(grid) if stop is None else stop
        grid.check(start, stop)
        columns = Columns.empty(stop - start)
        first = 0
        for box in flat_boxes(grid.shape, start, stop):
            shape = box_shape(box)
            last = first + prod(shape)
            target = {name: array[first:last].reshape(shape) for name, array in columns.arrays.items()}
            for block in self._blocks(grid, box):
                place = tuple(
                    slice(part.start - side.start, part.stop - side.start)
                    for part, side in zip(block.where, box, strict=True)
                )
                for name, values in block.columns.items():
                    target[name][place] = values
            first = last
        return columns

    def few(self, grid: Grid, bound: Bound | None = None) -> tuple[Columns, Part]:
        """The same columns of a small grid at one go, and what they were made of: for one person's question.

        The part's dimensions are the machines and the axes along which the grid has more than one row, in order.
        ``bound``: what ``bind`` found for a grid that differs in its workloads only.
        """
        columns = Columns.empty(len(grid))
        part = self._part(grid.squeezed(), 0, bound)
        part.whole({name: array.reshape(part.shape) for name, array in columns.arrays.items()})
        return columns, part

    def bind(self, rows: Axes) -> Bound:
        """What the plans of a mesh take from the tables, whatever their workloads."""
        shapes = self.tables.models.shapes(rows.model)
        return Bound(shapes, SpeedFactors.gather(self.coefficients, self.intervals, rows))

    def blocks(self, grid: Grid, start: int = 0, stop: int | None = None) -> Iterator[Block]:
        """The same columns block by block, for a sweep of any size. Each block is overwritten by the next.

        Blocks are boxes of the grid, not ranges of its flat index: what machines share is then worked out once.
        """
        stop = len(grid) if stop is None else stop
        grid.check(start, stop)
        for box in flat_boxes(grid.shape, start, stop):
            yield from self._blocks(grid, box)

    def _blocks(self, grid: Grid, box: Box) -> Iterator[Block]:
        """The blocks of a box. The longer of its outer axes lies innermost, where loops over it cost the least."""
        lengths = box_shape(box)
        order = inverse = tuple(range(len(box)))
        machines_last = (*order[1:], 0)
        if lengths[0] > lengths[-1]:
            order, inverse = machines_last, (order[-1], *order[:-1])
        buffers = _Buffers(min(BLOCK_PLANS, prod(lengths)), inverse)
        parts = split(tuple(box[i] for i in machines_last), self._part_plans(grid, box), PART_MACHINES)
        for found in parts:
            part_box = (found[-1], *found[:-1])
            part = self._part(grid.mesh(part_box, order), order.index(0))
            for strip in part.strips(STRIP_PLANS):
                for tile in strip.tiles(BLOCK_PLANS):
                    filled, columns = buffers.of_shape(box_shape(tile))
                    strip.fill(tile, filled)
                    where = tuple(
                        slice(side.start + tile[i].start, side.start + tile[i].stop)
                        for side, i in zip(part_box, inverse, strict=True)
                    )
                    yield Block(where, columns)

    def _part(self, rows: Axes, machine_axis: int, bound: Bound | None = None) -> Part:
        """Gather and compute everything that no single plan needs for itself."""
        needs = Groups.of(rows, machine_axis, need_groups(self.tables.machines))
        speeds = Groups.of(rows, machine_axis, self.speed_groups)
        shapes, factors = bound or self.bind(speeds.rows)
        return Part(
            shape=np.broadcast_shapes(*(axis.shape for axis in rows)),
            machine_axis=machine_axis,
            need_groups=needs,
            need=plan_need(self.tables, self.rules, needs.rows, shapes),
            limits=plan_limits(self.tables, self.rules, rows),
            host_bandwidth_bytes_per_s=self.tables.machines.host_bandwidth_bytes_per_s[rows.machine],
            speed_groups=speeds,
            speed=SpeedFigures(
                speed_inputs(self.tables, speeds.rows, shapes), factors, is_served(self.tables, speeds.rows)
            ),
        )

    def _part_plans(self, grid: Grid, box: Box) -> int:
        """Most plans of a part: few enough that neither they nor their needs, one per group, take much memory."""
        if not grid.product:
            return BLOCK_PLANS
        machines = grid.axes.machine[box[0]]
        n_groups = np.unique(need_groups(self.tables.machines)[machines]).size
        return min(PART_PLANS, max(PART_NEEDS // n_groups, 1) * len(machines))


def keys_of(tables: Tables) -> LevelKeys:
    """The values of every calibration field for every row of the tables."""
    return level_keys(tables.machines, tables.models, tables.formats, tables.runtimes)


class _Buffers:
    """One set of columns, lent to every block in the block's shape."""

    def __init__(self, n_plans: int, axes: tuple[int, ...]) -> None:
        self._columns = Columns.empty(n_plans)
        self._axes = axes  # dimensions of a block's arrays in the order of the grid's axes
        self._shapes: dict[tuple[int, ...], tuple[dict[str, Array], dict[str, Array]]] = {}

    def of_shape(self, shape: tuple[int, ...]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Arrays of this shape to fill, and the same with the grid's order of axes."""
        if shape not in self._shapes:
            n_plans = prod(shape)
            filled = {name: array[:n_plans].reshape(shape) for name, array in self._columns.arrays.items()}
            self._shapes[shape] = (
                filled,
                {name: array.transpose(self._axes) for name, array in filled.items()},
            )
        return self._shapes[shape]
