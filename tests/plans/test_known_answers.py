"""Answers that anyone can check against published figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.plans.answer import Answer
from planner.plans.questions import OwnDevice, Question
from planner.plans.services import answer

GB, GIB = 10**9, 2**30
pytestmark = pytest.mark.django_db

MAC_STUDIO = "mac-studio-m3-ultra-80-core-gpu-512-gb"
R1 = Question(model="deepseek-r1", machine=MAC_STUDIO)


def weights(found: Answer) -> float:
    return next(part.bytes for part in found.parts if part.key == "weights")


def test_deepseek_r1_at_fp8_does_not_fit_in_37_gb_and_needs_over_670_gb() -> None:
    own = OwnDevice(memory_bytes=37 * GIB, bandwidth_bytes_per_s=None, fp16_flops_per_s=None)
    found = answer(Question(model="deepseek-r1", own_device=own, format="fp8-block128"))
    assert found.verdict == "no"
    assert found.sentence.startswith("No.")
    assert 670 * GB < weights(found) < 700 * GB


def test_deepseek_r1_at_fp8_does_not_fit_a_mac_studio_either() -> None:
    found = answer(replace(R1, format="fp8-block128"))
    assert found.verdict == "no"
    assert found.decode_tps is None
    assert any("bits each" in change.text for change in found.changes)


@pytest.mark.parametrize("weight_format", ["q4-k-m", "mlx-4bit"])
def test_deepseek_r1_at_about_4_bits_fits_a_mac_studio(weight_format: str) -> None:
    found = answer(replace(R1, format=weight_format))
    assert found.verdict == "fits"
    assert found.decode_tps is not None
    # published runs of 4-bit R1 on an M3 Ultra: 14 to 22 tokens a second
    assert 14 <= found.decode_tps.value <= 22


def test_llama_8b_fits_an_8_gb_card_at_8k_context() -> None:
    found = answer(Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4060", format="q4-k-m"))
    assert found.verdict == "fits"
    assert found.need_bytes < 7 * GIB


def test_llama_8b_with_128k_of_f16_cache_does_not_fit_an_8_gb_card() -> None:
    found = answer(
        Question(
            model="llama-3-1-8b", device="nvidia-geforce-rtx-4060", format="q4-k-m", context_tokens=131_072
        )
    )
    assert found.verdict == "no"
    kv = next(part.bytes for part in found.parts if part.key == "kv_cache")
    assert kv == pytest.approx(16 * GIB, rel=0.001)  # 131,072 bytes a token
    assert found.max_context_tokens is not None
    assert 8192 < found.max_context_tokens < 65_536


def test_gemma_3_27b_keeps_small_windows_at_128k() -> None:
    found = answer(
        Question(
            model="gemma-3-27b", device="nvidia-geforce-rtx-5090", format="q4-k-m", context_tokens=131_072
        )
    )
    kv = next(part.bytes for part in found.parts if part.key == "kv_cache")
    # 10 of 62 layers keep all 131,072 tokens: 10.4 GiB with the windows (unslothai/unsloth#4757), not 62 GiB
    assert 10 * GIB < kv < 11.5 * GIB
    assert found.verdict in ("fits", "tight")


@pytest.mark.parametrize(
    "device", ["nvidia-geforce-rtx-4090", "nvidia-geforce-rtx-5090", "apple-m4-max-40-core-gpu"]
)
def test_a_mixture_of_3b_active_is_twice_as_fast_as_a_dense_32b(device: str) -> None:
    sparse, dense = (
        answer(
            Question(model=model, device=device, format="q4-k-m", memory_gb=36 if "apple" in device else None)
        )
        for model in ("qwen3-30b-a3b", "qwen3-32b")
    )
    assert sparse.decode_tps is not None
    assert dense.decode_tps is not None
    assert sparse.decode_tps.value >= 2 * dense.decode_tps.value


@pytest.mark.parametrize("model", ["llama-3-2-1b", "qwen3-1-7b", "llama-3-2-3b"])
def test_a_phone_with_8_gb_runs_small_models_well(model: str) -> None:
    found = answer(Question(model=model, machine="iphone-16-8-gb-memory", format="q4-k-m"))
    assert found.verdict == "fits"
    assert found.decode_tps is not None
    assert found.decode_tps.value > 8
    assert found.sustained_decode_tps is not None
    assert found.sustained_decode_tps.value < found.decode_tps.value


def test_an_8b_at_4_bits_is_tight_at_best_on_a_phone_with_8_gb() -> None:
    found = answer(Question(model="llama-3-1-8b", machine="iphone-16-8-gb-memory", format="q4-k-m"))
    assert found.verdict in ("tight", "no")
