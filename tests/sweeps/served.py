"""A real `manage.py serve` with a database, results and broker of its own, and a hand on its sweeps."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import dj_database_url

from planner.broker import broker_folder
from planner.environment import database_identity
from tests.conftest import ROOT, clean_environment, unused_port

PATIENCE_S = 120.0  # a busy machine may be slow
KEY = "a key for these tests only: 0123456789 abcdefghijklmnop"


@dataclass(frozen=True, slots=True)
class Process:
    """A running process: Linux's /proc tells of it."""

    pid: int
    command: str

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    @property
    def is_alive(self) -> bool:
        try:
            return (
                Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
                != "Z"
            )
        except OSError:
            return False


class Served:
    """A running Sizewise."""

    def __init__(
        self, server: subprocess.Popen[str], driver: subprocess.Popen[str], log: Path, results: Path
    ) -> None:
        self.server = server
        self._driver = driver
        self.log = log
        self.results = results

    def call(self, name: str, **arguments: Any) -> Any:
        """Have the driver act, as the web server would."""
        stdin, stdout = _pipes(self._driver)
        stdin.write(json.dumps({"call": name, **arguments}) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the driver ended at {name}"
        return json.loads(line)

    def until(
        self, sweep: str, is_so: Callable[[dict[str, Any]], bool], patience_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """Wait until a sweep is so far; how far it is then."""
        deadline = time.monotonic() + patience_s
        while True:
            found: dict[str, Any] = self.call("look", sweep=sweep)
            if is_so(found):
                return found
            assert time.monotonic() < deadline, (found, self.log.read_text(encoding="utf-8")[-3000:])
            assert found["state"] not in ("failed", "done"), found
            time.sleep(0.02)

    def midway(self, sweep: str, part: float = 0.3) -> None:
        """Wait until a part of a sweep is done, and another is not."""
        found = self.until(sweep, lambda found: found["n_done"] >= part * found["n_chunks"])
        assert found["n_done"] < 0.8 * found["n_chunks"], "it was too quick to be disturbed"

    def done(self, sweep: str) -> dict[str, Any]:
        """Wait until a sweep is done; its result."""
        self.until(sweep, lambda found: found["state"] == "done")
        result: dict[str, Any] = self.call("result", sweep=sweep)
        return result

    def processes(self, part: str = "") -> list[Process]:
        """The server's descendants whose command line contains this, oldest first."""
        return [process for process in descendants(self.server.pid) if part in process.command]

    @property
    def worker(self) -> Process:
        return self.processes("celery")[0]

    @property
    def pool(self) -> list[Process]:
        return self.processes("celery")[1:]


def descendants(pid: int) -> list[Process]:
    """All processes that descend from one, parents before children (Linux's /proc)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if fields[0] != "Z":
            parents[int(entry.parent.name)] = int(fields[1])
    found, level = [], {pid}
    while level := {child for child, parent in parents.items() if parent in level}:
        found += sorted(level)
    return [Process(child, _command(child)) for child in found]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""


def gone(processes: list[Process], seconds: float = 10.0) -> list[Process]:
    """Wait for processes to end; those that did not."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if process.is_alive]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@contextmanager
def serving(database_url: str, folder: Path, *arguments: str, **environment: str) -> Iterator[Served]:
    """Serve a database, with results in a folder; nothing is left running."""
    results = folder / "results"
    changed = {
        "DATABASE_URL": database_url,
        "RESULTS_DIR": str(results),
        "SECRET_KEY": KEY,
        "PYTHON_CPU_COUNT": "2",  # as many processes of the worker: with more, sweeps are too quick to be disturbed
        **environment,
    }
    full = clean_environment(**changed)
    log = folder / "log"
    with log.open("w", encoding="utf-8") as errors:
        server = _popen(
            [sys.executable, "manage.py", "serve", "--port", str(unused_port()), *arguments], full, errors
        )
        driver = _popen([sys.executable, "-m", "tests.sweeps.driver"], full, None)
    try:
        assert _pipes(server)[1].readline(), log.read_text(encoding="utf-8")
        yield Served(server, driver, log, results)
    finally:
        left = descendants(server.pid)
        for process in (driver, server):
            process.kill()
            process.communicate()
        gone(left)
        forget_broker(database_url)


def forget_broker(database_url: str) -> None:
    """Remove what a broker of this checkout left of a database that was there for a test only."""
    config: Mapping[str, Any] = dj_database_url.parse(database_url)
    shutil.rmtree(broker_folder(database_identity(dict(config)), ROOT / "var"), ignore_errors=True)


def _popen(command: list[str], environment: dict[str, str], errors: IO[str] | None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
