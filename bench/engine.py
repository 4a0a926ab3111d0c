"""What the engine does in a second: the committed grid (grid.json) on one core, beside copying the same bytes.

Run by itself (``python -m bench.engine [GRID.json]``) it prints the figures as JSON: its memory is then the engine's.
"""

from __future__ import annotations

import cProfile
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType

import numpy as np

from bench.grid import GRID, Sweep, read_grid, sweep
from hardware_catalog.files import load_rows
from hardware_catalog.tables import catalog_tables
from planner.calibration.files import shipped_calibration
from planner.engine.calibration import Calibration
from planner.engine.columns import Columns
from planner.engine.evaluate import BLOCK_PLANS, Block, Engine, keys_of
from planner.engine.gather import speed_inputs
from planner.engine.grid import Grid
from planner.engine.levels import LevelKeys
from planner.engine.memory import plan_limits, plan_need
from planner.engine.part import Strip
from planner.engine.speeds import SpeedFactors, SpeedFigures, Speeds, with_interval
from planner.engine.verdict import FITS, VERDICTS

ROOT = Path(__file__).parents[1]
ROUNDS = 5
# numpy's libraries start threads of their own unless told not to
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def measure_engine(grid: Path = GRID) -> dict[str, float]:
    """Measure in a process of its own; raises CalledProcessError where that fails.

    The time is that of turning tables and a calibration into every column of every plan, with a consumer that counts
    verdicts and keeps the fastest plan that fits. It is the core's time, so that other programs on a busy machine do
    not count. Rounds of it and of the copy alternate; the best of each counts, product by product.
    """
    child = subprocess.run(  # noqa: S603 (the interpreter and module are ours)
        [sys.executable, "-m", "bench.engine", str(grid)],
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        check=True,
        stdout=subprocess.PIPE,
    )
    figures: dict[str, float] = json.loads(child.stdout)
    return figures


@dataclass(slots=True)
class Tally:
    """A consumer: plans by verdict, and the fastest that fits."""

    counts: list[int] = field(default_factory=lambda: [0] * len(VERDICTS))
    fastest_tps: float = 0.0
    fastest: tuple[int, ...] = ()  # its place along every axis of its grid

    def take(self, block: Block) -> None:
        """Count a block's plans."""
        # in the order in which they lie: nothing is copied
        verdict, decode = block["verdict"].ravel(order="K"), block["decode_tps"].ravel(order="K")
        for code in range(len(VERDICTS)):
            self.counts[code] += int(np.count_nonzero(verdict == code))
        if ((verdict == FITS) & (decode > self.fastest_tps)).any():
            rates = np.where(block["verdict"] == FITS, block["decode_tps"], 0.0)
            place = np.unravel_index(int(np.nanargmax(rates)), rates.shape)
            self.fastest_tps = float(rates[place])
            self.fastest = tuple(int(i) + side.start for i, side in zip(place, block.where, strict=True))


def evaluate(work: Sweep, calibration: Calibration, grid: Grid, keys: LevelKeys, tally: Tally) -> None:
    """Every plan of one product of the sweep."""
    engine = Engine.build(work.tables, work.rules, calibration, grid, keys)
    for block in engine.blocks(grid):
        tally.take(block)


def copy(n_plans: int) -> None:
    """Copy as many bytes as that many plans have, in blocks as long as the engine's."""
    source, target = Columns.empty(BLOCK_PLANS), Columns.empty(BLOCK_PLANS)
    for values in source.arrays.values():
        values.fill(1)
    for first in range(0, n_plans, BLOCK_PLANS):
        length = min(BLOCK_PLANS, n_plans - first)
        for name, values in source.arrays.items():
            np.copyto(target.arrays[name][:length], values[:length])


def figures(work: Sweep, calibration: Calibration) -> dict[str, float]:
    """Rates and ratios of the sweep, and what its time goes to. RuntimeError where plans are missing."""
    evaluated_s, copied_s = np.empty((ROUNDS, len(work.grids))), np.empty(ROUNDS)
    for i in range(ROUNDS):
        tally, keys = Tally(), keys_of(work.tables)
        for j, grid in enumerate(work.grids):
            evaluated_s[i, j] = _seconds(partial(evaluate, work, calibration, grid, keys, tally))
        copied_s[i] = _seconds(partial(copy, work.n_plans))
        if sum(tally.counts) != work.n_plans:
            raise RuntimeError(f"{sum(tally.counts)} plans came of a sweep of {work.n_plans}")
    best_s = float(evaluated_s.min(axis=0).sum())
    return {
        "engine_plans": work.n_plans,
        "engine_plans_per_s": work.n_plans / best_s,
        "engine_time_over_copy": best_s / float(copied_s.min()),
        **{f"engine_share_of_{part}": share for part, share in shares(work, calibration).items()},
    }


def _seconds(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


def shares(work: Sweep, calibration: Calibration) -> dict[str, float]:
    """Parts of the time, by a profile.

    ``memory``: needs, limits and verdicts; ``speed``: the formulas; ``intervals``; ``gather``: binding the calibration,
    looking up figures and handing speeds to machines.
    """
    profile = cProfile.Profile()
    keys = keys_of(work.tables)
    for grid in work.grids:
        profile.runcall(evaluate, work, calibration, grid, keys, Tally())
    seconds = {entry.code: entry.totaltime for entry in profile.getstats()}

    def of(*functions: Callable[..., object]) -> float:
        return sum(seconds.get(_code(function), 0.0) for function in functions)

    whole_s = of(evaluate)
    memory = of(plan_need, plan_limits, Strip.fill_memory)
    intervals = of(SpeedFigures.log_ends, with_interval)
    speed = of(SpeedFigures.within, Speeds.offloaded) - intervals
    gather = of(Engine.build, SpeedFactors.gather, speed_inputs, Strip.fill_speed)
    parts: Mapping[str, float] = {
        "memory": memory,
        "speed": speed,
        "intervals": intervals,
        "gather": gather,
        "rest": whole_s - memory - intervals - speed - gather,
    }
    return {name: part_s / whole_s for name, part_s in parts.items()}


def _code(function: Callable[..., object]) -> CodeType:
    code: CodeType = getattr(function, "__func__", function).__code__
    return code


def peak_memory_bytes() -> int:
    """Most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent held before it became this process
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Measure one grid on one core and print the figures."""
    before = peak_memory_bytes()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = load_rows()
    work = sweep(read_grid(Path(sys.argv[1]) if len(sys.argv) > 1 else GRID), rows, catalog_tables(rows))
    found = figures(work, shipped_calibration())
    found["engine_peak_memory_over_interpreter_bytes"] = peak_memory_bytes() - before
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
