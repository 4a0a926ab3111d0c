"""The memory of plans at table rows: what need.py computes, and the limits, gathered from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.engine.buffers import BufferPlan
from planner.engine.gather import cache_plan, weights_scale
from planner.engine.grid import Axes
from planner.engine.kv import KV_RULES, CachePlan, CacheTable, layer_cells, padded_context
from planner.engine.limits import LimitTable, OverheadTable, Range, usable_bytes
from planner.engine.need import MemoryNeed, NeedPlan, memory_need
from planner.engine.runtime_buffers import GRAPH, SERVER, buffer_rule
from planner.engine.tables import Bools, Floats, Ints, ModelShapes, Tables

# Files weigh at most this much more than the format's rule says (95th percentile of published sizes,
# tests/engine/test_weights_published.py); a format without a closed rule may lie further off.
WEIGHTS_HIGH, APPROXIMATE_WEIGHTS_HIGH = 1.02, 1.10

# platform of hosts: what is left of main memory for weights that do not fit on the devices
HOST_PLATFORM = "linux_host"
# the class of processor that a backend runs on
_ON_HOST_PROCESSOR = ("CPU",)
# backends whose GPUs compute prompts with weights that lie on the host (buffers.py)
_BORROWING_BACKENDS = ("CUDA", "ROCm", "Vulkan", "SYCL")


@dataclass(frozen=True, slots=True)
class MemoryRules:
    """Limits and overheads bound to the rows of one set of tables."""

    usable_bytes: Floats  # per machine row: of all its devices
    host_usable_bytes: Floats  # per machine row: of its separate host memory; 0 where there is none
    overhead: Range  # per runtime row
    buffer_rule: Ints  # per runtime row
    on_cpu: Bools  # per runtime row
    borrows: Bools  # per runtime row
    is_ik: Bools  # per runtime row

    @classmethod
    def bind(cls, tables: Tables, limits: LimitTable, overheads: OverheadTable) -> MemoryRules:
        """Look up each machine's limits and each runtime's rules once."""
        machines, backends = tables.machines, tables.runtimes.backend
        rules = [KV_RULES[rule] for rule in tables.runtimes.kv_rule]
        backend_rows = np.array(
            [_overhead_row(overheads, b, r) for b, r in zip(backends, rules, strict=True)]
        )
        rows = {name: limits.index(name) for name in set(machines.platform)}
        platform = np.array([rows[name] for name in machines.platform], dtype=np.int64)
        host_usable = np.zeros_like(machines.host_memory_bytes)
        hosts = np.flatnonzero(machines.host_memory_bytes > 0)
        if hosts.size:
            memory, one = machines.host_memory_bytes[hosts], np.ones(hosts.size)
            host = usable_bytes(limits, np.full(hosts.size, limits.index(HOST_PLATFORM)), memory, one)
            host_usable[hosts] = host.central
        return cls(
            usable_bytes=usable_bytes(
                limits, platform, machines.memory_bytes, machines.device_count.astype(np.float64)
            ).central,
            host_usable_bytes=host_usable,
            overhead=overheads.take(backend_rows),
            buffer_rule=np.array(
                [buffer_rule(r, b) for r, b in zip(rules, backends, strict=True)], dtype=np.int64
            ),
            on_cpu=np.array([b in _ON_HOST_PROCESSOR for b in backends], dtype=np.bool_),
            borrows=np.array([b in _BORROWING_BACKENDS for b in backends], dtype=np.bool_),
            is_ik=np.array([r == "ik_llama" for r in rules], dtype=np.bool_),
        )


def _overhead_row(overheads: OverheadTable, backend: str, kv_rule: str) -> int:
    """Row of a backend's overhead; MLX has its own, and backends without a measurement take a process's."""
    key = "mlx" if kv_rule == "rotating" else backend.lower()
    known = overheads.backends
    return known.index(key) if key in known else known.index("cpu")


class Limits(NamedTuple):
    """Bytes that plans may use, less what other programs hold: of all devices together, and of the host."""

    devices: Floats
    host: Floats  # 0 where nothing can move there


def plan_need(
    tables: Tables, rules: MemoryRules, rows: Axes, shapes: ModelShapes | None = None
) -> MemoryNeed:
    """The needs of the plans at ``rows``; of a machine it reads what alike.need_groups tells apart.

    ``shapes``: those of the plans' models, where they are at hand.
    """
    shapes = shapes or tables.models.shapes(rows.model)
    cache = cache_plan(tables, rows)
    plan = _need_plan(tables, rules, rows)
    need = memory_need(
        shapes.cache,
        shapes.buffers,
        plan,
        cache,
        _buffer_plan(tables, rules, rows, plan, cache, shapes.cache),
    )
    unknown = ~np.isfinite(tables.models.n_layers[rows.model])
    if not unknown.any():
        return need
    return need._replace(needs=need.needs._replace(device=np.where(unknown, np.nan, need.needs.device)))


def plan_limits(tables: Tables, rules: MemoryRules, rows: Axes) -> Limits:
    """What the plans at ``rows`` may use."""
    machines, work = tables.machines, tables.workloads
    usable = rules.usable_bytes[rows.machine]
    share = work.utilization[rows.workload]
    is_server = (rules.buffer_rule[rows.runtime] == SERVER) & np.isfinite(share)
    if is_server.any():
        memory = machines.memory_bytes[rows.machine] * machines.device_count[rows.machine]
        usable = np.where(is_server, np.minimum(usable, memory * share), usable)
    moves = (rules.buffer_rule[rows.runtime] == GRAPH) & ~rules.on_cpu[rows.runtime]
    return Limits(
        devices=np.asarray(usable - work.held_bytes[rows.workload]),
        host=np.where(moves, rules.host_usable_bytes[rows.machine], 0.0),
    )


def _need_plan(tables: Tables, rules: MemoryRules, rows: Axes) -> NeedPlan:
    scale = weights_scale(tables, rows)
    weights = tables.weights.total_bytes[rows.model, rows.format] * scale
    stated = np.isfinite(tables.workloads.weights_bytes[rows.workload])
    approximate = tables.formats.approximate[rows.format]
    above = np.where(approximate, APPROXIMATE_WEIGHTS_HIGH, WEIGHTS_HIGH)
    separate = ~tables.machines.unified_memory[rows.machine] & ~rules.on_cpu[rows.runtime]
    return NeedPlan(
        weights_bytes=weights,
        weights_high_bytes=np.where(stated, weights, weights * above),
        embedding_bytes=tables.weights.embedding_bytes[rows.model, rows.format] * scale,
        tied=tables.models.tied[rows.model],
        n_layers=tables.models.n_layers[rows.model],
        n_devices=tables.machines.device_count[rows.machine].astype(np.float64),
        tensor_parallel=rules.buffer_rule[rows.runtime] == SERVER,
        separate_host=separate,
        can_offload=separate & (rules.buffer_rule[rows.runtime] == GRAPH),
        buffer_rule=rules.buffer_rule[rows.runtime],
        overhead=Range(*(values[rows.runtime] for values in rules.overhead)),
    )


def _buffer_plan(
    tables: Tables, rules: MemoryRules, rows: Axes, plan: NeedPlan, cache: CachePlan, cache_rows: CacheTable
) -> BufferPlan:
    work = tables.workloads
    cells = padded_context(cache)
    windows = np.where(cache_rows.window_tokens > 0, layer_cells(cache_rows, cache), np.inf).min(axis=-1)
    batch = np.minimum(cache.batch_tokens, cells)
    n_gpus = np.where(rules.on_cpu[rows.runtime], 0.0, plan.n_devices)
    experts_on_host = work.experts_on_host[rows.workload] & (n_gpus > 0)
    layers_on_host = work.layers_on_host[rows.workload] & (n_gpus > 0)
    # all runtimes with this rule turn flash attention on where the backend has it ("auto")
    asked = work.flash_attention[rows.workload]
    return BufferPlan(
        cells=cells,
        window_cells=np.minimum(windows, cells),
        batch_tokens=batch,
        logit_tokens=np.where(work.all_logits[rows.workload], batch, cache.n_sequences),
        n_sequences=cache.n_sequences,
        flash_attention=asked != 0,
        mla_mode=cache.mla_mode,
        key_bytes=cache.key_bytes,
        n_gpus=n_gpus,
        experts_on_host=experts_on_host,
        layers_on_host=layers_on_host,
        pipelined=(n_gpus > 1) & ~experts_on_host & ~layers_on_host,
        borrows=rules.borrows[rows.runtime],
        weight_bits=np.nan_to_num(plan.weights_bytes * 8.0 / tables.models.n_parameters[rows.model]),
        wide_mask=work.wide_mask[rows.workload],
        ik=rules.is_ik[rows.runtime],
        chunk_bytes=np.zeros(1),
        latent_mode=work.latent_mode[rows.workload],
    )
