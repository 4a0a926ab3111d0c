"""Evaluate plans: memory, verdict and speed in blocks, so that peak memory does not grow with the grid.

One code path computes one plan or ten million: a page, a sweep, ``manage.py predict`` and the calibration's
accuracy report all come through here and cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.engine.calibration import BoundCoefficients, Calibration
from planner.engine.columns import Columns
from planner.engine.gather import speed_inputs
from planner.engine.grid import Axes, Grid
from planner.engine.intervals import BoundIntervals, bind_intervals
from planner.engine.levels import level_keys, pairs_in_use
from planner.engine.memory import MemoryRules, plan_memory
from planner.engine.speed import decode_step_seconds, prefill_seconds, ttft_seconds
from planner.engine.tables import Floats, Tables

BLOCK_PLANS = 65_536


@dataclass(frozen=True, slots=True)
class Engine:
    """Tables with a calibration bound to them: ready to evaluate one grid over them."""

    tables: Tables
    rules: MemoryRules
    coefficients: BoundCoefficients
    intervals: BoundIntervals

    @classmethod
    def build(cls, tables: Tables, rules: MemoryRules, calibration: Calibration, grid: Grid) -> Engine:
        """Bind a calibration's effects and intervals to the rows of the tables that a grid uses."""
        keys = level_keys(tables.machines, tables.models, tables.formats, tables.runtimes)
        pairs = pairs_in_use(grid)
        intervals = bind_intervals(calibration, keys, pairs["machine"])
        return cls(tables, rules, calibration.bind(keys, pairs), intervals)

    def evaluate(self, grid: Grid, start: int = 0, stop: int | None = None) -> Columns:
        """Columns of the plans ``start`` to ``stop`` (exclusive; the whole grid by default)."""
        stop = len(grid) if stop is None else stop
        columns = Columns.empty(stop - start)
        for first in range(start, stop, BLOCK_PLANS):
            last = min(first + BLOCK_PLANS, stop)
            for name, values in self.block(grid.rows(first, last)).items():
                columns.arrays[name][first - start : last - start] = values
        return columns

    def block(self, rows: Axes) -> dict[str, Floats]:
        """Every column of the plans at ``rows``."""
        return {**plan_memory(self.tables, self.rules, rows), **self.speed(rows)}

    def speed(self, rows: Axes) -> dict[str, Floats]:
        """Decode and prefill speed and time to the first token, each with its interval; nan where unknown."""
        inputs = speed_inputs(self.tables, rows)
        c = self.coefficients.at(rows)
        prompt = inputs.prompt_tokens
        result: dict[str, Floats] = {}
        for column, metric, central in (
            ("decode_tps", "decode", 1.0 / decode_step_seconds(inputs, c)),
            ("prefill_tps", "prefill", prompt / prefill_seconds(inputs, c)),
            ("ttft_ms", "ttft", ttft_seconds(inputs, c) * 1e3),
        ):
            low, high = self.intervals.at(metric, rows)
            result[column] = central
            result[f"{column}_low"] = central * np.exp(low)
            result[f"{column}_high"] = central * np.exp(high)
        return result
