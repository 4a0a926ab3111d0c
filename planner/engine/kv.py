"""KV cache and recurrent state: what a runtime allocates for a context, and what one decode step reads of it.

All functions take arrays: tables have shape [n_models, n_groups] or [n_models]; plans have shape [n_plans], or any
shapes that broadcast together with the tables' rows (groups are always the last axis).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from planner.engine.architecture import Architecture, AttentionGroup

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How a runtime turns a context into cells. A plan's rule is an index into this tuple.
#   llama_cpp: one pool of cells for all sequences, windowed layers in a small pool of their own ("iSWA")
#   ik_llama:  one pool, every layer keeps the whole context
#   paged:     blocks of 16 tokens per sequence; windowed layers keep a window (vLLM's hybrid allocator)
#   paged_flat: the same without savings on windowed layers
#   rotating:  MLX: windowed layers keep a rotating window, others grow by 256
#   full:      every layer keeps the whole context (ExLlama, mobile runtimes)
KV_RULES: tuple[str, ...] = ("llama_cpp", "ik_llama", "paged", "paged_flat", "rotating", "full")
# rules of servers: they batch continuously and split every layer over their devices
SERVER_RULES = ("paged", "paged_flat")
_WINDOWED = np.array([rule in ("llama_cpp", "paged", "rotating") for rule in KV_RULES])

# llama.cpp rounds the context up, and the windowed pool too, to a multiple of 256 cells
# (GGML_PAD(..., 256), https://github.com/ggml-org/llama.cpp/blob/master/src/llama-kv-cache-iswa.cpp);
# mlx-lm grows its cache in steps of 256 (KVCache.step, https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/models/cache.py);
# vLLM's and TensorRT-LLM's default block is 16 tokens (https://docs.vllm.ai/en/latest/design/paged_attention.html).
_CELL_STEP = np.array([256, 256, 16, 16, 256, 256], dtype=np.float64)

# How the latent cache of MLA models is kept (ik_llama.cpp's -mla; https://github.com/ikawrakow/ik_llama.cpp/pull/235):
# 0 keeps full K and V of every head, 1 without flash attention keeps the latent twice (transposed as well),
# 2 and 3 keep the latent once, as llama.cpp, vLLM and the others do.
MLA_FULL, MLA_LATENT_TWICE, MLA_LATENT = 0, 1, 3

# Groups that keep no keys and values: recurrent layers, and layers that read another layer's cache.
_CACHELESS = ("linear", "shared")

# DeepSeek sparse attention reads the latents of this many chosen tokens (index_topk in the configs of
# DeepSeek-V3.2 and GLM-5: https://huggingface.co/deepseek-ai/DeepSeek-V3.2-Exp/blob/main/config.json).
DSA_TOP_K = 2048


@dataclass(frozen=True, slots=True)
class CacheTable:
    """What each model's layers keep per token. Shapes [n_models, n_groups], state [n_models]."""

    n_layers: Ints  # layers of the group; 0 pads
    key_elements: Ints  # per token and layer, full heads
    value_elements: Ints
    latent_elements: Ints  # kv_lora_rank + rotary part; 0 unless MLA
    latent_rank: Ints  # kv_lora_rank alone
    window_tokens: Ints  # 0: no window
    compression: Ints  # tokens per kept entry; 1 normally
    index_elements: Ints  # of the sparse-attention indexer, per token and indexed layer
    n_index_layers: Ints
    state_bytes: Ints  # recurrent state of one sequence

    def take(self, model: Ints) -> Self:
        """The rows of these models: [n_plans, n_groups]."""
        return type(self)(**{f.name: getattr(self, f.name)[model] for f in fields(self)})


def cache_table(architectures: Sequence[Architecture | None]) -> CacheTable:
    """Packs models' attention groups, padded with groups of no layers; an unknown architecture has none."""
    kept = [[g for g in (a.attention if a else ()) if g.kind not in _CACHELESS] for a in architectures]
    width = max((len(groups) for groups in kept), default=1) or 1
    columns = {f.name: np.zeros((len(architectures), width), dtype=np.int64) for f in fields(CacheTable)}
    columns["state_bytes"] = np.array(
        [a.recurrent_state_bytes_per_sequence if a else 0 for a in architectures], np.int64
    )
    columns["compression"] += 1
    for row, groups in enumerate(kept):
        for column, group in enumerate(groups):
            for name, value in _group_row(group).items():
                columns[name][row, column] = value
    return CacheTable(**columns)


def _group_row(group: AttentionGroup) -> dict[str, int]:
    latent = group.kv_lora_rank + group.qk_rope_head_dim if group.kv_lora_rank else 0
    return {
        "n_layers": len(group.layers),
        "key_elements": group.n_kv_heads * group.head_dim_k,
        "value_elements": group.n_kv_heads * group.head_dim_v,
        "latent_elements": latent,
        "latent_rank": group.kv_lora_rank,
        "window_tokens": group.window_tokens,
        "compression": max(group.compression, 1),
        "index_elements": group.indexer_head_dim,
        "n_index_layers": group.n_indexer_layers,
    }


@dataclass(frozen=True, slots=True)
class CachePlan:
    """How much context a plan keeps, and how. Arrays of shape [n_plans].

    ``context_tokens`` is the total over all sequences, as llama.cpp's n_ctx: a plan that gives each of
    B users C tokens has B x C here. ``batch_tokens`` is the largest step of tokens (llama.cpp's n_ubatch,
    vLLM's max_num_batched_tokens, MLX's prefill step), which windowed layers keep beyond their window.
    """

    context_tokens: Floats
    n_sequences: Floats
    batch_tokens: Floats
    key_bytes: Floats  # per element: 2 for f16, 34/32 for q8_0
    value_bytes: Floats
    rule: Ints  # index into KV_RULES
    mla_mode: Ints  # MLA_FULL, MLA_LATENT_TWICE or MLA_LATENT


class CacheBytes(NamedTuple):
    """Bytes of a replica's cache over its devices, [n_plans]; each tensor-parallel rank holds MLA's whole."""

    keys_values: Floats  # or latents
    indexer: Floats  # keys of the sparse-attention indexer
    state: Floats  # recurrent state

    @property
    def total(self) -> Floats:
        return self.keys_values + self.indexer + self.state


def _round_up(tokens: Floats, step: Floats) -> Floats:
    return np.ceil(tokens / step) * step


def padded_context(plan: CachePlan) -> Floats:
    """Cells of a layer without a window, over all sequences: [n_plans]."""
    step = _CELL_STEP[plan.rule]
    per_sequence = _round_up(plan.context_tokens / plan.n_sequences, step) * plan.n_sequences
    pooled = plan.rule <= KV_RULES.index("ik_llama")
    return np.where(pooled, _round_up(plan.context_tokens, step), per_sequence)


def layer_cells(table: CacheTable, plan: CachePlan) -> Floats:
    """Cells that one layer of each group keeps, over all sequences: [n_plans, n_groups].

    llama.cpp's windowed pool is window x sequences + micro-batch, rounded up
    (https://github.com/ggml-org/llama.cpp/blob/master/src/llama-kv-cache-iswa.cpp); vLLM keeps
    window - 1 + max_num_batched_tokens, and one block more, per sequence
    (SlidingWindowSpec, https://github.com/vllm-project/vllm/blob/main/vllm/v1/kv_cache_interface.py).
    """
    whole = padded_context(plan)[..., None]
    step = _CELL_STEP[plan.rule][..., None]
    window = table.window_tokens.astype(np.float64)
    batch, sequences = plan.batch_tokens[..., None], plan.n_sequences[..., None]
    pooled = _round_up(window * sequences + batch, step)
    paged = (_round_up(window - 1 + batch, step) + step) * sequences
    rotating = (window + batch) * sequences
    rule = plan.rule[..., None]
    windowed = np.where(rule == KV_RULES.index("llama_cpp"), pooled, paged)
    windowed = np.where(rule == KV_RULES.index("rotating"), rotating, windowed)
    saves = (window > 0) & _WINDOWED[plan.rule][..., None]
    kept = np.where(saves, np.minimum(whole, windowed), whole)
    # compressed attention keeps an entry per few tokens beside its window
    compressed = np.ceil(whole / table.compression) + np.where(window > 0, kept, 0.0)
    return np.asarray(np.where(table.compression > 1, compressed, kept))


def bytes_per_cell(table: CacheTable, plan: CachePlan) -> Floats:
    """Bytes that one cell of all layers of a group takes, without the indexer: [n_plans, n_groups]."""
    key, value, mode = plan.key_bytes[..., None], plan.value_bytes[..., None], plan.mla_mode[..., None]
    heads = table.key_elements * key + table.value_elements * value
    # the transposed copy is the cache's V, so it takes V's format
    transposed = np.where(mode == MLA_LATENT_TWICE, table.latent_rank * value, 0.0)
    latent = table.latent_elements * key + transposed
    per_layer = np.where((table.latent_elements > 0) & (mode != MLA_FULL), latent, heads)
    return np.asarray(per_layer * table.n_layers)


def cache_bytes(table: CacheTable, plan: CachePlan) -> CacheBytes:
    """Bytes allocated for the caches of ``plan``; ``table`` holds one row per plan (see CacheTable.take)."""
    cells = layer_cells(table, plan)
    tokens = (cells * bytes_per_cell(table, plan)).sum(axis=-1)
    # the indexer looks at every token, or at every entry of compressed attention
    indexed = np.ceil(padded_context(plan)[..., None] / table.compression)
    index = (indexed * table.index_elements * table.n_index_layers).sum(axis=-1) * plan.key_bytes
    return CacheBytes(tokens, index, table.state_bytes * plan.n_sequences)


def cache_read_bytes(table: CacheTable, plan: CachePlan, depth_tokens: Floats) -> Floats:
    """Bytes of cache that one sequence reads and writes in a decode step at a depth: [n_plans].

    Windowed layers read at most their window, but with ik_llama.cpp the whole depth. A latent is read once.
    Sparse attention reads every index key, and the latents of the tokens chosen. Recurrent state is read and
    written.
    """
    depth = np.minimum(depth_tokens, plan.context_tokens / plan.n_sequences)[..., None]
    window = table.window_tokens.astype(np.float64)
    # vLLM's kernels read the window also where the allocator keeps more
    keeps_window = (plan.rule != KV_RULES.index("ik_llama"))[..., None] & (window > 0)
    read = np.where(keeps_window, np.minimum(depth, window), depth)
    compressed = depth / table.compression + np.where(window > 0, read, 0.0)
    read = np.where(table.compression > 1, compressed, read)
    chosen = np.where(table.n_index_layers > 0, np.minimum(read, DSA_TOP_K), read)
    tokens = (chosen * bytes_per_cell(table, plan)).sum(axis=-1)
    indexed = depth / table.compression
    index = (indexed * table.index_elements * table.n_index_layers).sum(axis=-1) * plan.key_bytes
    return np.asarray(tokens + index + 2.0 * table.state_bytes)


def cache_capacity_tokens(table: CacheTable, plan: CachePlan, available_bytes: Floats) -> Floats:
    """Tokens that fit into a cache of ``available_bytes`` when layers keep no windows: [n_plans].

    vLLM's "GPU KV cache size" for models without windows, state or indexer; for others the figure that it
    prints is derived and depends on the version (https://github.com/vllm-project/vllm/issues/51041).
    Rounded down to whole blocks of the rule.
    """
    index = table.index_elements * table.n_index_layers * plan.key_bytes[..., None]
    per_token = ((bytes_per_cell(table, plan) + index) / table.compression).sum(axis=-1)
    room = np.maximum(available_bytes - table.state_bytes * plan.n_sequences, 0.0)
    step = _CELL_STEP[plan.rule]
    tokens = np.divide(room, per_token, out=np.full_like(room, np.inf), where=per_token > 0)
    return np.asarray(np.floor(tokens / step) * step)
