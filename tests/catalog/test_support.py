"""What runs where: formats by runtime, backend and hardware generation."""

from __future__ import annotations

import pytest

from hardware_catalog.rows import CatalogRows
from hardware_catalog.support import matching_rules
from planner.engine.kv import KV_RULES

V100, T4, A100 = "nvidia-tesla-v100-sxm2-32-gb", "nvidia-t4", "nvidia-a100-sxm4-80-gb"
ADA, H100, RTX50, B200 = (
    "nvidia-geforce-rtx-4090",
    "nvidia-h100-sxm5-80-gb",
    "nvidia-geforce-rtx-5090",
    "nvidia-b200-sxm-180-gb",
)
MI300, XTX, ARC = "amd-instinct-mi300x", "amd-radeon-rx-7900-xtx", "intel-arc-b580"
MAC, IPHONE, GALAXY, PC = (
    "apple-m4-max-40-core-gpu",
    "apple-iphone-16-pro",
    "samsung-galaxy-s24-ultra",
    "desktop-cpu-ddr5-5600-dual-channel",
)

RUNS = [
    ("vllm", T4, "awq-4bit", "weight_only"),
    ("vllm", V100, "gptq-4bit", "weight_only"),
    ("vllm", A100, "fp8", "weight_only"),
    ("vllm", ADA, "fp8", "native"),
    ("vllm", H100, "fp8-block128", "native"),
    ("vllm", H100, "nvfp4", "weight_only"),
    ("vllm", B200, "nvfp4", "native"),
    ("vllm", RTX50, "nvfp4", "native"),
    ("vllm", B200, "mxfp4-moe", "native"),
    ("vllm", H100, "mxfp4-moe", "weight_only"),
    ("vllm", MI300, "fp8", "native"),
    ("sglang", H100, "fp8-block128", "native"),
    ("tensorrt-llm", H100, "fp8", "native"),
    ("tensorrt-llm", B200, "nvfp4", "native"),
    ("mlx-lm", MAC, "mlx-4bit", "native"),
    ("llama-cpp", XTX, "q4-k-m", "native"),
    ("llama-cpp", ARC, "q4-k-m", "native"),
    ("llama-cpp", V100, "iq4-xs", "native"),
    ("llama-cpp", IPHONE, "q4-0", "native"),
    ("llama-cpp", GALAXY, "q4-k-m", "native"),
    ("llama-cpp", PC, "q8-0", "native"),
    ("ik-llama-cpp", PC, "iq4-k", "native"),
    ("exllamav3", ADA, "exl3-4bpw", "weight_only"),
    ("executorch", GALAXY, "8da4w", "native"),
]
DOES_NOT_RUN = [
    ("vllm", V100, "awq-4bit"),
    ("vllm", V100, "fp8"),
    ("vllm", T4, "nvfp4"),
    ("vllm", MAC, "bf16"),
    ("vllm", MI300, "nvfp4"),
    ("vllm", IPHONE, "awq-4bit"),
    ("sglang", H100, "nvfp4"),
    ("tensorrt-llm", MI300, "fp8"),
    ("tensorrt-llm", A100, "fp8"),
    ("tensorrt-llm", H100, "nvfp4"),
    ("mlx-lm", MI300, "mlx-4bit"),
    ("mlx-lm", MAC, "q4-k-m"),
    ("llama-cpp", ADA, "iq4-k"),
    ("llama-cpp", ADA, "awq-4bit"),
    ("llama-cpp", ADA, "mlx-4bit"),
    ("ik-llama-cpp", MAC.replace("m4-max-40-core-gpu", "m4-max-40-core-gpu"), "mlx-4bit"),
    ("ik-llama-cpp", XTX, "q4-k-m"),
    ("exllamav3", T4, "exl3-4bpw"),
    ("exllamav3", XTX, "exl3-4bpw"),
    ("fastflowlm", ADA, "q4nx"),
]


def executions(
    shipped: CatalogRows, runtime: str, device: str, weight_format: str, system: str = ""
) -> set[str]:
    rules = matching_rules(
        next(row for row in shipped.runtimes if row.slug == runtime),
        next(row for row in shipped.devices if row.slug == device),
        next(row for row in shipped.formats if row.slug == weight_format),
        system,
    )
    return {rule["execution"] for rule in rules}


@pytest.mark.parametrize(("runtime", "device", "weight_format", "execution"), RUNS)
def test_runs(shipped: CatalogRows, runtime: str, device: str, weight_format: str, execution: str) -> None:
    assert executions(shipped, runtime, device, weight_format) == {execution}


@pytest.mark.parametrize(("runtime", "device", "weight_format"), DOES_NOT_RUN)
def test_does_not_run(shipped: CatalogRows, runtime: str, device: str, weight_format: str) -> None:
    assert executions(shipped, runtime, device, weight_format) == set()


def test_the_operating_system_counts_where_it_is_known(shipped: CatalogRows) -> None:
    assert executions(shipped, "tensorrt-llm", H100, "fp8", "linux") == {"native"}
    assert executions(shipped, "tensorrt-llm", ADA, "fp8", "windows") == set()


def test_every_memory_rule_is_one_of_the_engine(shipped: CatalogRows) -> None:
    assert {row.kv_rule for row in shipped.runtimes} <= set(KV_RULES)


def test_every_device_with_memory_runs_something(shipped: CatalogRows) -> None:
    """Each device class has at least one runtime with at least one format."""
    lonely = [
        device.slug
        for device in shipped.devices
        if not any(
            matching_rules(runtime, device, weight_format)
            for runtime in shipped.runtimes
            for weight_format in shipped.formats
        )
    ]
    assert lonely == ["aws-trainium2"]


def test_every_shipped_format_runs_somewhere(shipped: CatalogRows) -> None:
    unused = {
        row.slug
        for row in shipped.formats
        if not any(
            matching_rules(runtime, device, row)
            for runtime in shipped.runtimes
            for device in shipped.devices
            if device.slug
            in {ADA, B200, H100, MAC, IPHONE, GALAXY, PC, MI300, "amd-ryzen-ai-max-plus-395-radeon-8060s"}
        )
    }
    # RKLLM runs on Rockchip boards, of which the catalog has none yet.
    assert unused == {"w8a8-rkllm", "w4a16-rkllm"}
