"""Running child programs together: started in order, stopped in reverse order, none left behind."""

from __future__ import annotations

import ctypes
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
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Child:
    """A program to run: its name in messages, its command line, the file descriptors it inherits."""

    name: str
    command: Sequence[str]
    inherited_fds: Sequence[int] = ()


class ChildStopped(Exception):
    """A child ended although nobody asked it to."""


@dataclass(slots=True)
class Supervisor:
    """Runs ``children`` until SIGINT, SIGTERM or SIGHUP arrives, or until one of them ends by itself."""

    children: Sequence[Child]
    _running: list[tuple[Child, subprocess.Popen[bytes]]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, *, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Start all children, call ``on_ready`` once ``is_ready`` says so, and return when asked to stop.

        Raises ChildStopped when a child ends by itself. In every case no child is left when this returns.
        """
        previous = {
            number: signal.signal(number, self._ask_to_stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            for child in self.children:
                self._start(child)
            ready = False
            while not self._stop.wait(POLL_SECONDS):
                self._raise_if_one_stopped()
                if not ready and is_ready():
                    ready = True
                    on_ready()
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _ask_to_stop(self, signal_number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _start(self, child: Child) -> None:
        """Start a child in a session of its own: Ctrl-C reaches this process, which stops all in order."""
        process = subprocess.Popen(  # noqa: S603 (the command is the program's own)
            child.command,
            pass_fds=child.inherited_fds,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        self._running.append((child, process))

    def _raise_if_one_stopped(self) -> None:
        for child, process in self._running:
            code = process.poll()
            if code is not None:
                raise ChildStopped(f"the {child.name} stopped by itself (exit code {code}).")

    def _stop_all(self) -> None:
        for _child, process in reversed(self._running):
            process.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            if process.poll() is None:
                process.kill()
            process.wait()
        self._running.clear()


def _die_with_parent() -> None:
    """Have the kernel stop this child when the supervisor is killed outright and cannot do it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
