"""A part of a grid: what its plans share, computed once over the axes it depends on, and the columns of its tiles.

All arrays of a part have as many dimensions as its mesh and broadcast to its shape, with groups of machines (alike.py)
in the place of machines wherever a formula cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from planner.engine.alike import Groups
from planner.engine.boxes import Box, cutter, split
from planner.engine.columns import Array
from planner.engine.memory import Limits
from planner.engine.need import MemoryNeed
from planner.engine.speeds import SpeedFigures, Speeds
from planner.engine.tables import Bools, Floats
from planner.engine.verdict import OFFLOAD, Needs, judge


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of the plans of one mesh."""

    shape: tuple[int, ...]
    machine_axis: int  # dimension along which machines vary
    need_groups: Groups
    need: MemoryNeed
    limits: Limits
    host_bandwidth_bytes_per_s: Floats
    speed_groups: Groups
    speed: SpeedFigures

    def whole(self, out: Mapping[str, Array]) -> None:
        """Write every column of all plans, where they are few. The arrays of ``out`` have the part's shape."""
        box = tuple(slice(0, n) for n in self.shape)
        Strip(self, box, self.speed.within(lambda figures: figures)).fill(box, out)

    def strips(self, n_plans: int) -> Iterator[Strip]:
        """The part cut into strips that hold every machine, of about ``n_plans`` plans with groups for machines."""
        shape, axis = self.speed_groups.shape, self.machine_axis
        others = tuple(slice(0, 1 if i == axis else n) for i, n in enumerate(shape))
        for found in split(others, max(n_plans // shape[axis], 1)):
            box = (*found[:axis], slice(0, shape[axis]), *found[axis + 1 :])
            whole = (*found[:axis], slice(0, self.shape[axis]), *found[axis + 1 :])
            yield Strip(self, whole, self.speed.within(cutter(box, shape)))


@dataclass(frozen=True, slots=True)
class Strip:
    """Some of a part's plans, for every machine, with their speeds."""

    part: Part
    box: Box  # within the part
    speeds: Speeds

    def tiles(self, n_plans: int) -> Iterator[Box]:
        """Boxes of the part that make up the strip, of at most ``n_plans`` plans."""
        return split(self.box, n_plans)

    def fill(self, tile: Box, out: Mapping[str, Array]) -> None:
        """Write every column of the plans of a tile. The arrays of ``out`` have its shape and are contiguous."""
        spare_bytes = self.fill_memory(tile, out)
        self.fill_speed(tile, out)
        offloaded = out["verdict"] == OFFLOAD
        if offloaded.any():
            self.fill_offloaded(tile, offloaded, spare_bytes, out)

    def fill_memory(self, tile: Box, out: Mapping[str, Array]) -> Floats:
        """Write memory and verdict, with nothing moved to the host; returns the bytes to spare on the devices."""
        part = self.part
        need, needs, cut = part.need, part.need.needs, cutter(tile, part.shape)
        limit, host_limit = cut(part.limits.devices), cut(part.limits.host)
        np.copyto(out["limit_bytes"], limit)
        np.copyto(out["host_limit_bytes"], host_limit)
        spread = part.need_groups.spread(tile, tuple(slice(0, n) for n in part.shape))
        for name, figures in (
            ("weights_bytes", need.weights),
            ("kv_bytes", need.cache),
            ("buffers_bytes", need.buffers),
            ("overhead_bytes", need.overhead),
            ("runtime_memory_bytes", need.logged),
            ("need_bytes", needs.device),
            ("need_high_bytes", needs.device_high),
            ("host_need_bytes", needs.host),
        ):
            spread.into(out[name], figures)
        least = out["need_bytes"]
        if host_limit.any():
            least = np.empty_like(least)
            spread.into(least, needs.device_least)
        verdict = judge(
            Needs(out["need_bytes"], out["need_high_bytes"], least, out["host_need_bytes"]), limit, host_limit
        )
        np.copyto(out["verdict"], verdict.code)
        return verdict.spare_bytes

    def fill_speed(self, tile: Box, out: Mapping[str, Array]) -> None:
        """Write the speeds of plans with everything on the devices."""
        spread = self.part.speed_groups.spread(tile, self.box)
        for name, figures in self.speeds.columns.items():
            spread.into(out[name], figures)

    def fill_offloaded(
        self, tile: Box, offloaded: Bools, spare_bytes: Floats, out: Mapping[str, Array]
    ) -> None:
        """Write what moves to the host, and how fast that makes the plans, for those machines that have such plans."""
        part, axis = self.part, self.part.machine_axis
        others = tuple(i for i in range(offloaded.ndim) if i != axis)
        machines = np.flatnonzero(offloaded.any(axis=others))
        chosen = offloaded.take(machines, axis)
        moved = np.where(chosen, -spare_bytes.take(machines, axis), 0.0)
        spread = part.speed_groups.spread(tile, self.box)
        found = self.speeds.offloaded(
            lambda figures: spread.some(figures, machines),
            moved,
            part.host_bandwidth_bytes_per_s.take(machines + tile[axis].start, axis),
        )
        plans = np.flatnonzero(offloaded)
        out["host_need_bytes"].reshape(-1)[plans] += moved[chosen]
        for name, values in found.items():
            out[name].reshape(-1)[plans] = values[chosen] if isinstance(values, np.ndarray) else values
