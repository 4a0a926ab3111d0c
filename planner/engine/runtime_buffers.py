"""What runtimes other than llama.cpp reserve for activations: rules from published peaks, with wide bands.

Tables have shape [n_models], plans [n_plans] or shapes that broadcast together; results are bytes per device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.buffers import BufferTable
from planner.engine.units import GIB

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How a runtime reserves memory for activations. A plan's rule is an index into this tuple.
#   graph:  llama.cpp's and ik_llama.cpp's worst-case graph (buffers.py)
#   server: a profiled step of max_num_batched_tokens, and CUDA graphs (vLLM, SGLang, TensorRT-LLM, LMDeploy)
#   lazy:   MLX's peak over a prefill step
#   step:   one prefill step of half-precision activations (ExLlama and the like)
#   mobile: process size of phone runtimes
BUFFER_RULES: tuple[str, ...] = ("graph", "server", "lazy", "step", "mobile")
GRAPH, SERVER, LAZY, STEP, MOBILE = range(5)

HALF = 2.0

# vLLM keeps logits of max_num_seqs (256) sequences in half precision and f32 while it profiles
# (https://docs.vllm.ai/en/latest/configuration/engine_args.html); with them and one step of activations
# Qwen2-7B on an A100 leaves 0.49 to 0.52 GiB between budget, weights and cache
# (https://github.com/dennislee22/vLLM-benchmarking), which this rule gives as 0.49.
SERVER_SEQUENCES = 256.0
# Activation peaks of 0.2 to 9.4 GiB are published (https://github.com/vllm-project/vllm/issues/12330).
SERVER_HIGH = 9.4 * GIB
# CUDA graphs: 0.17 to 1.88 GiB seen (https://github.com/noonghunna/club-3090/issues/127), 0.5 in plain runs
# (https://github.com/dennislee22/vLLM-benchmarking).
CUDA_GRAPH_BYTES = (0.5 * GIB, 1.88 * GIB)

# MLX has fused attention for key heads of 64, 80 and 128; others keep the scores of a step
# (https://github.com/ml-explore/mlx/blob/main/mlx/backend/metal/scaled_dot_product_attention.cpp).
LAZY_FUSED_HEAD = 128
# Activations alive at a time in MLX, in multiples of a layer's widest: fitted to the published peaks of
# Qwen3.5-122B-A10B and Qwen3-Coder-Next at 4k to 64k tokens
# (https://www.banandre.com/blog/m5-max-local-ai-performance-reality-check).
LAZY_LAYERS = 12.0

# ExecuTorch's resident size is 1.9 GiB for a 1.06 GiB file and 3.6 for 2.38
# (https://github.com/pytorch/executorch/blob/main/examples/models/llama/README.md): a line through both.
MOBILE_BYTES, MOBILE_SHARE = 0.53 * GIB, 0.29


class StepPlan(NamedTuple):
    """What one step of these runtimes computes. Arrays of shape [n_plans]."""

    rule: Ints  # index into BUFFER_RULES
    batch_tokens: Floats
    cells: Floats  # of the cache, over all sequences
    n_sequences: Floats
    weights_bytes: Floats  # on one device
    ranks: Floats  # tensor-parallel devices that share a layer


class StepBuffers(NamedTuple):
    """Bytes on one device: the figure to plan with, and its upper end."""

    central: Floats
    high: Floats


def buffer_rule(kv_rule: str, backend: str) -> int:
    """Which rule a runtime follows, by its cache rule (kv.KV_RULES) and backend."""
    if kv_rule in ("llama_cpp", "ik_llama"):
        return GRAPH
    if kv_rule in ("paged", "paged_flat"):
        return SERVER
    if kv_rule == "rotating":
        return LAZY if backend == "Metal" else STEP
    return STEP if backend in ("CUDA", "ROCm") else MOBILE


def _layer_width(table: BufferTable) -> Floats:
    """Widest activations of a layer, in elements per token: feed-forward or experts, and hidden states."""
    experts = table.experts_used * (3 * table.expert_ffn + table.hidden)
    return np.asarray(np.maximum(3 * table.ffn, experts) + 4 * table.hidden, dtype=np.float64)


def step_buffers(table: BufferTable, plan: StepPlan) -> StepBuffers:
    """Activation memory of runtimes that follow no graph rule; rows of rule "graph" get 0."""
    central = high = np.zeros(np.shape(plan.rule))
    for rule, formula in _FORMULAS.items():
        chosen = plan.rule == rule
        if chosen.any():  # a formula that no plan follows would only widen the arrays
            found = formula(table, plan)
            central = np.where(chosen, found.central, central)
            high = np.where(chosen, found.high, high)
    return StepBuffers(central, high)


def _server(table: BufferTable, plan: StepPlan) -> StepBuffers:
    logits = SERVER_SEQUENCES * table.vocab * (HALF + 4.0)
    peak = _layer_width(table) * plan.batch_tokens * HALF + logits
    central = peak / plan.ranks + CUDA_GRAPH_BYTES[0]
    high = np.minimum(3 * peak / plan.ranks, SERVER_HIGH) + CUDA_GRAPH_BYTES[1]
    return StepBuffers(central, np.maximum(high, central))


def _lazy(table: BufferTable, plan: StepPlan) -> StepBuffers:
    unfused = table.head_dim > LAZY_FUSED_HEAD
    scores = np.where(unfused, table.heads * plan.batch_tokens * plan.cells / plan.n_sequences * HALF, 0.0)
    inner = np.maximum(table.ffn, table.experts_used * table.expert_ffn)
    alive = LAZY_LAYERS * np.maximum(inner + table.hidden, table.experts_used * table.hidden) * HALF
    return StepBuffers(alive * plan.batch_tokens + scores, 2 * alive * plan.batch_tokens + 1.1 * scores)


def _step(table: BufferTable, plan: StepPlan) -> StepBuffers:
    step = _layer_width(table) * plan.batch_tokens * HALF
    return StepBuffers(step, 2 * step)


def _mobile(table: BufferTable, plan: StepPlan) -> StepBuffers:
    central = MOBILE_BYTES + MOBILE_SHARE * plan.weights_bytes
    return StepBuffers(central, 1.5 * central)


_FORMULAS: Mapping[int, Callable[[BufferTable, StepPlan], StepBuffers]] = {
    SERVER: _server,
    LAZY: _lazy,
    STEP: _step,
    MOBILE: _mobile,
}
