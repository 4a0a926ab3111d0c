"""The browser is found, or installed where that is allowed, or asked for in so many words; never skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium

SCRIPT = Path(__file__).with_name("ensure_chromium.sh")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is the whole PATH of the script: a shell, and what the test puts there."""
    bash = shutil.which("bash")
    assert bash
    (tmp_path / "bash").symlink_to(bash)
    return tmp_path


def put(programs: Path, name: str, body: str) -> None:
    file = programs / name
    file.write_text(f"#!{programs}/bash\n{body}\n", encoding="ascii")
    file.chmod(0o755)


def ensure(programs: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(programs)}
    return subprocess.run(
        [str(programs / "bash"), str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
def test_a_browser_on_path_is_enough(programs: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(programs, name, "exit 0")
    result = ensure(programs)
    assert (result.returncode, result.stderr) == (0, "")
    monkeypatch.setenv("PATH", str(programs))
    assert find_chromium() == str(programs / name)


def test_root_on_debian_gets_it_installed(programs: Path) -> None:
    put(programs, "id", "echo 0")
    put(
        programs,
        "apt-get",
        f'echo "$@" >> {programs}/asked; echo > {programs}/chromium; exec chmod +x {programs}/chromium',
    )
    (programs / "chmod").symlink_to(shutil.which("chmod") or "")
    assert ensure(programs).returncode == 0
    asked = (programs / "asked").read_text(encoding="ascii").splitlines()
    assert [line.split()[0] for line in asked] == ["update", "install"]
    assert "chromium" in asked[1].split()


@pytest.mark.parametrize(("user", "debian"), [(1000, True), (1000, False), (0, False)])
def test_anybody_else_is_told_what_to_install(
    programs: Path, user: int, debian: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(programs, "id", f"echo {user}")
    if debian:
        put(programs, "apt-get", "exit 99")
    result = ensure(programs)
    assert result.returncode == 1
    assert "sudo apt-get install chromium" in result.stderr
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(FileNotFoundError, match="apt-get install chromium"):
        find_chromium()
