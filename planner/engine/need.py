"""The need of a plan: weights, cache, buffers and overhead, laid on devices and host.

Shapes as in kv.py and buffers.py: tables one row per plan, plans [n_plans] or shapes that broadcast together, bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.buffers import BufferPlan, Buffers, BufferTable, llama_buffers
from planner.engine.kv import CacheBytes, CachePlan, CacheTable, cache_bytes
from planner.engine.limits import Range
from planner.engine.runtime_buffers import GRAPH, StepBuffers, StepPlan, step_buffers
from planner.engine.verdict import Needs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Upper ends of llama.cpp's graph buffers: 95 % of logged loads of builds since March 2025 lie below 1.10
# times the formula with everything on the devices, and below 1.38 times with experts or layers on the host
# (checked in tests/engine/test_need.py).
BUFFERS_HIGH, BUFFERS_HIGH_HOST = 1.10, 1.40


@dataclass(frozen=True, slots=True)
class NeedPlan:
    """What is placed where. Arrays of shape [n_plans]."""

    weights_bytes: Floats  # the text model in memory
    weights_high_bytes: Floats  # upper bound: equal for a published size
    embedding_bytes: Floats  # input table
    tied: Bools  # the output head reads the input table
    n_layers: Floats
    n_devices: Floats
    tensor_parallel: Bools  # devices share every layer; else each holds whole layers
    separate_host: Bools  # devices have their own memory beside the host's
    can_offload: Bools  # the runtime can leave layers or experts in host memory
    buffer_rule: Ints  # runtime_buffers.BUFFER_RULES
    overhead: Range  # of one device


class MemoryNeed(NamedTuple):
    """Bytes of all devices together, [n_plans], unless said otherwise."""

    weights: Floats  # whole model, wherever it lies
    cache: Floats
    buffers: Floats  # on the devices; with the host's where memory is unified
    overhead: Floats
    host: Floats  # beside the devices
    logged: Floats  # weights, cache and buffers over devices and host, as a runtime's log adds up
    needs: Needs  # for verdict.judge; "device" is the fullest device times their number


def memory_need(
    cache_table: CacheTable,
    buffer_table: BufferTable,
    plan: NeedPlan,
    cache_plan: CachePlan,
    buffer_plan: BufferPlan,
) -> MemoryNeed:
    """Adds up plans' memory. ``buffer_plan`` describes the graph of rows of rule "graph"; its ``n_gpus`` is 0
    on a CPU and the number of devices on GPUs, also those that share memory with the host (Metal)."""
    cache = _placed_cache(cache_table, plan, cache_bytes(cache_table, cache_plan))
    graph = plan.buffer_rule == GRAPH
    beside = graph & plan.separate_host
    steps = step_buffers(buffer_table, _step_plan(plan, cache_plan, buffer_plan))
    on_devices, host_buffers = steps.central * plan.n_devices, np.zeros(beside.shape)
    if graph.any():
        llama = llama_buffers(buffer_table, buffer_plan)
        on_devices = np.where(graph, _graph_on_devices(plan, buffer_plan, llama), on_devices)
        host_buffers = np.where(beside, llama.host + llama.output, 0.0)
    # llama.cpp keeps the input table in host memory; a tied output head is a second copy on the devices
    host_weights = np.where(beside, plan.embedding_bytes, 0.0)
    device_weights = plan.weights_bytes - np.where(plan.tied, 0.0, host_weights)
    overhead = Range(*(values * plan.n_devices for values in plan.overhead))
    device = device_weights + cache + on_devices + overhead.central
    fullest = device * _fullest(plan)
    high = _high(plan, buffer_plan, steps, on_devices, device, overhead) * _fullest(plan)
    least = _least(buffer_table, plan, buffer_plan, on_devices + overhead.central, fullest)
    host = host_weights + host_buffers
    logged = device_weights + cache + on_devices + host
    return MemoryNeed(
        plan.weights_bytes,
        cache,
        on_devices,
        overhead.central,
        host,
        logged,
        Needs(device=fullest, device_high=high, device_least=least, host=host),
    )


def _placed_cache(table: CacheTable, plan: NeedPlan, cache: CacheBytes) -> Floats:
    """Cache over all devices: each tensor-parallel rank holds MLA's latents and index whole.

    8 ranks, an eighth of the tokens: https://github.com/vllm-project/recipes/blob/main/moonshotai/Kimi-K2-Think.md
    """
    latent = (table.latent_elements > 0).any(axis=-1)
    copies = np.where(latent & plan.tensor_parallel, plan.n_devices, 1.0)
    return np.asarray((cache.keys_values + cache.indexer) * copies + cache.state)


def _step_plan(plan: NeedPlan, cache_plan: CachePlan, buffer_plan: BufferPlan) -> StepPlan:
    return StepPlan(
        rule=plan.buffer_rule,
        batch_tokens=cache_plan.batch_tokens,
        cells=buffer_plan.cells,
        n_sequences=cache_plan.n_sequences,
        weights_bytes=plan.weights_bytes / plan.n_devices,
        ranks=np.where(plan.tensor_parallel, plan.n_devices, 1.0),
    )


def _graph_on_devices(plan: NeedPlan, buffer_plan: BufferPlan, buffers: Buffers) -> Floats:
    """Graph buffers of all devices; memory that host and devices share holds the host's part as well."""
    shared = np.where(plan.separate_host, 0.0, buffers.host + buffers.output)
    return np.asarray(buffers.on_gpus(buffer_plan.n_gpus) + shared)


def _fullest(plan: NeedPlan) -> Floats:
    """The fullest device's share times the number of devices: layers are placed whole."""
    layers = np.maximum(plan.n_layers, 1.0)
    whole = np.ceil(layers / plan.n_devices) * plan.n_devices / layers
    return np.asarray(np.where(plan.tensor_parallel, 1.0, whole))


def _high(
    plan: NeedPlan,
    buffer_plan: BufferPlan,
    steps: StepBuffers,
    on_devices: Floats,
    device: Floats,
    overhead: Range,
) -> Floats:
    """Upper bound of what the devices need together."""
    on_host = buffer_plan.experts_on_host | buffer_plan.layers_on_host
    factor = np.where(on_host, BUFFERS_HIGH_HOST, BUFFERS_HIGH)
    buffers_high = np.where(plan.buffer_rule == GRAPH, on_devices * factor, steps.high * plan.n_devices)
    more = (plan.weights_high_bytes - plan.weights_bytes) + (buffers_high - on_devices)
    return np.asarray(device + more + overhead.high - overhead.central)


def _least(
    table: BufferTable, plan: NeedPlan, buffer_plan: BufferPlan, kept: Floats, fullest: Floats
) -> Floats:
    """What must stay on the devices: buffers and overhead, and room for a matrix borrowed from the host."""
    borrowed = table.largest * buffer_plan.weight_bits / 8 * plan.n_devices
    return np.asarray(np.where(plan.can_offload, np.minimum(kept + borrowed, fullest), fullest))
