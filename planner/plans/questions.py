"""The question a person asks, after validation: names are resolved to slugs, figures are in SI units."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device described by its owner instead of chosen from the catalog."""

    memory_bytes: float
    bandwidth_bytes_per_s: float | None
    fp16_flops_per_s: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """One plan's input. Exactly one of ``machine``, ``device`` and ``own_device`` is set."""

    model: str  # slug
    machine: str = ""  # machine slug
    device: str = ""  # device slug
    own_device: OwnDevice | None = None
    device_count: int = 1
    memory_gb: float | None = (
        None  # of one device, vendor-nominal GB; None: the preset's or the smallest option
    )
    host_memory_gb: float | None = None
    held_bytes: float = 0.0  # memory that other programs already hold
    format: str = "auto"  # slug or "auto"
    kv_format: str = "f16"
    runtime: str = ""  # slug; "" picks the usual one for the device
    context_tokens: int = 8192
    concurrency: int = 1
    prompt_tokens: int = 512
    output_tokens: int = 256
