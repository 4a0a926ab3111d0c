"""Compute and output buffers of llama.cpp and ik_llama.cpp, as their graph allocator reserves them.

The allocator gives one buffer per device, as large as the most that lives at once in the worst graph: a full
micro-batch over a full cache. Here that peak is the largest of a few stages of a layer (attention,
feed-forward, experts, logits), each the sum of the tensors alive in it; ggml keeps activations in f32. The
stages were read from the graphs and checked against logged sizes (tests/engine/test_buffers_llama.py).
Tables have shape [n_models], plans [n_plans] or shapes that broadcast together; results are bytes of that shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from planner.engine.architecture import Architecture

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

F32, F16 = 4.0, 2.0

# What ik_llama.cpp keeps of the keys and values that it expands from latents (-mla 2 and 3, flash attention):
# all heads in f32 before https://github.com/ikawrakow/ik_llama.cpp/pull/260 (2025-03-18), all heads in
# 16 bits before https://github.com/ikawrakow/ik_llama.cpp/pull/1211 (2026-01-31), since then one step's.
LATENT_ALL_F32, LATENT_ALL_F16, LATENT_CHUNKS = 0, 1, 2

# With all layers on several GPUs the scheduler keeps 4 copies of the graph's inputs to overlap micro-batches
# ("pipeline parallelism enabled (n_copies=4)" in https://github.com/ggml-org/llama.cpp/pull/6122).
PIPELINE_COPIES = 4


@dataclass(frozen=True, slots=True)
class BufferTable:
    """Widths of each model's activations, in elements per token. Shape [n_models]."""

    hidden: Ints
    vocab: Ints
    heads: Ints  # most query heads of a layer
    query: Ints  # rows of the widest query projection, with its gate
    head_dim: Ints  # of the widest key head
    ffn: Ints  # widest dense feed-forward layer
    expert_ffn: Ints
    experts: Ints
    experts_used: Ints
    largest: Ints  # weights of the largest matrix that a GPU may borrow: a stack of experts, or ffn x hidden
    latent: Ints  # MLA: latent and rotary part; 0 otherwise
    latent_rank: Ints
    rope: Ints
    key: Ints  # MLA: per head
    value: Ints  # MLA: per head
    indexer: Ints  # 1 with a sparse-attention indexer
    windows: Ints  # 1 with windowed layers

    def take(self, model: Ints) -> Self:
        """The rows of these models: [n_plans]."""
        return type(self)(**{f.name: getattr(self, f.name)[model] for f in fields(self)})


def buffer_table(architectures: Sequence[Architecture | None]) -> BufferTable:
    """Reads activation widths from the shapes of models; an unknown architecture's are 0."""
    names = [f.name for f in fields(BufferTable)]
    rows = [_widths(a) if a else dict.fromkeys(names, 0) for a in architectures]
    return BufferTable(**{name: np.array([row[name] for row in rows], np.int64) for name in names})


def _widths(architecture: Architecture) -> dict[str, int]:
    by_name: dict[str, int] = {}
    stacks = [0]
    for group in architecture.tensors:
        if group.tensor_class in ("mtp", "unread"):
            continue
        width = group.row_length if group.name.startswith("ffn_down") else group.n_rows
        by_name[group.name] = max(by_name.get(group.name, 0), width)
        if group.tensor_class == "expert" and not group.is_vector:
            stacks.append(group.n_rows * group.row_length * group.per_layer)
    groups = [group for group in architecture.attention if group.kind != "linear"]
    latent = next((g for g in groups if g.kv_lora_rank), None)
    heads = max((g.n_q_heads for g in groups), default=0)
    query = max((g.n_q_heads * g.head_dim_k for g in groups), default=0)
    return {
        "hidden": architecture.hidden_size,
        "vocab": architecture.vocab_size,
        "heads": heads,
        "query": max(query, by_name.get("attn_q", 0)),
        "head_dim": max((g.head_dim_k for g in groups), default=0),
        "ffn": by_name.get("ffn_down", 0),
        "expert_ffn": by_name.get("ffn_down_exps", 0),
        "experts": architecture.n_experts,
        "experts_used": architecture.n_experts_used,
        "largest": max(*stacks, by_name.get("ffn_down", 0) * architecture.hidden_size),
        "latent": latent.kv_lora_rank + latent.qk_rope_head_dim if latent else 0,
        "latent_rank": latent.kv_lora_rank if latent else 0,
        "rope": latent.qk_rope_head_dim if latent else 0,
        "key": latent.head_dim_k if latent else 0,
        "value": latent.head_dim_v if latent else 0,
        "indexer": int(any(g.n_indexer_layers for g in groups)),
        "windows": int(any(g.window_tokens for g in groups)),
    }


@dataclass(frozen=True, slots=True)
class BufferPlan:
    """What the worst graph of a plan holds. Arrays of shape [n_plans]."""

    cells: Floats  # of a layer without window, over all sequences
    window_cells: Floats  # of a windowed layer; equal to cells where nothing is saved
    batch_tokens: Floats  # micro-batch (n_ubatch)
    logit_tokens: Floats  # tokens whose logits are reserved: the micro-batch, or one per sequence (builds.py)
    n_sequences: Floats
    flash_attention: Bools
    mla_mode: Ints  # as kv.CachePlan
    key_bytes: Floats  # per element of the cache
    n_gpus: Floats  # 0: CPU only
    experts_on_host: Bools
    layers_on_host: Bools  # some layers whole, with their attention
    pipelined: Bools  # several GPUs hold all layers and no tensor is placed by hand: micro-batches overlap
    borrows: Bools  # GPUs compute prompts with host weights: CUDA, ROCm and Vulkan do, Metal does not
    weight_bits: Floats  # bits per weight of those borrowed
    wide_mask: Bools  # the mask is reserved in f32 and cast (builds.py)
    ik: Bools  # ik_llama.cpp
    chunk_bytes: Floats  # ik_llama.cpp's -amb; 0: no limit
    latent_mode: Ints  # how ik_llama.cpp expands latents: LATENT_ALL_F32, LATENT_ALL_F16 or LATENT_CHUNKS


class Buffers(NamedTuple):
    """Bytes of buffers, [n_plans]. ``inner`` is one GPU between the first and the last."""

    first: Floats
    inner: Floats
    last: Floats
    host: Floats
    output: Floats  # kept in host memory

    def on_gpus(self, n_gpus: Floats) -> Floats:
        """All GPUs together."""
        several = self.first + self.last + np.maximum(n_gpus - 2, 0) * self.inner
        return np.asarray(np.where(n_gpus > 1, several, np.where(n_gpus > 0, self.last, 0.0)))


class _Stages(NamedTuple):
    attention: Floats
    feed_forward: Floats
    logits: Floats


def _attention(table: BufferTable, plan: BufferPlan) -> Floats:
    """The attention stage without masks: twice the hidden state and the queries, and the scores."""
    token = plan.batch_tokens * F32
    plain = 2 * (table.hidden + table.query) * token
    scores = table.heads * plan.cells * token
    latent = table.latent > 0
    absorbed = latent & (plan.mla_mode != 0)
    # queries and results in latent space, beside those per head
    in_latent = table.heads * (table.latent + table.latent_rank) * token
    expanded = np.where(latent & ~absorbed, table.heads * (table.key + table.value) * token / 2, 0.0)
    dense = plain + np.where(plan.flash_attention, 0.0, scores) + expanded
    absorbed_bytes = plain + in_latent + np.where(plan.flash_attention, 0.0, _stepped(table, plan, scores))
    ik_latent = absorbed & plan.ik & plan.flash_attention & (plan.mla_mode > 1)
    indexer = np.where(table.indexer > 0, plan.cells * token, 0.0)
    values = np.where(absorbed, absorbed_bytes + indexer, dense)
    if not ik_latent.any():
        return values
    return np.asarray(np.where(ik_latent, _ik_latent_attention(table, plan), values))


def _stepped(table: BufferTable, plan: BufferPlan, scores: Floats) -> Floats:
    """Scores under ik_llama.cpp's -amb: some heads at a time, and the results joined step by step.

    A step holds whole heads, so it is half a head over the limit on average.
    """
    token = plan.batch_tokens * F32
    limited = plan.chunk_bytes + plan.cells * token / 2 + table.heads * table.latent_rank * token
    applies = plan.ik & (plan.chunk_bytes > 0)
    return np.asarray(np.where(applies, np.minimum(scores, limited), scores))


def _ik_latent_attention(table: BufferTable, plan: BufferPlan) -> Floats:
    """ik_llama.cpp's -mla 2 and 3 with flash attention: prompts expand latents to keys and values.

    The expansion runs in f32 for as many heads at a time as ``chunk_bytes`` allows; keys and values are then
    kept in 16 bits, in the cache's type on a CPU.
    """
    token = plan.batch_tokens * F32
    kept_bytes = np.where(plan.n_gpus > 0, F16, plan.key_bytes)
    nope = table.key - table.rope
    expansion = np.maximum(table.heads * (nope + table.value) * F32 * plan.cells, 1.0)
    limit = np.where(plan.chunk_bytes > 0, plan.chunk_bytes, np.inf)
    share = np.minimum(limit / expansion, 1.0)
    per_element = table.heads * plan.cells * kept_bytes
    kept_share = np.where(plan.latent_mode == LATENT_CHUNKS, share, 1.0)
    # in one go, the keys take the place of the expansion
    kept = (kept_share * (table.key + table.value) - np.where(share == 1.0, table.key, 0)) * per_element
    chunk = share * (expansion + (nope + table.rope) * per_element)
    wide = np.where(plan.wide_mask, np.maximum(plan.cells * token - expansion * share, 0.0), 0.0)
    in_16_bits = kept + chunk
    in_f32 = np.maximum(2 * expansion, in_16_bits)
    expanded = np.where(plan.latent_mode == LATENT_ALL_F32, in_f32, in_16_bits)
    return np.asarray(expanded + wide + (table.query + 2 * table.hidden) * token)


def _feed_forward(table: BufferTable, plan: BufferPlan) -> Floats:
    """Dense: gate, up and their product. Experts: their outputs and two of their inner tensors."""
    token = plan.batch_tokens * F32
    dense = 3 * table.ffn + 2 * table.hidden
    experts = table.experts_used * (table.hidden + 2 * table.expert_ffn) + 2 * table.hidden
    on_gpu = (table.experts_used > 0) & (~plan.experts_on_host | _borrows(table, plan))
    return np.asarray(np.maximum(dense, np.where(on_gpu, experts, 0)) * token)


def _logits(table: BufferTable, plan: BufferPlan) -> Floats:
    copies = np.where(plan.n_gpus > 0, 2, 1)
    return plan.logit_tokens * table.vocab * F32 + copies * table.hidden * plan.batch_tokens * F32


def _masks(table: BufferTable, plan: BufferPlan, element_bytes: float) -> Floats:
    """Attention masks: one over the cache, one over the windows, one for the indexer."""
    windows = np.where(table.windows > 0, plan.window_cells, 0.0)
    masks = np.where(table.indexer > 0, 2.0, 1.0) * plan.cells + windows
    return masks * plan.batch_tokens * element_bytes


def _borrows(table: BufferTable, plan: BufferPlan) -> Bools:
    """Whether the GPU computes with host weights: from 32 tokens on, in ik_llama.cpp from 32 per expert on.

    https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-cuda/ggml-cuda.cu (offload_op),
    https://github.com/ikawrakow/ik_llama.cpp/pull/520
    """
    expert_tokens = plan.batch_tokens * table.experts_used
    per_expert = (table.experts == 0) | (expert_tokens > 32 * table.experts)
    enough = (plan.batch_tokens >= 32) & (~plan.ik | per_expert)
    beside_gpu = (plan.experts_on_host | plan.layers_on_host) & (plan.n_gpus > 0)
    return np.asarray(beside_gpu & plan.borrows & enough, dtype=np.bool_)


def _borrowed(table: BufferTable, plan: BufferPlan) -> Floats:
    """Host weights copied to the GPU at a time: one matrix, or gate and up together with ik's fused MoE."""
    borrows = _borrows(table, plan)
    if not borrows.any():  # else the result varies with the weight format too
        return np.zeros(borrows.shape)
    copies = np.where(plan.ik & (table.experts > 0), 2.0, 1.0)
    return np.where(borrows, copies * table.largest * plan.weight_bits / 8, 0.0)


def _gpu_stages(table: BufferTable, plan: BufferPlan) -> _Stages:
    """Peaks of the stages on a GPU that holds the masks in the form that attention reads."""
    mask = _masks(table, plan, F16) * np.where(plan.flash_attention, 1.0, F32 / F16)
    borrowed = _borrowed(table, plan)
    # gate and up are computed before the experts' outputs exist
    inner = (2 * table.experts_used * table.expert_ffn + table.hidden) * plan.batch_tokens * F32
    feed_forward = np.where(plan.ik & (borrowed > 0), inner, _feed_forward(table, plan))
    return _Stages(_attention(table, plan) + mask, mask + feed_forward + borrowed, _logits(table, plan))


def _host(table: BufferTable, plan: BufferPlan, inputs: Floats, layer: Floats) -> Floats:
    """The host's buffer beside GPUs: the graph's inputs, and the stages of what it computes itself."""
    hidden = table.hidden * plan.batch_tokens * F32
    beside = inputs + np.where(plan.ik, 1.0, 2.0) * hidden
    experts = table.experts_used * plan.batch_tokens * F32
    computes = plan.experts_on_host & ~_borrows(table, plan)
    in_ik = np.maximum(inputs + experts * table.hidden, experts * (table.hidden + table.expert_ffn) + hidden)
    moe = np.where(plan.ik, in_ik, beside + experts * (table.hidden + 2 * table.expert_ffn))
    host = np.where(computes, np.maximum(beside, moe), beside)
    return np.where(plan.layers_on_host, np.maximum(host, inputs + layer), host)


def llama_buffers(table: BufferTable, plan: BufferPlan) -> Buffers:
    """Compute and output buffers of llama.cpp and ik_llama.cpp; ``table`` holds one row per plan."""
    stages = _gpu_stages(table, plan)
    hidden = table.hidden * plan.batch_tokens * F32
    narrow, wide = _masks(table, plan, F16), _masks(table, plan, F32)
    kept = np.where(plan.flash_attention, narrow, wide)
    cast = plan.wide_mask & plan.flash_attention
    incoming = np.where(cast, wide, kept)
    chunked = (table.latent > 0) & plan.ik & plan.flash_attention
    casting = np.where(cast & ~chunked, wide, 0.0)
    layer = np.maximum(stages.attention, stages.feed_forward)
    alone = np.maximum(np.maximum(stages.attention + casting, stages.feed_forward), stages.logits)

    copies = np.where(plan.pipelined & (plan.n_gpus > 1), PIPELINE_COPIES, 1).astype(np.float64)
    received = copies * (kept + hidden)
    piped_first = copies * (incoming + hidden) + np.where(cast, kept, 0.0) + layer - kept
    piped_last = received + np.maximum(layer - kept, stages.logits - hidden)
    plain_last = np.maximum(layer, stages.logits)
    first = np.where(copies > 1, piped_first, layer + casting)
    inner = np.where(copies > 1, received + layer - kept, layer)
    last = np.where(copies > 1, piped_last, plain_last)
    last = np.where(plan.n_gpus > 1, last, alone)
    host = np.where(plan.n_gpus > 0, _host(table, plan, copies * incoming, layer), alone)
    return Buffers(first, inner, last, host, plan.n_sequences * table.vocab * F32)
