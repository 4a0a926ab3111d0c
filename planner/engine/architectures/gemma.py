"""Google's Gemma family: tied embeddings, sandwich norms, windows, per-layer embeddings."""

from __future__ import annotations

from dataclasses import replace

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
    sliding_layers,
    vector,
    without,
)
from planner.engine.architectures.transformer import (
    Formula,
    attention_groups,
    gqa_of,
    layer_norms,
)
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup


def gemma(config: Config, formula: Formula) -> Architecture:
    """Gemma 1, 2 and 3 ("t": "gemma"): dense, tied, four norms from Gemma 2 on."""
    shape = shape_of(config)
    spec = gqa_of(shape, formula)
    tensors = embeddings(shape) + layer_norms(formula, shape.hidden, shape.layers)
    tensors += gqa_tensors(spec, shape.hidden, shape.layers)
    tensors += ffn_tensors(shape.hidden, shape.ffn, shape.layers)
    return assemble(
        config,
        shape,
        tensors,
        attention_groups(spec, config, formula, shape),
        gguf_arch=str(formula.get("gguf_arch", "gemma")),
    )


def per_layer_embedding_tensors(config: Config, shape: Shape) -> list[TensorGroup]:
    """The second embedding: a row of ``hidden_size_per_layer_input`` values per token and layer, and its gates.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/gemma4.cpp
    """
    width = int(config.get("hidden_size_per_layer_input") or 0)
    if not width:
        return []
    vocab = int(config.get("vocab_size_per_layer_input") or shape.vocab)
    return [
        matrix("per_layer_token_embd", "embedding", vocab, width * shape.n_layers),
        matrix("per_layer_model_proj", "other", width * shape.n_layers, shape.hidden),
        vector("per_layer_proj_norm", "norm", width),
        matrix("inp_gate", "other", width, shape.hidden, shape.layers),
        matrix("proj", "other", shape.hidden, width, shape.layers),
        vector("post_norm", "norm", shape.hidden, shape.layers),
    ]


def _layer_kinds(config: Config, shape: Shape) -> list[tuple[Gqa, Layers, bool]]:
    """(attention, layers, sliding?) for the windowed and the global layers, those that keep a cache first."""
    sliding = sliding_layers(config, shape.n_layers)
    first_shared = shape.n_layers - int(config.get("num_kv_shared_layers") or 0)
    local = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim, qk_norm="head")
    global_dim = int(config.get("global_head_dim") or shape.head_dim)
    shares = bool(config.get("attention_k_eq_v"))
    global_kv = (
        int(config.get("num_global_key_value_heads") or shape.n_kv_heads) if shares else shape.n_kv_heads
    )
    wide = Gqa(shape.n_heads, global_kv, global_dim, global_dim, qk_norm="head", shares_kv=shares)
    kinds = []
    for spec, layers, is_sliding in ((local, sliding, True), (wide, without(shape.layers, sliding), False)):
        kinds.append((spec, tuple(i for i in layers if i < first_shared), is_sliding))
        kinds.append((spec, tuple(i for i in layers if i >= first_shared), is_sliding))
    return kinds


def _attention(config: Config, shape: Shape) -> tuple[list[TensorGroup], list[AttentionGroup]]:
    tensors: list[TensorGroup] = []
    caches: list[AttentionGroup] = []
    window = int(config.get("sliding_window") or 0)
    first_shared = shape.n_layers - int(config.get("num_kv_shared_layers") or 0)
    for spec, layers, is_sliding in _layer_kinds(config, shape):
        if not layers:
            continue
        reads_other = layers[0] >= first_shared
        tensors += gqa_tensors(replace(spec, reads_other_kv=reads_other), shape.hidden, layers)
        if reads_other:
            tensors += _unread_kv(spec, shape.hidden, layers)
        cache = gqa_group(spec, layers, window if is_sliding else 0)
        caches.append(replace(cache, kind="shared") if reads_other else cache)
    return tensors, caches


def _unread_kv(spec: Gqa, hidden: int, layers: Layers) -> list[TensorGroup]:
    """Checkpoints keep K and V projections of the layers that read another layer's cache; nothing uses them."""
    groups = [
        matrix("attn_k", "attention", spec.k_rows, hidden, layers),
        matrix("attn_v", "attention", spec.v_rows, hidden, layers),
        vector("attn_k_norm", "norm", spec.head_dim_k, layers),
    ]
    return [replace(group, tensor_class="unread", origin=group.tensor_class) for group in groups]


def gemma4(config: Config, formula: Formula) -> Architecture:
    """Gemma 4 ("t": "gemma4"): windowed layers, global layers with wider heads, shared caches, and for the small
    models per-layer embeddings, for the 26B experts beside a dense block.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/gemma4.cpp
    """
    shape = shape_of(config)
    has_experts = bool(config.get("enable_moe_block"))
    norm_names = ["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"]
    moe = Moe(int(config.get("num_experts") or 0), int(config.get("moe_intermediate_size") or 0), fused=True)
    projections, caches = _attention(config, shape)
    tensors = embeddings(shape) + per_layer_embedding_tensors(config, shape) + projections
    tensors.append(vector("layer_output_scale", "norm", 1, shape.layers))
    if has_experts:
        norm_names += ["pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2", "ffn_gate_inp.scale"]
        tensors += moe_tensors(moe, shape.hidden, shape.layers)
        tensors.append(vector("ffn_down_exps.scale", "router", moe.n_experts, shape.layers))
    tensors += norms(tuple(norm_names), shape.hidden, shape.layers)
    shared = int(config.get("num_kv_shared_layers") or 0) if config.get("use_double_wide_mlp") else 0
    tensors += ffn_tensors(shape.hidden, shape.ffn, shape.layers[: shape.n_layers - shared])
    tensors += ffn_tensors(shape.hidden, 2 * shape.ffn, shape.layers[shape.n_layers - shared :])
    return assemble(
        config, shape, tensors, tuple(caches), moe=moe if has_experts else None, gguf_arch="gemma4"
    )


def _altup_tensors(shape: Shape, n_inputs: int, rank: int) -> list[TensorGroup]:
    """Alternating updates (n_inputs parallel hidden states) and the low-rank residual of Gemma 3n.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/gemma3n.cpp
    """
    hidden, layers, extra = shape.hidden, shape.layers, n_inputs - 1
    return [
        TensorGroup("altup_proj", "other", hidden, hidden, extra, is_stack=True),
        TensorGroup("altup_unembd_proj", "other", hidden, hidden, extra, is_stack=True),
        matrix("altup_correct_coef", "other", n_inputs, n_inputs, layers),
        matrix("altup_predict_coef", "other", n_inputs * n_inputs, n_inputs, layers),
        matrix("altup_router", "other", n_inputs, hidden, layers),
        vector("altup_correct_scale", "other", hidden, layers),
        vector("altup_router_norm", "norm", hidden, layers),
        matrix("laurel_l", "other", rank, hidden, layers),
        matrix("laurel_r", "other", hidden, rank, layers),
        vector("laurel_post_norm", "norm", hidden, layers),
    ]


def gemma3n(config: Config, formula: Formula) -> Architecture:
    """Gemma 3n ("t": "gemma3n"): per-layer embeddings, alternating updates, low-rank residuals, shared caches."""
    shape = shape_of(config)
    projections, caches = _attention(config, shape)
    norm_names = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
    tensors = embeddings(shape) + per_layer_embedding_tensors(config, shape) + projections
    tensors += _altup_tensors(shape, int(config["altup_num_inputs"]), int(config["laurel_rank"]))
    tensors += norms(norm_names, shape.hidden, shape.layers)
    tensors += ffn_tensors(shape.hidden, shape.ffn, shape.layers)
    return assemble(config, shape, tensors, tuple(caches), gguf_arch="gemma3n")
