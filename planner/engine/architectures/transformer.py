"""Llama-like models: dense and mixture-of-experts blocks with grouped-query attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from planner.engine.architectures.parts import (
    Config,
    Gqa,
    Layers,
    Moe,
    Shape,
    as_mtp,
    assemble,
    embeddings,
    ffn_tensors,
    gqa_group,
    gqa_tensors,
    matrix,
    moe_tensors,
    norms,
    shape_of,
    sliding_layers,
    vector,
    without,
)
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup

Formula = Mapping[str, Any]

# Norm vectors of a layer by how many the formula names; a LayerNorm has a weight and a bias.
_NORM_NAMES: Mapping[str, tuple[str, ...]] = {
    "0": (),
    "1": ("attn_norm",),
    "2": ("attn_norm", "ffn_norm"),
    "4": ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"),
    "1b": ("attn_norm", "attn_norm.bias"),
    "2b": ("attn_norm", "attn_norm.bias", "ffn_norm", "ffn_norm.bias"),
}


def gqa_of(shape: Shape, formula: Formula) -> Gqa:
    """Attention as the formula's hints describe it."""
    return Gqa(
        shape.n_heads,
        shape.n_kv_heads,
        shape.head_dim,
        shape.head_dim_v,
        bias=str(formula.get("bias", "")),
        qk_norm="head" if formula.get("qknorm") else "full" if formula.get("olmo") else "",
        fused=bool(formula.get("fused_qkv")),
        sinks=bool(formula.get("sinks")),
    )


def attention_groups(spec: Gqa, config: Config, formula: Formula, shape: Shape) -> tuple[AttentionGroup, ...]:
    """Full and sliding layers; llama.cpp keeps a chunk of ``attention_chunk_size`` like a window."""
    windowed = () if formula.get("ignore_window") else sliding_layers(config, shape.n_layers)
    window = int(config.get("sliding_window") or config.get("attention_chunk_size") or 0) if windowed else 0
    full = without(shape.layers, windowed)
    groups = [_with_index(gqa_group(spec, full), config)] if full else []
    return (*groups, gqa_group(spec, windowed, window)) if windowed else tuple(groups)


def _with_index(group: AttentionGroup, config: Config) -> AttentionGroup:
    """The cache of layers some of which also keep index keys (MiniMax-M3)."""
    sparse = config.get("sparse_attention_config")
    if not sparse:
        return group
    n_layers = sum(1 for flag in sparse["sparse_attention_freq"] if flag)
    return replace(group, indexer_head_dim=int(sparse["sparse_index_dim"]), n_indexer_layers=n_layers)


def layer_norms(formula: Formula, hidden: int, layers: Layers) -> list[TensorGroup]:
    return norms(_NORM_NAMES[str(formula.get("norms", 2))], hidden, layers)


def moe_of(config: Config, formula: Formula, shape: Shape) -> Moe:
    """The experts, whatever the config calls them."""
    n_experts = next(
        int(config[key])
        for key in ("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts")
        if config.get(key)
    )
    return Moe(
        n_experts=n_experts,
        ffn=int(config.get("moe_intermediate_size") or shape.ffn),
        shared_ffn=int(formula.get("shared", 0)),
        shared_gate=bool(formula.get("shared_gate")),
        router_bias=bool(formula.get("rbias")),
        expert_bias=bool(formula.get("expert_bias")),
        fused=bool(formula.get("fused_experts")),
    )


def moe_layers(config: Config, formula: Formula, n_layers: int) -> Layers:
    """Layers with experts: after the first dense ones, every n-th, or as the config lists them."""
    frequency = config.get("moe_layer_freq")
    if isinstance(frequency, list | tuple):
        return tuple(i for i, flag in enumerate(frequency[:n_layers]) if flag)
    interleave = int(formula.get("interleave", 1))
    first_dense = int(config.get("first_k_dense_replace") or 0)
    return tuple(i for i in range(first_dense, n_layers) if (i + 1) % interleave == 0)


def mtp_tensors(
    blocks: list[TensorGroup], shape: Shape, n_mtp: int, copies: Sequence[str] = ()
) -> list[TensorGroup]:
    """Multi-token-prediction layers: a block of the model, a projection of two hidden states to one, norms.

    Some checkpoints repeat tables in each layer: ``copies`` names "embedding", "output" or both.
    """
    if not n_mtp:
        return []
    hidden = shape.hidden
    extra = [
        matrix("nextn.eh_proj", "other", hidden, 2 * hidden, (0,)),
        *norms(("nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"), hidden, (0,)),
    ]
    if "embedding" in copies:
        extra.append(matrix("nextn.embed_tokens", "embedding", shape.vocab, hidden, (0,)))
    if "output" in copies:
        extra.append(matrix("nextn.shared_head_head", "output", shape.vocab, hidden, (0,)))
    layers = tuple(range(shape.n_layers, shape.n_layers + n_mtp))
    return as_mtp(blocks + extra, layers)


def _index_tensors(config: Config, hidden: int) -> list[TensorGroup]:
    """MiniMax-M3's block-sparse attention: index queries and one index key on the sparse layers.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/minimax-m3.cpp
    """
    sparse = config.get("sparse_attention_config")
    if not sparse:
        return []
    layers = tuple(i for i, flag in enumerate(sparse["sparse_attention_freq"]) if flag)
    heads, dim = int(sparse["sparse_num_index_heads"]), int(sparse["sparse_index_dim"])
    return [
        matrix("indexer.q_proj", "attention", heads * dim, hidden, layers),
        matrix("indexer.k_proj", "attention", dim, hidden, layers),
        vector("indexer.q_norm", "norm", dim, layers),
        vector("indexer.k_norm", "norm", dim, layers),
    ]


def transformer(config: Config, formula: Formula) -> Architecture:
    """Dense ("t": "dense") and mixture-of-experts ("t": "moe") models."""
    shape = shape_of(config)
    spec = gqa_of(shape, formula)
    is_moe = formula["t"] == "moe"
    sparse = moe_layers(config, formula, shape.n_layers) if is_moe else ()
    dense = without(shape.layers, sparse)
    dense_ffn = int(formula.get("dense_I") or shape.ffn)
    norm_bias = str(formula.get("norms", "")).endswith("b")

    tensors = embeddings(shape, norm_bias=norm_bias, final_norm=formula.get("norms") != 0)
    if formula.get("head_bias"):
        tensors.append(vector("output.bias", "output", shape.vocab))
    tensors += layer_norms(formula, shape.hidden, shape.layers)
    tensors += gqa_tensors(spec, shape.hidden, shape.layers)
    tensors += ffn_tensors(
        shape.hidden,
        dense_ffn,
        dense,
        gated=formula.get("gated", True),
        bias=bool(formula.get("mlp_bias")),
        fused=bool(formula.get("fused_ffn")),
    )
    moe = moe_of(config, formula, shape) if is_moe else None
    if moe:
        tensors += moe_tensors(moe, shape.hidden, sparse)
    tensors += _index_tensors(config, shape.hidden)
    n_mtp = int(formula.get("mtp", 0))
    block = layer_norms(formula, shape.hidden, (0,)) + gqa_tensors(spec, shape.hidden, (0,))
    block += (
        moe_tensors(moe, shape.hidden, (0,))
        if moe and not formula.get("mtp_dense")
        else ffn_tensors(shape.hidden, dense_ffn, (0,))
    )
    tensors += mtp_tensors(block, shape, n_mtp, formula.get("mtp_copies", ()))
    return assemble(
        config,
        shape,
        tensors,
        attention_groups(spec, config, formula, shape),
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch=str(formula.get("gguf_arch", "")),
        gguf_has_mtp=bool(formula.get("gguf_mtp")),
    )
