"""The supervisor starts children in order, again when they die, stops them in reverse order, and leaves none."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
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


def dying(log: Path, code: int, name: str = "worker") -> Child:
    """A child that says that it starts and ends at once."""
    lines = f"open({str(log)!r}, 'a').write({name!r} + '\\n'); raise SystemExit({code})"
    return Child(name=name, command=[sys.executable, "-c", lines])


def test_a_child_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    log, deaths = tmp_path / "log", []
    once = tmp_path / "once"
    code = (
        f"import os, sys; os.path.exists({str(once)!r}) or sys.exit(open({str(once)!r}, 'w').close() or 3)\n"
    )
    mortal = child(code + POLITE, log, "worker")
    both = Supervisor(
        [child(POLITE, log, "web"), mortal], on_death=lambda child, code: deaths.append((child.name, code))
    )
    both.run(is_ready=lambda: len(lines(log)) == 2, on_ready=stop_self)
    assert deaths == [("worker", 3)]
    assert sorted(lines(log)[:2]) == ["start web", "start worker"]
    assert lines(log)[2:] == ["stop worker", "stop web"]


def test_a_child_that_does_not_live_stops_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_SECONDS", 0.01)
    log, started = tmp_path / "log", tmp_path / "started"
    before = own_children()
    both = Supervisor([child(POLITE, log, "web"), dying(started, 3)])
    with pytest.raises(
        ChildStopped, match=r"^the worker stopped by itself 5 times .* last exit code is 3\)\.$"
    ):
        both.run(is_ready=lambda: False, on_ready=stop_self)
    assert lines(started) == ["worker"] * 5
    assert lines(log) == ["start web", "stop web"]
    assert own_children() <= before


def test_old_deaths_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(supervisor, "DEATHS_WITHIN_SECONDS", 0.3)
    log = tmp_path / "log"
    one = Supervisor([dying(log, 3)])
    one.run(is_ready=lambda: len(lines(log)) > supervisor.MOST_DEATHS, on_ready=stop_self)
    assert len(lines(log)) > supervisor.MOST_DEATHS


def test_a_child_that_waits_is_started_when_the_others_are_ready(tmp_path: Path) -> None:
    log = tmp_path / "log"
    worker = Child(name="worker", command=child(POLITE, log, "worker").command, waits=True, niceness=3)
    both = Supervisor([worker, child(POLITE, log, "web")])
    found: list[int] = []

    def is_ready() -> bool:
        if not lines(log):
            return False
        assert lines(log) == ["start web"]
        return True

    def stop_when_both_run() -> None:
        def look() -> None:
            while len(lines(log)) < 2:
                time.sleep(0.02)
            found.extend(os.getpriority(os.PRIO_PROCESS, int(pid)) for pid in own_children())
            stop_self()

        threading.Thread(target=look).start()

    both.run(is_ready=is_ready, on_ready=stop_when_both_run)
    assert lines(log)[:2] == ["start web", "start worker"]
    here = os.getpriority(os.PRIO_PROCESS, 0)
    assert {here, here + 3} <= set(found)


def test_what_a_silent_child_prints_is_not_seen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    talking = "import sys; print('heard', flush=True); print('error', file=sys.stderr, flush=True)\n" + POLITE
    command = child(talking, log, "web").command
    Supervisor([Child(name="web", command=command, is_silent=True)]).run(
        is_ready=lambda: bool(lines(log)), on_ready=stop_self
    )
    out, err = capfd.readouterr()
    assert (out, err) == ("", "error\n")
