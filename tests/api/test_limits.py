"""Limits per client, told in headers; tokens; other sites."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from planner.api.counters import Counters
from planner.api.models import ApiToken
from planner.environment import InvalidEnvironment, env_count, env_origins
from tests.api.conftest import Post

pytestmark = pytest.mark.django_db
PLAN = {"device": "RTX 4090", "model": "Llama 3.1 8B"}


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """The minute does not end within a test, and nobody has asked before."""
    monkeypatch.setattr("planner.api.throttling.time.time", lambda: 1_000_000_015)
    settings.VAR_DIR = tmp_path


def test_a_client_is_told_what_is_left_and_then_refused(client: Client, settings: Settings) -> None:
    settings.API_READS_PER_MINUTE = 2
    for left in (1, 0):
        response = client.get("/api/v1/")
        assert response.headers["RateLimit"] == f'"reads";r={left};t=5'
        assert response.headers["RateLimit-Policy"] == '"reads";q=2;w=60'
    refused = client.get("/api/v1/")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "5"
    assert refused.json()["type"].endswith("#too-many-requests")
    assert client.get("/api/v1/", REMOTE_ADDR="10.1.1.1").status_code == 200


def test_planning_and_rows_have_limits_of_their_own(settings: Settings, client: Client, post: Post) -> None:
    settings.API_READS_PER_MINUTE, settings.API_PLANS_PER_MINUTE, settings.API_ROWS_PER_MINUTE = 1, 1, 30
    assert client.get("/api/v1/").status_code == 200
    assert post("plans/", PLAN).status_code == 201
    assert post("plans/", PLAN).status_code == 429
    assert post("plans/many/", [PLAN]).headers["RateLimit"].startswith('"rows";r=9;')
    refused = post("plans/many/", [PLAN])
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")


def test_neighbours_in_an_ipv6_network_are_one_client(client: Client, settings: Settings) -> None:
    settings.API_READS_PER_MINUTE = 1
    assert client.get("/api/v1/", REMOTE_ADDR="2001:db8::1").status_code == 200
    assert client.get("/api/v1/", REMOTE_ADDR="2001:db8::2").status_code == 429
    assert client.get("/api/v1/", REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_another_minute_begins_anew(tmp_path: Path) -> None:
    counters = Counters(tmp_path / "run" / "counted.sqlite3")
    assert [counters.add("a", "reads", 1, 1) for _ in range(3)] == [1, 2, 3]
    assert counters.add("a", "plans", 1, 5) == 5
    assert Counters(tmp_path / "run" / "counted.sqlite3").add("a", "reads", 1, 1) == 4
    assert counters.add("a", "reads", 2, 1) == 1


def test_a_broken_count_refuses_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Counters(tmp_path / "file" / "counted.sqlite3").add("a", "reads", 1, 1) == 0


def test_a_token_has_ten_times_as_much(client: Client, settings: Settings, secret: str) -> None:
    settings.API_READS_PER_MINUTE = 1
    response = client.get("/api/v1/", headers={"Authorization": f"Bearer {secret}"})
    assert response.headers["RateLimit-Policy"] == '"reads";q=10;w=60'


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic YTpi", "Token x"])
def test_a_token_that_does_not_hold_is_refused(client: Client, header: str) -> None:
    response = client.get("/api/v1/", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_token_ends_with_its_date_or_its_user(client: Client, secret: str) -> None:
    ask = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/", headers=ask).status_code == 200
    ApiToken.objects.update(expires="2001-01-01T00:00:00Z")
    assert client.get("/api/v1/", headers=ask).status_code == 401
    ApiToken.objects.update(expires=None)
    User.objects.update(is_active=False)
    assert client.get("/api/v1/", headers=ask).status_code == 401


def test_an_administrator_makes_tokens_and_sees_them_once(admin_client: Client, client: Client) -> None:
    user = User.objects.get(username="admin")
    made = admin_client.post("/admin/api/apitoken/add/", {"user": user.pk, "name": "a script"}, follow=True)
    text = made.content.decode()
    secret = text.partition("<code>")[2].partition("</code>")[0]
    assert secret.startswith("sw_")
    assert client.get("/api/v1/", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    token = ApiToken.objects.get()
    assert secret not in repr(token.__dict__)
    assert secret not in admin_client.get(f"/admin/api/apitoken/{token.pk}/change/").content.decode()


def test_other_sites_may_ask_where_that_is_set(client: Client, settings: Settings) -> None:
    origin = {"Origin": "https://example.org"}
    assert "Access-Control-Allow-Origin" not in client.get("/api/v1/", headers=origin).headers
    settings.CORS_ALLOWED_ORIGINS = ["https://example.org"]
    allowed = client.get("/api/v1/", headers=origin)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://example.org"
    assert "RateLimit" in allowed.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in client.get("/devices/", headers=origin).headers
    asked = client.options("/api/v1/plans/", headers=origin | {"Access-Control-Request-Method": "POST"})
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://example.org", ["https://example.org"]),
        ("*", ["*"]),
        ("http://localhost:3000, https://a.example", ["http://localhost:3000", "https://a.example"]),
    ],
)
def test_origins_are_read(monkeypatch: pytest.MonkeyPatch, value: str, expected: list[str]) -> None:
    monkeypatch.setenv("CORS_ORIGINS", value)
    assert env_origins("CORS_ORIGINS") == expected


@pytest.mark.parametrize(
    "value",
    ["", "example.org", "https://a.example/path", "ftp://a.example", "https://a.example,*", "https://a:port"],
)
def test_a_wrong_origin_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CORS_ORIGINS", value)
    with pytest.raises(InvalidEnvironment, match="CORS_ORIGINS"):
        env_origins("CORS_ORIGINS")


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "9" * 10])
def test_a_wrong_limit_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("API_READS_PER_MINUTE", value)
    with pytest.raises(InvalidEnvironment, match="API_READS_PER_MINUTE"):
        env_count("API_READS_PER_MINUTE", default=1)
