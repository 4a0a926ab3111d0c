"""The interpreter of format rules: bands of layers, conditions, fallbacks, first match."""

from __future__ import annotations

from typing import Any

import pytest

from planner.engine.inventory import Architecture, TensorGroup
from planner.engine.quantize import WeightFormat, count_tensors, group_bytes, types_of
from tests.engine.catalog import architectures, formats

BLOCKS = {"F32": (1, 4.0), "F16": (1, 2.0), "Q4_K": (256, 144.0), "Q6_K": (256, 210.0), "Q5_0": (32, 22.0)}


def types(model: str, name: str, fmt: str) -> dict[Any, int]:
    """How many layers' tensors of this name get which type."""
    architecture = architectures()[model]
    group = next(g for g in architecture.tensors if g.name == name and g.tensor_class != "mtp")
    return types_of(group, architecture, formats()[fmt], count_tensors(architecture))


def test_q4_k_m_gives_more_bits_to_half_of_the_value_and_down_projections() -> None:
    assert types("llama-3-1-8b", "attn_v", "q4-k-m") == {"Q6_K": 16, "Q4_K": 16}
    assert types("llama-3-1-8b", "ffn_down", "q4-k-m") == {"Q6_K": 16, "Q4_K": 16}
    assert types("llama-3-1-8b", "attn_q", "q4-k-m") == {"Q4_K": 32}
    assert types("llama-3-1-8b", "output", "q4-k-m") == {"Q6_K": 1}
    assert types("llama-3-1-8b", "token_embd", "q4-k-m") == {"Q4_K": 1}


def test_a_tied_table_is_quantized_as_the_output_head() -> None:
    assert types("llama-3-2-1b", "token_embd", "q4-k-m") == {"Q6_K": 1}


def test_eighty_layer_models_keep_values_wider() -> None:
    assert types("llama-3-1-70b", "attn_v", "q4-k-m") == {"Q6_K": 40, "Q5_K": 40}


def test_eight_experts_lift_attention() -> None:
    assert types("mixtral-8x7b", "attn_v", "q4-k-m") == {"Q8_0": 32}
    assert types("mixtral-8x7b", "attn_k", "q4-k-m") == {"Q8_0": 32}
    assert types("mixtral-8x7b", "attn_output", "q4-k-m") == {"Q5_K": 32}


def test_router_and_norms_stay_in_f32() -> None:
    assert types("mixtral-8x7b", "ffn_gate_inp", "q4-k-m") == {"F32": 32}
    assert types("mixtral-8x7b", "attn_norm", "q4-k-m") == {"F32": 32}


def test_falcon_has_a_mix_of_its_own() -> None:
    assert types("falcon-40b", "output", "q4-k-m") == {"Q8_0": 1}
    assert set(types("falcon-40b", "ffn_down", "q4-k-m")) == {"Q6_K", "Q5_K", "Q4_K"}


def test_rows_that_fit_no_block_fall_back() -> None:
    """DeepSeek's key projection has rows of 128: no K-quant block fits."""
    assert types("deepseek-r1", "attn_k_b", "q4-k-m") == {"Q5_0": 61}
    assert types("deepseek-r1", "attn_k_b", "q6-k") == {"Q8_0": 61}


def test_rows_that_fit_no_fallback_stay_wide() -> None:
    fmt = WeightFormat(
        "x", "gguf", {"default": "Q4_K", "fallback": {"Q4_K": "Q5_0"}, "last_resort": "F16"}, BLOCKS
    )
    architecture = one_tensor("ffn_up", row_length=48)
    assert types_of(architecture.tensors[0], architecture, fmt, count_tensors(architecture)) == {"F16": 1}


def test_mxfp4_only_on_stacked_tensors() -> None:
    assert types("gpt-oss-20b", "ffn_up_exps", "mxfp4-moe-q8") == {"MXFP4": 24}
    assert types("gpt-oss-20b", "attn_q", "mxfp4-moe-q8") == {"Q8_0": 24}
    assert types("gpt-oss-20b", "attn_q", "mxfp4-moe") == {"BF16": 24}


def test_fp8_leaves_embeddings_head_and_router_alone() -> None:
    for name in ("token_embd", "output", "ffn_gate_inp"):
        assert set(types("deepseek-r1", name, "fp8-block128")) == {"BF16"}
    assert set(types("deepseek-r1", "attn_q_b", "fp8-block128")) == {"FP8_B128"}


def one_tensor(name: str, row_length: int = 256) -> Architecture:
    group = TensorGroup(name, "dense_ffn", 8, row_length, layers=(0,))
    return Architecture(1, 256, 10, False, 4, 4, 0, 0, None, 0, (group,), ())


def test_the_first_matching_case_wins() -> None:
    rules = {
        "default": "F16",
        "cases": [
            {"tensors": ["ffn_down"], "type": "Q6_K"},
            {"tensors": ["ffn_*"], "when": {"min_gqa": 2}, "type": "F32"},
            {"tensors": ["ffn_*"], "type": "Q4_K"},
        ],
    }
    fmt = WeightFormat("x", "gguf", rules, BLOCKS)
    for name, expected in (("ffn_down", "Q6_K"), ("ffn_up", "Q4_K"), ("attn_q", "F16")):
        architecture = one_tensor(name)
        counts = count_tensors(architecture)
        assert types_of(architecture.tensors[0], architecture, fmt, counts) == {expected: 1}


def test_scales_per_row_and_column_are_counted() -> None:
    rules = {"default": "F16", "row_bytes": {"F16": 4}, "column_bytes": {"F16": 2}}
    architecture = one_tensor("ffn_up")
    n_bytes = group_bytes(
        architecture.tensors[0],
        architecture,
        WeightFormat("x", "y", rules, BLOCKS),
        count_tensors(architecture),
    )
    assert n_bytes == 8 * 256 * 2 + 8 * 4 + 256 * 2


def test_an_unknown_band_is_an_error() -> None:
    rules = {"default": "F16", "cases": [{"tensors": ["ffn_up"], "when": {"band": "odd"}, "type": "F32"}]}
    architecture = one_tensor("ffn_up")
    with pytest.raises(ValueError, match="odd"):
        types_of(
            architecture.tensors[0],
            architecture,
            WeightFormat("x", "y", rules, BLOCKS),
            count_tensors(architecture),
        )
