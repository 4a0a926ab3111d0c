"""Every cleaning rule: a row in the testers' own words that it catches, and a near one that it spares."""

from __future__ import annotations

import pytest

from hardware_catalog.trust import RULES, set_aside
from planner.calibration.noted import stated_in_notes
from planner.calibration.observations import year_of

PLAIN = {
    "metric": "decode_tps_per_seq",
    "notes": "llama-bench tg128; ngl=99; flash-attn on",
    "batch": "1",
    "device_count": "1",
    "backend": "CUDA",
    "prompt_tokens": "512",
}

CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "several_sequences": ({"batch": "8"}, {"batch": ""}),
    "several_devices": ({"device_count": "2"}, {"device_count": ""}),
    "speculation_unknown": (
        {"notes": "agg; TP8 attnDP1 moeTP8; spec decoding (MTP): UNKNOWN in source"},
        {"notes": "agg; TP8 attnDP1 moeTP8; spec decoding: off"},
    ),
    "devices_miscounted": (
        {"notes": "agg(label); LIKELY MISLABELLED: TP is the total"},
        {"notes": "agg; TP8 attnDP1 moeTP8 EP1 PP1"},
    ),
    "attention_copies": (
        {"notes": "agg; TP1 attnDP8 moeTP1 EP8 PP1"},
        {"notes": "agg; TP1 attnDP8 moeTP8 EP8 PP1; EXPORT ARTIFACT: the real instance is 8 GPUs with EP8"},
    ),
    "sequences_vary": (
        {"notes": "ShareGPT-like 1000 prompts at 16 QPS; batch varies; mean TPOT"},
        {"notes": "ShareGPT-like prompts, 16 at a time"},
    ),
    "whole_requests": (
        {"notes": "DERIVED latency 3.53 s /128", "metric": "tpot_ms"},
        {"notes": "DERIVED latency 3.53 s /128"},
    ),
    "disaggregated": (
        {"notes": "disaggregated prefill/decode; prefill TP1/DP1/EP1/bs1/x5"},
        {"notes": "agg; TP1; spec decoding: off"},
    ),
    "speculative": (
        {"notes": "q4_0/q8_0 KV per README footnote; MTP on, spec-draft-n-max 2, acceptance 0.60-0.95"},
        {"notes": "README table, no speculative decoding; MTP off"},
    ),
    "speculative_backend": ({"backend": "CUDA (mtp)"}, {"backend": "CUDA"}),
    "partly_on_host": (
        {"notes": "hybrid, experts on CPU; PCIe 4.0 x16; llama-sweep-bench"},
        {"notes": "llama-bench tg128; ngl=99; PCIe 5.0 x8"},
    ),
    "mixed_backend": ({"backend": "CPU+CUDA"}, {"backend": "CPU"}),
    "spilled": ({"notes": "unprivileged LXC, partial offload: lower bound"}, {"notes": "full offload"}),
    "tagged_spill": (
        {"notes": "llmfit bench --share; SPILL: 14B Q4 exceeds 8 GB"},
        {"notes": "offload of nothing, spill-free"},
    ),
    "paging": ({"notes": "model file near RAM -> paging from storage"}, {"notes": "model file fits in RAM"}),
    "named_outlier": (
        {"notes": "gpt-oss-120b on EPYC 7343; OUTLIER, 30+ elsewhere on the same GPU"},
        {"notes": "LocalScore test #220; 9-test mix, averages reported"},
    ),
    "low_outlier": (
        {"notes": "LocalScore test #220; LOW OUTLIER against the best run"},
        {"notes": "LocalScore test #220; a low figure for this card"},
    ),
    "chart_reading": ({"notes": "read off a chart; quantization not stated"}, {"notes": "read off a table"}),
    "slow_kernels": ({"notes": "SLOW KERNELS SUSPECTED (efficiency 0.2)"}, {"notes": "cuBLAS kernels"}),
    "power_cap": ({"notes": "TP=1; power limit 220W/GPU; P2P"}, {"notes": "power ac_power; macOS 26.4"}),
    "special_kernels": ({"notes": "1-bit model with special kernels"}, {"notes": "usual kernels"}),
    "unnamed": ({"notes": "GPU not identified in the thread"}, {"notes": "GPU identified by its PCI id"}),
    "few_threads": (
        {"notes": "MLA attention; thread sweep threads=2 (shows saturation at ~16)"},
        {"notes": "MLA attention; thread sweep threads=16 (shows saturation at ~16)"},
    ),
    "before_patch": ({"notes": "before PR"}, {"notes": "after PR; 235-token prompt, 256 gen"}),
    "old_kernels": ({"notes": "2023 kernels; memory type not stated"}, {"notes": "date = snapshot"}),
    "remote_host": ({"notes": "eGPU on a Pi CM5"}, {"notes": "desktop host"}),
    "end_to_end": (
        {"notes": "single-stream WALL rate (includes TTFT)"},
        {"notes": "TG excludes TTFT; context includes prompt"},
    ),
    "request_rate": (
        {"metric": "prefill_tps", "notes": "long-retrieval; ctx window 32768"},
        {"metric": "decode_tps_per_seq", "notes": "long-retrieval; ctx window 32768"},
    ),
    "no_prompt": (
        {"metric": "ttft_ms", "prompt_tokens": ""},
        {"metric": "prefill_tps", "prompt_tokens": ""},
    ),
    "bound": (
        {"metric": "ttft_ms", "notes": "TTFT lower bound: prompt up to 128 tokens"},
        {"metric": "ttft_ms", "notes": "TTFT of one prompt of 128 tokens"},
    ),
    "token_by_token": (
        {"metric": "prefill_tps", "notes": "warm prefill: prompt cache hit"},
        {"metric": "prefill_tps", "notes": "cold; no prompt cache"},
    ),
}


def test_a_plain_row_is_used():
    assert set_aside(PLAIN) is None


@pytest.mark.parametrize("name", list(CASES))
def test_rule_catches_its_row_and_spares_the_near_one(name: str):
    caught, spared = CASES[name]
    rule = set_aside(PLAIN | caught)
    assert rule is not None
    assert rule.name == name
    assert rule.reason
    assert set_aside(PLAIN | spared) is None


def test_every_rule_has_a_case():
    assert {rule.name for rule in RULES} == set(CASES)


def test_rows_tagged_by_their_value_are_judged_though_they_teach_nothing():
    assert {rule.name for rule in RULES if rule.judged} == {"low_outlier", "slow_kernels"}


@pytest.mark.parametrize(
    ("notes", "stated"),
    [
        ("flash-attn on; ubatch 2048; mmap 0", {"n_ubatch": "2048"}),
        ("sweep-bench; -ub 512", {"n_ubatch": "512"}),
        ("ctx window 32768; KV q8_0; thinking off", {"kv_type": "q8_0"}),
        ("pp2048 @ d16384; longctx runs use -ub 2048 (ROCm)/512 (Vulkan)", {}),
        ("subset of runs", {}),
    ],
)
def test_settings_are_read_from_notes(notes: str, stated: dict[str, str]):
    assert stated_in_notes(PLAIN | {"notes": notes, "backend": "Vulkan", "prompt_tokens": "2048"}) == stated


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("2026", 2026.5),
        ("2026-01", 2026 + 0.5 / 12),
        ("2026-12-31", 2026 + 11.5 / 12),
        ("", None),
        ("n/a", None),
    ],
)
def test_dates_as_years(date: str, year: float | None):
    assert year_of(date) == (None if year is None else pytest.approx(year))
