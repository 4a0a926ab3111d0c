"""The bundled broker: a real Valkey on a private socket, one for each database."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from planner import broker
from planner.broker import NoBroker, broker_folder
from planner.environment import database_identity
from tests.conftest import ROOT, clean_environment

VAR = Path("/srv/sizewise/var")


def test_each_database_has_a_broker_of_its_own(tmp_path: Path) -> None:
    file = {"NAME": "/srv/a.sqlite3"}
    server = {"HOST": "db", "PORT": 5432, "NAME": "sizewise"}
    found = {
        broker_folder(database_identity(config), var)
        for config in (file, server, {**server, "HOST": "other"}, {**server, "NAME": "b"})
        for var in (VAR, tmp_path)
    }
    assert len(found) == 8
    assert broker_folder(database_identity(file), VAR).is_relative_to(VAR)
    assert broker_folder("x", VAR) == broker_folder("x", VAR)


def test_a_socket_that_would_be_too_deep_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    assert broker_folder("x", deep).parent == Path("/run/user/1")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(broker.tempfile, "gettempdir", lambda: "/short")
    assert broker_folder("x", deep).parent == Path("/short")
    assert broker_folder("x", deep) != broker_folder("y", deep)


def test_nobody_else_reaches_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    broker.prepare(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(folder)
    for name, reason in (("link", "is not a folder of this user"), ("b/lock/x", "needs the folder")):
        (folder / "lock").touch()
        with pytest.raises(NoBroker, match=reason):
            broker.prepare(tmp_path / name)


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "b"
    folder.mkdir()
    monkeypatch.setattr(broker.os, "geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(NoBroker, match="is not a folder of this user"):
        broker.prepare(folder)


def test_without_a_bundled_program_path_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert broker.server_program().endswith("valkey-server")
    monkeypatch.setattr(broker.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoBroker, match=r"^no Valkey comes with .* set REDIS_URL\.$"):
        broker.server_program()
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    assert broker.server_program() == str(program)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    broker.prepare(tmp_path / "b")

    def run() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(broker.command(tmp_path / "b", broker.server_program())))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def process_id_of_server(folder: Path, other_than: int = 0) -> int:
    """The process that answers at the socket, once it is another than this."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with redis.Redis(unix_socket_path=str(folder / broker.SOCKET)) as client:
                found = int(client.info("server")["process_id"])
        except redis.ConnectionError:
            found = other_than
        if found != other_than:
            return found
        time.sleep(0.02)
    raise AssertionError("no broker answers")


def test_one_broker_runs_and_another_takes_over_when_it_goes(
    tmp_path: Path, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    folder = tmp_path / "b"
    first = start()
    assert process_id_of_server(folder) == first.pid
    second = start()
    time.sleep(0.3)
    assert process_id_of_server(folder) == first.pid
    first.kill()
    assert process_id_of_server(folder, other_than=first.pid) == second.pid
    second.terminate()
    assert second.wait(timeout=10) == 0
    assert stat.S_IMODE((folder / broker.LOCK).stat().st_mode) == 0o600


def test_the_certificate_of_a_broker_is_verified() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "from planner.celery import app; print(app.connection_for_write().ssl)"],
        cwd=ROOT,
        env=clean_environment(REDIS_URL="rediss://host:6379/0"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "CERT_REQUIRED" in asked.stdout


def test_a_worker_tells_a_wrong_variable_in_one_line() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "planner", "worker"],
        cwd=ROOT,
        env=clean_environment(REDIS_URL="http://host"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert found.stderr.startswith("Sizewise cannot start: REDIS_URL='http://host' is not a Redis address")
    assert found.stderr.count("\n") == 1
