"""A service is sized over REST as on the page; what is wrong is said field by field."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from pytest_django import Settings

from planner.api import schema
from planner.serving.questions import ServingQuestion
from planner.serving.sizing import size
from tests.api.conftest import Post

pytestmark = pytest.mark.django_db
ASKED = {"model": "Llama 3.1 8B", "device": "RTX 4090", "concurrency": 100}


def answered(post: Post, question: dict[str, Any]) -> dict[str, Any]:
    response = post("serving/", question)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def test_the_answer_is_the_pages(post: Post) -> None:
    found = answered(post, ASKED | {"every": True, "limit": 200})
    sizing = size(ServingQuestion("llama-3-1-8b", device="nvidia-geforce-rtx-4090", concurrency=100))
    assert found["counts"]["looked_at"] == len(sizing.found)
    assert found["counts"]["serve"] == len(sizing) == len(found["set_ups"]) + len(found["unpriced"])
    assert found["refused"] == sizing.refused
    one = found["set_ups"][0]
    assert one["price_usd"] == pytest.approx(1599 * one["devices"])
    assert one["concurrency"] * one["replicas"] >= 100
    assert one["most_load"] == one["most_concurrency"] * one["replicas"]
    assert one["headroom"] == pytest.approx(one["most_load"] / 100 - 1, rel=1e-4)
    assert found["question"]["device"] == "nvidia-geforce-rtx-4090"


def test_what_is_said_is_said(post: Post) -> None:
    assert post("serving/", ASKED | {"concurrency": 16, "requests_per_s": 1}).status_code == 400
    by_rate = answered(post, {"model": "Llama 3.1 8B", "device": "RTX 4090", "requests_per_s": 2})
    assert by_rate["question"]["concurrency"] is None
    assert by_rate["set_ups"][0]["most_load"] >= 2


def test_lists_are_as_long_as_asked(post: Post) -> None:
    found = answered(post, {"model": "Llama 3.1 8B", "limit": 3})
    assert (len(found["set_ups"]), len(found["unpriced"])) == (3, 3)
    assert found["counts"]["set_ups"] > 3
    assert all(one["price_usd"] is None for one in found["unpriced"])


@pytest.mark.parametrize(
    ("changes", "pointer", "told"),
    [
        ({"device_count": 3}, "#/device_count", "these numbers can: 1, 2, 4, 8"),
        ({"model": "no such model at all"}, "#/model", "No language model"),
        ({"device": "h100"}, "#/device", "can mean more than one"),
        ({"tpot_ms": "fast"}, "#/tpot_ms", "Write a number"),
        ({"tpot_ms": 0}, "#/tpot_ms", "more than 0"),
        ({"concurrency": 1.5}, "#/concurrency", "whole number"),
        ({"concurrency": 10**9}, "#/concurrency", "less than or equal"),
        ({"prompt_tokens": 10**6}, "#/prompt_tokens", "was made for at most"),
        ({"concurency": 3}, "#/concurency", "Did you mean “concurrency”"),
        ({"limit": 0}, "#/limit", "greater than or equal"),
        ({"model": None}, "#/model", "Name a language model"),
    ],
)
def test_a_refusal_points_at_the_field(post: Post, changes: dict[str, Any], pointer: str, told: str) -> None:
    response = post("serving/", ASKED | changes)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    errors = response.json()["errors"]
    assert [error["pointer"] for error in errors] == [pointer]
    assert told in errors[0]["detail"]


@pytest.mark.parametrize("body", ["[]", "7", "{", ""])
def test_a_body_that_is_no_question(post: Post, body: str) -> None:
    assert post("serving/", body).status_code == 400


def test_it_counts_as_a_plan(post: Post, settings: Settings) -> None:
    settings.API_PLANS_PER_MINUTE = 1
    assert '"plans"' in post("serving/", ASKED).headers["RateLimit-Policy"]
    assert post("serving/", ASKED).status_code == 429


def test_the_answer_is_as_described(post: Post) -> None:
    document = schema.json.loads(schema.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(
        answered(post, ASKED),
        {"$ref": "#/components/schemas/Sizing", "components": document["components"]},
    )
