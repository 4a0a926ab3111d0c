"""Where llama.cpp puts the weights: logged buffers of loads against weights by rule."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from planner.engine.units import MIB
from planner.engine.weights import loaded_bytes, tied_output_bytes, weight_bytes
from tests.engine.catalog import architectures, formats

LOGS = Path(__file__).resolve().parent.parent / "data" / "memory_logs.csv"
HOST = ("CPU", "CPU_Mapped", "CUDA_Host")


@cache
def buffers(log: str) -> dict[str, float]:
    """MiB of weights by buffer in one log."""
    with LOGS.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["id"] == log)
    pairs = (pair.split("=") for pair in row["weights_mib_by_device"].split(";"))
    return {name: float(mib) for name, mib in pairs}


@pytest.mark.parametrize(
    ("log", "model", "fmt"),
    [
        ("m005", "deepseek-r1", "q8-0"),
        ("m048", "qwen3-235b-a22b", "q8-0"),
        ("m110", "qwen3-235b-a22b", "q8-0"),
        ("m125", "llama-3-1-8b", "q4-0"),
        ("m128", "gpt-oss-20b", "mxfp4-moe-q8"),
    ],
)
def test_buffers_hold_all_weights(log: str, model: str, fmt: str) -> None:
    total = loaded_bytes(architectures()[model], formats()[fmt]) / MIB
    assert sum(buffers(log).values()) == pytest.approx(total, rel=2e-4)


def test_full_offload_leaves_the_embedding_on_the_host() -> None:
    embedding = weight_bytes(architectures()["llama-3-1-8b"], formats()["q4-0"])["embedding"] / MIB
    assert buffers("m125")["CPU_Mapped"] == pytest.approx(embedding, rel=1e-3)


def test_a_tied_table_is_on_the_device_and_on_the_host() -> None:
    model, fmt = architectures()["llama-3-2-3b"], formats()["q4-k-m"]
    assert buffers("m143")["CUDA0"] == pytest.approx(loaded_bytes(model, fmt) / MIB, rel=1e-4)
    assert buffers("m143")["CPU_Mapped"] == pytest.approx(tied_output_bytes(model, fmt) / MIB, rel=1e-4)
