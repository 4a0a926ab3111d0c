"""Memory by ``manage.py predict`` against logged loads: whatever the device, and with the host beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calibration.test_predict import answers

MIB = 2**20
pytestmark = pytest.mark.django_db


def test_four_slots_of_sliding_windows_are_counted(tmp_path: Path) -> None:
    case = {
        "device": "RTX 3090",
        "model": "gpt-oss-20b",
        "quant": "MXFP4",
        "runtime": "llama.cpp",
        "metric": "kv_bytes",
    }
    case |= {"batch": "1", "n_seq": "4", "n_ctx": "131072", "n_ubatch": "512"}
    (row,) = answers(tmp_path, case)
    assert float(row["prediction"]) == pytest.approx(3096 * MIB, rel=1e-6)


def test_a_host_beside_the_card_does_not_change_the_cache(tmp_path: Path) -> None:
    case = {
        "device": "AMD EPYC 9355 (12x DDR5-6400) + NVIDIA GeForce RTX 5090 32GB",
        "model": "DeepSeek-R1-0528",
        "quant": "IQ3_K_R4",
        "runtime": "ik_llama.cpp",
        "backend": "CPU+CUDA",
        "kv_type": "c^KV:q8_0",
        "n_ctx": "32768",
    }
    cache, speed = answers(tmp_path, case | {"metric": "kv_bytes"}, case | {"metric": "decode_tps"})
    assert float(cache["prediction"]) == pytest.approx(1166.62 * MIB, rel=1e-4)
    assert speed["status"] == "unknown_figure"
    assert "host memory" in speed["reason"]


@pytest.mark.parametrize("device", ["CPU", "a card that nobody knows"])
def test_memory_needs_no_known_device(tmp_path: Path, device: str) -> None:
    case = {
        "device": device,
        "model": "DeepSeek-R1",
        "quant": "Q8_0",
        "runtime": "ik_llama.cpp",
        "backend": "CPU",
    }
    case |= {
        "kv_type": "c^KV:f16",
        "n_ctx": "2048",
        "n_ubatch": "512",
        "flash_attn": "1",
        "weights_gib": "664.29",
    }
    memory, speed = answers(tmp_path, case | {"metric": "memory_bytes"}, case | {"metric": "decode_tps"})
    # weights, cache, compute and output buffers of https://github.com/ikawrakow/ik_llama.cpp/issues/271 (log m005)
    assert float(memory["prediction"]) == pytest.approx((680_238 + 137.25 + 432.01 + 1.97) * MIB, rel=1e-3)
    assert "do not matter" in memory["reason"]
    assert speed["status"] in ("ambiguous", "not_in_catalog")
