"""Rows in groups, and the best row of each: plain numpy, the same for a chunk and for a whole sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NONE = -1  # the row of a group that has none


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each row is in, and a row of each group; groups stand in the order of their columns' values."""

    of_row: Ints
    first_row: Ints

    def __len__(self) -> int:
        return len(self.first_row)

    @classmethod
    def by(cls, *columns: Array) -> Groups:
        """Rows that agree in all of these columns of whole numbers (none below zero) make a group."""
        code = np.zeros(len(columns[0]), dtype=np.int64)
        for column in columns:
            code = _coded(code, column)
        # neighbours mostly agree, so that runs of them are far fewer than rows
        starts = np.flatnonzero(np.diff(code, prepend=-1))
        _, first_run, of_run = np.unique(code[starts], return_index=True, return_inverse=True)
        lengths = np.diff(starts, append=len(code))
        return cls(np.repeat(of_run, lengths), starts[first_run])


def _coded(code: Ints, column: Array) -> Ints:
    """One number for a pair of numbers, in the order of the pairs."""
    if not len(column):
        return code
    values, width = column.astype(np.int64), int(column.max()) + 1
    if (int(code.max()) + 1) * width >= 2**62:
        # numbers that leave gaps: their places among those that occur need less room
        code = np.unique(code, return_inverse=True)[1]
        values = np.unique(values, return_inverse=True)[1]
        width = int(values.max()) + 1
    return np.asarray(code * width + values)


def best_rows(groups: Groups, eligible: Bools, plan: Array, keys: Sequence[Array]) -> Ints:
    """The row of each group with the highest first key, among equals the second, ..., then the lowest plan number.

    Only ``eligible`` rows count; ``NONE`` for a group without any. An unknown key (nan) is below every known one.
    """
    rows = np.flatnonzero(eligible)
    for key in (*keys, -plan.astype(np.float64)):
        values = np.nan_to_num(key[rows].astype(np.float64), nan=-np.inf)
        top = np.full(len(groups), -np.inf)
        np.maximum.at(top, groups.of_row[rows], values)
        rows = rows[values == top[groups.of_row[rows]]]
    found = np.full(len(groups), NONE, dtype=np.int64)
    found[groups.of_row[rows]] = rows
    return found


def counts(groups: Groups, among: Bools) -> Ints:
    """How many of these rows each group has."""
    return np.asarray(np.bincount(groups.of_row[among], minlength=len(groups)))
