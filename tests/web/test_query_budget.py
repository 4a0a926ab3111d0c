"""No page asks the database more often than its budget allows, however many rows it shows.

``query_budget.json`` gives for each address the most SQL queries that it may take once the process is warm. Add a
line for each new page, and where it lists things a line to FEWER_ROWS.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from planner import snapshot

BUDGET: dict[str, int] = json.loads(Path(__file__).with_name("query_budget.json").read_text(encoding="utf-8"))
# A page of the budget, and the same page with fewer rows.
FEWER_ROWS = {
    "/devices/": "/devices/?vendor=Ampere",
    "/machines/": "/machines/?device=nvidia-geforce-rtx-4090",
    "/models/": "/models/?vendor=OpenAI",
    "/measurements/": "/measurements/?q=apple-axengine-002",
}
pytestmark = pytest.mark.django_db


def count_queries(client: Client, path: str) -> list[str]:
    """The SQL of one warm request, the look whether the catalog has changed included."""
    assert client.get(path).status_code == 200, path
    snapshot._Held.checked_at = -snapshot.CHECK_EVERY_S
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.parametrize("path", BUDGET)
def test_a_page_keeps_to_its_budget(client: Client, path: str) -> None:
    queries = count_queries(client, path)
    assert len(queries) <= BUDGET[path], "\n".join(queries)


@pytest.mark.parametrize("path", FEWER_ROWS)
def test_more_rows_ask_no_more_often(client: Client, path: str) -> None:
    assert path in BUDGET
    assert len(count_queries(client, path)) == len(count_queries(client, FEWER_ROWS[path]))
