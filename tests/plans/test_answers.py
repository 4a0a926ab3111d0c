"""What every answer holds together: its parts, its formats, its contexts, its changes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from planner.plans.questions import OwnDevice, Question
from planner.plans.services import PlanError, answer

GIB = 2**30
pytestmark = pytest.mark.django_db

LAPTOP = Question(model="llama-3-1-8b", machine="macbook-air-13-m4-10-core-gpu-16-gb")
CARD = Question(model="qwen3-32b", device="nvidia-geforce-rtx-4090")


@pytest.mark.parametrize(
    "question", [LAPTOP, CARD, replace(CARD, device_count=2), replace(LAPTOP, concurrency=4)]
)
def test_the_parts_are_the_need(question: Question) -> None:
    found = answer(question)
    assert sum(part.bytes for part in found.parts) == pytest.approx(found.need_bytes)
    assert all(part.bytes >= 0 for part in found.parts)
    assert found.need_bytes <= found.need_high_bytes


def test_fits_leaves_the_margin_free() -> None:
    found = answer(LAPTOP)
    assert found.verdict == "fits"
    assert found.need_high_bytes <= found.limit_bytes - found.margin_bytes
    assert found.margin_bytes == pytest.approx(max(0.5 * GIB, 0.05 * found.limit_bytes))


def test_the_best_format_is_the_widest_that_fits_and_no_wider_than_published() -> None:
    found = answer(replace(LAPTOP, model="gpt-oss-20b", machine="", device="nvidia-geforce-rtx-4080"))
    assert found.format_name == "MXFP4_MOE"
    found = answer(CARD)
    chosen = next(option for option in found.formats if option.chosen)
    wider = [o for o in found.formats if o.bits_per_weight > chosen.bits_per_weight]
    assert chosen.verdict == "fits"
    assert wider
    assert all(option.verdict != "fits" for option in wider)


def test_more_context_needs_more_memory_and_writes_slower() -> None:
    points = [p for p in answer(CARD).contexts if p.decode_tps]
    assert len(points) >= 3
    memory = [p.memory_bytes for p in points]
    speed = [p.decode_tps.value for p in points if p.decode_tps]
    assert memory == sorted(memory)
    assert speed == sorted(speed, reverse=True)


def test_the_longest_context_fits_and_a_longer_one_does_not() -> None:
    longest = answer(CARD).max_context_tokens
    assert longest
    assert answer(replace(CARD, format="q4-k-m", context_tokens=longest)).verdict in ("fits", "tight")
    assert answer(replace(CARD, format="q4-k-m", context_tokens=longest + 512)).verdict == "no"


def test_every_change_that_can_be_asked_makes_it_fit() -> None:
    from django.http import QueryDict

    from planner.plans.forms import QuestionForm

    found = answer(replace(CARD, format="q8-0"))
    assert found.verdict == "no"
    asked = [change for change in found.changes if change.query]
    assert asked
    for change in asked:
        form = QuestionForm(QueryDict(change.query))
        assert form.is_valid(), form.errors
        changed = answer(form.question())
        assert changed.verdict in ("fits", "tight"), change.text


def test_memory_that_other_programs_hold_is_taken_off_the_limit() -> None:
    free, held = answer(CARD), answer(replace(CARD, held_bytes=2.0 * GIB))
    assert held.limit_bytes == pytest.approx(free.limit_bytes - 2 * GIB)


def test_an_unknown_bandwidth_leaves_the_speed_unknown_and_not_zero() -> None:
    own = OwnDevice(memory_bytes=24.0 * GIB, bandwidth_bytes_per_s=None, fp16_flops_per_s=None)
    found = answer(Question(model="llama-3-1-8b", own_device=own))
    assert found.verdict == "fits"
    assert found.decode_tps is None
    assert "bandwidth" in found.speed_unknown_reason


def test_offload_goes_to_host_memory_and_is_slower() -> None:
    question = Question(model="qwen3-32b", machine="pc-with-rtx-4070-12-gb-32-gb-memory", format="q4-k-m")
    found = answer(question)
    assert found.verdict == "offload"
    assert found.host_need_bytes > 0
    assert found.decode_tps is not None
    alone = answer(replace(question, machine="", device="nvidia-geforce-rtx-4090"))
    assert alone.decode_tps is not None
    assert found.decode_tps.value < alone.decode_tps.value / 2
    assert any("offload" in note for note in found.notes)
    wide, usual = (tps.high / tps.low for tps in (found.decode_tps, alone.decode_tps))
    assert wide > usual


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": "no-such-model"}, "model"),
        ({"model": "grok-2"}, "model"),
        ({"context_tokens": 10**9}, "context_tokens"),
        ({"prompt_tokens": 9000}, "prompt_tokens"),
        ({"format": "no-such-format"}, "format"),
        ({"kv_format": "q0"}, "kv_format"),
        ({"runtime": "no-such-runtime"}, "runtime"),
        ({"runtime": "tensorrt-llm"}, "runtime"),
        ({"machine": "no-such-machine"}, "machine"),
    ],
)
def test_impossible_questions_name_the_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(PlanError) as refusal:
        answer(replace(LAPTOP, **change))  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert refusal.value.message.endswith(".")


def test_the_usual_context_is_cut_to_what_the_model_was_made_for() -> None:
    found = answer(replace(LAPTOP, model="llama-2-7b"))
    assert found.context_tokens == 4096
    assert any("4,096 tokens" in note for note in found.notes)


def test_what_does_not_run_has_no_speed_to_explain() -> None:
    found = answer(replace(CARD, format="q8-0"))
    assert [step.name for step in found.steps] == ["Memory needed"]


@pytest.mark.parametrize(
    "question", [CARD, replace(LAPTOP, concurrency=8), replace(CARD, model="qwen3-30b-a3b")]
)
def test_the_steps_add_up_to_the_speed(question: Question) -> None:
    found = answer(question)
    assert found.decode_tps is not None
    assert all(step.formula and step.substituted and step.result for step in found.steps)
    speed = next(step for step in found.steps if step.name.startswith("Speed of writing"))
    parts = [float(ms.replace(",", "")) for ms in re.findall(r"([\d.,]+) ms", speed.substituted)]
    assert 1e3 / sum(parts) == pytest.approx(found.decode_tps.value, rel=0.01)
    first = next(step for step in found.steps if step.name == "Time to the first token")
    parts = [float(ms.replace(",", "")) for ms in re.findall(r"([\d.,]+) ms", first.substituted)]
    assert found.ttft_ms is not None
    assert sum(parts) == pytest.approx(found.ttft_ms.value, rel=0.01)
