"""Liquid's LFM2: gated short convolutions between grouped-query attention layers."""

from __future__ import annotations

from planner.engine.architectures.parts import (
    Config,
    Gqa,
    Layers,
    Moe,
    Shape,
    assemble,
    embeddings,
    ffn_tensors,
    gqa_group,
    gqa_tensors,
    matrix,
    moe_tensors,
    norms,
    shape_of,
    without,
)
from planner.engine.architectures.transformer import Formula
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup


def short_conv_tensors(shape: Shape, kernel: int, layers: Layers) -> list[TensorGroup]:
    """A projection to three gates, a depthwise convolution, a projection back.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/lfm2.cpp
    """
    return [
        matrix("shortconv.in_proj", "attention", 3 * shape.hidden, shape.hidden, layers),
        matrix("shortconv.conv", "recurrent", shape.hidden, kernel, layers),
        matrix("shortconv.out_proj", "attention", shape.hidden, shape.hidden, layers),
    ]


def lfm2(config: Config, formula: Formula) -> Architecture:
    """LFM2 ("t": "lfm2"): short convolutions, some attention layers, dense blocks or experts after the first."""
    shape = shape_of(config)
    full = tuple(int(i) for i in config["full_attn_idxs"])
    conv = without(shape.layers, full)
    kernel = int(config["conv_L_cache"])
    spec = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim, qk_norm="head")
    n_experts = int(config.get("num_experts") or 0)
    n_dense = int(config.get("num_dense_layers") or 0) if n_experts else shape.n_layers
    moe = Moe(n_experts, int(config.get("moe_intermediate_size") or 0), router_bias=True)
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += gqa_tensors(spec, shape.hidden, full) + short_conv_tensors(shape, kernel, conv)
    tensors += ffn_tensors(shape.hidden, shape.ffn, shape.layers[:n_dense])
    tensors += moe_tensors(moe, shape.hidden, shape.layers[n_dense:])
    state = (kernel - 1) * shape.hidden
    return assemble(
        config,
        shape,
        tensors,
        (
            gqa_group(spec, full),
            AttentionGroup("linear", conv, 0, 0, 0, 0, state_elements=state),
        ),
        moe=moe if n_experts else None,
        gguf_arch="lfm2moe" if n_experts else "lfm2",
    )
