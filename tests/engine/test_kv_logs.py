"""KV cache sizes against published logs of llama.cpp and ik_llama.cpp."""

from __future__ import annotations

import numpy as np
import pytest

from planner.engine.kv import cache_bytes, cache_table
from tests.engine.memory_logs import MIB, LogRow, architectures, cache_plan, log_rows


def usable_rows() -> list[LogRow]:
    return [row for row in log_rows() if row["kv_total_mib"] and row["n_ctx"]]


def known(rows: list[LogRow]) -> list[LogRow]:
    return [row for row in rows if row["catalog_model"] in architectures()]


def errors(rows: list[LogRow]) -> np.ndarray:
    table = cache_table([architectures()[row["catalog_model"]] for row in rows])
    computed = cache_bytes(table, cache_plan(rows)).keys_values / MIB
    return computed / np.array([row.number("kv_total_mib") for row in rows]) - 1


def test_95_percent_of_usable_rows_are_within_half_a_percent() -> None:
    rows = usable_rows()
    assert len(rows) >= 98
    right = np.abs(errors(known(rows))) <= 0.005
    # rows whose model is not described anywhere count as wrong
    assert right.sum() / len(rows) >= 0.95


def test_rows_are_exact_to_the_rounding_of_the_log() -> None:
    rows = known(usable_rows())
    assert np.quantile(np.abs(errors(rows)), 0.95) < 0.0005


def test_only_two_rows_have_no_described_model() -> None:
    missing = [row["id"] for row in usable_rows() if row["catalog_model"] not in architectures()]
    # a 253 B network whose layers differ from one another, and a log that names no model
    assert missing == ["m081", "m091"]


@pytest.mark.parametrize("program", ["llama_cpp", "ik_llama"])
def test_both_programs_are_covered(program: str) -> None:
    rows = [row for row in known(usable_rows()) if row["program"] == program]
    assert len(rows) >= 12
    assert np.abs(errors(rows)).max() < 0.005
