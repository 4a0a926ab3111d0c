"""``manage.py serve_size``: text, JSON, refusals in one line."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("serve_size", *arguments, stdout=out)
    return out.getvalue()


def test_it_answers_in_a_table() -> None:
    text = run("--model", "llama 3.1 8b", "--device", "4090", "--concurrency", "100")
    assert text.startswith("The cheapest that serves 100 people at once")
    assert "breaks first" in text
    assert "set-ups were looked at" in text


def test_json_holds_the_whole_answer() -> None:
    found = json.loads(
        run("--model", "llama 3.1 8b", "--device", "4090", "--rate", "3", "--limit", "2", "--json")
    )
    assert found["question"]["requests_per_s"] == 3
    assert found["question"]["concurrency"] is None
    assert {"sentence", "set_ups", "unpriced", "counts", "refused", "snapshot"} <= found.keys()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--count", "3"), "--count: 3 devices cannot share"),
        (("--device", "h100"), "--device: .*NVIDIA H100"),
        (("--concurrency", "0"), "--concurrency: This must be more than 0"),
        (("--tpot", "fast"), "--tpot: Write a number"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_it_refuses_in_one_line(arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run("--model", "llama 3.1 8b", *arguments)
