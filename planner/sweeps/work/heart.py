"""The sign of life of a chunk under way: it holds the lease, and notices when the work is to end.

A thread beats, so that a long call into DuckDB neither loses the chunk nor outlasts a stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connections

from planner.sweeps.work.leases import LEASE_S, Lease, Standing, renew, standing

LOOK_EVERY_S = 0.5
RENEW_EVERY_S = 2.0
INTERRUPT_EVERY_S = 0.2


class Interrupted(Exception):
    """The chunk is not to be finished: its sweep is to stop, or it is somebody else's by now."""


class Heart:
    """Beats for a lease."""

    def __init__(self, lease: Lease) -> None:
        """See the class."""
        self._lease = lease
        self._standing = Standing.HELD
        self._done = threading.Event()

    @contextmanager
    def beating(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Beat meanwhile; once the work is to end, ``interrupt`` is called, again and again."""
        thread = threading.Thread(target=self._beat, args=(interrupt,), name="heart", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    @property
    def has_ended(self) -> bool:
        """Whether the work is to end."""
        return self._standing is not Standing.HELD

    def check(self) -> None:
        """Raise ``Interrupted`` once the work is to end."""
        if self.has_ended:
            raise Interrupted

    def _beat(self, interrupt: Callable[[], None]) -> None:
        try:
            self._standing = self._watched()
        finally:
            connections.close_all()  # this thread's own
        while not self._done.wait(INTERRUPT_EVERY_S):
            interrupt()

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

    has_ended = False

    @contextmanager
    def beating(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Does nothing."""
        yield

    def check(self) -> None:
        """Never raises."""
