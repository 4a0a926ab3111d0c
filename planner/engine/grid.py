"""Which plans to evaluate: a flat index range over six axes, either their product or a list of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.boxes import Box

Indices = npt.NDArray[np.int64]


class Axes(NamedTuple):
    """Row numbers into the tables, one array per axis."""

    machine: Indices
    model: Indices
    format: Indices
    kv_format: Indices
    runtime: Indices
    workload: Indices


@dataclass(frozen=True, slots=True)
class Grid:
    """Plans by flat index: every combination of the axes, the last fastest; or (``product=False``) one per entry."""

    axes: Axes
    product: bool = True

    def __post_init__(self) -> None:
        lengths = {len(axis) for axis in self.axes}
        if not self.product and len(lengths) != 1:
            raise ValueError(f"a list of plans needs axes of one length, not {sorted(lengths)}")

    def __len__(self) -> int:
        return prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Plans along every axis; a list has one."""
        return tuple(len(axis) for axis in self.axes) if self.product else (len(self.axes.machine),)

    def check(self, start: int, stop: int) -> None:
        """Raise IndexError for a range that the grid does not hold."""
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"plans {start} to {stop} lie outside the grid of {len(self)}")

    def rows(self, start: int, stop: int) -> Axes:
        """Table row numbers of the plans ``start`` to ``stop`` (exclusive)."""
        self.check(start, stop)
        if not self.product:
            return Axes(*(axis[start:stop] for axis in self.axes))
        flat = np.arange(start, stop, dtype=np.int64)
        positions = np.unravel_index(flat, self.shape)
        return Axes(*(axis[position] for axis, position in zip(self.axes, positions, strict=True)))

    def mesh(self, box: Box, order: Sequence[int]) -> Axes:
        """Table row numbers of a box, as arrays that broadcast together: axis ``order[i]`` varies along dimension i.

        A list's arrays all vary along its one dimension.
        """
        if not self.product:
            return Axes(*(axis[box[0]] for axis in self.axes))
        shape = np.ones((len(order), len(order)), dtype=np.int64)
        np.fill_diagonal(shape, -1)
        return Axes(
            *(
                axis[side].reshape(shape[order.index(i)])
                for i, (axis, side) in enumerate(zip(self.axes, box, strict=True))
            )
        )

    def squeezed(self) -> Axes:
        """Table row numbers of all plans, as arrays that broadcast together: without the dimensions of single rows.

        Formulas over few plans take as long as numpy's calls do, and those take longer the more dimensions there are.
        """
        several = [0, *(i for i, axis in enumerate(self.axes) if i and len(axis) > 1)]
        n = len(several)
        shapes = [(1,) * n for _ in self.axes]
        for place, i in enumerate(several):
            shapes[i] = (1,) * place + (-1,) + (1,) * (n - place - 1)
        return Axes(*(axis.reshape(shape) for axis, shape in zip(self.axes, shapes, strict=True)))

    def pairs(self, axis: str) -> list[tuple[int, int]]:
        """Distinct (row of ``axis``, row of the runtime table) that the plans use."""
        rows, runtimes = getattr(self.axes, axis), self.axes.runtime
        if self.product:
            return list(product(np.unique(rows).tolist(), np.unique(runtimes).tolist()))
        return [(i, j) for i, j in np.unique(np.stack([rows, runtimes], axis=1), axis=0).tolist()]
