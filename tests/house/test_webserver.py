"""The web server answers a question before its workers start, and says so when it cannot."""

from __future__ import annotations

import pytest

from planner import webserver
from planner.plans.examples import EXAMPLES


@pytest.mark.parametrize("query", ["", EXAMPLES[0].query])
def test_the_first_questions_are_answered(db: None, query: str) -> None:
    assert webserver.ask(query) == 200


def test_a_failure_is_logged_and_the_server_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(query: str) -> int:
        raise LookupError("no catalog")

    monkeypatch.setattr(webserver, "ask", fail)
    webserver.when_ready(server=None)
    assert [record.getMessage() for record in caplog.records] == [
        "The question cannot be answered: pages will fail."
    ]
    assert "no catalog" in caplog.text
