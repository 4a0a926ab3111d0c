"""The possible plans as product grids, numbered one after another without a gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.engine.grid import Axes, Grid
from planner.sweeps.grid.support import Bools, Ints

# A slice is cut where it has more plans than either: beyond a dozen machines in a chunk, more share little more.
MACHINE_PLANS = 16_384  # of each machine
SLICE_PLANS = 2**18


@dataclass(frozen=True, slots=True)
class Block:
    """Models that go with the same formats and contexts; numbers are places in the sweep's lists."""

    models: Ints
    formats: Ints
    n_contexts: int  # the shortest so many


@dataclass(frozen=True, slots=True)
class Side:
    """All but the machines and the program of a brick: blocks, and the plans of one machine before each."""

    blocks: tuple[Block, ...]
    starts: Ints  # [blocks + 1]


class Brick(NamedTuple):
    """Machines on which a program runs the same formats."""

    program: int  # row of the runtime table
    classes: Bools  # in use: which belong here
    n_machines: int
    side: Side


class Slice(NamedTuple):
    """A product of axes. ``start``: the number of its first plan; contexts are those from ``contexts`` on."""

    start: int
    program: int
    machines: Ints
    models: Ints
    formats: Ints
    contexts: range


class Slices:
    """Bricks in order, each cut into slices when it is asked for."""

    def __init__(
        self,
        by_program: Mapping[int, Bools],
        classes_of_machines: Ints,
        goes: Bools,
        n_contexts: Ints,
        plans_per_context: int,
    ) -> None:
        """``by_program``: [classes, formats] in use; ``classes_of_machines``: of each machine, its class in use;
        ``goes``: [models, formats]; ``n_contexts``: of each model; ``plans_per_context``: KV formats x users.
        """
        self._classes_of_machines = classes_of_machines
        self._alike = _alike(goes, n_contexts)
        self._plans_per_context = plans_per_context
        self._sides: dict[bytes, Side] = {}
        n_machines = np.bincount(classes_of_machines, minlength=next(iter(by_program.values())).shape[0])
        self.bricks = tuple(
            brick for program, runs in by_program.items() for brick in self._bricks(program, runs, n_machines)
        )
        sizes = [brick.n_machines * int(brick.side.starts[-1]) for brick in self.bricks]
        self._starts = np.cumsum([0, *sizes])

    def __len__(self) -> int:
        """Plans in all."""
        return int(self._starts[-1])

    def _bricks(self, program: int, runs: Bools, n_machines: Ints) -> Iterator[Brick]:
        classes: dict[bytes, list[int]] = {}
        for i, pattern in enumerate(runs):
            classes.setdefault(pattern.tobytes(), []).append(i)
        for of_pattern in classes.values():
            side = self._side(runs[of_pattern[0]])
            if side.blocks:
                here = np.zeros(len(runs), dtype=np.bool_)
                here[of_pattern] = True
                yield Brick(program, here, int(n_machines[here].sum()), side)

    def _side(self, runs: Bools) -> Side:
        """The models, formats and contexts that go with the formats that run."""
        key = runs.tobytes()
        if key not in self._sides:
            groups: dict[tuple[int, bytes], list[Ints]] = {}
            for n_contexts, goes, models in self._alike:
                groups.setdefault((n_contexts, (goes & runs).tobytes()), []).append(models)
            blocks = []
            for (n_contexts, goes_here), of_group in groups.items():
                formats = np.flatnonzero(np.frombuffer(goes_here, dtype=np.bool_))
                if len(formats) and n_contexts:
                    blocks.append(Block(np.sort(np.concatenate(of_group)), formats, n_contexts))
            sizes = [len(b.models) * len(b.formats) * b.n_contexts * self._plans_per_context for b in blocks]
            self._sides[key] = Side(tuple(blocks), np.cumsum([0, *sizes]))
        return self._sides[key]

    def reach(self, program: int) -> tuple[Ints, Ints, Ints]:
        """Places of the machines, models and formats that a program's plans have."""
        bricks = [brick for brick in self.bricks if brick.program == program]
        blocks = [block for brick in bricks for block in brick.side.blocks]
        return (
            np.unique(np.concatenate([self.machines(brick) for brick in bricks])),
            np.unique(np.concatenate([block.models for block in blocks])),
            np.unique(np.concatenate([block.formats for block in blocks])),
        )

    def machines(self, brick: Brick) -> Ints:
        """Places of a brick's machines."""
        return np.flatnonzero(brick.classes[self._classes_of_machines])

    def between(self, start: int, stop: int) -> Iterator[tuple[Slice, int, int]]:
        """The slices that hold the plans ``start`` to ``stop``, with the ranges within them that do."""
        at = start
        while at < stop:
            found = self.slice_of(at)
            end = min(stop, found.start + self._size(found))
            yield found, at - found.start, end - found.start
            at = end

    def slice_of(self, plan: int) -> Slice:
        """The slice that holds a plan.

        Slices are cut so that whoever computes some plans in a row computes them for many machines, which share most
        of the work.
        """
        i = int(np.searchsorted(self._starts, plan, side="right")) - 1
        brick, start = self.bricks[i], int(self._starts[i])
        j = int(np.searchsorted(brick.side.starts, (plan - start) // brick.n_machines, side="right")) - 1
        block = brick.side.blocks[j]
        start += brick.n_machines * int(brick.side.starts[j])
        per_context = brick.n_machines * len(block.formats) * self._plans_per_context
        most = max(MACHINE_PLANS * brick.n_machines, SLICE_PLANS)
        models, start = _piece(plan, start, len(block.models), per_context * block.n_contexts, most)
        contexts, start = _piece(plan, start, block.n_contexts, per_context * len(models), most)
        chosen = block.models[models.start : models.stop]
        return Slice(start, brick.program, self.machines(brick), chosen, block.formats, contexts)

    def _size(self, found: Slice) -> int:
        per_context = len(found.machines) * len(found.models) * len(found.formats) * self._plans_per_context
        return per_context * len(found.contexts)


def _piece(plan: int, start: int, length: int, plans_each: int, most: int) -> tuple[range, int]:
    """An axis cut into equal pieces of at most ``most`` plans (but one entry): the piece with the plan, its start."""
    step = max(most // plans_each, 1)
    first = (plan - start) // (step * plans_each) * step
    return range(first, min(first + step, length)), start + first * plans_each


def _alike(goes: Bools, n_contexts: Ints) -> list[tuple[int, Bools, Ints]]:
    """Models that go with the same formats and contexts: both, and the places of the models."""
    found: dict[tuple[int, bytes], list[int]] = {}
    for place, key in enumerate(zip(n_contexts.tolist(), goes, strict=True)):
        found.setdefault((key[0], key[1].tobytes()), []).append(place)
    return [(n, np.frombuffer(held, dtype=np.bool_), np.array(places)) for (n, held), places in found.items()]


def product(found: Slice, n_kv_formats: int, n_users: int) -> Grid:
    """The slice as a grid of places in the sweep's lists; workloads are numbered context by context."""
    return Grid(
        Axes(
            machine=found.machines,
            model=found.models,
            format=found.formats,
            kv_format=np.arange(n_kv_formats),
            runtime=np.array([found.program]),
            workload=np.arange(found.contexts.start * n_users, found.contexts.stop * n_users),
        )
    )
