"""The accuracy report's keys in words for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner import figures


@dataclass(frozen=True, slots=True)
class MetricWords:
    """How one quantity is spoken of."""

    name: str
    term: str
    unit: str
    is_time: bool
    workload: str  # what "depth" groups by


METRIC_WORDS: Mapping[str, MetricWords] = {
    "decode": MetricWords("Writing", "decode", "tokens/s", False, "Context already filled, tokens"),
    "prefill": MetricWords("Reading a prompt", "prefill", "tokens/s", False, "Length of the prompt, tokens"),
    "ttft": MetricWords("First token", "time to first token", "ms", True, "Length of the prompt, tokens"),
    "served_decode": MetricWords(
        "Writing for several",
        "decode, batched or on several devices",
        "tokens/s",
        False,
        "Sequences at a time",
    ),
    "served_ttft": MetricWords(
        "First token for several", "TTFT, batched or on several devices", "ms", True, "Sequences at a time"
    ),
}

_KINDS: Mapping[str, str] = {
    "gpu": "GPU",
    "apple": "chip",
    "phone": "phone",
    "tablet": "tablet",
    "computer": "computer",
    "accelerator": "accelerator",
}
_SPEED_FAMILIES: Mapping[str, str] = {
    "k_quant": "K-quants (Q4_K_M and its kin)",
    "legacy_quant": "Q4_0, Q5_0, Q8_0",
    "iq": "IQ quants",
    "ik_quant": "ik_llama.cpp's quants",
    "ik_trellis": "ik_llama.cpp's trellis quants",
    "ternary": "ternary",
    "f16": "16 bits",
    "f32": "32 bits",
    "fp8": "FP8",
    "int8": "8-bit integers",
    "bnb_int8": "8-bit bitsandbytes",
    "mxfp4": "MXFP4",
    "nvfp4": "NVFP4",
    "nf4": "NF4",
    "int4_group": "AWQ, GPTQ and other 4-bit groups",
    "mlx_affine": "MLX's quants",
    "exl2": "EXL2",
    "exl3": "EXL3",
    "int4_mobile": "4 bits for mobile runtimes",
    "int8_mobile": "8 bits for mobile runtimes",
    "npu_q4": "4 bits for neural processors",
}
_MODEL_KINDS: Mapping[str, str] = {
    "gqa": "full attention",
    "sliding": "sliding windows",
    "hybrid": "with linear or recurrent layers",
    "mla": "latent attention (MLA)",
}
_OUTCOMES: Mapping[str, str] = {
    "used": "used",
    "set_aside": "set aside by a rule, with its reason",
    "other_metric": "another quantity than these",
    "ambiguous": "the device or model may be several",
    "not_in_catalog": "the device or model is not in the catalog",
    "unknown_figure": "a figure of the device is not known",
    "invalid": "a value or the format is missing or makes no sense",
}


def platform_words(value: str) -> str:
    """ "NVIDIA gpu, CUDA" as "NVIDIA GPU, CUDA"."""
    device, _, backend = value.partition(", ")
    vendor, _, kind = device.rpartition(" ")
    return f"{vendor} {_KINDS.get(kind, kind)}, {backend}"


def format_words(value: str) -> str:
    """The formats of one family."""
    return _SPEED_FAMILIES.get(value, value.replace("_", " "))


def model_words(value: str) -> str:
    """ "gqa-moe" as "full attention, experts (MoE)"."""
    attention, _, experts = value.partition("-")
    words = _MODEL_KINDS.get(attention, attention)
    return f"{words}, experts (MoE)" if experts else f"{words}, dense"


def outcome_words(value: str) -> str:
    """What became of a row."""
    return _OUTCOMES.get(value, value.replace("_", " "))


def percent(value: float | None, decimals: int = 0) -> str:
    """A share as "18 %", "–" where there was nothing to score."""
    return "–" if value is None else f"{figures.number(100 * value, decimals)}{figures.NBSP}%"


def count(value: int) -> str:
    """A count with its separators."""
    return f"{value:,}"
