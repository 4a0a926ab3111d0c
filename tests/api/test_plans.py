"""A question is answered as the form answers it, kept, and read again with the same numbers in every format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from planner.kept_plans import services as kept_plans
from planner.kept_plans.models import KeptPlan
from planner.pinning.models import PinnedSnapshot
from planner.plans import services
from planner.plans.questions import OwnDevice, Question
from planner.snapshot import Snapshot, current
from tests.api.conftest import Post

pytestmark = pytest.mark.django_db
QUESTION = {"device": "2x RTX 3090", "model": "Llama 3.1 8B", "format": "Q4_K_M", "context_tokens": 16384}
ASKED = Question(
    model="llama-3-1-8b",
    device="nvidia-geforce-rtx-3090",
    device_count=2,
    format="q4-k-m",
    context_tokens=16384,
)


def asked(post: Post, question: dict[str, Any]) -> dict[str, Any]:
    response = post("plans/", question)
    assert response.status_code == 201, response.content
    found: dict[str, Any] = response.json()
    assert response.headers["Location"] == found["url"]
    return found


def test_the_answer_is_the_forms(post: Post) -> None:
    plan, answer = asked(post, QUESTION), services.answer(ASKED)
    assert plan["verdict"] == answer.verdict
    assert plan["sentence"] == answer.sentence
    assert plan["memory"]["need_bytes"] == round(answer.need_bytes)
    assert [part["bytes"] for part in plan["memory"]["parts"]] == [round(part.bytes) for part in answer.parts]
    assert answer.decode_tps is not None
    assert plan["speed"]["decode_tps"]["value"] == pytest.approx(answer.decode_tps.value, rel=1e-5)
    assert plan["speed"]["decode_tps"]["low"] == pytest.approx(answer.decode_tps.low, rel=1e-5)
    assert [near["id"] for near in plan["nearest_measurements"]] == [
        near.line.slug for near in answer.closest
    ]
    assert [step["result"] for step in plan["formula"]["steps"]] == [step.result for step in answer.steps]
    assert plan["snapshot"] == current().sha256
    assert plan["calibration"]["sha256"] == current().calibration.sha256


def test_the_document_says_what_it_follows_from(post: Post) -> None:
    plan = asked(post, QUESTION)
    assert plan["question"]["device"] == "nvidia-geforce-rtx-3090"
    assert plan["question"]["count"] == 2
    assert plan["formula"]["inputs"]["bandwidth_bytes_per_s"] == pytest.approx(936e9, rel=0.01)
    assert {"device", "model", "format", "runtime"} <= {source["of"] for source in plan["sources"]}
    devices = plan["memory"]["places"][0]
    assert devices["count"] == 2
    assert devices["need_bytes"] * 2 == pytest.approx(plan["memory"]["need_bytes"], abs=2)
    assert sum(devices["parts"].values()) == pytest.approx(devices["need_bytes"], abs=4)


def test_asking_twice_keeps_one(post: Post) -> None:
    first, second = asked(post, QUESTION), asked(post, QUESTION)
    assert first == second
    assert KeptPlan.objects.count() == PinnedSnapshot.objects.count() == 1
    assert asked(post, QUESTION | {"context_tokens": 8192})["id"] != first["id"]
    assert KeptPlan.objects.count() == 2


def test_names_and_slugs_ask_the_same(post: Post) -> None:
    slugs = {
        "device": "nvidia-geforce-rtx-3090",
        "count": 2,
        "model": "llama-3-1-8b",
        "format": "q4-k-m",
        "context_tokens": 16384,
    }
    assert asked(post, QUESTION)["id"] == asked(post, slugs)["id"]


def test_what_is_said_goes_before_what_a_name_implies(post: Post) -> None:
    assert asked(post, QUESTION | {"count": 1})["device"]["count"] == 1


def test_a_device_is_meant_before_a_machine_of_its_name(post: Post) -> None:
    name, question = "NVIDIA Jetson AGX Orin 32 GB", {"model": "Llama 3.1 8B"}
    assert asked(post, question | {"device": name})["machine"] is None
    assert asked(post, question | {"machine": name})["machine"]["slug"] == "nvidia-jetson-agx-orin-32-gb"
    assert asked(post, question | {"device": "Mac Studio M3 Ultra 512 GB"})["machine"] is not None


def test_figures_of_ones_own_are_enough(post: Post) -> None:
    plan = asked(post, {"memory_gb": 64, "bandwidth_gb_per_s": 400, "model": "gpt-oss:20b"})
    answer = services.answer(Question(model="gpt-oss-20b", own_device=OwnDevice(64 * 2**30, 400e9, None)))
    assert plan["device"]["slug"] == "own"
    assert plan["memory"]["need_bytes"] == round(answer.need_bytes)


def test_an_unknown_speed_is_null_with_its_reason(post: Post) -> None:
    plan = asked(post, {"memory_gb": 64, "model": "Llama 3.1 8B"})
    assert plan["speed"]["decode_tps"] is None
    assert "bandwidth" in plan["speed"]["unknown_reason"]
    text = json.dumps(plan)
    assert "NaN" not in text
    assert "Infinity" not in text


def test_the_same_numbers_in_every_format(client: Client, post: Post) -> None:
    plan = asked(post, QUESTION)
    path = f"/api/v1/plans/{plan['id']}/"
    assert client.get(path).json() == plan
    table = list(csv.DictReader(io.StringIO(client.get(f"{path}?format=csv").content.decode())))
    assert table[0]["need_bytes"] == str(plan["memory"]["need_bytes"])
    assert float(table[0]["decode_tps"]) == plan["speed"]["decode_tps"]["value"]
    by_accept = client.get(path, headers={"Accept": "text/markdown"})
    assert by_accept.headers["Content-Type"].startswith("text/markdown")
    assert by_accept.content == client.get(f"{path}?format=md").content
    assert plan["sentence"] in by_accept.content.decode()
    assert post("plans/?format=csv", QUESTION).content == client.get(f"{path}?format=csv").content


def test_the_markdown_counts_the_devices(client: Client, post: Post) -> None:
    plan = asked(post, {"device": "2x RTX 3090", "model": "Llama 3.3 70B Q4_K_M"})
    text = client.get(f"/api/v1/plans/{plan['id']}/?format=md").content.decode()
    assert text.startswith("# Llama-3.3-70B-Instruct on 2 × NVIDIA GeForce RTX 3090: ")


def test_a_kept_plan_has_a_page(client: Client, post: Post) -> None:
    plan = asked(post, QUESTION)
    page = client.get(plan["html_url"])
    assert page.status_code == 200
    assert plan["sentence"].replace("\u00a0", " ") in page.content.decode().replace("\u00a0", " ")
    assert "still the same" in page.content.decode()
    assert client.get("/plans/" + "0" * 32 + "/").status_code == 404


def test_a_kept_plan_stays_when_the_catalog_changes(
    client: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = asked(post, QUESTION)
    other: Snapshot = replace(current(), sha256="0" * 64)
    for module in ("planner.kept_plans.services", "planner.kept_plans.views"):
        monkeypatch.setattr(f"{module}.current", lambda: other)
    assert client.get(f"/api/v1/plans/{plan['id']}/").json() == plan
    page = client.get(plan["html_url"]).content.decode()
    assert plan["sentence"].replace("\u00a0", " ") in page.replace("\u00a0", " ")
    assert "has changed since" in page


def test_nobody_need_fetch_a_plan_twice(client: Client, post: Post) -> None:
    path = f"/api/v1/plans/{asked(post, QUESTION)['id']}/"
    first = client.get(path)
    assert "immutable" in first.headers["Cache-Control"]
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    as_csv = client.get(f"{path}?format=csv", headers={"If-None-Match": first.headers["ETag"]})
    assert as_csv.status_code == 200


def test_what_nobody_asked_for_longest_makes_room(post: Post) -> None:
    plans = [asked(post, QUESTION | {"context_tokens": tokens})["id"] for tokens in (2048, 4096, 8192)]
    KeptPlan.objects.filter(pk=plans[1]).update(used="2001-01-01")
    assert kept_plans.prune(2) == 1
    assert set(KeptPlan.objects.values_list("pk", flat=True)) == {plans[0], plans[2]}


def test_a_kept_record_is_read_as_it_was_written(post: Post) -> None:
    plan = asked(post, QUESTION)
    record = kept_plans.record_of(plan["id"])
    assert record is not None
    assert record.answer == services.answer(ASKED)
    assert record.question == ASKED
