"""Models whose layers differ from one another: searched architectures and mixed head counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from planner.engine.architectures.parts import (
    Config,
    Gqa,
    Layers,
    assemble,
    embeddings,
    ffn_tensors,
    gqa_group,
    gqa_tensors,
    moe_tensors,
    norms,
    shape_of,
    sliding_layers,
    without,
)
from planner.engine.architectures.transformer import Formula, moe_layers, moe_of, mtp_tensors
from planner.engine.inventory import Architecture


def deci_ffn_size(multiplier: float, hidden: int) -> int:
    """Feed-forward width of a multiplier: two thirds of it, rounded up to a multiple of 256.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py (DeciModel)
    """
    width = int(2 * multiplier * hidden / 3)
    return -(-width // 256) * 256


def deci(config: Config, formula: Formula) -> Architecture:
    """Nemotron-Super 49B ("t": "decilm"): a searched Llama, some layers without attention, widths by layer."""
    shape = shape_of({**config, "head_dim": config.get("head_dim") or 128})
    by_group: dict[int, list[int]] = defaultdict(list)
    by_width: dict[int, list[int]] = defaultdict(list)
    for i, block in enumerate(config["block_configs"]):
        if block["attention"]["n_heads_in_group"]:
            by_group[int(block["attention"]["n_heads_in_group"])].append(i)
        if block["ffn"]["ffn_mult"]:
            by_width[deci_ffn_size(float(block["ffn"]["ffn_mult"]), shape.hidden)].append(i)
    tensors = embeddings(shape)
    caches = []
    for group, layers in sorted(by_group.items()):
        spec = Gqa(shape.n_heads, shape.n_heads // group, shape.head_dim, shape.head_dim)
        tensors += norms(("attn_norm",), shape.hidden, tuple(layers))
        tensors += gqa_tensors(spec, shape.hidden, tuple(layers))
        caches.append(gqa_group(spec, tuple(layers)))
    for width, layers in sorted(by_width.items()):
        tensors += norms(("ffn_norm",), shape.hidden, tuple(layers))
        tensors += ffn_tensors(shape.hidden, width, tuple(layers))
    return assemble(config, shape, tensors, tuple(caches), n_kv_heads=caches[0].n_kv_heads, gguf_arch="deci")


def mimo2(config: Config, formula: Formula) -> Architecture:
    """MiMo-V2-Flash ("t": "mimo2"): windowed layers with sinks and more KV heads, global layers between them."""
    shape = shape_of(config)
    sliding: Layers = tuple(i for i, kind in enumerate(config["hybrid_layer_pattern"]) if kind == 1)
    full = without(shape.layers, sliding)
    wide = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim_v)
    local = Gqa(
        int(config["swa_num_attention_heads"]),
        int(config["swa_num_key_value_heads"]),
        int(config["swa_head_dim"]),
        int(config["swa_v_head_dim"]),
        sinks=bool(config.get("add_swa_attention_sink_bias")),
    )
    moe = moe_of(config, {**formula, "rbias": True}, shape)
    sparse = moe_layers(config, formula, shape.n_layers)
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += gqa_tensors(wide, shape.hidden, full) + gqa_tensors(local, shape.hidden, sliding)
    tensors += ffn_tensors(shape.hidden, shape.ffn, without(shape.layers, sparse))
    tensors += moe_tensors(moe, shape.hidden, sparse)
    n_mtp = int(formula.get("mtp", 0))
    block = norms(("attn_norm", "ffn_norm"), shape.hidden, (0,)) + gqa_tensors(local, shape.hidden, (0,))
    block += ffn_tensors(shape.hidden, shape.ffn, (0,))
    tensors += mtp_tensors(block, shape, n_mtp)
    return assemble(
        config,
        shape,
        tensors,
        (gqa_group(wide, full), gqa_group(local, sliding, int(config["sliding_window"]))),
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch="mimo2",
    )


def step(config: Config, formula: Formula) -> Architecture:
    """Step-3.5 and 3.7 Flash ("t": "step"): more query heads on the windowed layers, a gate value per head.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/step35.cpp
    """
    shape = shape_of(config)
    sliding = sliding_layers(config, shape.n_layers)
    full, swa_heads = without(shape.layers, sliding), int(config["swa_num_attention_heads"])
    wide = Gqa(
        shape.n_heads,
        shape.n_kv_heads,
        shape.head_dim,
        shape.head_dim,
        qk_norm="head",
        gate_rows=shape.n_heads,
    )
    local = replace(wide, n_heads=swa_heads, gate_rows=swa_heads)
    moe = moe_of(config, {**formula, "rbias": True}, shape)
    sparse = moe_layers(config, formula, shape.n_layers)
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += gqa_tensors(wide, shape.hidden, full) + gqa_tensors(local, shape.hidden, sliding)
    tensors += ffn_tensors(shape.hidden, shape.ffn, without(shape.layers, sparse))
    tensors += moe_tensors(moe, shape.hidden, sparse)
    n_mtp = int(config.get("num_nextn_predict_layers") or 0)
    block = norms(("attn_norm", "ffn_norm"), shape.hidden, (0,)) + gqa_tensors(local, shape.hidden, (0,))
    block += ffn_tensors(shape.hidden, shape.ffn, (0,))
    tensors += mtp_tensors(block, shape, n_mtp, formula.get("mtp_copies", ()))
    return assemble(
        config,
        shape,
        tensors,
        (gqa_group(wide, full), gqa_group(local, sliding, int(config["sliding_window"]))),
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch="step35",
    )
