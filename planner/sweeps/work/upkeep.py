"""What a worker's main process does every two seconds, with or without a broker: nothing waits for a lost message."""

from __future__ import annotations

import logging
import os
import threading
from datetime import timedelta
from typing import Any

from celery import bootsteps
from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from planner.sweeps.models import Chunk, Sweep, Worker
from planner.sweeps.work import leases, tokens
from planner.sweeps.work.leases import in_seconds
from planner.sweeps.work.names import process_id, worker_name
from planner.sweeps.work.tidying import remove_deleted, remove_orphans

EVERY_S = 2.0
TIDY_EVERY = 30  # rounds
FORGET_AFTER_S = 60.0
# Files of a sweep that ended so long ago were looked through often enough.
LOOKED_THROUGH_S = 3600.0
STOP_S = 5.0

logger = logging.getLogger(__name__)

# A process of the pool that is forked while this one talks to the database or the broker would share the connection.
_talking = threading.Lock()


def once(worker: str, processes: int) -> None:
    """One round: sign of life, chunks of those who are gone, and a message for each process that could work."""
    Worker.objects.update_or_create(name=worker, defaults={"processes": processes, "seen": Now()})
    Worker.objects.filter(seen__lt=in_seconds(-FORGET_AFTER_S)).delete()
    for holder in _own_leases(worker).values_list("worker", flat=True):
        if not _is_alive(process_id(holder)):
            leases.lapse(holder)
    leases.expire()
    _wake(processes - _own_leases(worker).count())


def tidy(*, thoroughly: bool = False) -> None:
    """Remove files that belong to nothing, of sweeps that are under way or ended lately, or of all."""
    sweeps = Sweep.objects.exclude(state=Sweep.State.DELETING)
    if not thoroughly:
        lately = timezone.now() - timedelta(seconds=LOOKED_THROUGH_S)
        sweeps = sweeps.filter(Q(finished=None) | Q(finished__gt=lately))
    for sweep_id in sweeps.values_list("pk", flat=True):
        remove_orphans(sweep_id)


def leave(worker: str) -> None:
    """Give back what this worker's processes hold, and be forgotten."""
    leases.give_back(_own_leases(worker))
    Worker.objects.filter(name=worker).delete()


def _own_leases(worker: str) -> Any:
    return Chunk.objects.filter(state=Chunk.State.LEASED, worker__startswith=f"{worker}/")


def _wake(idle: int) -> None:
    """Publish a message for each idle process that has something to do and no message yet."""
    if idle <= 0:
        return
    wanted = len(leases.ready()[:idle])
    if wanted and (waiting := tokens.n_waiting()) is not None and waiting < wanted:
        tokens.publish(wanted - waiting)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class Upkeep(threading.Thread):
    """The rounds of one worker."""

    def __init__(self, worker: str, processes: int) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._worker = worker
        self._processes = processes
        self._left = threading.Event()

    def run(self) -> None:
        """Go round until ``leave``."""
        rounds = 0
        while True:
            self._do(once, self._worker, self._processes)
            if rounds % TIDY_EVERY == 0:
                self._do(tidy, thoroughly=rounds == 0)
            for sweep_id in self._do(_deleting) or ():
                self._do(remove_deleted, sweep_id)
            rounds += 1
            if self._left.wait(EVERY_S):
                break
        self._do(leave, self._worker)

    def leave(self) -> None:
        """End the rounds: what the worker's processes hold is given back."""
        self._left.set()
        self.join(STOP_S)

    def _do(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Call with no connection left open; a database that is away is tried again in the next round."""
        with _talking:
            try:
                return function(*arguments, **options)
            except Exception:
                logger.warning("Upkeep of sweeps failed and is tried again.", exc_info=True)
                return None
            finally:
                connections.close_all()


def _deleting() -> list[Any]:
    return list(Sweep.objects.filter(state=Sweep.State.DELETING).values_list("pk", flat=True))


class UpkeepStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Starts upkeep once the pool's processes run, and ends it before they are waited for."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._upkeep: Upkeep | None = None

    def start(self, worker: Any) -> None:
        """Begin the rounds."""
        os.register_at_fork(
            before=_talking.acquire, after_in_parent=_talking.release, after_in_child=_talking.release
        )
        self._upkeep = Upkeep(worker_name(), worker.concurrency)
        self._upkeep.start()

    def stop(self, worker: Any) -> None:
        """End the rounds."""
        if self._upkeep is not None:
            self._upkeep.leave()
            self._upkeep = None
