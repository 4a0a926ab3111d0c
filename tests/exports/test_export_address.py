"""The export's address: a file of its kind, a text of why not, and nothing computed for who only asks for its head."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from planner.exports import streaming
from planner.sweeps.models import Sweep
from tests.sweeps.made_results import make_sweep
from tests.sweeps.random_rows import entries, plans

pytestmark = pytest.mark.django_db
KNOWN = entries()
KINDS = [
    ("csv", "text/csv; charset=utf-8; header=present"),
    ("jsonl", "application/jsonl"),
    ("parquet", "application/vnd.apache.parquet"),
    ("md", "text/markdown; charset=utf-8"),
]


@pytest.fixture
def sweep() -> Sweep:
    return make_sweep(plans(KNOWN, 20), KNOWN)


def ask(sweep: Sweep, query: str, method: str = "get") -> Any:
    return getattr(Client(), method)(f"/sweeps/{sweep.pk}/export/?{query}")


def whole(answer: Any) -> bytes:
    """The file; reading it to its end closes it."""
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize(("key", "content_type"), KINDS)
def test_each_kind_of_file(sweep: Sweep, key: str, content_type: str) -> None:
    answer = ask(sweep, f"format={key}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == content_type
    assert answer["Content-Disposition"] == f'attachment; filename="made-up.{key}"'
    assert whole(answer)


def test_a_sweep_that_is_not_done_says_so_in_the_name() -> None:
    answer = ask(make_sweep(plans(KNOWN, 20), KNOWN, is_done=False), "format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="made-up-so-far.csv"'
    assert whole(answer)


def test_the_head_alone_starts_nothing(sweep: Sweep) -> None:
    answer = ask(sweep, "format=csv&sort=-decode", "head")
    assert answer.status_code == 200
    assert not answer.streaming
    assert answer["Content-Disposition"].endswith('made-up.csv"')


def test_no_room_to_sort_is_said(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_SPILLED_BYTES", 100)
    answer = ask(sweep, "format=csv&sort=-decode")
    assert answer.status_code == 422
    assert "no room to sort so many plans" in answer.content.decode()
    unsorted = ask(sweep, "format=csv")
    assert whole(unsorted).count(b"\n") == 21


def test_a_busy_server_says_when_to_come_back(sweep: Sweep) -> None:
    held = [ask(sweep, "format=csv") for _ in range(streaming.MOST_AT_ONCE)]
    busy = ask(sweep, "format=csv")
    assert (busy.status_code, busy["Retry-After"]) == (503, "60")
    assert all(whole(answer) for answer in held)
    assert whole(ask(sweep, "format=csv"))
