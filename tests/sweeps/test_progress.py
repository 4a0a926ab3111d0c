"""How far a sweep is, as its page asks every second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from planner.sweeps.models import Chunk, Sweep, Worker
from planner.sweeps.work import leases
from planner.sweeps.work.leases import claim
from planner.sweeps.work.progress import NO_WORKER, NO_WORKER_YET, Problem, Working, progress
from tests.sweeps.bare import age, all_done, bare_sweep

pytestmark = pytest.mark.django_db


def a_worker(seen_s_ago: float = 0) -> None:
    Worker.objects.create(name="host:1", processes=2, seen=Now() - timedelta(seconds=seen_s_ago))


def test_a_sweep_that_waits_says_for_what() -> None:
    sweep = bare_sweep()
    found = progress(sweep)
    assert (found.n_chunks, found.n_chunks_done, found.n_plans, found.n_plans_done) == (4, 0, 300, 0)
    assert found.plans_per_s is found.seconds_left is None
    assert found.reason == NO_WORKER_YET
    sweep.created -= timedelta(minutes=1)
    assert progress(sweep).reason == NO_WORKER
    a_worker(seen_s_ago=20)
    assert progress(sweep).reason == NO_WORKER
    Worker.objects.all().delete()
    a_worker()
    assert progress(sweep).reason == ""


def test_a_sweep_that_was_stopped_does_not_wait_for_workers() -> None:
    assert progress(bare_sweep(state=Sweep.State.STOPPED)).reason == ""
    failed = bare_sweep(state=Sweep.State.FAILED, reason="The disk is full.")
    assert progress(failed).reason == "The disk is full."


def test_who_computes_what() -> None:
    a_worker()
    sweep = bare_sweep(n_chunks=12, chunk_plans=1000)
    Chunk.objects.filter(sweep=sweep, index=0).update(state=Chunk.State.DONE)
    claim("worker.lan:17/42")
    sweep.refresh_from_db()
    assert progress(sweep).workers == [
        Working("worker.lan, process 42", "computes plans 1,001 to 2,000"),
    ]
    all_done(sweep)
    claim("worker.lan:17/43")
    assert progress(sweep).workers == [Working("worker.lan, process 43", "sums up")]


def test_the_speed_is_that_of_the_processes_at_work() -> None:
    """Two processes that take 0.5 s for 1,000 plans do 4,000 a second, also while one of them is between two chunks."""
    a_worker()
    sweep = bare_sweep(n_chunks=10, chunk_plans=1000)
    for index in range(4):
        process = f"host:1/{2 + index % 2} {index}"
        Chunk.objects.filter(sweep=sweep, index=index).update(
            state=Chunk.State.DONE, seconds=0.5, heartbeat=Now(), worker=process
        )
    claim("host:1/2")
    sweep.refresh_from_db()
    found = progress(sweep)
    assert found.plans_per_s == pytest.approx(4000)
    assert found.seconds_left == pytest.approx(6000 / 4000)
    age(sweep, 3)
    assert progress(sweep).plans_per_s == pytest.approx(2000)  # the other has gone


def test_errors_are_told_while_it_goes_on() -> None:
    a_worker()
    sweep = bare_sweep()
    lease = claim("host:1/2")
    assert lease
    leases.fail(lease, "it broke")
    sweep.refresh_from_db()
    found = progress(sweep)
    assert found.state == Sweep.State.RUNNING
    assert found.errors == [Problem("plans 1 to 100", "it broke")]


def test_it_costs_few_queries(django_assert_max_num_queries: object) -> None:
    a_worker()
    sweep = bare_sweep(n_chunks=300)
    claim("host:1/2")
    sweep.refresh_from_db()
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        progress(sweep)
