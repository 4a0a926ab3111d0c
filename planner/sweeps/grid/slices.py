"""The possible plans as product grids, numbered one after another without a gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.engine.grid import Axes, Grid
from planner.sweeps.grid.support import Bools, Ints

# Which plan has which number follows from all of this folder: a change of that counts this up, and sweeps that were
# planned before it are asked anew instead of going on with other numbers.
NUMBERING = 1
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
        n_kv_formats: int,
        n_users: int,
    ) -> None:
        """``by_program``: [classes, formats] in use; ``classes_of_machines``: of each machine, its class in use;
        ``goes``: [models, formats]; ``n_contexts``: of each model.
        """
        self._classes_of_machines = classes_of_machines
        self._alike = _alike(goes, n_contexts)
        self._n_kv_formats, self._n_users = n_kv_formats, n_users
        self._sides: dict[bytes, Side] = {}
        self._machines: dict[tuple[int, bytes], Ints] = {}
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
            sizes = [self._size(b.models, b.formats, range(b.n_contexts)) for b in blocks]
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
        key = (brick.program, brick.classes.tobytes())
        if key not in self._machines:
            self._machines[key] = np.flatnonzero(brick.classes[self._classes_of_machines])
        return self._machines[key]

    def between(self, start: int, stop: int) -> Iterator[tuple[Slice, int, int]]:
        """The slices that hold the plans ``start`` to ``stop``, with the ranges within them that do."""
        at = start
        while at < stop:
            found = self.slice_of(at)
            size = len(found.machines) * self._size(found.models, found.formats, found.contexts)
            end = min(stop, found.start + size)
            yield found, at - found.start, end - found.start
            at = end

    def slice_of(self, plan: int) -> Slice:
        """The slice that holds a plan.

        Slices are cut so that whoever computes some plans in a row computes them for many machines, which share most
        of the work.
        """
        brick, block, start = self._block_of(plan)
        cut = self._cut(np.array([plan]), brick, block, start)
        models, n_models, contexts, n_contexts, at = (int(values[0]) for values in cut)
        chosen = block.models[models : models + n_models]
        held = range(contexts, contexts + n_contexts)
        return Slice(at, brick.program, self.machines(brick), chosen, block.formats, held)

    def places(self, plans: Ints) -> Axes:
        """Places of the plans of these numbers (ascending) in the sweep's lists: one to a plan."""
        found = []
        at = 0
        while at < len(plans):
            brick, block, start = self._block_of(int(plans[at]))
            stop = start + brick.n_machines * self._size(block.models, block.formats, range(block.n_contexts))
            end = int(np.searchsorted(plans, stop))
            found.append(self._places_in(plans[at:end], brick, block, start))
            at = end
        return Axes(*(np.concatenate(axes) for axes in zip(*found, strict=True)))

    def _places_in(self, plans: Ints, brick: Brick, block: Block, start: int) -> Axes:
        """Places of plans of one block, which starts at ``start``."""
        models, n_models, contexts, n_contexts, at = self._cut(plans, brick, block, start)
        rest, workload = np.divmod(plans - at, n_contexts * self._n_users)
        rest, kv_format = np.divmod(rest, self._n_kv_formats)
        rest, weight_format = np.divmod(rest, len(block.formats))
        machine, model = np.divmod(rest, n_models)
        return Axes(
            machine=self.machines(brick)[machine],
            model=block.models[models + model],
            format=block.formats[weight_format],
            kv_format=kv_format,
            runtime=np.full_like(plans, brick.program),
            workload=contexts * self._n_users + workload,
        )

    def _block_of(self, plan: int) -> tuple[Brick, Block, int]:
        """The brick and block that hold a plan, and the number of the block's first plan."""
        i = int(np.searchsorted(self._starts, plan, side="right")) - 1
        brick, start = self.bricks[i], int(self._starts[i])
        j = int(np.searchsorted(brick.side.starts, (plan - start) // brick.n_machines, side="right")) - 1
        return brick, brick.side.blocks[j], start + brick.n_machines * int(brick.side.starts[j])

    def _cut(
        self, plans: Ints, brick: Brick, block: Block, start: int
    ) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Of each plan, its slice: the first model and how many, the first context and how many, the first plan."""
        most = max(MACHINE_PLANS * brick.n_machines, SLICE_PLANS)
        of_context = brick.n_machines * self._size(block.models[:1], block.formats, range(1))
        of_model = np.full_like(plans, of_context * block.n_contexts)
        models, n_models, at = _piece(plans, np.full_like(plans, start), len(block.models), of_model, most)
        contexts, n_contexts, at = _piece(plans, at, block.n_contexts, of_context * n_models, most)
        return models, n_models, contexts, n_contexts, at

    def _size(self, models: Ints, formats: Ints, contexts: range) -> int:
        """Plans of one machine."""
        return len(models) * len(formats) * self._n_kv_formats * len(contexts) * self._n_users

    def grid(self, found: Slice) -> Grid:
        """The slice as a grid of places in the sweep's lists; workloads are numbered context by context."""
        return Grid(
            Axes(
                machine=found.machines,
                model=found.models,
                format=found.formats,
                kv_format=np.arange(self._n_kv_formats),
                runtime=np.array([found.program]),
                workload=np.arange(found.contexts.start * self._n_users, found.contexts.stop * self._n_users),
            )
        )


def _piece(plans: Ints, starts: Ints, length: int, plans_each: Ints, most: int) -> tuple[Ints, Ints, Ints]:
    """An axis of this length, cut into equal pieces of at most ``most`` plans but at least one entry.

    Of each plan, its piece: the first entry, how many, and the first plan.
    """
    step: Ints = np.maximum(most // plans_each, 1)
    first: Ints = (plans - starts) // (step * plans_each) * step
    held: Ints = np.minimum(step, length - first)
    return first, held, starts + first * plans_each


def _alike(goes: Bools, n_contexts: Ints) -> list[tuple[int, Bools, Ints]]:
    """Models that go with the same formats and contexts: both, and the places of the models."""
    found: dict[tuple[int, bytes], list[int]] = {}
    for place, key in enumerate(zip(n_contexts.tolist(), goes, strict=True)):
        found.setdefault((key[0], key[1].tobytes()), []).append(place)
    return [(n, np.frombuffer(held, dtype=np.bool_), np.array(places)) for (n, held), places in found.items()]
