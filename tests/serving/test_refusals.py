"""What is impossible is refused in plain words that name what works."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hardware_catalog.tables import device_link
from planner.plans.errors import PlanError
from planner.serving.questions import ServingQuestion
from planner.serving.sizing import size

pytestmark = pytest.mark.django_db
ASKED = ServingQuestion("llama-3-1-8b", device="nvidia-geforce-rtx-4090")


def refusal(**changes: Any) -> PlanError:
    with pytest.raises(PlanError) as caught:
        size(replace(ASKED, **changes))
    return caught.value


def test_devices_that_cannot_share_the_heads_are_told_which_numbers_can() -> None:
    error = refusal(device_count=3)
    assert error.field == "device_count"
    assert "32 attention heads" in error.message
    assert "1, 2, 4, 8" in error.message
    assert refusal(device_count=5, runtime="vllm").field == "device_count"


def test_whole_layers_go_to_any_number_of_devices() -> None:
    sizing = size(replace(ASKED, device_count=3, runtime="llama-cpp", ttft_ms=1e5, tpot_ms=1e4))
    assert {machine.count for machine in sizing.found.machines} == {3}
    assert len(sizing)


def test_numbers_that_divide_the_heads_are_tried() -> None:
    counts = {machine.count for machine in size(replace(ASKED, model="qwen2-5-14b")).found.machines}
    assert {1, 2, 4, 5, 8} <= counts  # 40 heads


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"concurrency": None}, "concurrency", "one of the two"),
        ({"requests_per_s": 1.0}, "requests_per_s", "one of the two"),
        ({"concurrency": 0}, "concurrency", "more than 0"),
        ({"concurrency": None, "requests_per_s": float("nan")}, "requests_per_s", "more than 0"),
        ({"ttft_ms": 0.0}, "ttft_ms", "more than 0"),
        ({"tpot_ms": float("nan")}, "tpot_ms", "more than 0"),
        ({"prompt_tokens": 0}, "prompt_tokens", "At least 1"),
        ({"prompt_tokens": 200_000}, "prompt_tokens", "at most 131,072"),
        ({"output_tokens": 200_000}, "output_tokens", "at most 131,072"),
        ({"model": "no-such"}, "model", "no model"),
        ({"format": "no-such"}, "format", "no format"),
        ({"kv_format": "no-such"}, "kv_format", "no KV format"),
        ({"runtime": "no-such"}, "runtime", "no runtime"),
        ({"device": "no-such"}, "device", "no device"),
        ({"memory_gb": 25.0}, "memory_gb", "comes with 24 GB"),
        ({"device_count": 9}, "device_count", "1 to 8"),
        ({"device_count": 4, "most_devices": 2}, "device_count", "more than the 2"),
        ({"most_devices": 0}, "most_devices", "At least 1"),
        ({"least_bits": 20.0}, "least_bits", "ask for no more"),
        ({"runtime": "mlx-lm", "format": "awq-4bit"}, "device", "No program"),
        ({"device": "apple-m3-ultra-80-core-gpu", "device_count": 2}, "device_count", "Ask for 1"),
    ],
)
def test_it_says_what_is_wrong(changes: dict[str, Any], field: str, told: str) -> None:
    error = refusal(**changes)
    assert error.field == field
    assert told in error.message


def test_what_no_source_links_is_not_split() -> None:
    sizing = size(replace(ASKED, device=""))
    for machine in sizing.found.machines:
        if machine.splits and machine.count > 1:
            assert device_link(machine.spec.device)[1]
