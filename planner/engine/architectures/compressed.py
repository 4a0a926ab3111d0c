"""DeepSeek-V4: one shared key-value head, compressed far context, grouped output projection, hyper-connections."""

from __future__ import annotations

from planner.engine.architectures.parts import (
    Config,
    Layers,
    Moe,
    as_mtp,
    assemble,
    embeddings,
    matrix,
    moe_tensors,
    norms,
    shape_of,
    vector,
)
from planner.engine.architectures.transformer import Formula, moe_of
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup

# A ratio-4 layer pools overlapping windows: two halves per pooled entry; it also has an indexer.
_INDEXED_RATIO = 4


def _attention_tensors(config: Config, layers: Layers) -> list[TensorGroup]:
    """Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/deepseek4.cpp"""
    hidden, dim = int(config["hidden_size"]), int(config["head_dim"])
    heads, q_rank = int(config["num_attention_heads"]), int(config["q_lora_rank"])
    groups, o_rank = int(config["o_groups"]), int(config["o_lora_rank"])
    return [
        vector("attn_norm", "norm", hidden, layers),
        vector("attn_sinks", "attention", heads, layers),
        matrix("attn_q_a", "attention", q_rank, hidden, layers),
        vector("attn_q_a_norm", "norm", q_rank, layers),
        matrix("attn_q_b", "attention", heads * dim, q_rank, layers),
        matrix("attn_kv", "attention", dim, hidden, layers),
        vector("attn_kv_norm", "norm", dim, layers),
        matrix("attn_output_a", "attention", groups * o_rank, heads * dim // groups, layers),
        matrix("attn_output_b", "attention", hidden, groups * o_rank, layers),
    ]


def _hyper_connections(config: Config, layers: Layers) -> list[TensorGroup]:
    hidden, n = int(config["hidden_size"]), int(config["hc_mult"])
    mix = (2 + n) * n
    groups = []
    for name in ("hc_attn", "hc_ffn"):
        groups.append(matrix(f"{name}_fn", "other", mix, n * hidden, layers))
        groups.append(vector(f"{name}_base", "other", mix, layers))
        groups.append(vector(f"{name}_scale", "other", 3, layers))
    return groups


def _pool(prefix: str, dim: int, ratio: int, hidden: int, layers: Layers) -> list[TensorGroup]:
    width = dim * (2 if ratio == _INDEXED_RATIO else 1)
    return [
        matrix(f"{prefix}_wkv", "attention", width, hidden, layers),
        matrix(f"{prefix}_wgate", "attention", width, hidden, layers),
        matrix(f"{prefix}_ape", "attention", ratio, width, layers),
        vector(f"{prefix}_norm", "norm", dim, layers),
    ]


def _compressors(config: Config, ratio: int, layers: Layers) -> list[TensorGroup]:
    hidden, dim = int(config["hidden_size"]), int(config["head_dim"])
    groups = _pool("attn_compressor", dim, ratio, hidden, layers)
    if ratio == _INDEXED_RATIO:
        heads, index_dim = int(config["index_n_heads"]), int(config["index_head_dim"])
        groups.append(matrix("indexer.proj", "attention", heads, hidden, layers))
        q_rank = int(config["q_lora_rank"])
        groups.append(matrix("indexer.attn_q_b", "attention", heads * index_dim, q_rank, layers))
        groups += _pool("indexer_compressor", index_dim, ratio, hidden, layers)
    return groups


def _cache(config: Config, ratio: int, layers: Layers) -> AttentionGroup:
    indexed = ratio == _INDEXED_RATIO
    return AttentionGroup(
        kind="compressed" if ratio else "sliding",
        layers=layers,
        n_q_heads=int(config["num_attention_heads"]),
        n_kv_heads=1,
        head_dim_k=int(config["head_dim"]),
        head_dim_v=0,  # the keys are the values
        window_tokens=int(config["sliding_window"]),
        indexer_head_dim=int(config["index_head_dim"]) if indexed else 0,
        n_indexer_layers=len(layers) if indexed else 0,
        compression=ratio,
    )


def _routers(config: Config, formula: Formula, moe: Moe, layers: Layers) -> list[TensorGroup]:
    """The first layers route by a table of token ids instead of a bias."""
    n_hash = int(config.get("num_hash_layers") or 0)
    used = int(config["num_experts_per_tok"])
    groups = [vector("exp_probs_b.bias", "router", moe.n_experts, layers[n_hash:])]
    if n_hash and formula.get("count_hash_tables", True):
        table = matrix("ffn_gate_tid2eid", "embedding", int(config["vocab_size"]), used, layers[:n_hash])
        groups.append(table)
    return groups


def deepseek_v4(config: Config, formula: Formula) -> Architecture:
    """DeepSeek-V4 ("t": "deepseek_v4"): windowed and compressed attention on every layer, experts on every layer."""
    shape = shape_of(config)
    hidden, n = shape.hidden, int(config["hc_mult"])
    base = moe_of(config, formula, shape)
    moe = Moe(base.n_experts, base.ffn, shared_ffn=base.ffn * int(config["n_shared_experts"]))
    tensors = embeddings(shape)
    tensors += [
        matrix("hc_head_fn", "other", n, n * hidden),
        vector("hc_head_base", "other", n),
        vector("hc_head_scale", "other", 1),
    ]
    tensors += _attention_tensors(config, shape.layers) + _hyper_connections(config, shape.layers)
    tensors += norms(("ffn_norm",), hidden, shape.layers)
    ratios = [int(r) for r in config["compress_ratios"]][: shape.n_layers]
    caches = []
    for ratio in sorted(set(ratios)):
        layers = tuple(i for i, r in enumerate(ratios) if r == ratio)
        caches.append(_cache(config, ratio, layers))
        if ratio:
            tensors += _compressors(config, ratio, layers)
    tensors += moe_tensors(moe, hidden, shape.layers) + _routers(config, formula, moe, shape.layers)
    n_mtp = int(config.get("num_nextn_predict_layers") or 0)
    tensors += _mtp(config, moe, hidden, tuple(range(shape.n_layers, shape.n_layers + n_mtp)))
    return assemble(
        config,
        shape,
        tensors,
        tuple(caches),
        n_kv_heads=1,
        moe=moe,
        n_mtp=n_mtp,
        gguf_arch="deepseek4",
        gguf_has_mtp=bool(formula.get("gguf_mtp")),
    )


def _mtp(config: Config, moe: Moe, hidden: int, layers: Layers) -> list[TensorGroup]:
    if not layers:
        return []
    n = int(config["hc_mult"])
    block = _attention_tensors(config, (0,)) + _hyper_connections(config, (0,))
    block += norms(("ffn_norm", "nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"), hidden, (0,))
    block += [*moe_tensors(moe, hidden, (0,)), vector("exp_probs_b.bias", "router", moe.n_experts, (0,))]
    block += [
        matrix("nextn.eh_proj", "other", hidden, 2 * hidden, (0,)),
        matrix("hc_head_fn", "other", n, n * hidden, (0,)),
        vector("hc_head_base", "other", n, (0,)),
        vector("hc_head_scale", "other", 1, (0,)),
    ]
    return as_mtp(block, layers)
