"""Other tools' formulas for speed, to be scored on the same rows as ours.

Written anew from what each tool publishes (addresses beside them). Where a formula takes a figure that its tool looks
up in a table of its own (memory bandwidth, parameters, size of a file), it gets the catalog's, which is at least as
exact. ``None``: the formula gives no answer for the row. Speeds are tokens/s, times to the first token milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planner.calibration.subjects import Subject
from planner.engine.units import GIB

GIGA = 1e9
Formula = Callable[[Subject], float | None]


@dataclass(frozen=True, slots=True)
class Rival:
    """A formula with its name, what it says, and where it is published."""

    name: str
    says: str
    source_url: str
    answer: Formula


def name_bits(subject: Subject) -> int:
    """Bits per weight as the format's name says them (Q4_K_M: 4), which is what most tools go by."""
    named = re.search(r"(?:^|-)(?:iq|tq|q)(\d)(?:-|$)", subject.format.slug)
    if subject.format.family == "gguf" and named:
        return int(named.group(1))
    return int(subject.format.nominal_bits_per_weight or 4)


def _by_bits(table: Mapping[int, float], subject: Subject) -> float:
    """Bytes per weight from a tool's table; formats that it does not list count with their nominal bits."""
    bits = name_bits(subject)
    return table.get(bits, (subject.format.nominal_bits_per_weight or bits) / 8)


def _bandwidth(subject: Subject) -> float:
    return subject.device.bandwidth_bytes_per_s or float("nan")


def bandwidth_over_bytes(subject: Subject) -> float | None:
    """Peak bandwidth over the exact bytes that a token reads: the reading that favours the folk formula most."""
    return _bandwidth(subject) / subject.read_bytes


# https://github.com/AlexsJones/llmfit, llmfit-core/src/models.rs: quant_bytes_per_param, quant_bpp
_LLMFIT_BYTES = {2: 0.25, 3: 0.375, 4: 0.5, 5: 0.625, 6: 0.75, 8: 1.0, 16: 2.0}
_LLMFIT_STORED = {2: 0.37, 3: 0.48, 4: 0.58, 5: 0.68, 6: 0.80, 8: 1.05, 16: 2.0, 32: 4.0}
_LLMFIT_MLX = {4: 0.55, 8: 1.0}
_LLMFIT_INT4 = {4: 0.5, 8: 1.0}  # AWQ and GPTQ
# the same file, quant_speed_multiplier: only processors without a graphics card use it
_LLMFIT_CPU_BY_BITS = {2: 1.35, 3: 1.25, 4: 1.15, 5: 1.0, 6: 0.95, 8: 0.8, 16: 0.6}
LLMFIT_EFFICIENCY = 0.55
_LLMFIT_FIXED_BYTES = 3.2  # MOE_FIXED_EFFECTIVE_BPP
_LLMFIT_PRESSURE_FROM, _LLMFIT_PRESSURE_FLOOR = 0.60, 0.30
_LLMFIT_CPU_K_ARM, _LLMFIT_CPU_K_X86 = 90.0, 70.0
_LLMFIT_MANY_CORES, _LLMFIT_CPU_ONLY = 1.1, 0.3


def _llmfit_stored_bytes(subject: Subject) -> float:
    if subject.format.family == "mlx":
        return _by_bits(_LLMFIT_MLX, subject)
    if subject.format.speed_family == "int4_group":
        return _by_bits(_LLMFIT_INT4, subject)
    return _by_bits(_LLMFIT_STORED, subject)


def llmfit(subject: Subject) -> float | None:
    """estimate_tps of llmfit-core/src/fit.rs: dense, experts in device memory, and processors alone."""
    counts = subject.counts
    if subject.backend == "CPU":
        # its K is chosen by the processor it was compiled for; eight cores and more are taken for granted here
        x86 = subject.device.vendor in ("Intel", "AMD")
        k = _LLMFIT_CPU_K_X86 if x86 else _LLMFIT_CPU_K_ARM
        params = max((counts.active if counts.is_moe else counts.total) / GIGA, 0.1)
        by_bits = _LLMFIT_CPU_BY_BITS.get(name_bits(subject), 1.0)
        return k / params * by_bits * _LLMFIT_MANY_CORES * _LLMFIT_CPU_ONLY
    bandwidth = _bandwidth(subject)
    if not counts.is_moe:
        return bandwidth / (counts.total * _by_bits(_LLMFIT_BYTES, subject)) * LLMFIT_EFFICIENCY
    stored = _llmfit_stored_bytes(subject)
    read = counts.active_expert * stored + counts.fixed * _LLMFIT_FIXED_BYTES
    return bandwidth / read * _llmfit_pressure(subject, stored)


def _llmfit_pressure(subject: Subject, stored: float) -> float:
    """Its penalty on experts that fill the device's memory; 1 where the memory is not known."""
    used = subject.counts.total * stored / GIGA / (subject.memory_bytes / GIB)
    if not _LLMFIT_PRESSURE_FROM <= used <= 1.0:
        return 1.0
    idle = 1 - subject.counts.n_experts_used / subject.counts.n_experts
    return max(1 - (used - _LLMFIT_PRESSURE_FROM) * idle, _LLMFIT_PRESSURE_FLOOR)


# https://github.com/midudev/canirun.ai, packages/models/src/index.ts: makeQuants;
# packages/compatibility/src/index.ts: estimateTokensPerSecond
_CANIRUN_BYTES = {2: 0.3125, 3: 0.4375, 4: 0.5, 5: 0.625, 6: 0.75, 8: 1.0, 16: 2.0}
_CANIRUN_MARGIN, _CANIRUN_OVERHEAD_GB, _CANIRUN_LEAST_GB = 1.1, 0.5, 0.5
_CANIRUN_GPU, _CANIRUN_APPLE, _CANIRUN_MOBILE = 0.70, 0.65, 0.40
_CANIRUN_HOST_GBS, _CANIRUN_TRANSFER = 50.0, 0.85


def canirun_ai(subject: Subject) -> float | None:
    """Bandwidth over an estimated working set; what exceeds a card's memory goes over 50 GB/s. Not rounded."""
    counts, kind = subject.counts, subject.device.kind
    weights_gib = counts.total * _by_bits(_CANIRUN_BYTES, subject) / GIB
    resident = max(weights_gib * _CANIRUN_MARGIN + _CANIRUN_OVERHEAD_GB, _CANIRUN_LEAST_GB)
    working = max(resident * counts.active / counts.total, _CANIRUN_LEAST_GB) if counts.is_moe else resident
    efficiency = (
        _CANIRUN_MOBILE
        if kind in ("phone", "tablet")
        else _CANIRUN_APPLE
        if subject.device.vendor == "Apple"
        else _CANIRUN_GPU
    )
    bandwidth_gbs = _bandwidth(subject) / GIGA
    memory_gb = subject.memory_bytes / GIB
    if kind == "gpu" and resident > memory_gb:
        inside = memory_gb / resident
        blended = 1 / (inside / bandwidth_gbs + (1 - inside) / _CANIRUN_HOST_GBS)
        return blended / working * efficiency * _CANIRUN_TRANSFER
    return bandwidth_gbs / working * efficiency


# https://github.com/Andyyyy64/whichllm, src/whichllm/engine/performance.py
_WHICHLLM_BY_FORMAT = {
    "gguf-f32": 0.30,
    "fp32": 0.30,
    "f16": 0.40,
    "fp16": 0.40,
    "gguf-bf16": 0.40,
    "bf16": 0.40,
    "mlx-bf16": 0.40,
    "q8-0": 0.45,
    "q6-k": 0.50,
    "q5-k-m": 0.52,
    "q5-k-s": 0.52,
    "q5-0": 0.50,
    "q4-k-m": 0.55,
    "q4-k-s": 0.55,
    "q4-0": 0.53,
    "nvfp4": 0.56,
    "gguf-nvfp4": 0.56,
    "mxfp4": 0.55,
    "mxfp4-moe": 0.55,
    "q3-k-m": 0.50,
    "q3-k-s": 0.48,
    "q3-k-l": 0.50,
    "q2-k": 0.45,
    "iq4-xs": 0.52,
    "iq4-nl": 0.50,
    "iq3-s": 0.45,
    "iq3-m": 0.45,
    "iq3-xs": 0.45,
    "iq3-xxs": 0.42,
    "iq2-s": 0.40,
    "iq2-m": 0.40,
    "iq2-xxs": 0.38,
    "iq1-m": 0.35,
    "iq1-s": 0.35,
    "q2-0": 0.38,
    "q1-0": 0.32,
    "tq2-0": 0.35,
    "tq1-0": 0.32,
}
_WHICHLLM_OTHER_FORMAT = 0.45
_WHICHLLM_BY_VENDOR = {"NVIDIA": 1.00, "AMD": 0.78, "Apple": 0.82, "Intel": 0.65}
_WHICHLLM_OTHER_VENDOR = 0.7
_WHICHLLM_EXPERT_FLOOR, _WHICHLLM_EXPERT_FLOOR_MOST, _WHICHLLM_EXPERT_GBS = 0.05, 0.25, 256.0


def whichllm(subject: Subject) -> float | None:
    """Bandwidth over the file's bytes, by format and vendor; sparse models read at least a share that grows with it."""
    counts = subject.counts
    by_format = _WHICHLLM_BY_FORMAT.get(subject.format.slug, _WHICHLLM_OTHER_FORMAT)
    if subject.backend == "CPU":
        params = (counts.active if counts.is_moe else counts.total) / GIGA
        return max(0.3, 18.0 / max(params, 0.5) * by_format / _WHICHLLM_OTHER_FORMAT)
    bandwidth = _bandwidth(subject)
    share = 1.0
    if counts.is_moe:
        floor = _WHICHLLM_EXPERT_FLOOR * max(1.0, bandwidth / GIGA / _WHICHLLM_EXPERT_GBS)
        share = min(max(counts.active / counts.total, min(floor, _WHICHLLM_EXPERT_FLOOR_MOST)), 1.0)
    by_vendor = _WHICHLLM_BY_VENDOR.get(subject.device.vendor, _WHICHLLM_OTHER_VENDOR)
    return bandwidth / (subject.weights_bytes * share) * by_format * by_vendor


# https://canitrun.dev/about/
_CANITRUN_BYTES = {2: 0.3, 3: 0.4, 4: 0.5, 5: 0.625, 6: 0.75, 8: 1.0, 16: 2.0}


def canitrun_dev(subject: Subject) -> float | None:
    """Bandwidth over active weights at nominal bytes."""
    return _bandwidth(subject) / (subject.counts.active * _by_bits(_CANITRUN_BYTES, subject))


# https://gpudojo-v2.pages.dev/articles/speed-estimation: nominal bytes (Q4 0.5, Q8 1, FP16 2); the shares are those
# that its calculator was seen to apply in November 2026
_GPUDOJO_BANDWIDTH, _GPUDOJO_COMPUTE = 0.75, 0.5


def gpudojo(subject: Subject) -> float | None:
    """Three quarters of the bandwidth over all weights at nominal bytes."""
    return _bandwidth(subject) * _GPUDOJO_BANDWIDTH / (subject.counts.total * name_bits(subject) / 8)


def _fp16(subject: Subject) -> float | None:
    return subject.device.fp16_flops_per_s or subject.device.bf16_flops_per_s


def gpudojo_prefill(subject: Subject) -> float | None:
    """Half the FP16 compute over two FLOP a weight."""
    peak = _fp16(subject)
    return None if peak is None else peak * _GPUDOJO_COMPUTE / (2.0 * subject.counts.total)


def compute_over_flops(subject: Subject) -> float | None:
    """The whole FP16 compute over two FLOP an active weight."""
    peak = _fp16(subject)
    return None if peak is None else peak / (2.0 * subject.counts.active)


def first_token_by_compute(subject: Subject) -> float | None:
    """Milliseconds: two FLOP for each active weight and prompt token, over the FP16 compute."""
    rate = compute_over_flops(subject)
    return None if rate is None else subject.prompt_tokens / rate * 1e3


def first_token_gpudojo(subject: Subject) -> float | None:
    """Milliseconds of reading the prompt at gpudojo's rate."""
    rate = gpudojo_prefill(subject)
    return None if rate is None else subject.prompt_tokens / rate * 1e3


_LLMFIT_URL = "https://github.com/AlexsJones/llmfit/blob/main/llmfit-core/src/fit.rs"
_GPUDOJO_URL = "https://gpudojo-v2.pages.dev/articles/speed-estimation"
_CANIRUNTHIS_URL = "https://canirunthisllm.com/methodology/"
# the plain reading of a roofline, in nobody's name
_ROOFLINE_URL = "https://doi.org/10.1145/1498765.1498785"


def _share_of_bandwidth(subject: Subject) -> float | None:
    return LLMFIT_EFFICIENCY * _bandwidth(subject) / subject.read_bytes


def all_bandwidths_over_bytes(subject: Subject) -> float | None:
    """The bandwidth of all devices over the bytes that a token reads, whatever the others do."""
    return _bandwidth(subject) * subject.device_count / subject.read_bytes


def first_token_by_all_compute(subject: Subject) -> float | None:
    """Milliseconds: two FLOP for each active weight and prompt token, over the FP16 compute of all devices."""
    found = first_token_by_compute(subject)
    return None if found is None else found / subject.device_count


RIVALS: Mapping[str, tuple[Rival, ...]] = {
    "decode": (
        Rival(
            "bandwidth / bytes",
            "with the exact bytes that a token reads",
            _ROOFLINE_URL,
            bandwidth_over_bytes,
        ),
        Rival(
            "0.55 * bandwidth / bytes",
            "llmfit’s share of the bandwidth, with the exact bytes",
            _LLMFIT_URL,
            _share_of_bandwidth,
        ),
        Rival(
            "llmfit",
            "0.55 × bandwidth ÷ nominal bytes; experts: fixed weights at 3.2 bytes; processors: a constant ÷ weights",
            _LLMFIT_URL,
            llmfit,
        ),
        Rival(
            "canirun.ai",
            "0.70 (Apple 0.65, mobile 0.40) × bandwidth ÷ estimated working set",
            "https://github.com/midudev/canirun.ai/blob/main/packages/compatibility/src/index.ts",
            canirun_ai,
        ),
        Rival(
            "whichllm",
            "bandwidth ÷ file × 0.30 to 0.56 by format × 0.65 to 1 by vendor",
            "https://github.com/Andyyyy64/whichllm/blob/main/src/whichllm/engine/performance.py",
            whichllm,
        ),
        Rival(
            "canitrun.dev",
            "bandwidth ÷ active weights at nominal bytes",
            "https://canitrun.dev/about/",
            canitrun_dev,
        ),
        Rival("gpudojo", "0.75 × bandwidth ÷ all weights at nominal bytes", _GPUDOJO_URL, gpudojo),
    ),
    "prefill": (
        Rival(
            "compute / FLOPs", "FP16 compute ÷ 2 FLOP an active weight", _CANIRUNTHIS_URL, compute_over_flops
        ),
        Rival("gpudojo", "half the FP16 compute ÷ 2 FLOP a weight", _GPUDOJO_URL, gpudojo_prefill),
    ),
    "ttft": (
        Rival(
            "canirunthisllm.com",
            "prompt × 2 FLOP an active weight ÷ FP16 compute",
            _CANIRUNTHIS_URL,
            first_token_by_compute,
        ),
        Rival("gpudojo", "prompt ÷ its prefill rate", _GPUDOJO_URL, first_token_gpudojo),
    ),
    "served_decode": (
        Rival(
            "bandwidth / bytes",
            "of all devices, with the exact bytes that one token reads",
            _ROOFLINE_URL,
            all_bandwidths_over_bytes,
        ),
    ),
    "served_ttft": (
        Rival(
            "compute / FLOPs",
            "prompt × 2 FLOP an active weight ÷ FP16 compute of all devices",
            _CANIRUNTHIS_URL,
            first_token_by_all_compute,
        ),
    ),
}
