"""Hybrids with Mamba-2 state-space layers."""

from __future__ import annotations

from dataclasses import dataclass

from planner.engine.architectures.parts import (
    Config,
    Gqa,
    Layers,
    Moe,
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
    vector,
    without,
)
from planner.engine.architectures.transformer import Formula
from planner.engine.inventory import Architecture, AttentionGroup, TensorGroup


@dataclass(frozen=True, slots=True)
class Mamba2:
    """Sizes of a Mamba-2 mixer."""

    n_heads: int
    head_dim: int
    n_groups: int
    state: int
    kernel: int
    conv_bias: bool = True
    norm: bool = True

    @property
    def inner(self) -> int:
        return self.n_heads * self.head_dim

    @property
    def conv(self) -> int:
        return self.inner + 2 * self.n_groups * self.state


def mamba2_tensors(spec: Mamba2, hidden: int, layers: Layers) -> list[TensorGroup]:
    """One joint input projection (gate, x, B, C, dt), a short convolution, the state's parameters.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/nemotron-h.cpp
    """
    if not layers:
        return []
    groups = [
        matrix("ssm_in", "attention", spec.inner + spec.conv + spec.n_heads, hidden, layers),
        matrix("ssm_conv1d", "recurrent", spec.conv, spec.kernel, layers),
        vector("ssm_dt.bias", "recurrent", spec.n_heads, layers),
        vector("ssm_a", "recurrent", spec.n_heads, layers),
        vector("ssm_d", "recurrent", spec.n_heads, layers),
        matrix("ssm_out", "attention", hidden, spec.inner, layers),
    ]
    if spec.conv_bias:
        groups.append(vector("ssm_conv1d.bias", "recurrent", spec.conv, layers))
    if spec.norm:
        groups.append(vector("ssm_norm", "norm", spec.inner, layers))
    return groups


def mamba2_group(spec: Mamba2, layers: Layers) -> AttentionGroup:
    """State of a layer: the convolution's last inputs and heads x head size x state size."""
    elements = (spec.kernel - 1) * spec.conv + spec.inner * spec.state
    return AttentionGroup(
        "linear", layers, spec.n_heads, spec.n_groups, spec.state, spec.head_dim, state_elements=elements
    )


def _positions(pattern: str, letter: str) -> Layers:
    return tuple(i for i, kind in enumerate(pattern) if kind == letter)


def nemotron_h(config: Config, formula: Formula) -> Architecture:
    """Nemotron-H and Nemotron 3 ("t": "nemotron_h"): each layer is a Mamba-2 mixer (M), attention (*), a
    feed-forward block (-) or experts (E), without gates; experts may read a latent."""
    shape = shape_of(config)
    pattern = str(config["hybrid_override_pattern"])
    mamba = Mamba2(
        int(config["mamba_num_heads"]),
        int(config["mamba_head_dim"]),
        int(config["n_groups"]),
        int(config["ssm_state_size"]),
        int(config["conv_kernel"]),
    )
    spec = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim)
    ssm, attn = _positions(pattern, "M"), _positions(pattern, "*")
    dense, sparse = _positions(pattern, "-"), _positions(pattern, "E")
    latent = int(config.get("moe_latent_size") or 0)
    moe = Moe(
        n_experts=int(config.get("n_routed_experts") or 0),
        ffn=int(config.get("moe_intermediate_size") or 0),
        shared_ffn=int(config.get("moe_shared_expert_intermediate_size") or 0),
        router_bias=True,
        gated=False,
        expert_in=latent,
    )
    tensors = embeddings(shape) + norms(("attn_norm",), shape.hidden, shape.layers)
    tensors += mamba2_tensors(mamba, shape.hidden, ssm) + gqa_tensors(spec, shape.hidden, attn)
    tensors += ffn_tensors(shape.hidden, shape.ffn, dense, gated=False)
    tensors += _latent_experts(moe, shape.hidden, latent, sparse)
    n_mtp = int(formula.get("mtp", 0))
    if n_mtp:
        tensors += _mtp(spec, moe, shape.hidden, latent, tuple(range(shape.n_layers, shape.n_layers + n_mtp)))
    return assemble(
        config,
        shape,
        tensors,
        (gqa_group(spec, attn), mamba2_group(mamba, ssm)),
        moe=moe if sparse else None,
        n_mtp=n_mtp,
        gguf_arch="nemotron_h_moe" if sparse else "nemotron_h",
    )


def _latent_experts(moe: Moe, hidden: int, latent: int, layers: Layers) -> list[TensorGroup]:
    groups = moe_tensors(moe, hidden, layers)
    if latent and layers:
        groups.append(matrix("ffn_latent_down", "shared_expert", latent, hidden, layers))
        groups.append(matrix("ffn_latent_up", "shared_expert", hidden, latent, layers))
    return groups


def _mtp(spec: Gqa, moe: Moe, hidden: int, latent: int, layers: Layers) -> list[TensorGroup]:
    """A prediction layer of one attention and one expert block."""
    block = norms(("attn_norm", "ffn_norm"), hidden, (0,)) + gqa_tensors(spec, hidden, (0,))
    block += _latent_experts(moe, hidden, latent, (0,))
    block.append(matrix("nextn.eh_proj", "other", hidden, 2 * hidden, (0,)))
    block += norms(("nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"), hidden, (0,))
    return as_mtp(block, layers)


def _mamba_of(config: Config) -> Mamba2:
    return Mamba2(
        int(config["mamba_n_heads"]),
        int(config["mamba_d_head"]),
        int(config["mamba_n_groups"]),
        int(config["mamba_d_state"]),
        int(config["mamba_d_conv"]),
        norm=bool(config.get("mamba_rms_norm", True)),
    )


def granite_hybrid(config: Config, formula: Formula) -> Architecture:
    """Granite 4.0 H ("t": "granite_hybrid"): Mamba-2 layers, a few attention layers, experts and a shared expert in
    every layer.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/granite-hybrid.cpp
    """
    shape = shape_of(config)
    full = tuple(int(i) for i in config["attn_layer_indices"])
    mixers = without(shape.layers, full)
    mamba = _mamba_of(config)
    spec = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim)
    moe = Moe(
        int(config["num_local_experts"]),
        int(config["intermediate_size"]),
        shared_ffn=int(config["shared_intermediate_size"]),
    )
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += mamba2_tensors(mamba, shape.hidden, mixers) + gqa_tensors(spec, shape.hidden, full)
    tensors += moe_tensors(moe, shape.hidden, shape.layers)
    return assemble(
        config,
        shape,
        tensors,
        (gqa_group(spec, full), mamba2_group(mamba, mixers)),
        moe=moe,
        gguf_arch="granitehybrid",
    )


def falcon_h1(config: Config, formula: Formula) -> Architecture:
    """Falcon-H1 ("t": "falcon_h1"): a Mamba-2 mixer and attention side by side in every layer.

    Source: https://github.com/ggml-org/llama.cpp/blob/master/src/models/falcon-h1.cpp
    """
    shape = shape_of(config)
    mamba = _mamba_of(config)
    spec = Gqa(shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.head_dim)
    tensors = embeddings(shape) + norms(("attn_norm", "ffn_norm"), shape.hidden, shape.layers)
    tensors += mamba2_tensors(mamba, shape.hidden, shape.layers)
    tensors += gqa_tensors(spec, shape.hidden, shape.layers)
    tensors += ffn_tensors(shape.hidden, shape.ffn, shape.layers)
    return assemble(
        config,
        shape,
        tensors,
        (gqa_group(spec, shape.layers), mamba2_group(mamba, shape.layers)),
        gguf_arch="falcon-h1",
    )
