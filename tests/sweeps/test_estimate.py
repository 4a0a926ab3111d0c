"""What a sweep will be is told before it starts, from a sample of it and from sweeps that finished here."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from planner.engine.verdict import OFFLOAD
from planner.pinning.pinned import pin
from planner.snapshot import current
from planner.sweeps.definition import Definition, Selection
from planner.sweeps.grid.estimate import PLAN_S, ROW_BYTES, ROW_S, SWEEP_S, estimate
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.models import Chunk, ResultFile, Sweep, Worker
from planner.sweeps.results.pruning import best_of_rows

pytestmark = pytest.mark.django_db
ALL = Selection(all=True)
MACS = Definition(
    machines=Selection(where={"kind": "mac"}),
    models=ALL,
    formats=Selection(slugs=("q8-0", "q4-k-m", "mlx-4bit")),
    contexts_tokens=(2048, 32_768),
    keep="all",
)
# no phone has room for these
NOTHING_RUNS = Definition(
    machines=Selection(where={"kind": "phone"}), models=Selection(where={"size_least": "300"}), keep="running"
)


def grid_of(definition: Definition) -> SweepGrid:
    return SweepGrid.build(definition, current())


def test_all_plans_are_kept_exactly() -> None:
    grid = grid_of(MACS)
    found = estimate(grid, MACS)
    assert (found.n_plans, found.n_kept, found.is_at_most) == (grid.n_plans, grid.n_plans, False)
    assert found.n_bytes == grid.n_plans * ROW_BYTES
    assert found.seconds == SWEEP_S + grid.n_plans * (PLAN_S + ROW_S)


def test_plans_that_run_are_about_as_many_as_estimated() -> None:
    definition = dataclasses.replace(MACS, keep="running")
    grid = grid_of(definition)
    found = estimate(grid, definition)
    runs = grid.rows(0, grid.n_plans)["verdict"] <= OFFLOAD
    assert found.n_kept == pytest.approx(int(runs.sum()), rel=0.06)
    assert not found.is_at_most
    assert estimate(grid_of(definition), definition) == found  # the same every time


def test_the_best_are_about_as_many_as_estimated() -> None:
    definition = dataclasses.replace(MACS, keep="best")
    grid = grid_of(definition)
    kept = int(best_of_rows(grid.rows(0, grid.n_plans), grid.entries).sum())
    found = estimate(grid, definition)
    assert kept < grid.n_plans * 0.6
    assert found.n_kept == pytest.approx(kept, rel=0.2)


def test_where_none_of_the_sample_is_kept_an_upper_bound_is_told() -> None:
    grid = grid_of(NOTHING_RUNS)
    found = estimate(grid, NOTHING_RUNS)
    assert found.is_at_most
    assert 0 < found.n_kept < grid.n_plans / 100
    best = dataclasses.replace(NOTHING_RUNS, keep="best")
    assert estimate(grid, best).is_at_most


def test_a_small_sweep_is_not_sampled_but_counted() -> None:
    definition = dataclasses.replace(
        MACS, machines=Selection(slugs=("macbook-air-13-m4-10-core-gpu-16-gb",)), keep="running"
    )
    grid = grid_of(definition)
    rows = grid.rows(0, grid.n_plans)
    found = estimate(grid, definition)
    assert (found.n_kept, found.is_at_most) == (int((rows["verdict"] <= OFFLOAD).sum()), False)


def finished_sweep(definition: Definition, seconds: float, n_rows: int, n_bytes: int) -> None:
    """A sweep of one chunk that took so long here for a million plans."""
    sweep = Sweep.objects.create(
        pk=uuid.uuid4(),
        owner="somebody",
        name="one",
        definition={},
        entries={},
        snapshot=pin(current()),
        keep=definition.keep,
        n_plans=10**6,
        state=Sweep.State.DONE,
        finished=timezone.now(),
    )
    chunk = Chunk.objects.create(
        sweep=sweep, index=0, start=0, stop=10**6, state=Chunk.State.DONE, seconds=seconds
    )
    ResultFile.objects.create(
        sweep=sweep, chunk=chunk, kind=ResultFile.Kind.ROWS, name="rows", n_rows=n_rows, n_bytes=n_bytes
    )


def test_time_and_bytes_are_those_of_finished_sweeps_and_workers_share_the_time() -> None:
    grid = grid_of(MACS)
    before = estimate(grid, MACS)
    usual_s = 10**6 * (PLAN_S + ROW_S)
    for times in (3.0, 5.0, 100.0):  # the median counts
        finished_sweep(MACS, times * usual_s, 10**6, 30 * 10**6)
    after = estimate(grid, MACS)
    assert after.seconds - SWEEP_S == pytest.approx(5 * (before.seconds - SWEEP_S))
    assert after.n_bytes == pytest.approx(grid.n_plans * 30)
    for name in ("one", "other"):
        Worker.objects.create(name=name, processes=2, seen=timezone.now())
    Worker.objects.create(name="gone", processes=8, seen=timezone.now() - timedelta(hours=1))
    shared = estimate(grid, MACS)
    assert shared.n_processes == 4
    assert shared.seconds - SWEEP_S == pytest.approx((after.seconds - SWEEP_S) / 4)
