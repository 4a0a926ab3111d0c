"""The sign of life of a chunk under way: it holds the lease, and notices when the work is to end.

A thread beats, so that a long call into DuckDB neither loses the chunk nor outlasts a stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from django.db import DatabaseError, connections

from planner.sweeps.work.leases import LEASE_S, Lease, Standing, renew, standing

LOOK_EVERY_S = 0.5
RENEW_EVERY_S = 2.0
INTERRUPT_EVERY_S = 0.2


class Interrupted(Exception):
    """The chunk is not to be finished: ``standing`` says why."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing.name)
        self.standing = standing


class Heart:
    """Beats for a lease while it is entered; ``interrupt`` is called, again and again, once the work is to end."""

    def __init__(self, lease: Lease, interrupt: Callable[[], None]) -> None:
        """See the class."""
        self._lease = lease
        self._interrupt = interrupt
        self._standing = Standing.HELD
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raise ``Interrupted`` once the work is to end."""
        if self._standing is not Standing.HELD:
            raise Interrupted(self._standing)

    def _beat(self) -> None:
        try:
            self._standing = self._watched()
        finally:
            connections.close_all()  # this thread's own
        while not self._done.wait(INTERRUPT_EVERY_S):
            self._interrupt()

    def _watched(self) -> Standing:
        """Hold the lease until the work is done or to end; what became of it."""
        renewed = time.monotonic()
        while not self._done.wait(LOOK_EVERY_S):
            try:
                found = standing(self._lease)
                if found is Standing.HELD and time.monotonic() - renewed >= RENEW_EVERY_S:
                    found = Standing.HELD if renew(self._lease) else Standing.LOST
                    renewed = time.monotonic()
            except DatabaseError:  # it may come back in time
                found = Standing.HELD if time.monotonic() - renewed < LEASE_S else Standing.LOST
            if found is not Standing.HELD:
                return found
        return Standing.HELD


class NoHeart:
    """For computing without workers, where nobody else could take the chunk."""

    def __enter__(self) -> NoHeart:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is to be ended."""

    def check(self) -> None:
        """Never raises."""
