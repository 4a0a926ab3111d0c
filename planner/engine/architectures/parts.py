"""The pieces that architectures share: shapes read from a config, and groups of tensors by GGUF role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.engine.inventory import Architecture, AttentionGroup, TensorClass, TensorGroup

Config = Mapping[str, Any]
Layers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The figures that every architecture has."""

    hidden: int
    n_layers: int
    vocab: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    head_dim_v: int
    ffn: int
    tied: bool

    @property
    def layers(self) -> Layers:
        return tuple(range(self.n_layers))


def shape_of(config: Config) -> Shape:
    """Reads the common figures of a config; raises KeyError where one is missing."""
    n_heads = int(config["num_attention_heads"])
    head_dim = int(config.get("head_dim") or int(config["hidden_size"]) // n_heads)
    return Shape(
        hidden=int(config["hidden_size"]),
        n_layers=int(config["num_hidden_layers"]),
        vocab=int(config["vocab_size"]),
        n_heads=n_heads,
        n_kv_heads=int(config.get("num_key_value_heads") or n_heads),
        head_dim=head_dim,
        head_dim_v=int(config.get("v_head_dim") or head_dim),
        ffn=int(config.get("intermediate_size") or 0),
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def matrix(name: str, cls: TensorClass, rows: int, row_length: int, layers: Layers = ()) -> TensorGroup:
    return TensorGroup(name, cls, rows, row_length, 1, layers)


def vector(name: str, cls: TensorClass, length: int, layers: Layers = ()) -> TensorGroup:
    return TensorGroup(name, cls, 1, length, 1, layers, is_vector=True)


def stack(name: str, cls: TensorClass, rows: int, row_length: int, count: int, layers: Layers) -> TensorGroup:
    return TensorGroup(name, cls, rows, row_length, count, layers, is_stack=True)


def embeddings(shape: Shape, *, norm_bias: bool = False, final_norm: bool = True) -> list[TensorGroup]:
    """Token embedding, output head unless tied, and the final norm."""
    groups = [matrix("token_embd", "embedding", shape.vocab, shape.hidden)]
    if not shape.tied:
        groups.append(matrix("output", "output", shape.vocab, shape.hidden))
    if final_norm:
        groups.append(vector("output_norm", "norm", shape.hidden))
        if norm_bias:
            groups.append(vector("output_norm.bias", "norm", shape.hidden))
    return groups


@dataclass(frozen=True, slots=True)
class Gqa:
    """Grouped-query attention: head counts and sizes, and what else its projections carry."""

    n_heads: int
    n_kv_heads: int
    head_dim_k: int
    head_dim_v: int
    bias: str = ""  # "qkv" or "all" (with the output projection)
    gated: bool = False  # the query projection also yields an output gate
    gate_rows: int = 0  # a gate projection of its own
    qk_norm: str = ""  # "head" (one norm of head size) or "full" (a norm over all heads)
    fused: bool = False  # GGUF keeps one attn_qkv tensor
    sinks: bool = False
    shares_kv: bool = False  # keys are used as values: no value projection
    reads_other_kv: bool = False  # neither key nor value projection: another layer's cache is read

    @property
    def q_rows(self) -> int:
        return self.n_heads * self.head_dim_k * (2 if self.gated else 1)

    @property
    def k_rows(self) -> int:
        return 0 if self.reads_other_kv else self.n_kv_heads * self.head_dim_k

    @property
    def v_rows(self) -> int:
        return 0 if self.reads_other_kv or self.shares_kv else self.n_kv_heads * self.head_dim_v


def gqa_tensors(spec: Gqa, hidden: int, layers: Layers) -> list[TensorGroup]:
    """Projections, biases and head norms of grouped-query attention layers."""
    projections = {"attn_q": spec.q_rows, "attn_k": spec.k_rows, "attn_v": spec.v_rows}
    if spec.fused:
        projections = {"attn_qkv": sum(projections.values())}
    groups = [matrix(name, "attention", rows, hidden, layers) for name, rows in projections.items() if rows]
    if spec.bias in ("qkv", "all"):
        groups += [vector(f"{n}.bias", "attention", rows, layers) for n, rows in projections.items() if rows]
    groups.append(matrix("attn_output", "attention", hidden, spec.n_heads * spec.head_dim_v, layers))
    if spec.gate_rows:
        groups.append(matrix("attn_gate", "attention", spec.gate_rows, hidden, layers))
    if spec.bias == "all":
        groups.append(vector("attn_output.bias", "attention", hidden, layers))
    groups += _head_norms(spec, layers)
    if spec.sinks:
        groups.append(vector("attn_sinks", "attention", spec.n_heads, layers))
    return groups


def _head_norms(spec: Gqa, layers: Layers) -> list[TensorGroup]:
    if not spec.qk_norm:
        return []
    full = spec.qk_norm == "full"
    groups = [vector("attn_q_norm", "norm", spec.head_dim_k * (spec.n_heads if full else 1), layers)]
    if not spec.reads_other_kv:
        groups.append(
            vector("attn_k_norm", "norm", spec.head_dim_k * (spec.n_kv_heads if full else 1), layers)
        )
    return groups


def ffn_tensors(
    hidden: int, ffn: int, layers: Layers, *, gated: bool = True, bias: bool = False, fused: bool = False
) -> list[TensorGroup]:
    """A dense feed-forward block; ``fused`` keeps gate and up in one ffn_up tensor, as some GGUFs do."""
    if not layers:
        return []
    groups = []
    if gated and not fused:
        groups.append(matrix("ffn_gate", "dense_ffn", ffn, hidden, layers))
    groups.append(matrix("ffn_up", "dense_ffn", 2 * ffn if gated and fused else ffn, hidden, layers))
    groups.append(matrix("ffn_down", "dense_ffn", hidden, ffn, layers))
    if bias:
        groups.append(vector("ffn_up.bias", "dense_ffn", ffn, layers))
        groups.append(vector("ffn_down.bias", "dense_ffn", hidden, layers))
    return groups


@dataclass(frozen=True, slots=True)
class Moe:
    """A mixture-of-experts feed-forward block."""

    n_experts: int
    ffn: int
    shared_ffn: int = 0  # all shared experts together
    shared_gate: bool = False  # a one-row gate on the shared expert
    router_bias: bool = False
    expert_bias: bool = False
    gated: bool = True
    fused: bool = False  # GGUF keeps gate and up of an expert in one tensor
    expert_in: int = 0  # experts read a latent of this size instead of the hidden state


def moe_tensors(spec: Moe, hidden: int, layers: Layers) -> list[TensorGroup]:
    """Router, routed experts and shared expert of the given layers."""
    if not layers:
        return []
    n, inner = spec.n_experts, spec.expert_in or hidden
    groups = [matrix("ffn_gate_inp", "router", n, hidden, layers)]
    if spec.router_bias:
        groups.append(vector("exp_probs_b.bias", "router", n, layers))
    if spec.fused:
        groups.append(stack("ffn_gate_up_exps", "expert", 2 * spec.ffn, inner, n, layers))
    else:
        if spec.gated:
            groups.append(stack("ffn_gate_exps", "expert", spec.ffn, inner, n, layers))
        groups.append(stack("ffn_up_exps", "expert", spec.ffn, inner, n, layers))
    groups.append(stack("ffn_down_exps", "expert", inner, spec.ffn, n, layers))
    if spec.expert_bias:
        widths = {"ffn_gate_exps": spec.ffn, "ffn_up_exps": spec.ffn, "ffn_down_exps": inner}
        groups += [vector(f"{name}.bias", "expert", n * width, layers) for name, width in widths.items()]
    return groups + _shared_expert(spec, hidden, layers)


def _shared_expert(spec: Moe, hidden: int, layers: Layers) -> list[TensorGroup]:
    if not spec.shared_ffn:
        return []
    groups = []
    if spec.gated:
        groups.append(matrix("ffn_gate_shexp", "shared_expert", spec.shared_ffn, hidden, layers))
    groups.append(matrix("ffn_up_shexp", "shared_expert", spec.shared_ffn, hidden, layers))
    groups.append(matrix("ffn_down_shexp", "shared_expert", hidden, spec.shared_ffn, layers))
    if spec.shared_gate:
        groups.append(vector("ffn_gate_inp_shexp", "router", hidden, layers))
    return groups


def norms(names: tuple[str, ...], hidden: int, layers: Layers) -> list[TensorGroup]:
    return [vector(name, "norm", hidden, layers) for name in names]


def gqa_group(spec: Gqa, layers: Layers, window_tokens: int = 0) -> AttentionGroup:
    """The cache that such layers keep."""
    kind = "shared" if spec.reads_other_kv else "sliding" if window_tokens else "full"
    return AttentionGroup(
        kind=kind,
        layers=layers,
        n_q_heads=spec.n_heads,
        n_kv_heads=spec.n_kv_heads,
        head_dim_k=spec.head_dim_k,
        head_dim_v=spec.head_dim_v,
        window_tokens=window_tokens,
    )


def as_mtp(groups: list[TensorGroup], layers: Layers) -> list[TensorGroup]:
    """The same tensors, moved to the given layers and counted as multi-token prediction."""
    return [
        replace(
            g, tensor_class="mtp", layers=layers, origin=None if g.tensor_class == "mtp" else g.tensor_class
        )
        for g in groups
    ]


def sliding_layers(config: Config, n_layers: int) -> Layers:
    """Layers with a window, from the config's layer types."""
    types = config.get("layer_types") or ()
    return tuple(i for i, kind in enumerate(types[:n_layers]) if "sliding" in kind or "chunked" in kind)


def without(layers: Layers, remove: Layers) -> Layers:
    removed = set(remove)
    return tuple(layer for layer in layers if layer not in removed)


def experts_used(config: Config) -> int:
    for key in ("num_experts_per_tok", "num_experts_per_token", "moe_k", "moe_topk", "top_k_experts"):
        value = config.get(key)
        if value:
            return int(value[0] if isinstance(value, list | tuple) else value)
    return 0


def assemble(
    config: Config,
    shape: Shape,
    tensors: list[TensorGroup],
    attention: Sequence[AttentionGroup],
    *,
    moe: Moe | None = None,
    n_mtp: int = 0,
    n_layers: int | None = None,
    n_kv_heads: int | None = None,
    gguf_arch: str = "",
    gguf_has_mtp: bool = False,
) -> Architecture:
    """The architecture of these parts; the common figures come from the shape unless given.

    MLA models say one KV head, as GGUF files with the latent cache do.
    """
    return Architecture(
        n_layers=n_layers or shape.n_layers,
        hidden_size=shape.hidden,
        vocab_size=shape.vocab,
        tied_embeddings=shape.tied,
        n_heads=shape.n_heads,
        n_kv_heads=n_kv_heads or shape.n_kv_heads,
        n_experts=moe.n_experts if moe else 0,
        n_experts_used=experts_used(config) if moe else 0,
        max_context_tokens=config.get("max_position_embeddings"),
        n_mtp_layers=n_mtp,
        tensors=tuple(tensors),
        attention=tuple(attention),
        gguf_arch=gguf_arch,
        gguf_has_mtp=gguf_has_mtp,
    )
