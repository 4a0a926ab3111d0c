"""The programs that tests run are found, or installed where that is allowed, or asked for; never skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium
from tests.conftest import ROOT

ENSURE = ROOT / "tests" / "ensure_programs.sh"
WITH_POSTGRESQL = ROOT / "tests" / "with_postgresql.sh"
OTHERS = ("initdb", "redis-server")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is the whole PATH of the script: a shell, and what the test puts there."""
    bash = shutil.which("bash")
    assert bash
    (tmp_path / "bash").symlink_to(bash)
    return tmp_path


def put(programs: Path, name: str, body: str = "exit 0") -> None:
    file = programs / name
    file.write_text(f"#!{programs}/bash\n{body}\n", encoding="ascii")
    file.chmod(0o755)


def ensure(programs: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(programs)}
    return subprocess.run(
        [str(programs / "bash"), str(ENSURE)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
def test_what_is_on_path_is_enough(programs: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in (name, *OTHERS):
        put(programs, program)
    result = ensure(programs)
    assert (result.returncode, result.stderr) == (0, "")
    monkeypatch.setenv("PATH", str(programs))
    assert find_chromium() == str(programs / name)


def test_root_on_debian_gets_what_is_missing_installed(programs: Path) -> None:
    put(programs, "initdb")
    put(programs, "id", "echo 0")
    put(programs, "apt-get", f'echo "$@" >> {programs}/asked')
    assert ensure(programs).returncode == 0
    update, install = (programs / "asked").read_text(encoding="ascii").splitlines()
    assert update.split()[0] == "update"
    assert install.split()[0] == "install"
    assert {"chromium", "redis-server"} < set(install.split())
    assert "postgresql" not in install.split()


def test_an_installation_that_fails_is_not_passed_over(programs: Path) -> None:
    put(programs, "id", "echo 0")
    put(programs, "apt-get", "exit 100")
    assert ensure(programs).returncode == 100


@pytest.mark.parametrize(("user", "debian"), [(1000, True), (1000, False), (0, False)])
def test_anybody_else_is_told_what_to_install(
    programs: Path, user: int, debian: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(programs, "id", f"echo {user}")
    put(programs, "redis-server")
    if debian:
        put(programs, "apt-get", "exit 99")
    result = ensure(programs)
    assert result.returncode == 1
    assert "sudo apt-get install chromium" in result.stderr
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(FileNotFoundError, match="apt-get install chromium"):
        find_chromium()


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder that other users may pass: as root, the server runs as one of them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_a_postgresql_server_lives_as_long_as_the_command(temporary: Path) -> None:
    """The command sees it, its exit status is passed on, and nothing stays behind."""
    ask = (
        "import os, dj_database_url, psycopg; at = dj_database_url.parse(os.environ['DATABASE_URL']);"
        "connection = psycopg.connect(host=at['HOST'], user=at['USER'], dbname=at['NAME']);"
        "print(connection.execute('SELECT version()').fetchone()[0].split()[0]); raise SystemExit(7)"
    )
    result = subprocess.run(
        [str(WITH_POSTGRESQL), sys.executable, "-c", ask],
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (7, "PostgreSQL\n", "")
    assert list(temporary.iterdir()) == []
