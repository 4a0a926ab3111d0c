"""Answers of the shapes that a page must render, with figures of a realistic size (not the engine's own)."""

from __future__ import annotations

from dataclasses import replace

from planner.plans.answer import Answer, Change, ContextPoint, FormatOption, FormulaStep, Interval, MemoryPart

GIB = 2**30


def around(value: float, spread: float = 0.15) -> Interval:
    return Interval(value=value, low=value * (1 - spread), high=value * (1 + spread))


PARTS = (
    MemoryPart(
        "weights", "Weights", 4.58 * GIB, "Each tensor's elements times the exact bits of its block type."
    ),
    MemoryPart(
        "kv_cache", "KV cache", 1.0 * GIB, "32 layers × 8,192 tokens × 8 heads × (128 + 128) × 2 bytes."
    ),
    MemoryPart("buffers", "Buffers", 0.56 * GIB, "What llama.cpp sets aside for one batch of 512 tokens."),
    MemoryPart(
        "overhead", "Overhead", 0.31 * GIB, "The driver's own memory for a process that uses the GPU."
    ),
)
FORMATS = (
    FormatOption("f16", "F16", 16.0, 17.0 * GIB, 16.07e9, "no", None, False),
    FormatOption("q8_0", "Q8_0", 8.5, 9.8 * GIB, 8.54e9, "offload", around(9.1, 0.4), False),
    FormatOption("q6_k", "Q6_K", 6.56, 8.0 * GIB, 6.6e9, "tight", around(38), False),
    FormatOption("q5_k_m", "Q5_K_M", 5.7, 7.2 * GIB, 5.73e9, "fits", around(44), False),
    FormatOption("q4_k_m", "Q4_K_M", 4.85, 6.45 * GIB, 4.92e9, "fits", around(52), True),
    FormatOption("iq2_xxs", "IQ2_XXS", 2.38, 4.1 * GIB, 2.4e9, "fits", None, False),
)
CONTEXTS = tuple(
    ContextPoint(
        tokens,
        (5.45 + tokens / 8192) * GIB,
        "fits" if tokens <= 16384 else "no",
        around(55 / (1 + tokens / 60000)) if tokens <= 16384 else None,
        around(2100 / (1 + tokens / 30000)) if tokens <= 16384 else None,
    )
    for tokens in (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)
)
STEPS = (
    FormulaStep(
        "Weights",
        "sum of elements × bits / 8",
        "8.03 × 10⁹ × 4.89 / 8",
        "4.58 GiB",
        "https://example.org/blocks",
    ),
    FormulaStep(
        "KV cache",
        "2 × layers × heads × head size × context × bytes",
        "2 × 32 × 8 × 128 × 8,192 × 2",
        "1.00 GiB",
    ),
    FormulaStep(
        "Time for one token",
        "W / (η_w × BW) + KV / (η_kv × BW) + L × c_layer",
        "4.58 GiB / (0.82 × 288 GB/s) + 1.00 GiB / (0.7 × 288 GB/s) + 32 × 12 µs",
        "19.2 ms",
        "https://example.org/roofline",
    ),
)
CHANGES = (
    Change(
        "Store the KV cache in 8 bits (Q8_0): 15,360 tokens more fit",
        "machine=rtx-4060&model=llama-3.1-8b&kv=q8_0",
        "fits",
    ),
    Change(
        "Use Q6_K: closer to the original, and still within the margin",
        "machine=rtx-4060&model=llama-3.1-8b&format=q6_k",
        "tight",
    ),
    Change("Ask for 131,072 tokens of context", "machine=rtx-4060&model=llama-3.1-8b&context=131072", "no"),
    Change("A second card of the same kind", "", "fits"),
)

FITS = Answer(
    sentence="Yes. It fits with 1.4 GiB to spare and writes about 52 tokens a second (44 to 60).",
    verdict="fits",
    machine_name="NVIDIA GeForce RTX 4060",
    model_name="Llama 3.1 8B Instruct",
    format_name="Q4_K_M",
    runtime_name="llama.cpp (CUDA)",
    kv_format_name="F16",
    device_count=1,
    context_tokens=8192,
    concurrency=1,
    need_bytes=6.45 * GIB,
    need_high_bytes=6.6 * GIB,
    limit_bytes=7.85 * GIB,
    margin_bytes=0.5 * GIB,
    spare_bytes=1.4 * GIB,
    capacity_bytes=8.0 * GIB,
    held_bytes=0.0,
    host_need_bytes=0.6 * GIB,
    host_limit_bytes=28.0 * GIB,
    limit_explanation="The driver keeps 150 MiB of an 8 GB card for itself.",
    limit_source_url="https://example.org/reserve",
    parts=PARTS,
    decode_tps=around(52),
    prefill_tps=around(1900, 0.3),
    ttft_ms=around(290, 0.35),
    prompt_tokens=512,
    output_tokens=256,
    speed_unknown_reason="",
    sustained_decode_tps=None,
    binding="memory bandwidth",
    max_context_tokens=16384,
    model_max_context_tokens=131072,
    formats=FORMATS,
    contexts=CONTEXTS,
    steps=STEPS,
    changes=CHANGES,
    notes=("Two sources disagree on this card's bandwidth: 272 and 288 GB/s. The lower one is used.",),
    snapshot="3f9a0c1d77aa",
    calibration="2026-11-23-1",
)

TIGHT = replace(
    FITS,
    verdict="tight",
    sentence="Just about. It needs 7.6 of 7.9 GiB, writing about 38 tokens a second (32 to 44).",
    need_bytes=7.6 * GIB,
    need_high_bytes=7.8 * GIB,
    spare_bytes=0.25 * GIB,
    parts=(replace(PARTS[0], bytes=5.73 * GIB), *PARTS[1:]),
)

DOES_NOT_FIT = replace(
    FITS,
    verdict="no",
    sentence="No. It needs about 643 GiB, and this machine can give 7.9 GiB.",
    model_name="DeepSeek R1 0528 671B A37B (a very long name of a fine-tuned and distilled variant)",
    format_name="FP8 (block-scaled, native)",
    need_bytes=643 * GIB,
    need_high_bytes=650 * GIB,
    spare_bytes=-635.15 * GIB,
    parts=(
        replace(PARTS[0], bytes=638.5 * GIB),
        replace(PARTS[1], bytes=0.54 * GIB),
        replace(PARTS[2], bytes=3.6 * GIB),
        replace(PARTS[3], bytes=0.36 * GIB),
    ),
    decode_tps=None,
    prefill_tps=None,
    ttft_ms=None,
    speed_unknown_reason="A model that does not fit has no speed here.",
    max_context_tokens=None,
    contexts=tuple(
        replace(point, verdict="no", decode_tps=None, prefill_tps=None, memory_bytes=640 * GIB)
        for point in CONTEXTS
    ),
)

OFFLOAD = replace(
    FITS,
    verdict="offload",
    sentence="Only in part. 2.0 GiB of it go to main memory; it writes about 9 tokens a second (5 to 13).",
    need_bytes=9.8 * GIB,
    need_high_bytes=10.1 * GIB,
    spare_bytes=-1.95 * GIB,
    host_need_bytes=1.95 * GIB,
    parts=(replace(PARTS[0], bytes=7.95 * GIB), replace(PARTS[1], bytes=0.98 * GIB), *PARTS[2:]),
    decode_tps=around(9.1, 0.4),
    binding="host memory",
)

SPEED_UNKNOWN = replace(
    FITS,
    sentence="Yes. It fits with 1.4 GiB to spare. How fast it writes is unknown.",
    machine_name="Your own figures: 8 GB",
    decode_tps=None,
    prefill_tps=None,
    ttft_ms=None,
    speed_unknown_reason="No source states this device's memory bandwidth, and the speed follows from it.",
    formats=tuple(replace(option, decode_tps=None) for option in FORMATS),
    contexts=tuple(replace(point, decode_tps=None, prefill_tps=None) for point in CONTEXTS),
)

PHONE = replace(
    FITS,
    sentence="Yes. It fits with 4.3 GiB to spare and writes about 21 tokens a second (15 to 27).",
    machine_name="Apple iPhone 16 Pro",
    model_name="Llama 3.2 1B Instruct",
    held_bytes=1.0 * GIB,
    limit_bytes=5.9 * GIB,
    need_bytes=1.6 * GIB,
    need_high_bytes=2.0 * GIB,
    spare_bytes=4.3 * GIB,
    parts=(
        replace(PARTS[0], bytes=0.75 * GIB),
        replace(PARTS[1], bytes=0.25 * GIB),
        replace(PARTS[2], bytes=0.3 * GIB),
        replace(PARTS[3], bytes=0.3 * GIB),
    ),
    decode_tps=around(21, 0.3),
    sustained_decode_tps=around(13, 0.4),
    notes=("The bandwidth is the memory type's upper limit: the phone reaches at most this.",),
)

SAMPLES = {
    "fits": FITS,
    "tight": TIGHT,
    "no": DOES_NOT_FIT,
    "offload": OFFLOAD,
    "unknown": SPEED_UNKNOWN,
    "phone": PHONE,
}
