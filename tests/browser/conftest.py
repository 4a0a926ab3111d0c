"""Browser tests: a real Chromium against a real `manage.py serve`, as people run it.

The server is a process of its own with a database of its own: hashed static files, strict policy and shipped catalog
are as in production, and no test here reaches into the database.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright
from pytest_django import DjangoDbBlocker

from tests import databases
from tests.browser.chromium import FLAGS, find_chromium
from tests.conftest import ROOT, clean_environment, unused_port

AXE = Path(__file__).with_name("axe.min.js")
TIMEOUT_MS = 10_000
DESKTOP = {"width": 1280, "height": 900}
# In which colours axe looks at a page of each width, if at all.
WIDTHS: dict[int, Literal["light", "dark"] | None] = {
    1440: None,
    1280: "light",
    1024: None,
    768: None,
    390: "dark",
    320: None,
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running Sizewise: its address, and the environment of commands that work on its database."""

    url: str
    environment: dict[str, str]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Server]:
    """Run `manage.py serve` until the last browser test."""
    folder = tmp_path_factory.mktemp("served")
    log = folder / "log"
    with django_db_blocker.unblock():
        url = databases.new_database(folder)
    environment = clean_environment(
        DATABASE_URL=url,
        RESULTS_DIR=str(folder / "results"),
        SECRET_KEY="a key for the browser tests only: 0123456789 abcdefghijk",
    )
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(unused_port())],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, log.read_text(encoding="utf-8")
        yield Server(url=line.split()[-1], environment=environment)
        process.terminate()
        process.communicate(timeout=30)
        assert log.read_text(encoding="utf-8") == "", "the server logged a problem"
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="package")
def browser(server: Server) -> Iterator[Browser]:
    """A Chromium for this folder's tests: while Playwright's event loop lives, the ORM refuses to work."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(
    browser: Browser, server: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Make pages of any kind: ``new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")``.

    Addresses are relative to the server. Any console message or uncaught error fails the test, except
    those that contain the text of its ``allowed_console`` mark.
    """
    allowed = [mark.args[0] for mark in request.node.iter_markers("allowed_console")]
    messages: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        messages.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def on_error(error: Error) -> None:
        messages.append(f"uncaught: {error}")

    contexts = []

    def make(**options: Any) -> Page:
        context = browser.new_context(base_url=server.url, **{"viewport": DESKTOP, **options})
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", on_error)
        return page

    yield make
    unexpected = [message for message in messages if not any(text in message for text in allowed)]
    for context in contexts:
        context.close()  # cuts off what is under way, which the page may say in the console
    assert unexpected == [], "the browser's console is not silent"


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of desktop size."""
    return new_page()


@pytest.fixture(scope="session")
def axe_violations() -> Callable[[Page], list[str]]:
    """Run axe-core on a page as it stands; return one line per violation, with the elements concerned."""
    script = AXE.read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)  # not a script tag: the page's policy forbids those
        result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']} ({violation['impact']}): {violation['help']}: {node['html']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture(scope="session")
def suits_everybody(axe_violations: Callable[[Page], list[str]]) -> Callable[[Page], None]:
    """Check that a page, all of it unfolded, needs no sideways scrolling at any width and that axe finds nothing.

    axe looks at it on a desk in light colours and on a phone in dark ones: between them stands every rule of the
    style sheets.
    """

    def check(page: Page) -> None:
        page.emulate_media(reduced_motion="reduce")
        page.evaluate("document.querySelectorAll('main details').forEach(fold => { fold.open = true })")
        for width, scheme in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if scheme:
                page.emulate_media(color_scheme=scheme)
                assert axe_violations(page) == [], (width, scheme)

    return check
