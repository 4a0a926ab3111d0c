"""Before a sweep starts: how many plans, how many of them it keeps, how long it takes, how large its result is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models import F, Sum
from django.db.models.functions import Now

from planner.sweeps.definition import Definition
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.models import Chunk, ResultFile, Sweep, Worker

# Plans, or set-ups, that are looked at.
SAMPLE = 2000
# Where none of the sample is kept, 95 % of the time fewer than 3 in as many are.
UPPER_OF_NONE = 3
# One process on one core of a Xeon at 2.8 GHz, as bench/sweeps.py measures it: seconds for computing a plan, for
# writing a kept one, and for what each sweep needs once (waking, binding engines, closing).
PLAN_S, ROW_S, SWEEP_S = 1 / 3.2e6, 1 / 1.1e6, 1.0
# A kept plan in a Parquet file there.
ROW_BYTES = 24.0
# How far finished sweeps are looked back at, and for how long a worker that was seen counts.
LAST_SWEEPS, LAST_CHUNKS = 5, 200
SEEN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sweep is going to be, about."""

    n_plans: int
    n_kept: int
    is_at_most: bool  # "fewer than ``n_kept``": none of the sample was kept
    seconds: float  # with the processes that work now
    n_processes: int
    n_bytes: float


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What this installation takes, beside the constants above."""

    times_slower: float = 1.0
    row_bytes: float = ROW_BYTES


def estimate(grid: SweepGrid, definition: Definition) -> Estimate:
    """Estimate a sweep from a sample of its plans and from what finished sweeps took here."""
    n_kept, is_at_most = _kept(grid, definition.keep)
    costs = unit_costs()
    n_processes = max(_processes(), 1)
    work_s = (grid.n_plans * PLAN_S + n_kept * ROW_S) * costs.times_slower / n_processes
    return Estimate(
        n_plans=grid.n_plans,
        n_kept=n_kept,
        is_at_most=is_at_most,
        seconds=SWEEP_S + work_s,
        n_processes=n_processes,
        n_bytes=n_kept * costs.row_bytes,
    )


def _kept(grid: SweepGrid, keep: str) -> tuple[int, bool]:
    """Plans that are kept, and whether that is an upper bound."""
    if keep == "all":
        return grid.n_plans, False
    if keep == "running":
        n_found, n_looked_at = grid.share_that_runs(SAMPLE)
        n_all = grid.n_plans
    else:
        n_found, n_looked_at, n_all = grid.share_of_set_ups(SAMPLE // 2)
    if n_looked_at == n_all:
        return n_found, False
    share = (n_found or UPPER_OF_NONE) / n_looked_at
    return min(round(n_all * share), grid.n_plans), not n_found


def unit_costs() -> UnitCosts:
    """What plans and rows took in the last sweeps that finished here; the constants where there are none."""
    done = Sweep.objects.filter(state=Sweep.State.DONE).order_by("-finished")
    last = list(done.values_list("pk", flat=True)[:LAST_SWEEPS])
    chunks = Chunk.objects.filter(
        sweep__in=last, seconds__gt=0, stop__gt=F("start"), files__kind=ResultFile.Kind.ROWS
    )
    found = list(
        chunks.values_list("start", "stop", "seconds", "files__n_rows", "files__n_bytes")[:LAST_CHUNKS]
    )
    if not found:
        return UnitCosts()
    slower = [(s or 0.0) / ((stop - start) * PLAN_S + n_rows * ROW_S) for start, stop, s, n_rows, _ in found]
    n_rows, n_bytes = sum(rows for *_, rows, _ in found), sum(size for *_, size in found)
    return UnitCosts(median(slower), n_bytes / n_rows if n_rows else ROW_BYTES)


def _processes() -> int:
    """Processes of all workers that were seen lately."""
    seen = Worker.objects.filter(seen__gt=Now() - SEEN)
    return int(seen.aggregate(n=Sum("processes"))["n"] or 0)
