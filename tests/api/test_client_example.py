"""The README's client, run as it stands there: its requests reach the program without a network."""

from __future__ import annotations

import io
import re
import shlex
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
HOST = "http://127.0.0.1:8000"
MOST_LINES = 20


@pytest.fixture
def section(repository_root: Path) -> str:
    """The README's words for programs."""
    text = (repository_root / "README.md").read_text(encoding="utf-8")
    return text.partition("\n## For programs\n")[2].partition("\n## ")[0]


def python_of(section: str) -> str:
    return section.partition("```python\n")[2].partition("```")[0]


@pytest.fixture
def opened(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """``urlopen`` asks the program."""

    def urlopen(request: urllib.request.Request) -> Any:
        assert request.full_url.startswith(HOST)
        response = client.generic(
            request.get_method(),
            request.full_url.removeprefix(HOST),
            request.data or b"",
            content_type=request.get_header("Content-type") or "",
        )
        if response.status_code >= 400:
            raise HTTPError(
                request.full_url, response.status_code, "", Message(), io.BytesIO(response.content)
            )
        return io.BytesIO(response.content)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


@pytest.mark.usefixtures("opened")
def test_the_python_client_prints_a_plan(section: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = python_of(section)
    assert len(program.strip().splitlines()) <= MOST_LINES + program.count("\n\n")
    exec(compile(program, "README.md", "exec"), {})  # noqa: S102 (it is ours)
    printed = capsys.readouterr().out
    assert re.search(r"tokens a second .* http://\S+/plans/[0-9a-f]{32}/", printed)
    assert "KV cache" in printed
    assert printed.count("tokens/s http") >= 3


@pytest.mark.usefixtures("opened")
def test_the_python_client_says_what_is_wrong(section: str) -> None:
    program = python_of(section).replace("Llama 3.3 70B Q4_K_M", "No such model at all")
    with pytest.raises(SystemExit, match="No such model"):
        exec(compile(program, "README.md", "exec"), {})  # noqa: S102


def test_the_curl_lines_are_answered(section: str, client: Client) -> None:
    lines = [line for line in section.splitlines() if line.startswith("curl ")]
    assert len(lines) == 2
    for line in lines:
        words = shlex.split(line)
        address = next(word for word in words if word.startswith(HOST)).removeprefix(HOST)
        if "-d" in words:
            assert "Content-Type: application/json" in words
            response = client.post(address, words[words.index("-d") + 1], content_type="application/json")
        else:
            response = client.get(address)
        assert 200 <= response.status_code < 300, response.content
