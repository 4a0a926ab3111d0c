"""The web server draws a page of each kind before its workers start, and says so when it cannot."""

from __future__ import annotations

import pytest

from planner import webserver
from planner.plans.examples import EXAMPLES


@pytest.mark.parametrize("address", [*webserver.PAGES, f"/?{EXAMPLES[0].query}"])
def test_the_first_pages_are_drawn(db: None, address: str) -> None:
    assert webserver.ask(address) == 200


def test_a_failure_is_logged_and_the_server_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(address: str) -> int:
        raise LookupError("no catalog")

    monkeypatch.setattr(webserver, "ask", fail)
    webserver.when_ready(server=None)
    assert [record.getMessage() for record in caplog.records] == ["A page cannot be drawn: it will fail."]
    assert "no catalog" in caplog.text
