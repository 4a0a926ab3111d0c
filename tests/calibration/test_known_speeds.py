"""Speeds that anyone can check, with the shipped calibration; and one plan is the same as its cell of a grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hardware_catalog.files import load_rows
from hardware_catalog.names.index import NameIndex
from hardware_catalog.tables import catalog_tables, memory_limits
from planner.calibration.case_files import CaseLine
from planner.calibration.files import shipped_calibration
from planner.calibration.predictions import Predictor


@cache
def predictor() -> Predictor:
    rows = load_rows()
    limits, overheads = memory_limits()
    return Predictor(
        rows=rows,
        tables=catalog_tables(rows),
        calibration=shipped_calibration(),
        limits=limits,
        overheads=overheads,
        names=NameIndex.build(rows),
        utilization={},
    )


def rates(*cases: dict[str, str]) -> list[float]:
    """Predictions of cases; each must be answered."""
    base = {"id": "x", "metric": "decode_tps", "quant": "Q4_K_M", "runtime": "llama.cpp"}
    answers = predictor().answer([CaseLine(2, base | case) for case in cases])
    assert [answer[9] for answer in answers] == ["ok"] * len(cases), answers
    return [float(answer[1]) for answer in answers]


def test_deepseek_r1_on_a_mac_studio():
    (rate,) = rates({"device": "M3 Ultra 80-core", "model": "DeepSeek-R1", "ctx_depth": "1000"})
    assert 14 <= rate <= 22


@pytest.mark.parametrize("device", ["RTX 4090", "RTX 3090", "M4 Max 40-core", "RX 7900 XTX"])
def test_few_active_experts_are_at_least_twice_as_fast(device: str):
    sparse, dense = rates(
        {"device": device, "model": "Qwen3-30B-A3B"}, {"device": device, "model": "Qwen3-32B"}
    )
    assert sparse >= 2 * dense


@pytest.mark.parametrize("device", ["RTX 4090", "M2 Max 38-core", "RX 7900 XTX"])
def test_context_slows_decode_through_the_cache(device: str):
    depths = [0, 1_000, 8_000, 32_000, 100_000]
    found = rates(*({"device": device, "model": "Llama-3.1-8B", "ctx_depth": str(d)} for d in depths))
    assert found == sorted(found, reverse=True)
    # twice as many bytes at 32k of this model (131,072 each token) cannot cost more than twenty times
    assert 1.3 < found[0] / found[3] < 20


def test_smaller_formats_are_faster():
    sizes = rates(
        *({"device": "RTX 3090", "model": "Llama-3.1-8B", "quant": q} for q in ("F16", "Q8_0", "Q4_K_M"))
    )
    assert sizes == sorted(sizes)


def test_a_faster_card_of_one_family_is_faster():
    found = rates(
        *(
            {"device": d, "model": "Llama-3.1-8B"}
            for d in ("RTX 3060 12GB", "RTX 3090", "RTX 4090", "RTX 5090")
        )
    )
    assert found == sorted(found)
    assert np.all(np.array(found) > 20)
