"""Answers that anyone can check: does this model fit this machine?"""

from __future__ import annotations

import json

import numpy as np
import pytest

from hardware_catalog.files import DATA
from planner.engine.limits import limit_table, overhead_table, usable_bytes
from planner.engine.need import MemoryNeed
from planner.engine.verdict import VERDICTS, judge
from planner.engine.weights import weight_bytes
from tests.engine.memory_logs import architectures
from tests.engine.test_memory_by_rule import formats
from tests.engine.test_need import need

GIB = 2.0**30
RAW = json.loads((DATA / "limits.json").read_text(encoding="utf-8"))
LIMITS, OVERHEADS = limit_table(RAW), overhead_table(RAW)


def plan(model: str, weight_format: str, context: int, platform: str, devices: int = 1) -> MemoryNeed:
    classes = weight_bytes(architectures()[model], formats()[weight_format])
    total = sum(classes.values()) - classes["mtp"]
    on_gpu = platform in ("nvidia", "nvidia_windows", "amd")
    backend = OVERHEADS.backends.index("cuda" if on_gpu else "metal")
    return need(
        model,
        total,
        context,
        embedding=classes["embedding"],
        tied=architectures()[model].tied_embeddings,
        devices=devices,
        separate_host=on_gpu,
        overhead=tuple(float(values[backend]) for values in OVERHEADS.bytes),  # type: ignore[arg-type]
    )


def verdict(
    model: str,
    weight_format: str,
    context: int,
    platform: str,
    memory_gb: float,
    *,
    devices: int = 1,
    host_gb: float = 0,
) -> str:
    needs = plan(model, weight_format, context, platform, devices).needs
    limit = usable_bytes(
        LIMITS, np.array(LIMITS.index(platform)), np.array([memory_gb * GIB]), np.array(float(devices))
    )
    return VERDICTS[judge(needs, limit.central, np.array([host_gb * GIB])).code[0]]


@pytest.mark.parametrize(
    ("model", "weight_format", "context", "platform", "memory_gb", "expected"),
    [
        ("llama-3-1-8b", "q4-k-m", 8192, "nvidia", 8, {"fits"}),
        ("llama-3-1-8b", "q4-k-m", 131072, "nvidia", 8, {"no"}),
        ("llama-3-1-8b", "q4-k-m", 4096, "ios", 8, {"tight", "no"}),
        ("llama-3-2-1b", "q4-k-m", 4096, "ios", 8, {"fits"}),
        ("llama-3-2-3b", "q4-k-m", 4096, "ios", 8, {"fits"}),
        ("deepseek-v3", "q4-k-m", 8192, "macos", 512, {"fits"}),
        ("deepseek-v3", "q8-0", 8192, "macos", 512, {"no"}),
        ("gemma-3-27b", "q4-k-m", 131072, "macos", 48, {"fits"}),
        ("qwen3-32b", "q4-k-m", 8192, "nvidia", 24, {"fits", "tight"}),
        ("qwen3-32b", "q8-0", 8192, "nvidia", 24, {"no"}),
        ("gpt-oss-20b", "mxfp4-moe-q8", 131072, "macos", 24, {"fits", "tight"}),
    ],
)
def test_well_known_pairs(
    model: str, weight_format: str, context: int, platform: str, memory_gb: float, expected: set[str]
) -> None:
    assert verdict(model, weight_format, context, platform, memory_gb) in expected


def test_deepseek_r1_needs_hundreds_of_gigabytes() -> None:
    # "in 37 GB": it is the 37 billion active parameters that number counts
    assert plan("deepseek-v3", "q8-0", 4096, "macos").needs.device[0] > 670e9
    assert verdict("deepseek-v3", "q8-0", 4096, "nvidia", 40, devices=1) == "no"


def test_long_context_moves_to_host_memory_where_it_is_stated() -> None:
    assert verdict("llama-3-1-8b", "q4-k-m", 131072, "nvidia", 8, host_gb=64) == "offload"
    assert verdict("llama-3-1-8b", "q4-k-m", 131072, "nvidia", 8, host_gb=8) == "no"


def test_two_cards_hold_what_one_does_not() -> None:
    assert verdict("llama-3-1-70b", "q4-k-m", 8192, "nvidia", 24) == "no"
    assert verdict("llama-3-1-70b", "q4-k-m", 8192, "nvidia", 24, devices=2) in ("fits", "tight")


def test_the_metal_log_of_gpt_oss_20b() -> None:
    """Projected 14,210 MiB of device memory at 131,072 tokens on an M5 (ontouchstart/rabbit-holes, build 8198)."""
    got = plan("gpt-oss-20b", "mxfp4-moe-q8", 131072, "macos")
    assert got.needs.device[0] / 2**20 == pytest.approx(14210 + 379.71 + 269.27, rel=0.05)
