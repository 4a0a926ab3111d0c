"""Laws over whole grids: more bandwidth is never slower, more context never less memory, one plan is the same cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_catalog.rows import CatalogRows
from hardware_catalog.tables import (
    CatalogTables,
    MachineSpec,
    machine_table,
    memory_limits,
)
from planner.calibration.files import shipped_calibration
from planner.engine import evaluate as evaluation
from planner.engine.columns import COLUMNS, Columns
from planner.engine.evaluate import Engine
from planner.engine.grid import Axes, Grid
from planner.engine.kv import MLA_LATENT
from planner.engine.memory import MemoryRules
from planner.engine.tables import Tables, WorkloadTable
from planner.engine.units import GIB
from tests.engine.catalog import rows as catalog_rows
from tests.engine.catalog import tables as shipped_tables

MODELS = ("llama-3-1-8b", "qwen3-30b-a3b", "gemma-3-27b", "deepseek-r1", "qwen3-next-80b-a3b", "gpt-oss-20b")
FORMATS = ("q8-0", "q4-k-m", "iq2-xxs")
RUNTIMES = (("llama-cpp", "CUDA"), ("vllm", "CUDA"), ("llama-cpp", "CPU"))


def shipped() -> tuple[CatalogRows, CatalogTables]:
    return catalog_rows(), shipped_tables()


def workload_table(contexts: list[int], concurrency: int = 1) -> WorkloadTable:
    n = len(contexts)
    whole = {
        name: np.zeros(n, dtype=np.int64)
        for name in ("prompt_depth_tokens", "output_tokens", "batch_tokens", "latent_mode")
    }
    flags = {
        name: np.zeros(n, dtype=np.bool_)
        for name in ("wide_mask", "all_logits", "experts_on_host", "layers_on_host")
    }
    unknown = {name: np.full(n, np.nan) for name in ("utilization", "weights_bytes", "bits_per_weight")}
    context = np.array(contexts, dtype=np.int64)
    return WorkloadTable(
        context_tokens=context,
        depth_tokens=context,
        prompt_tokens=np.minimum(context, 512),
        concurrency=np.full(n, concurrency),
        tensor_ranks=np.zeros(n, dtype=np.int64),
        flash_attention=np.full(n, -1),
        mla_mode=np.full(n, MLA_LATENT),
        held_bytes=np.zeros(n),
        **whole,
        **flags,
        **unknown,
    )


def engine(bandwidths: list[float], contexts: list[int], memory_gb: float = 640.0) -> tuple[Engine, Grid]:
    rows, catalog = shipped()
    card = next(d for d in rows.devices if d.slug == "nvidia-geforce-rtx-4090")
    specs = [
        MachineSpec(f"m{i}", replace(card, bandwidth_bytes_per_s=b), 1, memory_gb * GIB, "nvidia")
        for i, b in enumerate(bandwidths)
    ]
    tables = Tables(
        machine_table(specs),
        catalog.models,
        catalog.formats,
        catalog.kv_formats,
        catalog.runtimes,
        workload_table(contexts),
        catalog.weights,
    )
    grid = Grid(
        Axes(
            np.arange(len(specs)),
            np.array([catalog.model_row[slug] for slug in MODELS]),
            np.array([catalog.format_row[slug] for slug in FORMATS]),
            np.array([catalog.kv_format_row["f16"]]),
            np.array([catalog.runtime_row[pair] for pair in RUNTIMES]),
            np.arange(len(contexts)),
        )
    )
    rules = MemoryRules.bind(tables, *memory_limits())
    return Engine.build(tables, rules, shipped_calibration(), grid), grid


def shaped(columns: Columns, name: str, grid: Grid) -> np.ndarray:
    return columns.floats(name).reshape([len(axis) for axis in grid.axes])


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(2e10, 8e12), min_size=2, max_size=5, unique=True))
def test_more_bandwidth_is_never_slower(bandwidths: list[float]) -> None:
    built, grid = engine(sorted(bandwidths), [4096])
    decode = shaped(built.evaluate(grid), "decode_tps", grid)
    assert np.all(np.diff(decode, axis=0) >= 0)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(256, 131_072), min_size=2, max_size=6, unique=True))
def test_more_context_is_never_less_memory_nor_faster(contexts: list[int]) -> None:
    built, grid = engine([1e12], sorted(contexts))
    columns = built.evaluate(grid)
    assert np.all(np.diff(shaped(columns, "need_bytes", grid), axis=-1) >= -1.0)
    assert np.all(np.diff(shaped(columns, "decode_tps", grid), axis=-1) <= 1e-9)


def test_one_plan_is_the_same_cell_of_a_grid() -> None:
    built, grid = engine([5e11, 2e12], [1024, 32_768])
    whole = built.evaluate(grid)
    for i in range(0, len(grid), 7):
        one = built.evaluate(grid, i, i + 1)
        for name in COLUMNS:
            assert one[name][0] == whole[name][i] or (np.isnan(one[name][0]) and np.isnan(whole[name][i]))


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    built, grid = engine([5e11, 2e12], [1024, 32_768])
    whole = built.evaluate(grid)
    monkeypatch.setattr(evaluation, "BLOCK_PLANS", 5)
    blocked = built.evaluate(grid)
    for name in COLUMNS:
        assert np.array_equal(whole[name], blocked[name], equal_nan=True)


def test_intervals_hold_the_prediction() -> None:
    built, grid = engine([1e12], [8192])
    columns = built.evaluate(grid)
    for name in ("decode_tps", "prefill_tps", "ttft_ms"):
        value = columns.floats(name)
        assert np.all(columns.floats(f"{name}_low") <= value)
        assert np.all(value <= columns.floats(f"{name}_high"))


def test_bytes_are_conserved_over_devices() -> None:
    rows, catalog = shipped()
    card = next(d for d in rows.devices if d.slug == "nvidia-geforce-rtx-4090")
    counts = (1, 2, 4, 8)
    tables = Tables(
        machine_table([MachineSpec(f"m{n}", card, n, 640 * GIB, "nvidia") for n in counts]),
        catalog.models,
        catalog.formats,
        catalog.kv_formats,
        catalog.runtimes,
        workload_table([8192]),
        catalog.weights,
    )
    model = np.array([catalog.model_row["llama-3-1-8b"]])
    grid = Grid(
        Axes(
            np.arange(len(counts)),
            model,
            np.array([catalog.format_row["q4-k-m"]]),
            np.array([catalog.kv_format_row["f16"]]),
            np.array([catalog.runtime_row["llama-cpp", "CUDA"]]),
            np.array([0]),
        )
    )
    columns = Engine.build(
        tables, MemoryRules.bind(tables, *memory_limits()), shipped_calibration(), grid
    ).evaluate(grid)
    assert len(set(columns.floats("weights_bytes"))) == 1
    assert len(set(columns.floats("kv_bytes"))) == 1
    parts = sum(columns.floats(f"{part}_bytes") for part in ("weights", "kv", "buffers", "overhead"))
    # the input table lies on the host; whole layers may leave a device fuller than its share
    embedding = catalog.weights.embedding_bytes[model[0], catalog.format_row["q4-k-m"]]
    assert np.all(columns.floats("need_bytes") >= parts - embedding - 1)
