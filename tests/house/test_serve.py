"""`manage.py serve` as a person runs it: a real process on a real port, in a copy of the checkout."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from pytest_django import Settings

from planner.management.commands import serve
from tests.conftest import clean_environment, unused_port

SOURCES = ("manage.py", "planner", "hardware_catalog", "templates", "static")
Manage = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, repository_root: Path) -> Path:
    """A copy of the program with a ``var`` of its own, so that no database of the developer is touched."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        source = repository_root / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)
    return folder


@pytest.fixture
def free_port() -> int:
    return unused_port()


@pytest.fixture
def start(checkout: Path) -> Iterator[Start]:
    """Start `serve`; whatever a failed test leaves running is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", *arguments],
            cwd=checkout,
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line that the process prints; if it ends without one, fail with its errors."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read()
    return line.rstrip("\n")


def descendants(process: subprocess.Popen[str]) -> set[int]:
    """Return the ids of all processes that descend from this one (Linux's /proc)."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found = {process.pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process.pid}


def programs(process: subprocess.Popen[str]) -> dict[str, int]:
    """Return how many processes of each of its programs run."""
    commands = []
    for pid in descendants(process):
        try:
            commands.append(Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"))
        except OSError:
            continue
    return {
        name: sum(name in command for command in commands) for name in ("gunicorn", "valkey-server", "celery")
    }


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def get(port: int, path: str) -> Answer:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as response:
        return Answer(response.status, response.headers, response.read().decode())


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def wait_until_gone(pids: set[int], seconds: float = 10) -> set[int]:
    deadline = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive(pids)


def test_the_first_start_makes_all_it_needs_and_serves_until_ctrl_c(
    start: Start, checkout: Path, free_port: int
) -> None:
    process = start(PORT=str(free_port))
    assert first_line(process) == f"Sizewise is at http://127.0.0.1:{free_port}"
    for path in ("/healthz", "/"):
        assert get(free_port, path).status == 200
    page = get(free_port, "/admin/login/").text
    hashed = page.partition('href="/static/admin/css/base.')[2].partition('"')[0]
    static = get(free_port, f"/static/admin/css/base.{hashed}")
    assert static.status == 200
    assert "immutable" in static.headers["Cache-Control"]
    assert stat.S_IMODE((checkout / "var" / "secret_key").stat().st_mode) == 0o600
    stopped_by(signal.SIGINT, process)  # while the worker is being started


def test_it_serves_with_broker_and_worker_until_it_is_stopped(start: Start, free_port: int) -> None:
    process = start(PORT=str(free_port))
    first_line(process)
    wait_until(lambda: programs(process)["celery"] > (os.process_cpu_count() or 1))
    assert programs(process)["valkey-server"] == 1
    stopped_by(signal.SIGTERM, process)


def stopped_by(signal_number: signal.Signals, process: subprocess.Popen[str]) -> None:
    """It ends in silence, and with it all that it started."""
    children = descendants(process)
    assert children
    process.send_signal(signal_number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert wait_until_gone(children) == set()


def test_nothing_is_left_when_it_is_killed_outright(start: Start, free_port: int) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux's kernel stops the children of a killed process")
    process = start(PORT=str(free_port))
    first_line(process)
    wait_until(lambda: all(programs(process).values()))
    children = descendants(process)
    process.kill()
    assert wait_until_gone(children) == set()


def test_a_web_server_that_dies_is_started_again(start: Start, free_port: int) -> None:
    process = start("--web-only", PORT=str(free_port))
    first_line(process)
    assert programs(process)["gunicorn"] > 1
    assert {name for name, number in programs(process).items() if number} == {"gunicorn"}
    children = descendants(process)
    gunicorn = min(children)  # the first started: the workers are its children
    os.kill(gunicorn, signal.SIGKILL)
    assert wait_until_gone(children) == set()
    assert get(free_port, "/healthz").status == 200  # its socket was never closed: this waits for the new one
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert err == "The web server stopped by itself (exit code -9) and is started again.\n"


def test_a_broker_of_ones_own_is_taken(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert serve._broker() == []
    settings.REDIS_URL = None
    assert [child.name for child in serve._broker()] == ["broker"]


def test_a_broker_that_cannot_run_is_told_in_one_line(manage: Manage, checkout: Path) -> None:
    folder = checkout / "var" / "broker"
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    result = manage("serve", folder=checkout, PORT=str(unused_port()))
    folder.unlink()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"CommandError: the broker needs the folder {folder}")
    assert result.stderr.endswith("or set REDIS_URL.\n")
    assert result.stderr.count("\n") == 1


def test_a_taken_port_is_told_in_one_line(manage: Manage, checkout: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = manage("serve", folder=checkout, PORT=str(port))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"CommandError: port {port} is taken")
    assert result.stderr.count("\n") == 1


def test_an_impossible_port_is_told_in_one_line(manage: Manage, checkout: Path) -> None:
    result = manage("serve", "--port", "70000", folder=checkout)
    assert result.returncode == 1
    assert result.stderr.startswith("CommandError: port 70000 does not exist")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["203.0.113.1", "no such host"])
def test_an_impossible_address_is_told(free_port: int, address: str) -> None:
    with pytest.raises(CommandError, match=f"^cannot listen on {address}: .+"):
        serve._listen(address, free_port)


def test_a_var_that_is_no_folder_is_told_in_one_line(manage: Manage, checkout: Path, tmp_path: Path) -> None:
    shutil.copytree(checkout, tmp_path / "copy", ignore=shutil.ignore_patterns("var"))
    (tmp_path / "copy" / "var").write_text("a file where the folder should be", encoding="ascii")
    result = manage("serve", folder=tmp_path / "copy")
    assert result.returncode == 1
    assert "var" in result.stderr
    assert "writable folder" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_var_without_write_permission_is_told_in_one_line(checkout: Path, tmp_path: Path) -> None:
    """Before the first start (no key yet), and after it (a key, but no database can be made)."""
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns("var"))
    for content in ((), ("secret_key",)):
        (copy / "var").mkdir(exist_ok=True)
        for name in content:
            (copy / "var" / name).write_text("0123456789" * 8, encoding="ascii")
            (copy / "var" / name).chmod(0o600)
        (copy / "var").chmod(0o500)
        result = subprocess.run(
            [*without_override(), sys.executable, "manage.py", "serve"],
            cwd=copy,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        (copy / "var").chmod(0o700)
        assert result.returncode == 1
        assert str(copy / "var") in result.stderr
        assert "Permission denied" in result.stderr
        assert result.stderr.count("\n") == 1


def without_override() -> list[str]:
    """Return what makes root obey the permission bits like anybody else."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "as root, this test needs setpriv (Debian: util-linux)"
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search"]


def test_a_reserved_port_is_explained() -> None:
    message = serve._why_not_listening("127.0.0.1", 80, PermissionError(errno.EACCES, "Permission denied"))
    assert message == "port 80 is reserved for the system: choose one above 1023, such as PORT=8000."


def test_only_one_listener_gets_a_port(free_port: int) -> None:
    with serve._listen("127.0.0.1", free_port), pytest.raises(CommandError, match="is taken"):
        serve._listen("127.0.0.1", free_port)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("sizewise.lan", "http://sizewise.lan:8000"),
    ],
)
def test_the_printed_address_can_be_opened(address: str, url: str) -> None:
    assert serve._url(address, 8000) == url
