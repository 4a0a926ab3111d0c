"""Hybrids of linear attention and softmax attention: Gated DeltaNet, Kimi Delta Attention, lightning attention."""

from __future__ import annotations

from planner.engine.architectures.mla import mla_group, mla_tensors
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
    vector,
    without,
)
from planner.engine.architectures.transformer import Formula, moe_of, mtp_tensors
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup


def _full_layers(config: Config, n_layers: int) -> Layers:
    types = config.get("layer_types")
    if types:
        return tuple(i for i, kind in enumerate(types[:n_layers]) if kind == "full_attention")
    interval = int(config.get("full_attention_interval") or 4)
    return tuple(i for i in range(n_layers) if (i + 1) % interval == 0)


def delta_net_tensors(config: Config, layers: Layers) -> list[TensorGroup]:
    """Gated DeltaNet: joint q, k, v projection, output gate, per-head decay and beta, short convolution.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/qwen35.cpp
    """
    hidden = int(config["hidden_size"])
    key = int(config["linear_num_key_heads"]) * int(config["linear_key_head_dim"])
    n_value, value_dim = int(config["linear_num_value_heads"]), int(config["linear_value_head_dim"])
    value, kernel = n_value * value_dim, int(config["linear_conv_kernel_dim"])
    conv = 2 * key + value
    return [
        matrix("attn_qkv", "attention", conv, hidden, layers),
        matrix("attn_gate", "attention", value, hidden, layers),
        matrix("ssm_beta", "attention", n_value, hidden, layers),
        matrix("ssm_alpha", "attention", n_value, hidden, layers),
        matrix("ssm_conv1d", "recurrent", conv, kernel, layers),
        vector("ssm_dt.bias", "recurrent", n_value, layers),
        vector("ssm_a", "recurrent", n_value, layers),
        vector("ssm_norm", "norm", value_dim, layers),
        matrix("ssm_out", "attention", hidden, value, layers),
    ]


def _delta_net_group(config: Config, layers: Layers) -> AttentionGroup:
    """State of a layer: the convolution's last inputs and one key x value matrix per value head."""
    key_dim, value_dim = int(config["linear_key_head_dim"]), int(config["linear_value_head_dim"])
    n_key, n_value = int(config["linear_num_key_heads"]), int(config["linear_num_value_heads"])
    conv = 2 * n_key * key_dim + n_value * value_dim
    state = (int(config["linear_conv_kernel_dim"]) - 1) * conv + n_value * key_dim * value_dim
    return AttentionGroup("linear", layers, n_value, n_key, key_dim, value_dim, state_elements=state)


def delta_net_hybrid(config: Config, formula: Formula) -> Architecture:
    """Qwen3-Next, Qwen3.5 and Qwen3.6 ("t": "gdn"): one gated full-attention layer after three linear ones."""
    shape = shape_of(config)
    full = _full_layers(config, shape.n_layers)
    linear = without(shape.layers, full)
    spec = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim_v, gated=True, qk_norm="head")
    moe: Moe | None = None
    if config.get("num_experts"):
        shared = int(config.get("shared_expert_intermediate_size") or 0)
        moe = moe_of(config, {**formula, "shared": shared, "shared_gate": True}, shape)

    def feed_forward(layers: Layers) -> list[TensorGroup]:
        if moe:
            return moe_tensors(moe, shape.hidden, layers)
        return ffn_tensors(shape.hidden, shape.ffn, layers)

    tensors = embeddings(shape) + norms(("attn_norm", "post_attention_norm"), shape.hidden, shape.layers)
    tensors += gqa_tensors(spec, shape.hidden, full) + delta_net_tensors(config, linear)
    tensors += feed_forward(shape.layers)
    n_mtp = int(config.get("mtp_num_hidden_layers") or formula.get("mtp", 0))
    block = norms(("attn_norm", "post_attention_norm"), shape.hidden, (0,))
    block += gqa_tensors(spec, shape.hidden, (0,)) + feed_forward((0,))
    tensors += mtp_tensors(block, shape, n_mtp)
    return assemble(
        config,
        shape,
        tensors,
        (gqa_group(spec, full), _delta_net_group(config, linear)),
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch=str(formula.get("gguf_arch", "")),
        gguf_has_mtp=bool(formula.get("gguf_mtp")),
    )


def kda_tensors(hidden: int, n_heads: int, head_dim: int, kernel: int, layers: Layers) -> list[TensorGroup]:
    """Kimi Delta Attention: q, k, v with a convolution each, low-rank decay and output gates.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/kimi-linear.cpp
    """
    width = n_heads * head_dim
    groups = [matrix(name, "attention", width, hidden, layers) for name in ("attn_q", "attn_k", "attn_v")]
    groups += [
        matrix(name, "recurrent", width, kernel, layers)
        for name in ("ssm_conv1d_q", "ssm_conv1d_k", "ssm_conv1d_v")
    ]
    groups += [
        matrix("ssm_f_a", "attention", head_dim, hidden, layers),
        matrix("ssm_f_b", "attention", width, head_dim, layers),
        matrix("ssm_beta", "attention", n_heads, hidden, layers),
        vector("ssm_a", "recurrent", n_heads, layers),
        vector("ssm_dt.bias", "recurrent", width, layers),
        vector("ssm_norm", "norm", head_dim, layers),
        matrix("attn_output", "attention", hidden, width, layers),
    ]
    return groups


def _low_rank_gate(hidden: int, width: int, rank: int, layers: Layers) -> list[TensorGroup]:
    return [
        matrix("ssm_g_a", "attention", rank, hidden, layers),
        matrix("ssm_g_b", "attention", width, rank, layers),
    ]


def kda_group(n_heads: int, head_dim: int, kernel: int, layers: Layers) -> AttentionGroup:
    state = (kernel - 1) * 3 * n_heads * head_dim + n_heads * head_dim * head_dim
    return AttentionGroup("linear", layers, n_heads, n_heads, head_dim, head_dim, state_elements=state)


def _kimi_figures(config: Config) -> tuple[int, int, int]:
    """Heads, head size and kernel of the delta-attention layers, flat or in ``linear_attn_config``."""
    nested = config.get("linear_attn_config")
    if nested:
        return int(nested["num_heads"]), int(nested["head_dim"]), int(nested["short_conv_kernel_size"])
    heads, dim = int(config["linear_num_heads"]), int(config["linear_head_dim"])
    return heads, dim, int(config["linear_conv_kernel_dim"])


def _kimi_layers(config: Config, n_layers: int) -> tuple[Layers, Layers]:
    """(full-attention layers, dense feed-forward layers); ``linear_attn_config`` counts layers from 1."""
    nested = config.get("linear_attn_config")
    if nested:
        full = tuple(int(i) - 1 for i in nested["full_attn_layers"])
        return full, tuple(range(int(config["first_k_dense_replace"])))
    kinds = config["mlp_layer_types"][:n_layers]
    return _full_layers(config, n_layers), tuple(i for i, kind in enumerate(kinds) if kind == "dense")


def _residual_attention(hidden: int, layers: Layers) -> list[TensorGroup]:
    """Kimi K3 attends over the residual streams of its blocks: a norm and a one-row score each."""
    names = ("attn_res_norm", "attn_res_proj", "ffn_res_norm", "ffn_res_proj")
    output = [vector(f"output_{name}", "norm", hidden) for name in names[:2]]
    return norms(names, hidden, layers) + output


def kimi_linear(config: Config, formula: Formula) -> Architecture:
    """Kimi-Linear and Kimi K3 ("t": "kimi_linear"): MLA on the full-attention layers, KDA on the others.

    K3 adds full-rank output gates, experts that read a latent (``moe_latent_size``) and residual attention.
    """
    shape = shape_of(config)
    full, dense = _kimi_layers(config, shape.n_layers)
    linear, sparse = without(shape.layers, full), without(shape.layers, dense)
    heads, dim, kernel = _kimi_figures(config)
    latent = int(config.get("moe_latent_size") or 0)
    base = moe_of(config, formula, shape)
    shared = base.ffn * int(config.get("num_shared_experts") or 0)
    moe = Moe(base.n_experts, base.ffn, shared, router_bias=True, expert_in=latent)
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += mla_tensors(config, shape.n_heads, full)
    tensors += kda_tensors(shape.hidden, heads, dim, kernel, linear)
    if formula.get("full_gate"):
        mla_width = shape.n_heads * int(config["v_head_dim"])
        tensors.append(matrix("attn_gate", "attention", heads * dim, shape.hidden, linear))
        tensors.append(matrix("attn_gate", "attention", mla_width, shape.hidden, full))
    else:
        tensors += _low_rank_gate(shape.hidden, heads * dim, dim, linear)
    tensors += ffn_tensors(shape.hidden, shape.ffn, dense) + moe_tensors(moe, shape.hidden, sparse)
    if latent:
        tensors.append(matrix("ffn_latent_down", "shared_expert", latent, shape.hidden, sparse))
        tensors.append(matrix("ffn_latent_up", "shared_expert", shape.hidden, latent, sparse))
        tensors.append(vector("ffn_norm_exps", "norm", latent, sparse))
    if config.get("attn_res_block_size"):
        tensors += _residual_attention(shape.hidden, shape.layers)
    return assemble(
        config,
        shape,
        tensors,
        (mla_group(config, shape.n_heads, full), kda_group(heads, dim, kernel, linear)),
        n_kv_heads=1,
        moe=moe,
        gguf_arch="kimi-linear",
    )


def lightning_hybrid(config: Config, formula: Formula) -> Architecture:
    """MiniMax-Text-01 and M1 ("t": "minimax_m1"): lightning attention, every eighth layer softmax attention.

    Source: https://github.com/MiniMax-AI/MiniMax-M1/blob/main/modeling_minimax_m1.py
    """
    shape = shape_of(config)
    full = tuple(i for i, kind in enumerate(config["attn_type_list"]) if kind == 1)
    linear = without(shape.layers, full)
    spec = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim)
    width = shape.n_heads * shape.head_dim
    moe = moe_of(config, formula, shape)
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += gqa_tensors(spec, shape.hidden, full)
    tensors += [
        matrix("attn_qkv", "attention", 3 * width, shape.hidden, linear),
        matrix("attn_gate", "attention", width, shape.hidden, linear),
        matrix("attn_output", "attention", shape.hidden, width, linear),
        vector("ssm_norm", "norm", width, linear),
    ]
    tensors += moe_tensors(moe, shape.hidden, shape.layers)
    return assemble(config, shape, tensors, (gqa_group(spec, full), _lightning_group(shape, linear)), moe=moe)


def _lightning_group(shape: Shape, layers: Layers) -> AttentionGroup:
    state = shape.n_heads * shape.head_dim * shape.head_dim
    dim = shape.head_dim
    return AttentionGroup("linear", layers, shape.n_heads, shape.n_heads, dim, dim, state_elements=state)
