"""The stored columns of a sweep's plans, slice by slice, from the engine's blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hardware_catalog.tables import MachineSpec, machine_table
from planner.engine.alike import speed_groups
from planner.engine.boxes import box_shape, flat_boxes, inside
from planner.engine.evaluate import Engine, keys_of
from planner.engine.grid import Axes, Grid
from planner.engine.levels import LevelKeys
from planner.engine.memory import MemoryRules, plan_limits, plan_need
from planner.engine.tables import MachineTable, Tables
from planner.engine.verdict import OFFLOAD, VERDICTS, Codes, judge
from planner.plans.evaluation import OF_THEIR_OWN, depth_tokens, weights_of, workload_table
from planner.snapshot import Snapshot
from planner.sweeps.grid.support import Ints
from planner.sweeps.rows import DTYPES, STORED

Array = npt.NDArray[Any]
Rows = dict[str, Array]
# Engines are kept for so many programs: each holds factors for every machine of the sweep.
KEPT_ENGINES = 8

SPEEDS = tuple(c.name for c in STORED if c.sql_type == "FLOAT")
_ZERO_OR_NAN = np.array([0.0 if code <= OFFLOAD else np.nan for code in range(len(VERDICTS))])
BYTES = tuple(c.name for c in STORED if c.sql_type == "DOUBLE")


class Lists(NamedTuple):
    """What the places of a grid mean."""

    machines: Sequence[MachineSpec]
    models: Ints  # rows of the tables from here on
    formats: Ints
    kv_formats: Ints
    programs: Ints
    contexts: Ints  # tokens, of every workload
    prompts: Ints
    users: Ints
    output_tokens: int


class Evaluator:
    """Evaluates grids of places in a sweep's lists. Engines are made when they are first needed, and shared."""

    def __init__(
        self, lists: Lists, reach: Callable[[int], tuple[Ints, Ints, Ints]], snapshot: Snapshot
    ) -> None:
        """``reach``: places of the machines, models and formats that a program's plans have."""
        self.lists = lists
        self._reach = reach
        self._snapshot = snapshot
        self._engine = lru_cache(maxsize=KEPT_ENGINES)(self._build)
        self._tables = lru_cache(maxsize=None)(self._tables_of)

    def fill(self, grid: Grid, start: int, stop: int, out: Rows, tick: Callable[[], None] | None) -> None:
        """Write the stored columns of the plans ``start`` to ``stop`` of a grid of places, all but their numbers."""
        engine, rows = self._engine(int(grid.axes.runtime[0])), self.table_rows(grid)
        at = 0
        for box in flat_boxes(rows.shape, start, stop):
            shape = box_shape(box)
            size = prod(shape)
            target = {name: array[at : at + size].reshape(shape) for name, array in out.items()}
            self._fill_places(grid.mesh(box, tuple(range(len(box)))), target)
            for block in engine.blocks(rows, start + at, start + at + size):
                place = inside(block.where, box)
                fill_figures(block.columns, {name: array[place] for name, array in target.items()})
                if tick is not None:
                    tick()
            at += size

    def verdicts(self, places: Axes) -> Codes:
        """Verdicts of a list of plans, one per place of the axes: codes into VERDICTS.

        It works out their memory alone, and looks only at the machines of the list.
        """
        machines, of_plan = np.unique(places.machine, return_inverse=True)
        lists = self.lists._replace(machines=[self.lists.machines[i] for i in machines.tolist()])
        few = Evaluator(lists, self._reach, self._snapshot)
        rows = few.table_rows(Grid(places._replace(machine=of_plan), product=False)).axes
        own = np.array([self._runtime(program) for program in range(len(lists.programs))])[places.runtime]
        found = np.empty(len(of_plan), dtype=np.uint8)
        for runtime in np.unique(own).tolist():
            here = np.flatnonzero(own == runtime)
            found[here] = few.verdicts_of(runtime, Axes(*(axis[here] for axis in rows)))
        return found

    def verdicts_of(self, runtime: str, rows: Axes) -> Codes:
        """Verdicts of the plans at these rows of the tables; ``runtime``: see ``_runtime``."""
        tables = self._tables(runtime)
        limits = plan_limits(tables, self._rules, rows)
        return judge(plan_need(tables, self._rules, rows).needs, limits.devices, limits.host).code

    def table_rows(self, grid: Grid) -> Grid:
        """The grid in rows of the engine's tables."""
        lists, places = self.lists, grid.axes
        axes = Axes(
            machine=places.machine,
            model=lists.models[places.model],
            format=lists.formats[places.format],
            kv_format=lists.kv_formats[places.kv_format],
            runtime=lists.programs[places.runtime],
            workload=places.workload,
        )
        return Grid(axes, grid.product)

    def _fill_places(self, mesh: Axes, target: Rows) -> None:
        np.copyto(target["machine"], mesh.machine, casting="unsafe")
        np.copyto(target["model"], mesh.model, casting="unsafe")
        np.copyto(target["format"], mesh.format, casting="unsafe")
        np.copyto(target["kv_format"], mesh.kv_format, casting="unsafe")
        np.copyto(target["runtime"], mesh.runtime, casting="unsafe")
        np.copyto(target["context_tokens"], self.lists.contexts[mesh.workload], casting="unsafe")
        np.copyto(target["concurrency"], self.lists.users[mesh.workload], casting="unsafe")

    def _build(self, program: int) -> Engine:
        """The engine for all plans of one program."""
        lists = self.lists
        machines, models, formats = self._reach(program)
        pairs = Axes(
            machine=machines,
            model=lists.models[models],
            format=lists.formats[formats],
            kv_format=lists.kv_formats,
            runtime=lists.programs[[program]],
            workload=np.zeros(1, dtype=np.int64),
        )
        tables, calibration = self._tables(self._runtime(program)), self._snapshot.calibration
        return Engine.build(tables, self._rules, calibration, Grid(pairs), self._keys, self._groups)

    def _runtime(self, program: int) -> str:
        """Slug of a program's runtime, "" where it is one of those that share their tables."""
        slug = self._snapshot.tables.runtimes.slug[int(self.lists.programs[program])]
        return slug if slug in OF_THEIR_OWN else ""

    def _tables_of(self, runtime: str) -> Tables:
        catalog, lists = self._snapshot.tables, self.lists
        work = workload_table(
            context=lists.contexts,
            depth=depth_tokens(lists.prompts, lists.output_tokens, lists.contexts),
            prompt=lists.prompts,
            output_tokens=lists.output_tokens,
            concurrency=lists.users,
            runtime=runtime,
        )
        return Tables(
            machines=self._machines,
            models=catalog.models,
            formats=catalog.formats,
            kv_formats=catalog.kv_formats,
            runtimes=catalog.runtimes,
            workloads=work,
            weights=weights_of(runtime, catalog),
        )

    @cached_property
    def _machines(self) -> MachineTable:
        return machine_table(list(self.lists.machines))

    @cached_property
    def _rules(self) -> MemoryRules:
        return MemoryRules.bind(self._tables(""), self._snapshot.limits, self._snapshot.overheads)

    @cached_property
    def _groups(self) -> Ints:
        return speed_groups(self._machines)

    @cached_property
    def _keys(self) -> LevelKeys:
        return keys_of(self._tables(""))


def fill_figures(columns: Mapping[str, Array], target: Rows) -> None:
    """Write what the engine computed; speeds only of plans that run. The engine's own columns are overwritten."""
    target["verdict"][...] = columns["verdict"]
    for name in BYTES:
        target[name][...] = columns[name]
    # a sum with this is five times as quick as a copy by a mask
    unless_it_runs = _ZERO_OR_NAN[columns["verdict"]]
    for name in SPEEDS:
        speeds = columns[name]
        np.add(speeds, unless_it_runs, out=speeds)
        target[name][...] = speeds


def empty(n_plans: int) -> Rows:
    """Arrays for the stored columns of so many plans."""
    return {column.name: np.empty(n_plans, dtype=DTYPES[column.sql_type]) for column in STORED}
