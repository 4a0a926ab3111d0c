"""What the tests of the pages share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from planner.plans.answer import Answer
from planner.plans.questions import Question
from tests.web.sample_answer import FITS


@pytest.fixture
def answered_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[Question]]:
    """Have the pages show a given answer; returns the list into which the questions asked are written."""

    def arrange(answer: Answer = FITS) -> list[Question]:
        asked: list[Question] = []

        def reply(question: Question) -> Answer:
            asked.append(question)
            return answer

        monkeypatch.setattr("planner.plans.views.services.answer", reply)
        return asked

    return arrange
