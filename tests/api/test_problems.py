"""Every kind of bad input is refused with a reason that names it, as RFC 9457 writes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from planner.api import problems
from planner.api.renderers import JsonRenderer
from planner.kept_plans import services
from tests.api.conftest import Post

pytestmark = pytest.mark.django_db
KEYS = {"type", "title", "status", "detail"}
PLAN = {"device": "RTX 4090", "model": "Llama 3.1 8B"}


def told(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() >= KEYS
    assert body["status"] == status
    assert body["type"].partition("#")[2] in problems.KINDS
    return body


@pytest.mark.parametrize(
    ("query", "parameter", "hint"),
    [
        ("devices/?vendr=NVIDIA", "vendr", "vendor"),
        ("devices/?page_sise=2", "page_sise", "page_size"),
        ("devices/?kind=gpus", "kind", "gpu"),
        ("devices/?ordering=bandwith", "ordering", "bandwidth"),
        ("devices/?page=0", "page", "from 1"),
        ("devices/?page_size=1000", "page_size", "to 500"),
        ("devices/?page_size=2&page_size=3", "page_size", "more than once"),
        ("devices/?memory_gb_min=much", "memory_gb_min", "number"),
        ("devices/?memory_gb_min=-1", "memory_gb_min", "0"),
        ("devices/?memory_gb_min=nan", "memory_gb_min", "number"),
        ("devices/?unified_memory=maybe", "unified_memory", "true or false"),
        ("devices/?search=%00", "search", "character"),
        ("devices/?format=xml", "format", "json"),
        ("models/?released_from=soon", "released_from", "date"),
        ("measurements/?device=nvidia-geforce-rtx-409", "device", "nvidia-geforce-rtx-4090"),
        ("measurements/?flag=odd", "flag", ""),
        ("devices/nvidia-geforce-rtx-4090/?verbose=1", "verbose", "format"),
    ],
)
def test_a_wrong_parameter_is_named(client: Client, query: str, parameter: str, hint: str) -> None:
    body = told(client.get(f"/api/v1/{query}"), 400)
    error = next(error for error in body["errors"] if error["parameter"] == parameter)
    assert hint in error["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("devices/?page=9999", 404),
        ("devices/no-such-card/", 404),
        ("devices/%00/", 404),
        ("measurements/no-such-row/", 404),
        ("calibrations/no-such-hash/", 404),
        ("plans/00000000000000000000000000000000/", 404),
        ("plans/", 405),
        ("sweeps/no%0Asweep/plans/", 404),
        ("nothing/here/", 404),
        ("nothing/here", 404),
    ],
)
def test_what_is_not_there_is_a_problem_too(client: Client, path: str, status: int) -> None:
    told(client.get(f"/api/v1/{path}"), status)


def test_a_missing_entry_comes_with_the_nearest(client: Client) -> None:
    body = told(client.get("/api/v1/devices/nvidia-geforce-rtx-409/"), 404)
    assert "nvidia-geforce-rtx-4090" in [candidate["slug"] for candidate in body["candidates"]]


def test_an_address_without_its_slash_is_sent_on_with_its_method(client: Client, post: Post) -> None:
    response = client.get("/api/v1/devices?page=2")
    assert (response.status_code, response.headers["Location"]) == (308, "/api/v1/devices/?page=2")
    assert post("plans", PLAN).status_code == 308
    from_elsewhere = Client(enforce_csrf_checks=True)
    assert from_elsewhere.post("/api/v1/plans", PLAN, content_type="application/json").status_code == 308
    told(from_elsewhere.post("/api/v1/nothing", PLAN, content_type="application/json"), 404)


def test_another_accept_is_refused(client: Client) -> None:
    told(client.get("/api/v1/devices/", headers={"Accept": "image/png"}), 406)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"model": NaN}', "NaN"),
        ('{"model": Infinity}', "Infinity"),
        ('{"model": "a", "model": "b"}', "twice"),
        (b"\xff\xfe", "UTF-8"),
        ("[" * 20_000, "deeply"),
        ("1" * 5_000, "not JSON"),
    ],
)
def test_a_body_that_is_no_json_says_why(post: Post, body: str, reason: str) -> None:
    assert reason in told(post("plans/", body), 400)["detail"]


def test_a_body_of_another_kind_or_size_is_refused(post: Post) -> None:
    told(post("plans/", "a=b", "application/x-www-form-urlencoded"), 415)
    told(post("plans/", " " * 70_000), 413)
    told(post("plans/many/", " " * (8 * 2**20 + 1)), 413)


@pytest.mark.parametrize(
    ("wrong", "pointer", "reason"),
    [
        ({"device": None}, "#/machine", "device or a machine"),
        ({"model": None}, "#/model", "language model"),
        ({"machine": "MacBook Air"}, "#/machine", "not both"),
        ({"contxt": 5}, "#/contxt", "context_tokens"),
        ({"device": 4090}, "#/device", "text"),
        ({"device": ["RTX 4090"]}, "#/device", "text"),
        ({"device": "no such thing at all"}, "#/device", "called"),
        ({"device": "x" * 500}, "#/device", "400"),
        ({"device": "\ud800"}, "#/device", ""),
        ({"count": 0}, "#/count", "1"),
        ({"count": 1.5}, "#/count", "whole"),
        ({"count": True}, "#/count", "number"),
        ({"count": "2"}, "#/count", "number"),
        ({"memory_gb": -5}, "#/memory_gb", "0"),
        ({"memory_gb": 10**400}, "#/memory_gb", "large"),
        ({"context_tokens": 10**12}, "#/context_tokens", "100000000"),
        ({"context_tokens": 1_000_000}, "#/context_tokens", "131,072"),
        ({"prompt_tokens": 9_000}, "#/prompt_tokens", "8,192"),
        ({"format": "Q99"}, "#/format", "called"),
        ({"runtime": "nope"}, "#/runtime", "called"),
        ({"kv_format": "nope"}, "#/kv_format", "called"),
        ({"bandwidth_gb_per_s": 100}, "#/bandwidth_gb_per_s", "one or the other"),
    ],
)
def test_a_wrong_field_of_a_question_is_named(
    post: Post, wrong: dict[str, Any], pointer: str, reason: str
) -> None:
    body = told(post("plans/", PLAN | wrong), 400)
    error = next(error for error in body["errors"] if error["pointer"] == pointer)
    assert reason in error["detail"]


def test_a_program_that_does_not_run_there_is_refused(post: Post) -> None:
    body = told(post("plans/", {"device": "iPhone 16 Pro", "model": "Llama 3.2 1B", "runtime": "vllm"}), 400)
    assert body["errors"][0]["pointer"] == "#/runtime"


def test_an_ambiguous_name_comes_with_its_candidates(post: Post) -> None:
    error = told(post("plans/", PLAN | {"device": "A100"}), 400)["errors"][0]
    slugs = {candidate["slug"] for candidate in error["candidates"]}
    assert {"nvidia-a100-sxm4-80-gb", "nvidia-a100-pcie-40-gb"} <= slugs
    assert all(post("plans/", PLAN | {"device": slug}).status_code == 201 for slug in slugs)


def test_what_nobody_foresaw_is_told_as_our_fault(
    client: Client, monkeypatch: pytest.MonkeyPatch, post: Post
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a secret of the program")

    monkeypatch.setattr(services, "make_plan", broken)
    client.raise_request_exception = False
    body = told(post("plans/", PLAN), 500)
    assert "secret" not in str(body)


def test_a_number_that_is_none_leaves_as_null() -> None:
    value = {"a": [1.5, float("nan"), {"b": float("inf")}], "c": "NaN"}
    assert JsonRenderer().render(value) == b'{"a":[1.5,null,{"b":null}],"c":"NaN"}'


@pytest.mark.parametrize("page", problems.KINDS)
def test_every_kind_of_problem_is_explained(client: Client, page: str) -> None:
    assert f'id="{page}"' in client.get("/api/v1/problems/").content.decode()
