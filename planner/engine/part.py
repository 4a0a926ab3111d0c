"""A part of a grid: what its plans share, computed once over the axes it depends on, and the columns of its tiles.

All arrays of a part have as many dimensions as its mesh and broadcast to its shape, with groups of machines (alike.py)
in the place of machines wherever a formula cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from planner.engine.alike import Groups
from planner.engine.boxes import Box, cutter, inside, split
from planner.engine.columns import Array
from planner.engine.memory import Limits
from planner.engine.need import MemoryNeed
from planner.engine.speeds import SpeedFigures, Speeds
from planner.engine.tables import Floats
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
        moved = self.fill_memory(tile, out)
        self.fill_speed(tile, out)
        if moved is not None:
            self.fill_offloaded(tile, moved, out)

    def fill_memory(self, tile: Box, out: Mapping[str, Array]) -> Floats | None:
        """Write memory and verdict; returns the bytes that move to the host, None where none do."""
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
        offloaded = verdict.code == OFFLOAD
        if not offloaded.any():
            return None
        moved = np.where(offloaded, -verdict.spare_bytes, 0.0)
        out["host_need_bytes"] += moved
        return moved

    def fill_speed(self, tile: Box, out: Mapping[str, Array]) -> None:
        """Write the speeds of plans with everything on the devices."""
        spread = self.part.speed_groups.spread(tile, self.box)
        for name, figures in self.speeds.columns.items():
            spread.into(out[name], figures)

    def fill_offloaded(self, tile: Box, moved: Floats, out: Mapping[str, Array]) -> None:
        """Write the speeds of the plans with bytes on the host: there are few, so they are worked out as a list."""
        part, axis = self.part, self.part.machine_axis
        chosen = np.flatnonzero(moved)
        # their places in the strip, and there with groups for machines
        plans = [
            place + side.start
            for place, side in zip(np.unravel_index(chosen, moved.shape), inside(tile, self.box), strict=True)
        ]
        machine = plans[axis] + self.box[axis].start
        if part.speed_groups.place is not None:
            plans[axis] = part.speed_groups.place[machine]
        found = self.speeds.offloaded(
            plans, moved.ravel()[chosen], part.host_bandwidth_bytes_per_s.ravel()[machine]
        )
        for name, values in found.items():
            out[name].reshape(-1)[chosen] = values
