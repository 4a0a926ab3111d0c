"""Sweeps through the API: made with a token, watched by anybody who knows the id, changed by their owner only."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from planner import owners
from planner.api.models import ApiToken
from planner.sweeps.models import Sweep
from planner.sweeps.work.computing import compute_here
from tests.api.conftest import Post

pytestmark = pytest.mark.django_db
SMALL: dict[str, Any] = {
    "name": "small",
    "devices": ["RTX 4090"],
    "models": ["Llama 3.1 8B", "qwen3-8b"],
    "formats": ["Q4_K_M", "Q8_0"],
    "contexts_tokens": [4096, 8192],
    "keep": "all",
}


@pytest.fixture(autouse=True)
def _own_results(settings: Settings, tmp_path: Path) -> None:
    settings.RESULTS_DIR = tmp_path / "results"


@pytest.fixture
def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def sweep(post: Post, bearer: dict[str, str]) -> dict[str, Any]:
    response = post("sweeps/", SMALL, **bearer)
    assert response.status_code == 201, response.content
    found: dict[str, Any] = response.json()
    assert response.headers["Location"] == found["url"]
    return found


def computed(sweep: dict[str, Any]) -> None:
    compute_here(Sweep.objects.get(pk=sweep["id"]))


def test_a_sweep_is_made_watched_and_read(client: Client, sweep: dict[str, Any], post: Post) -> None:
    assert (sweep["state"], sweep["plans"]) == ("queued", 8)
    assert sweep["definition"]["devices"] == ["nvidia-geforce-rtx-4090"]
    computed(sweep)
    done = client.get(sweep["url"]).json()
    assert done["state"] == "done"
    assert done["progress"]["plans_done"] == 8
    assert client.get(sweep["html_url"]).status_code == 200
    plans = client.get(sweep["plans_url"]).json()
    assert plans["count"] == len(plans["results"]) == 8
    question = {"device": "RTX 4090", "model": "Llama 3.1 8B", "format": "Q4_K_M", "context_tokens": 4096}
    one = post("plans/", question).json()
    same = next(
        plan
        for plan in plans["results"]
        if (plan["model"]["slug"], plan["format"]["slug"], plan["context_tokens"])
        == ("llama-3-1-8b", "q4-k-m", 4096)
    )
    assert same["need_bytes"] == one["memory"]["need_bytes"]
    assert same["decode_tps"] == pytest.approx(one["speed"]["decode_tps"]["value"], rel=1e-4)


def test_plans_are_filtered_ordered_and_paged(client: Client, post: Post, bearer: dict[str, str]) -> None:
    sweep = post(
        "sweeps/", SMALL | {"formats": "common", "contexts_tokens": [2048, 4096, 8192]}, **bearer
    ).json()
    computed(sweep)
    found = client.get(f"{sweep['plans_url']}?model=qwen3-8b&ordering=-decode&decode_tps_min=50").json()
    speeds = [plan["decode_tps"] for plan in found["results"]]
    assert speeds == sorted(speeds, reverse=True)
    assert min(speeds) >= 50
    assert {plan["model"]["slug"] for plan in found["results"]} == {"qwen3-8b"}
    first = client.get(f"{sweep['plans_url']}?ordering=need").json()
    second = client.get(first["next"]).json()
    assert (first["first_number"], second["first_number"]) == (1, 51)
    assert first["results"][-1]["need_bytes"] <= second["results"][0]["need_bytes"]
    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("modle=x", "modle"),
        ("model=no-such-model", "model"),
        ("weight_format=q9", "weight_format"),
        ("ordering=speed", "ordering"),
        ("decode_tps_min=fast", "decode_tps_min"),
        ("cursor=abc", "cursor"),
        ("format=xml", "format"),
    ],
)
def test_a_wrong_filter_is_named(client: Client, sweep: dict[str, Any], query: str, parameter: str) -> None:
    computed(sweep)
    response = client.get(f"{sweep['plans_url']}?{query}")
    assert response.status_code == 400
    assert parameter in [error["parameter"] for error in response.json()["errors"]]


def test_a_sweep_is_stopped_resumed_and_deleted(
    client: Client, post: Post, bearer: dict[str, str], sweep: dict[str, Any]
) -> None:
    path = f"sweeps/{sweep['id']}/"
    assert post(f"{path}resume/", "", **bearer).status_code == 409
    assert post(f"{path}stop/", "", **bearer).json()["state"] == "stopped"
    again = post(f"{path}stop/", "", **bearer)
    assert (again.status_code, again.json()["detail"]) == (409, "It is not running, so it cannot be stopped.")
    assert post(f"{path}resume/", "", **bearer).json()["state"] == "queued"
    assert client.delete(sweep["url"], headers=bearer).status_code == 204
    assert client.get(sweep["url"]).status_code == 404


def test_only_its_owner_may_change_a_sweep(client: Client, post: Post, sweep: dict[str, Any]) -> None:
    path = f"sweeps/{sweep['id']}/"
    assert client.get(sweep["url"]).json()["is_mine"] is False
    refused = post(f"{path}stop/", "")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    other = ApiToken(user=User.objects.create_user("grace"), name="another")
    secret = other.make_secret()
    other.save()
    assert post(f"{path}stop/", "", Authorization=f"Bearer {secret}").status_code == 403
    assert client.delete(sweep["url"], headers={"Authorization": f"Bearer {secret}"}).status_code == 403
    assert client.get(sweep["url"]).json()["state"] == "queued"


def test_the_browser_that_made_a_sweep_may_change_it(
    client: Client, post: Post, sweep: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    Sweep.objects.update(owner="f" * 64)
    monkeypatch.setattr(owners, "owner_of", lambda request: "f" * 64)
    assert client.get("/api/v1/sweeps/").json()["count"] == 1
    assert post(f"sweeps/{sweep['id']}/stop/", "").json()["state"] == "stopped"


def test_each_sees_their_own(client: Client, sweep: dict[str, Any], bearer: dict[str, str]) -> None:
    assert client.get("/api/v1/sweeps/").json()["count"] == 0
    mine = client.get("/api/v1/sweeps/", headers=bearer).json()
    assert [found["id"] for found in mine["results"]] == [sweep["id"]]
    assert mine["results"][0]["is_mine"] is True


def test_nobody_in_particular_makes_no_sweep(post: Post) -> None:
    response = post("sweeps/", SMALL)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert not Sweep.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "pointer", "reason"),
    [
        ({"modles": []}, "#/modles", "models"),
        ({"models": ["no such model"]}, "#/models/0", "No such entry"),
        ({"devices": ["A100"]}, "#/devices/0", "more than one"),
        ({"devices": [4090]}, "#/devices/0", "text"),
        ({"models": "every"}, "#/models", "all"),
        ({"models": None}, "#/models", "model"),
        ({"contexts_tokens": "8k"}, "#/contexts_tokens", ""),
        ({"contexts_tokens": [0]}, "#/contexts_tokens", ""),
        ({"counts": []}, "#/counts", ""),
        ({"keep": "some"}, "#/keep", ""),
        ({"name": 5}, "#/name", "text"),
        ({"devices": {"where": {"vendr": "NVIDIA"}}}, "#/devices", "vendr"),
        ({"runtimes": ["mlx-lm"]}, "#", ""),
    ],
)
def test_a_wrong_axis_is_named(
    post: Post, bearer: dict[str, str], wrong: dict[str, Any], pointer: str, reason: str
) -> None:
    response = post("sweeps/", SMALL | wrong, **bearer)
    assert response.status_code == 400, response.content
    error = next(error for error in response.json()["errors"] if error["pointer"] == pointer)
    assert reason in error["detail"]


def test_axes_are_said_by_filters_and_words_too(post: Post, bearer: dict[str, str]) -> None:
    asked = {
        "devices": {"where": {"vendor": "NVIDIA", "memory": "80"}},
        "models": ["qwen3-8b"],
        "formats": "common",
    }
    response = post("sweeps/", asked, **bearer)
    assert response.status_code == 201, response.content
    again = post("sweeps/", response.json()["definition"] | {"name": "again"}, **bearer)
    assert again.status_code == 201, again.content
    assert again.json()["plans"] == response.json()["plans"]


def exported(client: Client, sweep: dict[str, Any], query: str) -> bytes:
    response = client.get(f"{sweep['plans_url']}?{query}")
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def test_the_same_plans_in_every_format(client: Client, sweep: dict[str, Any], tmp_path: Path) -> None:
    computed(sweep)
    asked = "model=qwen3-8b&weight_format=q8-0&ordering=-decode"
    plans = [plan["plan"] for plan in client.get(f"{sweep['plans_url']}?{asked}").json()["results"]]
    assert len(plans) == 2
    as_csv = list(csv.DictReader(io.StringIO(exported(client, sweep, f"{asked}&format=csv").decode())))
    as_lines = [json.loads(line) for line in exported(client, sweep, f"{asked}&format=jsonl").splitlines()]
    (tmp_path / "plans.parquet").write_bytes(exported(client, sweep, f"{asked}&format=parquet"))
    with duckdb.connect() as connection:
        as_parquet = connection.execute(
            "SELECT plan FROM read_parquet(?)", [str(tmp_path / "plans.parquet")]
        ).fetchall()
    assert [int(row["plan"]) for row in as_csv] == plans
    assert [row["plan"] for row in as_lines] == plans
    assert [row[0] for row in as_parquet] == plans
    assert exported(client, sweep, f"{asked}&format=md").decode().count("| Qwen3-8B |") == 2
    by_accept = client.get(sweep["plans_url"], headers={"Accept": "text/csv"})
    assert by_accept.headers["Content-Type"].startswith("text/csv")


def test_nothing_is_exported_of_nothing(client: Client, sweep: dict[str, Any]) -> None:
    response = client.get(f"{sweep['plans_url']}?format=csv")
    assert (response.status_code, response.json()["status"]) == (409, 409)
    assert client.get(sweep["plans_url"]).json()["count"] == 0


def test_a_result_that_is_gone_says_so(client: Client, sweep: dict[str, Any], settings: Settings) -> None:
    computed(sweep)
    for file in Path(settings.RESULTS_DIR).rglob("*.parquet"):
        file.unlink()
    response = client.get(sweep["plans_url"])
    assert response.status_code == 409
    assert "resume" in response.json()["detail"]
