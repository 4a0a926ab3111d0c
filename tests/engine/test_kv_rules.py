"""KV cache rules on figures that logs and configs state, worked out by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from planner.engine.kv import (
    KV_RULES,
    MLA_FULL,
    MLA_LATENT,
    MLA_LATENT_TWICE,
    CachePlan,
    CacheTable,
    cache_bytes,
    cache_capacity_tokens,
    cache_read_bytes,
    cache_table,
    layer_cells,
)
from tests.engine.memory_logs import DATA, MIB, architectures

GIB = 2.0**30


def plan(
    context: float,
    *,
    sequences: float = 1,
    batch: float = 512,
    key: float = 2.0,
    value: float = 2.0,
    rule: str = "llama_cpp",
    mla: int = MLA_LATENT,
) -> CachePlan:
    return CachePlan(
        *(np.array([x], dtype=float) for x in (context, sequences, batch, key, value)),
        rule=np.array([KV_RULES.index(rule)]),
        mla_mode=np.array([mla]),
    )


def table(model: str) -> CacheTable:
    return cache_table([architectures()[model]])


@pytest.mark.parametrize(
    ("sequences", "mib"),
    [(4, 3072 + 24), (1, 3072 + 18)],  # 1024 and 768 cells of 12 windowed layers, as its log prints
)
def test_llama_cpp_keeps_a_small_pool_for_windowed_layers(sequences: int, mib: float) -> None:
    got = cache_bytes(table("gpt-oss-20b"), plan(131072, sequences=sequences))
    assert got.total[0] == mib * MIB


def test_ik_llama_keeps_the_whole_context_in_every_layer() -> None:
    got = cache_bytes(table("gpt-oss-120b"), plan(65536, rule="ik_llama"))
    assert got.total[0] == 4608 * MIB  # the flat figure beside the log of gpt-oss-120b


def test_context_is_rounded_up_to_256_cells() -> None:
    got = cache_bytes(table("gpt-oss-120b"), plan(65535, sequences=4))
    assert got.total[0] == (2304 + 36) * MIB


def test_sparse_attention_adds_an_index_cache() -> None:
    got = cache_bytes(table("glm-5-2"), plan(524288))
    assert got.keys_values[0] == 44928 * MIB  # 78 layers x 576
    assert got.indexer[0] == 2688 * MIB  # 21 layers x 128


@pytest.mark.parametrize(
    ("mode", "mib"), [(MLA_LATENT, 34.3125), (MLA_LATENT_TWICE, 64.8125), (MLA_FULL, 1220)]
)
def test_mla_modes_of_kimi_k2(mode: int, mib: float) -> None:
    got = cache_bytes(table("kimi-k2"), plan(512, rule="ik_llama", mla=mode))
    assert got.total[0] == mib * MIB


@pytest.mark.parametrize("sequences", [1, 4])
def test_recurrent_state_is_per_sequence(sequences: int) -> None:
    got = cache_bytes(table("qwen3-6-27b"), plan(131072, sequences=sequences, key=34 / 32, value=34 / 32))
    assert got.keys_values[0] == 4352 * MIB
    assert got.state[0] == pytest.approx(149.625 * sequences * MIB)


def test_keys_and_values_may_have_different_formats() -> None:
    mixed = cache_bytes(table("qwen3-235b-a22b"), plan(65536, key=34 / 32, rule="ik_llama"))
    assert mixed.total[0] == 9212 * MIB


def test_paged_windows_save_memory_and_paged_flat_does_not() -> None:
    saved = layer_cells(table("gemma-3-27b"), plan(131072, batch=2048, rule="paged"))
    flat = layer_cells(table("gemma-3-27b"), plan(131072, batch=2048, rule="paged_flat"))
    assert flat.min() == 131072
    assert saved.min() == 1024 - 1 + 2048 + 1 + 16  # window - 1 + batch, rounded to blocks, and one block
    assert saved.max() == 131072


def test_gemma_3_27b_at_128k_is_not_over_counted() -> None:
    got = cache_bytes(table("gemma-3-27b"), plan(131072))
    assert 10.0 < got.total[0] / GIB < 11.2  # 10.4 in unsloth's pull 4757; 62 GiB without windows


def test_a_step_reads_latents_once_and_no_more_than_windows() -> None:
    long = plan(131072)
    dense = cache_read_bytes(table("deepseek-v3"), long, np.array([1000.0]))
    assert dense[0] == 1000 * 61 * 576 * 2
    windowed = cache_read_bytes(table("gpt-oss-20b"), long, np.array([10_000.0]))
    assert windowed[0] == 12 * 2 * 8 * 64 * 2 * (10_000 + 128)


def test_sparse_attention_reads_every_index_key_and_chosen_latents() -> None:
    got = cache_read_bytes(table("glm-5-2"), plan(524288), np.array([100_000.0]))
    assert got[0] == 78 * 576 * 2 * 2048 + 21 * 128 * 2 * 100_000


def test_recurrent_state_is_read_and_written() -> None:
    model = table("qwen3-6-27b")
    got = cache_read_bytes(model, plan(8192), np.array([0.0]))
    assert got[0] == 2 * model.state_bytes[0]


def test_vllm_and_sglang_capacity_matches_logs_within_3_percent() -> None:
    models = {
        "Qwen2-7B-Instruct": ("qwen2-7b", 2.0, None),
        "Qwen3-235B-A22B-FP8": ("qwen3-235b-a22b", 2.0, 4),  # 4 KV heads: one per rank
        "Meta-Llama-3-8B": ("llama-3-8b", 2.0, None),
        "Meta-Llama-3-8B-Instruct": ("llama-3-8b", 2.0, None),
        "Kimi-K2-Thinking": ("kimi-k2", 2.0, 1),  # every rank holds the whole latent
    }
    errors = []
    with (DATA / "kv_logs.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["model"] not in models or not row["available_kv_gib_per_gpu"] or not row["kv_tokens"]:
                continue
            slug, size, ranks = models[row["model"]]
            if "decode-context-parallel" in row["notes"]:
                ranks = 8
            share = int(row["tp"]) if ranks is None else ranks
            available = np.array([float(row["available_kv_gib_per_gpu"]) * GIB * share])
            computed = cache_capacity_tokens(
                table(slug), plan(1, key=size, value=size, rule="paged"), available
            )
            errors.append(computed[0] / float(row["kv_tokens"]) - 1)
    assert len(errors) >= 10
    assert np.median(np.abs(errors)) < 0.03
    assert np.quantile(np.abs(errors), 0.9) < 0.03


def test_deepseek_v4_keeps_a_window_and_compressed_entries() -> None:
    # a log with one sequence and a micro-batch of 4096: 4352 cells of 43 layers, 182.75 MiB at 16 bits
    model = table("deepseek-v4-flash")
    cells = layer_cells(model, plan(64000, batch=4096))
    windows = cells - np.where(model.compression > 1, 64000 / model.compression, 0)
    assert set(windows[model.n_layers > 0]) == {4352.0}
    assert (windows * model.n_layers * model.key_elements * 2).sum() == 182.75 * MIB
