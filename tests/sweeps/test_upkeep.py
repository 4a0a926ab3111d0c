"""What keeps sweeps going without anybody's message: signs of life, upkeep, and a broker that may be away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from planner import broker
from planner.celery import app
from planner.sweeps.models import Chunk, Sweep, Worker
from planner.sweeps.work import heart, leases, names, tokens, upkeep
from planner.sweeps.work.folder import folder
from planner.sweeps.work.heart import Heart, Interrupted
from planner.sweeps.work.leases import Lease, claim
from planner.sweeps.work.services import delete, resume
from tests.sweeps.bare import age, bare_sweep, chunk

HERE = f"host:{os.getpid()}"

transactional = pytest.mark.django_db(transaction=True)


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> float:
    """Wait; how long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)
    return time.monotonic() - began


def taken(process: str = "host:1/2") -> Lease:
    lease = claim(process)
    assert lease
    return lease


@transactional
def test_a_heart_holds_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(heart, "RENEW_EVERY_S", 0.05)
    sweep = bare_sweep()
    beating, before = Heart(taken()), chunk(sweep).lease_until
    assert before
    with beating.beating(lambda: None):
        wait_until(lambda: (chunk(sweep).lease_until or before) > before + timedelta(seconds=0.2))
        beating.check()
    assert not [thread for thread in threading.enumerate() if thread.name == "heart"]


@transactional
@pytest.mark.parametrize("state", [Sweep.State.STOPPED, Sweep.State.DELETING, Sweep.State.FAILED])
def test_a_heart_notices_that_the_sweep_is_to_stop(state: Sweep.State) -> None:
    sweep, interrupted = bare_sweep(), threading.Event()
    beating = Heart(taken())
    with beating.beating(interrupted.set):
        Sweep.objects.filter(pk=sweep.pk).update(state=state)
        assert wait_until(interrupted.is_set) < 2
        with pytest.raises(Interrupted):
            beating.check()


@transactional
def test_a_heart_notices_that_the_chunk_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "LOOK_EVERY_S", 0.02)
    sweep = bare_sweep()
    beating = Heart(taken())
    with beating.beating(lambda: None):
        age(sweep, leases.LEASE_S + 1)
        leases.expire()
        wait_until(lambda: beating.has_ended)


@pytest.mark.django_db
def test_a_worker_is_noted_and_forgotten() -> None:
    upkeep.once(HERE, 3)
    upkeep.once(HERE, 3)
    Worker.objects.create(name="gone:1", processes=1, seen=Now() - timedelta(seconds=61))
    Worker.objects.create(name="other:1", processes=1, seen=Now() - timedelta(seconds=30))
    upkeep.once(HERE, 3)
    assert set(Worker.objects.values_list("name", "processes")) == {(HERE, 3), ("other:1", 1)}


@pytest.mark.django_db
def test_the_chunk_of_a_dead_process_of_ones_own_waits_at_once() -> None:
    """One of another worker, whose processes nobody here can see, waits for the end of its lease."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    sweep = bare_sweep()
    for process in (f"{HERE}/{dead.pid}", f"{HERE}/{os.getpid()}", f"other:1/{dead.pid}"):
        claim(process)
    upkeep.once(HERE, 2)
    assert [chunk(sweep, index).state for index in range(3)] == ["pending", "leased", "leased"]
    age(sweep, leases.LEASE_S + 1)
    upkeep.once(HERE, 2)
    assert [chunk(sweep, index).state for index in range(3)] == ["pending"] * 3


@pytest.fixture
def real_broker(tmp_path: Path) -> Iterator[None]:
    """Celery speaks to a real Valkey, in which nobody waits for messages."""
    where = tmp_path / "b"
    broker.prepare(where)
    server = subprocess.Popen(broker.command(where, broker.server_program()))
    before, app.conf.broker_url = app.conf.broker_url, broker.broker_url(where)
    app._after_fork()  # forgets its connections
    wait_until(lambda: tokens.n_waiting() == 0)
    yield
    app.conf.broker_url = before
    app._after_fork()
    server.kill()
    server.wait()


@pytest.mark.django_db
def test_processes_that_could_work_are_woken(real_broker: None) -> None:
    """As many as are idle and find something to do, and no message more than that."""
    upkeep.once(HERE, 3)
    assert tokens.n_waiting() == 0
    bare_sweep(n_chunks=1)
    upkeep.once(HERE, 3)
    assert tokens.n_waiting() == 1
    bare_sweep(n_chunks=1, n_plans=0)  # only to be summed up
    bare_sweep(n_chunks=9)
    upkeep.once(HERE, 3)
    upkeep.once(HERE, 3)
    assert tokens.n_waiting() == 3
    claim(f"{HERE}/{os.getpid()}")
    upkeep.once(HERE, 5)
    assert tokens.n_waiting() == 4


def test_enough_messages_are_enough(real_broker: None) -> None:
    for _ in range(3):
        assert tokens.publish(1, enough=2)
    assert tokens.n_waiting() == 2


@transactional
def test_a_sweep_that_is_resumed_wakes_as_many_processes_as_there_are(
    real_broker: None, settings: Settings, tmp_path: Path
) -> None:
    settings.RESULTS_DIR = tmp_path
    for seen_s_ago, processes in ((1, 3), (1, 4), (30, 5)):
        seen = Now() - timedelta(seconds=seen_s_ago)
        Worker.objects.create(name=f"host:{processes}", processes=processes, seen=seen)
    resume(bare_sweep(state=Sweep.State.STOPPED))
    wait_until(lambda: tokens.n_waiting() == 7)


def test_without_a_broker_nothing_breaks_or_waits() -> None:
    began = time.monotonic()
    assert tokens.publish(3) is False
    assert tokens.n_waiting() is None
    first = time.monotonic() - began
    began = time.monotonic()
    assert tokens.publish(3) is False
    assert time.monotonic() - began < 0.5
    assert first < 10  # Celery is imported


@transactional
def test_a_worker_that_stops_gives_back_what_it_holds(settings: Settings, tmp_path: Path) -> None:
    settings.RESULTS_DIR = tmp_path
    sweep, deleted = bare_sweep(), bare_sweep()
    folder(deleted).mkdir()
    mine = [taken(f"{HERE}/{os.getpid()}") for _ in range(2)]
    others = taken("other:1/2")
    Sweep.objects.filter(pk=deleted.pk).update(state=Sweep.State.STOPPED)
    delete(deleted)
    running = upkeep.Upkeep(HERE, 2)
    running.start()
    wait_until(lambda: Worker.objects.filter(name=HERE).exists())
    assert folder(deleted).exists()  # it is being computed for
    running.leave()
    assert not running.is_alive()
    assert not Worker.objects.exists()
    states = dict(Chunk.objects.values_list("pk", "state"))
    assert [states[lease.chunk_id] for lease in (*mine, others)] == ["pending", "pending", "leased"]
    assert chunk(sweep).attempts == 0


@transactional
def test_upkeep_removes_deleted_sweeps_and_outlives_trouble(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RESULTS_DIR = tmp_path
    monkeypatch.setattr(upkeep, "EVERY_S", 0.05)
    bare_sweep()
    taken(f"{HERE}/no number")
    deleted = bare_sweep(state=Sweep.State.DELETING)
    folder(deleted).mkdir()
    running = upkeep.Upkeep(HERE, 2)
    running.start()
    wait_until(lambda: not folder(deleted).exists())
    running.leave()
    assert "ValueError" in caplog.text


def test_processes_are_named_after_their_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(names._WORKER, "")
    names.become_worker()
    first = names.worker_name()
    assert names.process_name() == f"{first}/{os.getpid()}"
    holder = f"{names.process_name()} beef"
    assert names.process_of(holder) == names.process_name()
    assert names.process_id(holder) == os.getpid()
    assert names.in_words("a-host.lan:17-ab12/42 beef") == "a-host.lan, process 42"
    names.become_worker()  # as in another container, where host and process may be called the same
    assert names.worker_name() != first
