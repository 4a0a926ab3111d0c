"""Level effects as factors over (axis row, runtime row): a plan's factor is a product of one per axis.

The effects of a calibration are summed in log units and exponentiated once for every pair of rows that a grid uses, so
that plans only multiply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.engine.grid import Axes, Grid
from planner.engine.levels import Level, LevelKeys, Values, axis_of, key_of, merged, share_of
from planner.engine.tables import Floats

Ints = npt.NDArray[np.int64]
# axes whose rows have effects beside the runtime's own
PAIRED_AXES = ("machine", "model", "format")
# effects by axis in log units, one per pair in use
LogEffects = dict[str, Floats]


class PairsInUse:
    """The (axis row, runtime row) pairs of a grid, with the keys of their levels: each level's are made once."""

    def __init__(self, keys: LevelKeys, grid: Grid) -> None:
        self.keys = keys
        runtimes = np.unique(grid.axes.runtime)
        self.rows: dict[str, tuple[Ints, Ints]] = {"runtime": (np.zeros_like(runtimes), runtimes)}
        for axis in PAIRED_AXES:
            pairs = np.array(grid.pairs(axis), dtype=np.int64).reshape(-1, 2)
            self.rows[axis] = (pairs[:, 0], pairs[:, 1])
        self._values: dict[str, list[Values]] = {}
        self._levels: dict[Level, tuple[list[str], Floats]] = {}

    def _fields(self, axis: str) -> list[Values]:
        if axis not in self._values:
            rows, runtimes = (indices.tolist() for indices in self.rows[axis])
            if axis == "runtime":
                self._values[axis] = [merged(self.keys.runtime[j]) for j in runtimes]
            else:
                of_axis = self.keys.rows(axis)
                self._values[axis] = [
                    merged(self.keys.runtime[j], of_axis[i]) for i, j in zip(rows, runtimes, strict=True)
                ]
        return self._values[axis]

    def level(self, level: Level) -> tuple[list[str], Floats]:
        """Key of every pair of the level's axis, and what the level's effect on it is multiplied by."""
        found = self._levels.get(level)
        if found is None:
            values = self._fields(axis_of(level))
            found = [key_of(level, v) for v in values], np.array([share_of(level, v) for v in values])
            self._levels[level] = found
        return found

    def sum(self, levels: Sequence[Level], effects: Mapping[str, Mapping[str, float]]) -> LogEffects:
        """The summed effects of some levels on every pair, by axis; an axis without a known effect is left out.

        ``effects`` maps the level's name (fields joined by ``|``) to {key: effect in log units}.
        """
        sums: LogEffects = {"runtime": np.zeros(len(self.rows["runtime"][0]))}
        for level in levels:
            known = effects.get("|".join(level))
            if known:
                axis = axis_of(level)
                keys, shares = self.level(level)
                here = np.array([known.get(key, 0.0) for key in keys]) * shares
                sums[axis] = sums[axis] + here if axis in sums else here
        return sums

    def factors(self, sums: LogEffects) -> Factors:
        """The exponentiated sums as tables over (axis row, runtime row)."""
        n_runtimes = len(self.keys.runtime)
        tables: dict[str, Floats] = {}
        for axis, logs in sums.items():
            n_rows = 1 if axis == "runtime" else len(self.keys.rows(axis))
            tables[axis] = np.ones((n_rows, n_runtimes))
            tables[axis][self.rows[axis]] = np.exp(logs)
        return Factors(tables)


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors [rows of the axis, runtimes] by axis ("runtime": [1, runtimes], always there); others are 1."""

    tables: Mapping[str, Floats]

    def machine(self, rows: Axes) -> Floats:
        """The part that varies with the machine."""
        own: Floats = self.tables["runtime"][0, rows.runtime]
        if "machine" not in self.tables:
            return own
        return np.asarray(self.tables["machine"][rows.machine, rows.runtime] * own)

    def others(self, rows: Axes) -> Floats:
        """The part that does not: with ``machine`` it makes the whole. Arrays broadcast to the plans."""
        parts = [
            self.tables[axis][getattr(rows, axis), rows.runtime]
            for axis in PAIRED_AXES[1:]
            if axis in self.tables
        ]
        if not parts:
            return np.ones((1,) * rows.runtime.ndim)
        return parts[0] if len(parts) == 1 else np.asarray(parts[0] * parts[1])

    def at(self, rows: Axes) -> Floats:
        """The factor of the given plans."""
        return np.asarray(self.machine(rows) * self.others(rows))
