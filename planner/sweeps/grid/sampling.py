"""Some plans of a sweep, chosen evenly and the same every time: what they say of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.grid import Axes
from planner.sweeps.grid.support import NONE, Bools, Ints

SEED = 20_260_101


def some(n: int, most: int) -> Ints:
    """At most so many numbers below ``n``, ascending."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).integers(n, size=most))


class SetUps(NamedTuple):
    """Machine, model, KV format and workload, without format and program: places in a sweep's lists."""

    machine: Ints
    model: Ints
    kv_format: Ints
    workload: Ints


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be in a sweep, by places in its lists."""

    runs: Bools  # [programs, classes, formats]
    classes: Ints  # of each machine
    goes: Bools  # [models, formats]
    n_workloads: Ints  # of each model: the first so many
    weights_bytes: npt.NDArray[np.float64]  # [models, formats]

    def lightest(self, chosen: SetUps) -> tuple[Ints, Ints]:
        """Of each set-up, the format with the fewest bytes of weights and the one that comes next, or NONE."""
        has_workload = chosen.workload < self.n_workloads[chosen.model]
        can = self.runs.any(axis=0)[self.classes[chosen.machine]] & self.goes[chosen.model]
        weights = np.where(can & has_workload[:, None], self.weights_bytes[chosen.model], np.inf)
        every = np.arange(len(weights))
        found = []
        for _ in range(2):
            place = weights.argmin(axis=1)
            found.append(np.where(np.isfinite(weights[every, place]), place, NONE))
            weights[every, place] = np.inf
        return found[0], found[1]

    def plans(self, chosen: SetUps, formats: Ints) -> Axes:
        """The plans of the set-ups in these formats, by the first program that runs them there."""
        program = self.runs[:, self.classes[chosen.machine], formats].argmax(axis=0)
        return Axes(chosen.machine, chosen.model, formats, chosen.kv_format, program, chosen.workload)
