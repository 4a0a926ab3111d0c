"""Running child programs together: started in order, started again when they die, none left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

POLL_SECONDS = 0.2
STOP_SECONDS = 10.0  # what a child gets to finish its work before it is killed
BACKOFF_SECONDS = 0.5  # before a child that died is started again; more each time
# A child that dies so often within so long will not live: everything stops then.
MOST_DEATHS = 5
DEATHS_WITHIN_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Child:
    """A program to run."""

    name: str  # in messages
    command: Sequence[str]
    inherited_fds: Sequence[int] = ()
    niceness: int = 0  # how much it lets others go first, 0 to 19
    waits: bool = False  # it is started once ``is_ready`` says so
    is_silent: bool = False  # what it prints (not its errors) is for nobody


class ChildStopped(Exception):
    """A child ended by itself too often."""


@dataclass(slots=True)
class _Running:
    """A child and its process, or when to start it."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    deaths: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Supervisor:
    """Runs ``children`` until SIGINT, SIGTERM or SIGHUP arrives, or one of them dies again and again."""

    children: Sequence[Child]
    on_death: Callable[[Child, int], None] = lambda child, code: None
    _running: list[_Running] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, *, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Start the children, call ``on_ready`` once ``is_ready`` says so, and return when asked to stop.

        Raises ChildStopped when a child died too often. In every case no child is left when this returns.
        """
        previous = {
            number: signal.signal(number, self._ask_to_stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            self._running = [_Running(child) for child in self.children]
            ready = False
            self._start_due(ready)
            while not self._stop.wait(POLL_SECONDS):
                self._bury_dead()
                if not ready and is_ready():
                    ready = True
                    on_ready()
                self._start_due(ready)
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _ask_to_stop(self, signal_number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _start_due(self, ready: bool) -> None:
        for running in self._running:
            is_due = ready or not running.child.waits
            if running.process is None and is_due and time.monotonic() >= running.start_at:
                running.process = _start(running.child)

    def _bury_dead(self) -> None:
        """Note children that ended. Raises ChildStopped for one that did so too often."""
        for running in self._running:
            code = None if running.process is None else running.process.poll()
            if code is None:
                continue
            now = time.monotonic()
            running.process = None
            running.deaths = [t for t in running.deaths if now - t < DEATHS_WITHIN_SECONDS] + [now]
            if len(running.deaths) >= MOST_DEATHS:
                raise ChildStopped(
                    f"the {running.child.name} stopped by itself {MOST_DEATHS} times within a minute "
                    f"(the last exit code is {code})."
                )
            running.start_at = now + BACKOFF_SECONDS * (len(running.deaths) - 1)
            self.on_death(running.child, code)

    def _stop_all(self) -> None:
        for running in reversed(self._running):
            if running.process is not None:
                _end(running.process)
        self._running = []


def _start(child: Child) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own: Ctrl-C reaches this process, which stops all in order."""

    def prepare() -> None:
        if sys.platform == "linux":
            _die_with_parent()
        if child.niceness:
            os.nice(child.niceness)

    return subprocess.Popen(  # noqa: S603 (the command is the program's own)
        child.command,
        pass_fds=child.inherited_fds,
        stdout=subprocess.DEVNULL if child.is_silent else None,
        start_new_session=True,
        preexec_fn=prepare,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
    process.wait()


def _die_with_parent() -> None:
    """Have the kernel stop this child when the supervisor is killed outright and cannot do it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
