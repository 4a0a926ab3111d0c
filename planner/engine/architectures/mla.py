"""Multi-head latent attention (DeepSeek-V2 and its heirs), with or without DeepSeek's sparse-attention indexer."""

from __future__ import annotations

from planner.engine.architectures.parts import (
    Config,
    Layers,
    Moe,
    Shape,
    assemble,
    embeddings,
    ffn_tensors,
    matrix,
    moe_tensors,
    norms,
    shape_of,
    stack,
    vector,
    without,
)
from planner.engine.architectures.transformer import Formula, moe_layers, moe_of, mtp_tensors
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup


def mla_tensors(config: Config, n_heads: int, layers: Layers) -> list[TensorGroup]:
    """Latent projections; the joint K and V expansion is kept per head, as current GGUFs do.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/deepseek2.cpp
    """
    if not layers:
        return []
    hidden = int(config["hidden_size"])
    nope, rope = int(config["qk_nope_head_dim"]), int(config["qk_rope_head_dim"])
    value, latent = int(config["v_head_dim"]), int(config["kv_lora_rank"])
    q_rank = int(config.get("q_lora_rank") or 0)
    q_rows = n_heads * (nope + rope)
    groups = []
    if q_rank:
        groups.append(matrix("attn_q_a", "attention", q_rank, hidden, layers))
        groups.append(vector("attn_q_a_norm", "norm", q_rank, layers))
        groups.append(matrix("attn_q_b", "attention", q_rows, q_rank, layers))
    else:
        groups.append(matrix("attn_q", "attention", q_rows, hidden, layers))
    groups.append(matrix("attn_kv_a_mqa", "attention", latent + rope, hidden, layers))
    groups.append(vector("attn_kv_a_norm", "norm", latent, layers))
    groups.append(stack("attn_k_b", "attention", latent, nope, n_heads, layers))
    groups.append(stack("attn_v_b", "attention", value, latent, n_heads, layers))
    groups.append(matrix("attn_output", "attention", hidden, n_heads * value, layers))
    return groups


def indexer_tensors(config: Config, layers: Layers) -> list[TensorGroup]:
    """The lightning indexer: queries from the query latent, one key head, a weight per index head.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/deepseek32.cpp
    """
    if not layers:
        return []
    hidden, dim = int(config["hidden_size"]), int(config["index_head_dim"])
    heads, q_rank = int(config["index_n_heads"]), int(config["q_lora_rank"])
    return [
        matrix("indexer.attn_q_b", "attention", heads * dim, q_rank, layers),
        matrix("indexer.attn_k", "attention", dim, hidden, layers),
        vector("indexer.k_norm", "norm", dim, layers),
        vector("indexer.k_norm.bias", "norm", dim, layers),
        matrix("indexer.proj", "attention", heads, hidden, layers),
    ]


def mla_group(config: Config, n_heads: int, layers: Layers, n_indexer_layers: int = 0) -> AttentionGroup:
    """One latent and one rotary key per token; no values of their own."""
    return AttentionGroup(
        kind="mla",
        layers=layers,
        n_q_heads=n_heads,
        n_kv_heads=n_heads,
        head_dim_k=int(config["qk_nope_head_dim"]) + int(config["qk_rope_head_dim"]),
        head_dim_v=int(config["v_head_dim"]),
        kv_lora_rank=int(config["kv_lora_rank"]),
        qk_rope_head_dim=int(config["qk_rope_head_dim"]),
        indexer_head_dim=int(config.get("index_head_dim") or 0) if n_indexer_layers else 0,
        n_indexer_layers=n_indexer_layers,
    )


def _indexer_layers(config: Config, n_layers: int) -> Layers:
    """Layers with an indexer of their own; the others reuse the choice of the one before."""
    kinds = config.get("indexer_types")
    if not kinds:
        return tuple(range(n_layers))
    return tuple(i for i, kind in enumerate(kinds[:n_layers]) if kind == "full")


def _latent_block(config: Config, formula: Formula, shape: Shape, layers: Layers) -> list[TensorGroup]:
    tensors = norms(("attn_norm", "ffn_norm"), shape.hidden, layers)
    return tensors + mla_tensors(config, shape.n_heads, layers)


def latent_transformer(config: Config, formula: Formula) -> Architecture:
    """MLA with dense first layers and experts after them ("t": "mla")."""
    shape = shape_of(config)
    moe = moe_of(config, formula, shape)
    sparse = moe_layers(config, formula, shape.n_layers)
    indexed = _indexer_layers(config, shape.n_layers) if formula.get("dsa") else ()

    tensors = embeddings(shape) + _latent_block(config, formula, shape, shape.layers)
    tensors += indexer_tensors(config, indexed)
    tensors += ffn_tensors(shape.hidden, shape.ffn, without(shape.layers, sparse))
    tensors += moe_tensors(moe, shape.hidden, sparse)
    n_mtp = int(config.get("num_nextn_predict_layers") or 0)
    block = _latent_block(config, formula, shape, (0,)) + moe_tensors(moe, shape.hidden, (0,))
    block += indexer_tensors(config, (0,)) if formula.get("dsa") else []
    tensors += mtp_tensors(block, shape, n_mtp, formula.get("mtp_copies", ()))
    return assemble(
        config,
        shape,
        tensors,
        (mla_group(config, shape.n_heads, shape.layers, len(indexed)),),
        n_kv_heads=1,
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch="deepseek2",
        gguf_has_mtp=bool(formula.get("gguf_mtp")),
    )


def longcat(config: Config, formula: Formula) -> Architecture:
    """LongCat-Flash ("t": "longcat"): each layer holds two latent-attention and two dense blocks beside one block of
    experts, some of which compute nothing.

    Source: https://github.com/huggingface/transformers/blob/main/src/transformers/models/longcat_flash/modeling_longcat_flash.py
    """
    shape = shape_of({**config, "intermediate_size": config["ffn_hidden_size"]})
    blocks = tuple(range(2 * shape.n_layers))  # attention blocks, two a layer
    first_of_layer = blocks[::2]
    routed = int(config["n_routed_experts"]) + int(config["zero_expert_num"])
    moe = Moe(int(config["n_routed_experts"]), int(config["expert_ffn_hidden_size"]))
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, blocks)
    tensors += mla_tensors(config, shape.n_heads, blocks)
    tensors += ffn_tensors(shape.hidden, shape.ffn, blocks)
    experts = [g for g in moe_tensors(moe, shape.hidden, first_of_layer) if g.name != "ffn_gate_inp"]
    tensors += [
        *experts,
        matrix("ffn_gate_inp", "router", routed, shape.hidden, first_of_layer),
        vector("exp_probs_b.bias", "router", routed, first_of_layer),
    ]
    n_mtp = int(formula.get("mtp", 0))
    block = norms(("attn_norm", "ffn_norm"), shape.hidden, (0,)) + mla_tensors(config, shape.n_heads, (0,))
    block += ffn_tensors(shape.hidden, shape.ffn, (0,))
    tensors += mtp_tensors(block, shape, n_mtp, formula.get("mtp_copies", ()))
    return assemble(
        config,
        shape,
        tensors,
        (mla_group(config, shape.n_heads, blocks),),
        n_layers=2 * shape.n_layers,
        n_kv_heads=1,
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch="longcat",
    )
