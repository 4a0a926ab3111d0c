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
from planner.engine.intervals import DOUBT_POWER, BoundIntervals, bind_intervals
from planner.engine.levels import level_keys, pairs_in_use
from planner.engine.memory import MemoryRules, plan_memory
from planner.engine.offload import offloaded_decode_seconds
from planner.engine.speed import decode_step_seconds, prefill_seconds, ttft_seconds
from planner.engine.tables import Floats, Tables
from planner.engine.verdict import OFFLOAD

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
        intervals = bind_intervals(calibration, keys, pairs)
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
        memory = plan_memory(self.tables, self.rules, rows)
        moved = np.where(memory["verdict"] == OFFLOAD, memory["need_bytes"] - memory["limit_bytes"], 0.0)
        return {**memory, **self.speed(rows, moved)}

    def speed(self, rows: Axes, moved_bytes: Floats) -> dict[str, Floats]:
        """Decode and prefill speed and time to the first token, each with its interval; nan where unknown.

        With ``moved_bytes`` of weights on the host only decode is known: prompts then depend on how they are batched.
        """
        inputs = speed_inputs(self.tables, rows)
        c = self.coefficients.at(rows)
        offloaded = moved_bytes > 0
        step = decode_step_seconds(inputs, c)
        if offloaded.any():
            host = self.tables.machines.host_bandwidth_bytes_per_s[rows.machine]
            step = np.where(offloaded, offloaded_decode_seconds(inputs, c, moved_bytes, host), step)
        result: dict[str, Floats] = {}
        for column, metric, central in (
            ("decode_tps", "decode", 1.0 / step),
            (
                "prefill_tps",
                "prefill",
                np.where(offloaded, np.nan, inputs.prompt_tokens / prefill_seconds(inputs, c)),
            ),
            ("ttft_ms", "ttft", np.where(offloaded, np.nan, ttft_seconds(inputs, c) * 1e3)),
        ):
            low, high = self.intervals.at(metric, rows)
            power = np.where(offloaded, DOUBT_POWER, 1.0)
            result[column] = central
            result[f"{column}_low"] = central * np.exp(low * power)
            result[f"{column}_high"] = central * np.exp(high * power)
        return result
