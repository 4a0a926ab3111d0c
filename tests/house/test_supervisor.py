"""The supervisor starts children in order, stops them in reverse order, and leaves none."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from planner import supervisor
from planner.supervisor import Child, ChildStopped, Supervisor

# Writes its name when it starts and when it is asked to stop, into a file that all children share.
POLITE = """
import signal, sys, time
def say(text):
    with open(sys.argv[1], "a") as log:
        log.write(text + "\\n")
def stop(*_):
    say("stop " + sys.argv[2])
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
say("start " + sys.argv[2])
time.sleep(60)
"""
STUBBORN = POLITE.replace(
    "signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
)


def child(code: str, log: Path, name: str) -> Child:
    return Child(name=name, command=[sys.executable, "-c", code, str(log), name])


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="ascii").splitlines() if log.exists() else []


def own_children() -> set[str]:
    """Process ids of this process's children, zombies too."""
    return {
        pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    }


def stop_self() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    log = tmp_path / "log"
    before = signal.getsignal(signal.SIGTERM)
    both = Supervisor([child(POLITE, log, "broker"), child(POLITE, log, "web")])
    both.run(is_ready=lambda: len(lines(log)) == 2, on_ready=stop_self)
    assert sorted(lines(log)[:2]) == ["start broker", "start web"]
    assert lines(log)[2:] == ["stop web", "stop broker"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    log = tmp_path / "log"
    before = own_children()
    one = Supervisor([child(STUBBORN, log, "web")])
    one.run(is_ready=lambda: bool(lines(log)), on_ready=stop_self)
    assert lines(log) == ["start web"]
    assert own_children() <= before  # none is left, not even as a zombie


def test_a_child_that_ends_by_itself_stops_the_others(tmp_path: Path) -> None:
    log = tmp_path / "log"
    failing = Child(
        name="worker", command=[sys.executable, "-c", "import time; time.sleep(1); raise SystemExit(3)"]
    )
    both = Supervisor([child(POLITE, log, "web"), failing])
    with pytest.raises(ChildStopped, match=r"^the worker stopped by itself \(exit code 3\)\.$"):
        both.run(is_ready=lambda: False, on_ready=stop_self)
    assert lines(log) == ["start web", "stop web"]
