"""Whole memory with the weights computed from the format's rules, against logs of standard formats."""

from __future__ import annotations

from functools import cache

import numpy as np

from hardware_catalog.files import load_rows
from hardware_catalog.tables import weight_formats
from planner.engine.quantize import WeightFormat
from planner.engine.weights import loaded_bytes
from tests.engine.memory_logs import MIB, LogRow, architectures
from tests.engine.test_buffers_llama import rows_with_buffers, whole_errors

# File types as the loader prints them, by catalog format.
PRINTED = {
    "F16": "f16",
    "BF16": "gguf-bf16",
    "Q8_0": "q8-0",
    "Q6_K": "q6-k",
    "Q5_K - Medium": "q5-k-m",
    "Q5_K - Small": "q5-k-s",
    "Q4_K - Medium": "q4-k-m",
    "Q4_0": "q4-0",
    "Q3_K - Medium": "q3-k-m",
    "Q2_K - Medium": "q2-k",
    "IQ4_XS - 4.25 bpw": "iq4-xs",
    "IQ3_XXS - 3.0625 bpw": "iq3-xxs",
    "MXFP4 MoE": "mxfp4-moe-q8",
}
# The command beside the log names a mix of its own: the printed type is only that of most tensors.
MIXES = {"m003": "IQ4_K__IQ3_S_Q8", "m085": "UD-Q2_K_XL"}


@cache
def formats() -> dict[str, WeightFormat]:
    rows = load_rows()
    return {f.slug: f for f in weight_formats(rows.formats, rows.block_types)}


def standard_rows(program: str) -> list[LogRow]:
    return [
        row
        for row in rows_with_buffers()
        if row["program"] == program
        and row["quality"] == "ok"
        and row["quant"] in PRINTED
        and row["id"] not in MIXES
    ]


def errors(rows: list[LogRow]) -> np.ndarray:
    """Relative error of the whole, the weights by rule."""
    logged_weights = np.array([sum(row.sizes("weights_mib_by_device").values()) for row in rows])
    by_rule = np.array(
        [loaded_bytes(architectures()[r["catalog_model"]], formats()[PRINTED[r["quant"]]]) for r in rows]
    )
    total = logged_weights + [
        row.number("kv_total_mib") * MIB
        + sum(row.sizes("compute_mib_by_device").values())
        + sum(row.sizes("output_mib_by_device").values())
        for row in rows
    ]
    return whole_errors(rows) + (by_rule - logged_weights) / total


def test_ik_llama_cpp_by_rule() -> None:
    rows = standard_rows("ik_llama")
    assert len(rows) >= 20
    found = errors(rows)
    assert np.median(np.abs(found)) <= 0.03
    assert np.mean(found < -0.02) <= 0.10


def test_llama_cpp_by_rule() -> None:
    rows = standard_rows("llama_cpp")
    assert len(rows) >= 4
    found = errors(rows)
    assert np.median(np.abs(found)) <= 0.03
    assert (found > -0.03).all()
