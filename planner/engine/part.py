"""A part of a grid: what its plans share, computed once over the axes it depends on, and the columns of its tiles.

All arrays of a part have as many dimensions as its mesh and broadcast to its shape. Needs have the distinct placements
of the machines in the place of the machines: however many there are, their memory is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from planner.engine.boxes import Box, Cut, cutter
from planner.engine.calibration import BoundCoefficients
from planner.engine.columns import Array
from planner.engine.factors import Factors
from planner.engine.gather import speed_inputs
from planner.engine.grid import Axes
from planner.engine.intervals import DOUBT_POWER, BoundIntervals
from planner.engine.memory import Limits, MemoryRules, placement_of, plan_limits, plan_need
from planner.engine.need import MemoryNeed
from planner.engine.offload import offloaded_decode_seconds
from planner.engine.speed import (
    Coefficients,
    SpeedInputs,
    decode_step_seconds,
    prefill_seconds,
    ttft_of_parts,
)
from planner.engine.tables import Floats, Ints, Tables
from planner.engine.verdict import OFFLOAD, Needs, judge

# the column of each metric's prediction; its ends are named after it
COLUMN_OF = {"decode": "decode_tps", "prefill": "prefill_tps", "ttft": "ttft_ms"}


class Split(NamedTuple):
    """A factor as the product of what varies with the machine and what does not."""

    machine: Floats
    others: Floats

    @classmethod
    def of(cls, factors: Factors, rows: Axes) -> Split:
        return cls(factors.machine(rows), factors.others(rows))

    def within(self, cut: Cut) -> Floats:
        """The factor within a tile."""
        return np.asarray(cut(self.machine) * cut(self.others))


class Interval(NamedTuple):
    """One metric's interval: its scale, and both ends before it."""

    scale: Split
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of the plans of one mesh of rows."""

    shape: tuple[int, ...]
    machine_axis: int  # the dimension along which machines vary
    placement: Ints | None  # of each machine, its place among the needs; None: needs vary as the machines do
    need: MemoryNeed
    limits: Limits
    host_bandwidth_bytes_per_s: Floats
    inputs: SpeedInputs
    coefficients: Mapping[str, Split]
    intervals: Mapping[str, Interval]

    @classmethod
    def build(
        cls,
        tables: Tables,
        rules: MemoryRules,
        coefficients: BoundCoefficients,
        intervals: BoundIntervals,
        rows: Axes,
        machine_axis: int,
    ) -> Part:
        """Gather and compute everything that no single plan needs for itself."""
        placed, placement = _placements(tables, rows, machine_axis)
        return cls(
            shape=np.broadcast_shapes(*(axis.shape for axis in rows)),
            machine_axis=machine_axis,
            placement=placement,
            need=plan_need(tables, rules, placed),
            limits=plan_limits(tables, rules, rows),
            host_bandwidth_bytes_per_s=tables.machines.host_bandwidth_bytes_per_s[rows.machine],
            inputs=speed_inputs(tables, rows),
            coefficients={name: Split.of(f, rows) for name, f in coefficients.factors.items()},
            intervals={
                metric: Interval(Split.of(i.scale, rows), i.low[rows.runtime], i.high[rows.runtime])
                for metric, i in intervals.items()
            },
        )

    def fill(self, tile: Box, out: Mapping[str, Array]) -> None:
        """Write every column of the plans of a tile: a box of the part. The arrays of ``out`` have the tile's shape."""
        cut = cutter(tile, self.shape)
        moved = self._memory(tile, cut, out)
        self._speed(cut, moved, out)

    def _memory(self, tile: Box, cut: Cut, out: Mapping[str, Array]) -> Floats | None:
        """Memory columns and the verdict; returns the bytes that move to the host, None where none do."""
        need, needs = self.need, self.need.needs
        limit, host_limit = cut(self.limits.devices), cut(self.limits.host)
        np.copyto(out["limit_bytes"], limit)
        np.copyto(out["host_limit_bytes"], host_limit)
        of_machines = self._of_machines(tile)
        for name, values in (
            ("weights_bytes", need.weights),
            ("kv_bytes", need.cache),
            ("buffers_bytes", need.buffers),
            ("overhead_bytes", need.overhead),
            ("runtime_memory_bytes", need.logged),
            ("need_bytes", needs.device),
            ("need_high_bytes", needs.device_high),
            ("host_need_bytes", needs.host),
        ):
            of_machines(values, out[name])
        least = np.empty(out["need_bytes"].shape) if host_limit.any() else None
        if least is not None:
            of_machines(needs.device_least, least)
        needed = Needs(
            device=out["need_bytes"],
            device_high=out["need_high_bytes"],
            device_least=needs.device_least if least is None else least,
            host=out["host_need_bytes"],
        )
        verdict = judge(needed, limit, host_limit)
        np.copyto(out["verdict"], verdict.code)
        offloaded = verdict.code == OFFLOAD
        if not offloaded.any():
            return None
        moved = np.where(offloaded, -verdict.spare_bytes, 0.0)
        out["host_need_bytes"] += moved
        return moved

    def _of_machines(self, tile: Box) -> Callable[[Floats, Array], None]:
        """What writes a need, which varies with placements, for the machines of a tile."""
        axis, placement = self.machine_axis, self.placement
        if placement is None:
            cut = cutter(tile, self.shape)
            return lambda need, out: np.copyto(out, cut(need))
        of_tile = placement[tile[axis]]
        n_placements = int(placement.max()) + 1
        cut = cutter(_replaced(tile, axis, slice(0, n_placements)), _replaced(self.shape, axis, n_placements))

        def write(need: Floats, out: Array) -> None:
            found = cut(need)
            if found.shape[axis] == 1:
                np.copyto(out, found)
            elif _replaced(found.shape, axis, len(of_tile)) == out.shape:
                np.take(found, of_tile, axis=axis, out=out, mode="clip")
            else:
                np.copyto(out, np.take(found, of_tile, axis=axis))

        return write

    def _speed(self, cut: Cut, moved: Floats | None, out: Mapping[str, Array]) -> None:
        """Decode and prefill speed and time to the first token, each with its interval; nan where unknown.

        With weights on the host only decode is known: prompts then depend on how they are batched.
        """
        x = SpeedInputs(**{f.name: cut(getattr(self.inputs, f.name)) for f in fields(SpeedInputs)})
        c = Coefficients(**{name: split.within(cut) for name, split in self.coefficients.items()})
        if moved is None:
            step_s = decode_step_seconds(x, c)
        else:
            step_s = offloaded_decode_seconds(x, c, moved, cut(self.host_bandwidth_bytes_per_s))
        prefill_s = prefill_seconds(x, c)
        np.divide(1.0, step_s, out=out["decode_tps"])
        np.divide(x.prompt_tokens, prefill_s, out=out["prefill_tps"])
        np.multiply(ttft_of_parts(prefill_s, step_s, c), 1e3, out=out["ttft_ms"])
        power = None
        if moved is not None:
            power = np.where(moved > 0, DOUBT_POWER, 1.0)
            for name in ("prefill_tps", "ttft_ms"):
                np.copyto(out[name], np.nan, where=moved > 0)
        for metric, interval in self.intervals.items():
            name, scale = COLUMN_OF[metric], interval.scale.within(cut)
            for end, log in (("low", interval.low), ("high", interval.high)):
                log_factor = cut(log) * scale
                if power is not None and metric == "decode":
                    log_factor = log_factor * power
                np.multiply(out[name], np.exp(log_factor), out=out[f"{name}_{end}"])


def _placements(tables: Tables, rows: Axes, machine_axis: int) -> tuple[Axes, Ints | None]:
    """Rows with one machine of each placement, and the place of every machine among them.

    None where every plan has a machine of its own (a list), or machines are too few to share anything.
    """
    if rows.machine.size == 1 or rows.machine.shape == rows.model.shape:
        return rows, None
    placements = placement_of(tables.machines)[rows.machine.ravel()]
    _, first, place = np.unique(placements, return_index=True, return_inverse=True)
    chosen = rows.machine.ravel()[first]
    return rows._replace(machine=chosen.reshape(_replaced(rows.machine.shape, machine_axis, -1))), place


def _replaced[T](values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    return (*values[:place], value, *values[place + 1 :])
