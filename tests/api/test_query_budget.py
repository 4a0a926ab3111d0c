"""No answer of the API asks the database more often than its budget allows, however many entries it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from planner import snapshot
from planner.kept_plans.services import keep
from planner.plans.questions import Question
from tests.api.conftest import Post

BUDGET: dict[str, int] = json.loads(Path(__file__).with_name("query_budget.json").read_text(encoding="utf-8"))
# look whether it is kept, whether its snapshot is, and keep it; measurements near it are read once for each
NEW_PLAN, KNOWN_PLAN, KEPT_PLAN = 7, 5, 1
pytestmark = pytest.mark.django_db


def expire() -> None:
    """Count the look whether the catalog has changed as well."""
    snapshot._Held.checked_at = -snapshot.CHECK_EVERY_S


@pytest.mark.parametrize("path", BUDGET)
def test_an_answer_keeps_to_its_budget(client: Client, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 200
    expire()
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/api/v1/{path}").status_code == 200
    assert len(captured) <= BUDGET[path], "\n".join(query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize("name", ["devices", "machines", "models", "measurements"])
def test_more_entries_ask_no_more_often(client: Client, name: str) -> None:
    counts = set()
    for size in (2, 200):
        client.get(f"/api/v1/{name}/?page_size={size}")
        expire()
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/api/v1/{name}/?page_size={size}")
        counts.add(len(captured))
    assert len(counts) == 1


def test_plans_ask_little(client: Client, post: Post) -> None:
    question = {"device": "RTX 4090", "model": "Llama 3.1 8B"}
    first = keep(Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4090", context_tokens=5000))
    expire()
    with CaptureQueriesContext(connection) as captured:
        post("plans/", question)
    assert len(captured) <= NEW_PLAN, "\n".join(query["sql"] for query in captured.captured_queries)
    expire()
    with CaptureQueriesContext(connection) as captured:
        post("plans/", question)
    assert len(captured) <= KNOWN_PLAN, "\n".join(query["sql"] for query in captured.captured_queries)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/api/v1/plans/{first.id}/").status_code == 200
    assert len(captured) <= KEPT_PLAN, "\n".join(query["sql"] for query in captured.captured_queries)
