"""Who may compute a chunk: fairly, one at a time, until it gives no sign of life."""

from __future__ import annotations

import pytest

from planner.sweeps.models import Chunk, Sweep
from planner.sweeps.work import leases
from planner.sweeps.work.finishing import finish
from planner.sweeps.work.leases import Standing, claim, held, standing
from tests.sweeps.bare import age, all_done, bare_sweep, chunk

pytestmark = pytest.mark.django_db


def test_chunks_are_taken_in_their_order_and_only_once() -> None:
    sweep = bare_sweep(n_chunks=3)
    taken = [claim("host:1/2") for _ in range(4)]
    assert [lease and lease.index for lease in taken] == [0, 1, 2, None]  # the last waits for the others
    assert [lease and (lease.start, lease.stop) for lease in taken[:3]] == [(0, 100), (100, 200), (200, 300)]
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.RUNNING
    assert sweep.started is not None


def test_the_one_that_sums_up_comes_when_all_others_are_done() -> None:
    sweep = bare_sweep(n_chunks=2)
    first, second = claim("host:1/2"), claim("host:1/3")
    assert first
    assert second
    assert finish(first, [], 0.1)
    assert claim("host:1/2") is None
    assert finish(second, [], 0.1)
    closing = claim("host:1/2")
    assert closing
    assert closing.is_closing
    assert finish(closing, [], 0.1)
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.DONE
    assert sweep.finished is not None


def test_sweeps_share_workers_fairly() -> None:
    """The sweep with fewer chunks under way comes first; among equals the one that was served longer ago."""
    one, other = bare_sweep(n_chunks=9), bare_sweep(n_chunks=9)
    taken = [claim("host:1/2") for _ in range(6)]
    assert [lease and lease.sweep_id for lease in taken] == [one.pk, other.pk] * 3
    late = bare_sweep(n_chunks=9)
    taken = [claim("host:1/2") for _ in range(4)]
    assert [lease and lease.sweep_id for lease in taken] == [late.pk] * 3 + [one.pk]


@pytest.mark.parametrize(
    "state", [Sweep.State.STOPPED, Sweep.State.FAILED, Sweep.State.DONE, Sweep.State.DELETING]
)
def test_only_sweeps_that_go_on_are_worked_on(state: Sweep.State) -> None:
    sweep = bare_sweep()
    lease = claim("host:1/2")
    assert lease
    assert standing(lease) is Standing.HELD
    Sweep.objects.filter(pk=sweep.pk).update(state=state)
    assert claim("host:1/2") is None
    assert standing(lease) is Standing.STOPPED
    assert not finish(lease, [], 0.1)
    assert chunk(sweep).state == Chunk.State.LEASED


def test_what_is_given_back_counts_as_never_tried() -> None:
    sweep = bare_sweep()
    for _ in range(5):
        lease = claim("host:1/2")
        assert lease
        assert (lease.index, lease.attempt) == (0, 1)
        leases.give_back(held(lease))
        assert standing(lease) is Standing.LOST
    assert (chunk(sweep).attempts, chunk(sweep).worker) == (0, "")


def test_who_gave_no_sign_of_life_loses_the_chunk_and_cannot_finish_it() -> None:
    sweep = bare_sweep()
    lost = claim("host:1/2")
    assert lost
    leases.expire()
    assert standing(lost) is Standing.HELD
    age(sweep, leases.LEASE_S + 1)
    leases.expire()
    assert standing(lost) is Standing.LOST
    assert not leases.renew(lost)
    assert not finish(lost, [], 0.1)
    age(sweep, leases.RETRY_AFTER_S)
    again = claim("host:1/3")
    assert again
    assert (again.index, again.attempt) == (0, 2)
    assert again.holder != lost.holder
    assert not finish(lost, [], 0.1)
    leases.fail(lost, "too late")
    assert finish(again, [], 0.1)
    assert chunk(sweep).error == ""


def test_a_sign_of_life_holds_a_chunk() -> None:
    sweep = bare_sweep()
    lease = claim("host:1/2")
    assert lease
    for _ in range(3):
        age(sweep, leases.LEASE_S - 1)
        assert leases.renew(lease)
        leases.expire()
        assert standing(lease) is Standing.HELD


def test_the_same_process_is_not_taken_for_its_former_self() -> None:
    """A chunk that was given back and taken again by the same process has the same attempt, and another holder."""
    bare_sweep()
    first = claim("host:1/2")
    assert first
    leases.give_back(held(first))
    second = claim("host:1/2")
    assert second
    assert (first.chunk_id, first.attempt) == (second.chunk_id, second.attempt)
    assert standing(first) is Standing.LOST
    assert standing(second) is Standing.HELD


def test_a_chunk_that_fails_is_tried_again_a_little_later_and_at_most_three_times() -> None:
    sweep = bare_sweep(n_chunks=1)
    for attempt in (1, 2, 3):
        lease = claim("host:1/2")
        assert lease
        assert lease.attempt == attempt
        leases.fail(lease, f"it broke ({attempt})")
        assert claim("host:1/2") is None
        age(sweep, leases.RETRY_AFTER_S)
    sweep.refresh_from_db()
    assert (chunk(sweep).state, chunk(sweep).error) == (Chunk.State.FAILED, "it broke (3)")
    assert sweep.state == Sweep.State.FAILED
    assert sweep.reason == "Computing the plans 1 to 100 failed, 3 times: it broke (3)"


def test_a_chunk_that_kills_its_process_fails_too() -> None:
    sweep = bare_sweep(n_chunks=1)
    for _ in range(leases.MOST_ATTEMPTS):
        lease = claim("host:1/2")
        assert lease
        leases.lapse(lease.holder)
        age(sweep, leases.RETRY_AFTER_S)
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.FAILED
    assert "ran out of memory" in sweep.reason


def test_a_reason_that_no_other_attempt_can_better_fails_the_sweep_at_once() -> None:
    sweep = bare_sweep()
    lease = claim("host:1/2")
    assert lease
    leases.fail(lease, "Ask it anew.", for_good=True)
    sweep.refresh_from_db()
    assert (sweep.state, sweep.reason) == (
        Sweep.State.FAILED,
        "Computing the plans 1 to 100 failed: Ask it anew.",
    )


def test_what_ran_for_a_stopped_sweep_and_ended_without_a_word_is_no_failure() -> None:
    sweep = bare_sweep()
    lease = claim("host:1/2")
    assert lease
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.STOPPED)
    leases.lapse(lease.holder)
    assert (chunk(sweep).state, chunk(sweep).attempts, chunk(sweep).error) == (Chunk.State.PENDING, 0, "")


def test_asking_for_work_costs_few_queries_however_many_chunks(django_assert_max_num_queries: object) -> None:
    bare_sweep(n_chunks=500)
    all_done(bare_sweep(n_chunks=500))
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        assert claim("host:1/2")
