"""Level effects as factors over (axis row, runtime row): a plan's factor is a product of one per axis.

The effects of a calibration are summed in log units and exponentiated once for every pair of rows that a grid uses, so
that plans only multiply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
import numpy.typing as npt

from planner.engine.grid import Axes, Grid
from planner.engine.levels import Level, LevelKeys, Values, axis_of, keys_and_shares, merged
from planner.engine.tables import Floats

Ints = npt.NDArray[np.int64]
# axes whose rows have effects beside the runtime's own
PAIRED_AXES = ("machine", "model", "format")
# effects by axis in log units, one per pair in use
LogEffects = dict[str, Floats]


class PairsInUse:
    """The (axis row, runtime row) pairs of a grid, with the keys of their levels: each level's are made once."""

    def __init__(self, keys: LevelKeys, grid: Grid, machine_groups: Ints) -> None:
        """``machine_groups``: per machine row, the first row with the same figures (alike.speed_groups)."""
        self.keys = keys
        self._machine_groups = machine_groups
        runtimes = np.unique(grid.axes.runtime)
        self._column = np.zeros(len(keys.runtime), dtype=np.int64)  # of every runtime row in use
        self._column[runtimes] = np.arange(len(runtimes))
        self._pairs: dict[str, list[tuple[int, int]]] = {"runtime": [(0, j) for j in runtimes.tolist()]}
        grouped = replace(grid, axes=grid.axes._replace(machine=machine_groups[grid.axes.machine]))
        for axis in PAIRED_AXES:
            self._pairs[axis] = grouped.pairs(axis)
        # where the effects of the pairs lie in the tables of factors
        self._cells = {
            axis: ([i for i, _ in pairs], self._column[[j for _, j in pairs]])
            for axis, pairs in self._pairs.items()
        }
        self._values: dict[str, list[Values]] = {}
        self._levels: dict[Level, tuple[list[str], Floats]] = {}

    def _fields(self, axis: str) -> list[Values]:
        if axis not in self._values:
            of_axis = [{}] if axis == "runtime" else self.keys.rows(axis)
            self._values[axis] = [merged(self.keys.runtime[j], of_axis[i]) for i, j in self._pairs[axis]]
        return self._values[axis]

    def level(self, level: Level) -> tuple[list[str], Floats]:
        """Key of every pair of the level's axis, and what the level's effect on it is multiplied by."""
        found = self._levels.get(level)
        if found is None:
            found = keys_and_shares(level, self._fields(axis_of(level)))
            self._levels[level] = found
        return found

    def sum(self, levels: Sequence[Level], effects: Mapping[str, Mapping[str, float]]) -> LogEffects:
        """The summed effects of some levels on every pair, by axis; an axis without a known effect is left out.

        ``effects`` maps the level's name (fields joined by ``|``) to {key: effect in log units}.
        """
        sums: LogEffects = {"runtime": np.zeros(len(self._pairs["runtime"]))}
        for level in levels:
            known = effects.get("|".join(level))
            if known:
                axis = axis_of(level)
                keys, shares = self.level(level)
                here = np.array(list(map(known.get, keys, repeat(0.0)))) * shares
                sums[axis] = sums[axis] + here if axis in sums else here
        return sums

    def factors(self, sums: LogEffects) -> Factors:
        """The exponentiated sums as tables over (axis row, runtime row)."""
        n_runtimes = len(self._pairs["runtime"])
        tables: dict[str, Floats] = {}
        for axis, logs in sums.items():
            n_rows = 1 if axis == "runtime" else len(self.keys.rows(axis))
            table = np.ones((n_rows, n_runtimes))
            table[self._cells[axis]] = np.exp(logs)
            tables[axis] = table[self._machine_groups] if axis == "machine" else table
        return Factors(tables, self._column)


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors [rows of the axis, runtimes in use] by axis; "runtime", [1, runtimes in use], is always there.

    An axis that is not there has the factor 1.
    """

    tables: Mapping[str, Floats]
    column: Ints  # of every runtime row in use

    def parts(self, rows: Axes) -> tuple[Floats, Floats]:
        """The part that varies with the machine and the part that does not; arrays broadcast to the plans."""
        column = self.column[rows.runtime]
        own: Floats = self.tables["runtime"][0, column]
        if "machine" in self.tables:
            own = np.asarray(self.tables["machine"][rows.machine, column] * own)
        others: Floats | None = None
        for axis in PAIRED_AXES[1:]:
            if axis in self.tables:
                found: Floats = self.tables[axis][getattr(rows, axis), column]
                others = found if others is None else np.asarray(others * found)
        return own, np.ones((1,) * column.ndim) if others is None else others

    def at(self, rows: Axes) -> Floats:
        """The factor of the given plans."""
        own, others = self.parts(rows)
        return np.asarray(own * others)
