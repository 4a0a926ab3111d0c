"""Graph buffers, and whole memory, against published logs of llama.cpp and ik_llama.cpp."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from planner.engine.buffers import LATENT_CHUNKS, BufferPlan, Buffers, buffer_table, llama_buffers
from planner.engine.kv import MLA_LATENT, cache_bytes, cache_table
from tests.engine.memory_logs import (
    DATA,
    HOST_BUFFERS,
    MIB,
    LogRow,
    architectures,
    buffer_plan,
    cache_plan,
    log_rows,
)


def rows_with_buffers() -> list[LogRow]:
    rows = [row for row in log_rows() if row["compute_mib_by_device"] and row["n_ctx"]]
    # models described here only by their caches have no feed-forward widths
    return [row for row in rows if row["catalog_model"] in architectures() and tensors_of(row)]


def tensors_of(row: LogRow) -> bool:
    return bool(architectures()[row["catalog_model"]].tensors)


def computed(rows: list[LogRow]) -> tuple[BufferPlan, Buffers]:
    table = buffer_table([architectures()[row["catalog_model"]] for row in rows])
    plan = buffer_plan(rows)
    return plan, llama_buffers(table, plan)


def buffer_errors(rows: list[LogRow]) -> np.ndarray:
    plan, buffers = computed(rows)
    total = buffers.on_gpus(plan.n_gpus) + buffers.host
    logged = np.array([sum(row.sizes("compute_mib_by_device").values()) for row in rows])
    return total / logged - 1


def whole_errors(rows: list[LogRow]) -> np.ndarray:
    """Relative error of weights + KV + compute + output, with the logged weights given."""
    plan, buffers = computed(rows)
    cache = cache_bytes(cache_table([architectures()[r["catalog_model"]] for r in rows]), cache_plan(rows))
    weights = np.array([sum(row.sizes("weights_mib_by_device").values()) for row in rows])
    logged = weights + [
        row.number("kv_total_mib") * MIB
        + sum(row.sizes("compute_mib_by_device").values())
        + sum(row.sizes("output_mib_by_device").values())
        for row in rows
    ]
    need = weights + cache.keys_values + buffers.on_gpus(plan.n_gpus) + buffers.host + buffers.output
    return need / logged - 1


@pytest.mark.parametrize(("program", "count"), [("ik_llama", 50), ("llama_cpp", 6)])
def test_whole_memory_with_logged_weights(program: str, count: int) -> None:
    rows = [row for row in rows_with_buffers() if row["program"] == program and row["quality"] == "ok"]
    errors = whole_errors(rows)
    assert len(rows) >= count
    assert np.median(np.abs(errors)) <= 0.005  # the target is 2 %
    assert np.quantile(np.abs(errors), 0.95) <= 0.02
    assert np.mean(errors < -0.02) <= 0.02  # the target is 10 %


def test_buffers_alone_are_right_to_a_few_percent() -> None:
    errors = buffer_errors(rows_with_buffers())
    assert len(errors) >= 75
    assert np.median(np.abs(errors)) <= 0.06


def test_buffers_of_most_devices_are_exact_where_nothing_is_on_the_host() -> None:
    rows = [r for r in rows_with_buffers() if r["catalog_model"] != "deepseek-v3" and r.host_share < 0.15]
    errors = np.abs(buffer_errors(rows))
    assert len(rows) >= 8
    assert np.median(errors) < 0.015


def test_host_buffers_hold_masks_and_embeddings() -> None:
    rows = [row for row in rows_with_buffers() if row.gpus and row["program"] == "ik_llama"]
    _, buffers = computed(rows)
    logged = np.array(
        [sum(v for d, v in r.sizes("compute_mib_by_device").items() if d in HOST_BUFFERS) for r in rows]
    )
    errors = np.abs(buffers.host / logged - 1)
    assert np.median(errors) < 0.02


def current_plan(row: dict[str, str], *, old: bool = False) -> BufferPlan:
    """A plan of tests/data/graph_buffers.csv for a server build of today, or of before June 2026."""
    context, batch, sequences = (float(row[k]) for k in ("n_ctx", "n_ubatch", "n_seq"))
    one = np.ones(1)
    return BufferPlan(
        cells=context * one,
        window_cells=context * one,
        batch_tokens=batch * one,
        logit_tokens=(batch if old else sequences) * one,
        n_sequences=sequences * one,
        flash_attention=np.array([True]),
        mla_mode=np.array([MLA_LATENT]),
        key_bytes=np.array([2.0 if row["kv_type"] == "f16" else 34 / 32]),
        n_gpus=float(row["n_gpus"]) * one,
        experts_on_host=np.array([row["experts_on_host"] == "1"]),
        layers_on_host=np.array([False]),
        pipelined=np.array([False]),
        borrows=np.array([True]),
        weight_bits=np.array([4.8]),
        wide_mask=np.array([old]),
        ik=np.array([False]),
        chunk_bytes=np.zeros(1),
        latent_mode=np.array([LATENT_CHUNKS]),
    )


def more_logs() -> dict[str, dict[str, str]]:
    with (DATA / "graph_buffers.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("name", "old", "tolerance"),
    [
        ("g01", False, 0.001),
        ("g02", False, 0.001),
        ("g03", False, 0.02),
        ("g04", True, 0.01),
        ("g05", True, 0.02),
        ("g06", True, 0.03),
    ],
)
def test_builds_before_and_after_the_changes_of_may_2026(name: str, old: bool, tolerance: float) -> None:
    row = more_logs()[name]
    plan = current_plan(row, old=old)
    if name == "g03":  # one GPU between others: no inputs of its own
        plan = replace(plan, n_gpus=np.array([4.0]))
    buffers = llama_buffers(buffer_table([architectures()[row["catalog_model"]]]), plan)
    if row["gpu_mib"]:
        of_gpu = buffers.inner if name == "g03" else buffers.on_gpus(plan.n_gpus)
        assert of_gpu[0] / MIB == pytest.approx(float(row["gpu_mib"]), rel=tolerance)
    if row["host_mib"]:
        assert buffers.host[0] / MIB == pytest.approx(float(row["host_mib"]), rel=tolerance)
