"""Other tools' formulas give what the tools themselves give: worked out by hand, or stated by the tool."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware_catalog.tables import architecture_of
from planner.calibration.rivals import (
    RIVALS,
    canirun_ai,
    canitrun_dev,
    compute_over_flops,
    first_token_by_compute,
    gpudojo,
    llmfit,
    name_bits,
    whichllm,
)
from planner.calibration.subjects import Subject, WeightCounts, count_weights
from tests.calibration.subjects import make_subject, shipped_rows

SEVEN_BILLION = WeightCounts(7_000_000_000, 7_000_000_000, 0, 7_000_000_000, 1, 1)


def on(device: str, **changes: object) -> Subject:
    entry = next(d for d in shipped_rows().devices if d.slug == device)
    return make_subject(device=entry, counts=SEVEN_BILLION, **changes)


def in_format(slug: str) -> dict[str, object]:
    return {"format": next(f for f in shipped_rows().formats if f.slug == slug)}


def test_llmfit_gives_what_its_own_comments_state():
    """fit.rs: "RTX 4090 (1008 GB/s): Qwen3.5-27B Q4 → ~40 tok/s"."""
    qwen = replace(
        on("nvidia-geforce-rtx-4090"), counts=WeightCounts(27_000_000_000, 27_000_000_000, 0, 0, 1, 1)
    )
    assert llmfit(qwen) == pytest.approx(1008 / (27 * 0.5) * 0.55, rel=1e-6)
    assert llmfit(qwen) == pytest.approx(40, abs=2)


def test_llmfit_gives_what_it_states_of_olmoe():
    """fit.rs: "OLMoE Q4_K_M: est 257", "OLMoE Q8_0: est 216", on an RX 6900 XT (512 GB/s, 16 GB)."""
    olmoe = next(m for m in shipped_rows().models if m.slug == "olmoe-1b-7b")
    architecture = architecture_of(olmoe)
    assert architecture is not None
    counts = count_weights(architecture)
    for slug, stated in (("q4-k-m", 257), ("q8-0", 216)):
        subject = on("nvidia-geforce-rtx-4090", **in_format(slug))
        subject = replace(
            subject,
            counts=counts,
            memory_bytes=16 * 2.0**30,
            device=replace(subject.device, bandwidth_bytes_per_s=512e9),
        )
        assert llmfit(subject) == pytest.approx(stated, rel=0.03)


def test_llmfit_on_a_processor_goes_by_the_number_of_weights_alone():
    desktop = on("nvidia-geforce-rtx-4090", backend="CPU")
    x86 = replace(desktop, device=replace(desktop.device, vendor="AMD"))
    assert llmfit(x86) == pytest.approx(70 / 7 * 1.15 * 1.1 * 0.3)
    assert llmfit(desktop) == pytest.approx(90 / 7 * 1.15 * 1.1 * 0.3)


def test_canirun_ai_by_hand():
    """7B at Q4_K_M: 7e9 * 0.5 / 2^30 * 1.1 + 0.5 = 4.0856 GiB; 1008 / 4.0856 * 0.70."""
    assert canirun_ai(on("nvidia-geforce-rtx-4090")) == pytest.approx(172.7, abs=0.1)


def test_canirun_ai_reads_what_exceeds_the_card_at_50_gb_a_second():
    fits, spills = (
        canirun_ai(on("nvidia-geforce-rtx-4090", memory_bytes=gib * 2.0**30)) for gib in (8, 2.0428)
    )
    assert fits is not None
    assert spills == pytest.approx(1 / (0.5 / 1008 + 0.5 / 50) / 4.0856 * 0.70 * 0.85, rel=1e-3)


def test_canirun_ai_reads_the_active_share_of_its_working_set():
    moe = replace(
        on("nvidia-geforce-rtx-4090"), counts=WeightCounts(30_000_000_000, 3_000_000_000, 0, 0, 128, 8)
    )
    resident = 30e9 * 0.5 / 2**30 * 1.1 + 0.5
    assert canirun_ai(moe) == pytest.approx(1008 / (resident / 10) * 0.70, rel=1e-6)


def test_whichllm_by_hand():
    assert whichllm(on("nvidia-geforce-rtx-4090", weights_bytes=4e9)) == pytest.approx(1008 / 4 * 0.55)
    assert whichllm(on("nvidia-geforce-rtx-4090", backend="CPU")) == pytest.approx(18 / 7 * 0.55 / 0.45)


def test_canitrun_dev_and_gpudojo_by_hand():
    assert canitrun_dev(on("nvidia-geforce-rtx-4090")) == pytest.approx(1008 / 3.5)
    # its article: 936 GB/s over 8B at 0.5 bytes is 234 tokens/s at most
    assert gpudojo(on("nvidia-geforce-rtx-3090")) == pytest.approx(0.75 * 936 / 3.5, rel=1e-3)


def test_first_token_is_the_prompt_at_the_full_compute():
    subject = on("nvidia-geforce-rtx-4090", prompt_tokens=1000)
    rate = compute_over_flops(subject)
    assert rate == pytest.approx((subject.device.fp16_flops_per_s or 0) / 14e9)
    assert first_token_by_compute(subject) == pytest.approx(1000 / (rate or 1) * 1e3)


def test_without_compute_there_is_no_answer():
    subject = on("nvidia-geforce-rtx-4090")
    blind = replace(subject, device=replace(subject.device, fp16_flops_per_s=None, bf16_flops_per_s=None))
    assert {rival.answer(blind) for rival in (*RIVALS["prefill"], *RIVALS["ttft"])} == {None}


@pytest.mark.parametrize(
    ("slug", "bits"),
    [
        ("q4-k-m", 4),
        ("q2-k", 2),
        ("ud-q4-k-xl", 4),
        ("iq3-xxs", 3),
        ("q8-0", 8),
        ("f16", 16),
        ("mlx-4bit", 4),
    ],
)
def test_bits_are_read_from_the_name(slug: str, bits: int):
    assert name_bits(make_subject(**in_format(slug))) == bits


@pytest.mark.parametrize("metric", RIVALS)
def test_every_rival_says_where_it_is_from(metric: str):
    assert all(rival.source_url.startswith("https://") and rival.says for rival in RIVALS[metric])
