"""The measurements nearest to a plan, of the shipped ones: whose, which, and what is said of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from django.test import Client

from hardware_catalog.measured import RESOLVED
from hardware_catalog.models import Measurement
from planner.measurements import closest as module
from planner.measurements.closest import HANDFUL, PER_TESTER, Closest, SetUp, closest
from planner.measurements.predicting import predict
from planner.plans.page import nearest_said
from planner.plans.questions import OwnDevice, Question
from planner.plans.services import answer
from planner.snapshot import current
from tests.web.sample_answer import FITS

pytestmark = pytest.mark.django_db
ADDRESS = "/?machine=nvidia-geforce-rtx-4090&model=llama-3-1-8b&format=q4-k-m"


@pytest.fixture(autouse=True)
def _ask_anew(monkeypatch: pytest.MonkeyPatch):
    """The index looks each time whether measurements changed, and forgets what the test rolls back."""
    monkeypatch.setattr(module, "CHECK_EVERY_S", 0.0)
    yield
    module._Held.newest = -1
    module._Held.checked_at = float("-inf")


def set_up(**changes: object) -> SetUp:
    usual = SetUp(
        device=current().devices["nvidia-geforce-rtx-4090"],
        device_count=1,
        model="llama-3-1-8b",
        format="q4-k-m",
        runtime="llama-cpp",
        backend="CUDA",
        users=1,
        depth_tokens=640,
        prompt_tokens=512,
        prompt_matters=False,
    )
    return replace(usual, **changes)


def rows_of(found: tuple[Closest, ...]) -> dict[str, Measurement]:
    return {row.slug: row for row in Measurement.objects.filter(slug__in=[near.line.slug for near in found])}


def test_a_well_measured_card_gets_measurements_of_itself():
    found = closest(set_up(), current())
    assert len(found) == HANDFUL
    assert found[0].same_device
    assert [near.distance for near in found] == sorted(near.distance for near in found)
    assert not any(near.is_far for near in found)


def test_one_tester_does_not_fill_the_list():
    for model in ("llama-3-1-8b", "qwen3-30b-a3b", "gpt-oss-20b"):
        rows = rows_of(closest(set_up(model=model), current()))
        assert max(Counter(row.source_family for row in rows.values()).values()) <= PER_TESTER


@pytest.mark.parametrize(
    "device", ["nvidia-geforce-rtx-4090", "apple-m4-max-40-core-gpu", "nvidia-h100-sxm5-80-gb"]
)
def test_a_plan_of_one_sees_only_trusted_single_streams(device: str):
    rows = rows_of(closest(set_up(device=current().devices[device], prompt_matters=True), current()))
    assert rows
    assert all(row.outcome == RESOLVED and row.rule == "" and not row.withdrawn for row in rows.values())
    assert all((row.batch or 1) == 1 and (row.device_count or 1) == 1 for row in rows.values())


def test_a_plan_of_many_conversations_sees_measurements_of_many():
    snapshot = current()
    many = set_up(
        device=snapshot.devices["nvidia-h100-sxm5-80-gb"]
        if "nvidia-h100-sxm5" in snapshot.devices
        else next(d for s, d in snapshot.devices.items() if s.startswith("nvidia-h100")),
        runtime="vllm",
        format="bf16",
        users=32,
    )
    rows = rows_of(closest(many, snapshot))
    assert any((row.batch or 1) > 1 for row in rows.values())


def test_prompts_that_matter_bring_how_they_were_read():
    found = closest(set_up(prompt_tokens=4096, prompt_matters=True), current())
    assert [near.line.metric.term for near in found] == ["decode", "decode", "decode", "prefill", "TTFT"]


def test_what_differs_is_said():
    snapshot = current()
    for near in closest(set_up(), snapshot):
        row = rows_of((near,))[near.line.slug]
        said = ", ".join(near.differs)
        assert ("other device" in said) == (row.device.slug != "nvidia-geforce-rtx-4090")
        assert ("other model" in said) == (row.language_model.slug != "llama-3-1-8b")
        assert ("other format" in said) == (row.weight_format.slug != "q4-k-m")
        assert (f"other format: {row.weight_format.name}" in said) == (row.weight_format.slug != "q4-k-m")
        assert ("program" in said) == (row.runtime is None or row.runtime.slug != "llama-cpp")


def test_each_shows_the_prediction_of_its_own_page():
    for near in closest(set_up(), current()):
        row = rows_of((near,))[near.line.slug]
        prediction = predict([row])[row.slug]
        assert prediction.low is not None
        inside = prediction.low <= row.value <= prediction.high
        assert near.line.verdict == ("inside" if inside else "outside")


def test_a_measurement_of_the_very_set_up_comes_first_as_soon_as_it_is_accepted():
    device = current().devices["nvidia-geforce-rtx-4090"]
    like = Measurement.objects.filter(device__slug=device.slug, outcome=RESOLVED, rule="").first()
    closest(set_up(), current())
    like.pk = None
    like.slug, like.source_family, like.source_date, like.year = "just-measured", "me", "2026-11-01", 2026
    like.language_model_id = _pk("language_model", "llama-3-1-8b")
    like.weight_format_id = _pk("weight_format", "q4-k-m")
    like.runtime_id = _pk("runtime", "llama-cpp")
    like.backend, like.metric, like.batch, like.device_count = "CUDA", "decode_tps_per_seq", 1, 1
    like.prompt_tokens, like.ctx_depth, like.output_tokens = 512, 640, 256
    like.save()
    first = closest(set_up(), current())[0]
    assert first.line.slug == "just-measured"
    assert first.differs == ()


def _pk(field: str, slug: str) -> int:
    entry = Measurement._meta.get_field(field).related_model
    return entry._default_manager.values_list("pk", flat=True).get(slug=slug)


def test_withdrawn_and_distrusted_measurements_are_left_out():
    before = [near.line.slug for near in closest(set_up(), current())]
    Measurement.objects.filter(slug=before[0]).update(withdrawn=True)
    Measurement.objects.filter(slug=before[1]).update(outcome="not_trusted")
    module._Held.newest = -1
    after = [near.line.slug for near in closest(set_up(), current())]
    assert not set(before[:2]) & set(after)


def test_a_machine_of_ones_own_is_compared_by_its_bandwidth():
    own = OwnDevice(memory_bytes=24 * 2**30, bandwidth_bytes_per_s=1000e9, fp16_flops_per_s=None)
    found = answer(Question(model="llama-3-1-8b", own_device=own, format="q4-k-m")).closest
    assert len(found) == HANDFUL
    assert not any(near.same_device for near in found)


def test_the_summary_says_how_near_they_are():
    found = answer(Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4090", format="q4-k-m"))
    inside = sum(near.line.verdict == "inside" for near in found.closest)
    assert nearest_said(found) == f"{inside} of 5 lie within the range that we predict for them."
    far = tuple(replace(near, distance=9.0, same_device=False) for near in found.closest)
    assert "no measurement of anything like this plan" in nearest_said(replace(found, closest=far))
    others = tuple(replace(near, same_device=False) for near in found.closest)
    assert "None of them is of this very device" in nearest_said(replace(found, closest=others))
    assert "no measurement" in nearest_said(FITS)


def test_the_page_shows_them_with_links_and_the_calibration(client: Client):
    html = client.get(ADDRESS).content.decode()
    found = answer(Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4090", format="q4-k-m")).closest
    for near in found:
        assert f'href="/measurements/{near.line.slug}/"' in html
        assert client.get(f"/measurements/{near.line.slug}/").status_code == 200
    active = current().active
    assert active.name in html
    assert f"fitted to {sum(active.rows.values()):,} published measurements" in html
    assert 'href="/measurements/?device=nvidia-geforce-rtx-4090"' in html
    assert "methodology/?machine=nvidia-geforce-rtx-4090&amp;model=llama-3-1-8b&amp;format=q4-k-m" in html


def test_a_warm_answer_asks_the_database_nothing_for_them(
    client: Client, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(module, "CHECK_EVERY_S", 60.0)
    snapshot, asked = current(), set_up()
    closest(asked, snapshot)
    with django_assert_max_num_queries(0):
        closest(asked, snapshot)
